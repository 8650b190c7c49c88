"""Idempotency keys for views of Django and of Django REST framework (draft-ietf-httpapi-idempotency-key-header-07).

::

    # settings.py
    MIDDLEWARE = [..., "django.contrib.auth.middleware.AuthenticationMiddleware", "semel.django.IdempotencyMiddleware"]
    SEMEL_IDEMPOTENCY = {"client": "shop.once.make_client", "scope": "shop.once.user_of"}

    # views.py
    @semel.django.required
    def pay(request):
        return JsonResponse(bank.pay(request.body, fence=request.semel_attempt.token), status=201)

The first request with a key runs the view; all others with that key, now or tomorrow, get its stored response. Views that
say nothing take keys (`optional`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

import django.conf
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.core.signals import got_request_exception
from django.http import Http404, HttpRequest, HttpResponse, RawPostDataException
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from django.utils.module_loading import import_string

from semel._errors import ConfigurationError, Unknown
from semel._http import making, requests
from semel._http.blocking import Exchange
from semel._http.fates import cut_short, header_key, keyed, too_large
from semel._http.marks import Mark, mark_of, marking
from semel._http.policy import HttpOptions, Mode, Policy, StatusPolicy, default_status_policy, policy_of
from semel._http.responses import Headers, Response
from semel._per_process import per_process
from semel._sync.attempt import Attempt
from semel._sync.client import Client

if TYPE_CHECKING:
    from typing_extensions import Unpack

V = TypeVar("V", bound=Callable[..., Any])
R = TypeVar("R", bound=HttpResponseBase)

__all__ = [
    "HttpOptions",
    "IdempotencyMiddleware",
    "StatusPolicy",
    "current_attempt",
    "default_status_policy",
    "off",
    "optional",
    "required",
]

_SETTING = "SEMEL_IDEMPOTENCY"
_FUNCTIONS = ("client", "scope", "fingerprint", "store_status", "on_error")
# Exceptions that Django answers as what they are: no failures of the view.
_ANSWERS = (Http404, PermissionDenied, BadRequest, SuspiciousOperation, MultiPartParserError)
_FIRST_ERROR = 400
# Where Django looks at what a view returned, once what it did is committed.
_CHECK = (("django.core.handlers.base", "check_response"), ("rest_framework.views", "finalize_response"))


def current_attempt(request: Any) -> Attempt | None:
    """The attempt that the request runs as: its token, what came before it, checkpoint(). None where it carries no key.

    The same as `request.semel_attempt`, for type checkers. Takes requests of Django and of Django REST framework.
    """
    attempt: Attempt | None = getattr(request, "semel_attempt", None)
    return attempt


class IdempotencyMiddleware:
    """Stands below what finds out who the user is, and is configured by the setting SEMEL_IDEMPOTENCY.

    That is a dict of `client` (a function without arguments that makes a semel.Client in each process; absent:
    semel.Client() from SEMEL_ADDRESS and SEMEL_NAMESPACE) and of HttpOptions. Functions may be given by their dotted
    names. `scope` and `fingerprint` are called with the HttpRequest once its view is known.

    For synchronous servers; under ASGI Django runs it in a thread. Raises ConfigurationError and TypeError when it is
    loaded, for settings that cannot be meant.
    """

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        settings = dict(getattr(django.conf.settings, _SETTING, {}))
        for name in _FUNCTIONS:
            if isinstance(settings.get(name), str):
                settings[name] = import_string(settings[name])
        self._get_response = get_response
        self._clients = per_process(settings.pop("client", None) or Client, Client)
        self._policy = policy_of(cast("HttpOptions", settings))

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Around everything that stands below."""
        this = cast("Any", request)
        this.semel_attempt = this._semel_exchange = this._semel_error = this._semel_unanswered = None
        this._semel_returned = False
        self._read_early(request)
        try:
            response = self._get_response(request)
        except BaseException as error:  # only what ends the program: all else is a response by now
            if this._semel_exchange is not None:
                this._semel_exchange.raised(error)
            raise
        exchange: Exchange | None = this._semel_exchange
        if exchange is None:
            return response
        if this._semel_unanswered is not None and this._semel_error is None:
            return _with(response, exchange.unanswered(this._semel_unanswered))
        return _finish(exchange, this._semel_error, response)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Django found the view and asks whether to call it."""
        cast("Any", request)._semel_seen = True
        mark = _mark_of(view, request.method or "")
        policy = self._policy if mark is None else policy_of(mark.options, self._policy, mark.mode)
        if not policy.applies_to(request.method or ""):
            return None
        header = header_key(policy, _header_values(request, policy))
        if header is None:
            return None
        if isinstance(header, Response):
            return _to_django(header)
        length = _length(request)
        refusal = (
            too_large(policy, length) or too_large(policy, len(_body(request))) or cut_short(length, _body(request))
        )
        return _to_django(refusal) if refusal is not None else self._begin(request, policy, header)

    def _begin(self, request: HttpRequest, policy: Policy, header: str) -> HttpResponse | None:
        made = keyed(policy, header, _read(request), request)
        if isinstance(made, Response):
            return _to_django(made)
        exchange = Exchange(self._clients.get(), made)
        instead = exchange.begin()
        if instead is not None:
            return _to_django(instead)
        this = cast("Any", request)
        this._semel_exchange, this.semel_attempt = exchange, exchange.attempt
        return None

    def process_exception(self, request: HttpRequest, error: Exception) -> None:
        """A view or its template raised it; Django makes a response of it."""
        this = cast("Any", request)
        if this._semel_returned:
            this._semel_unanswered = error
        elif making.in_function(error, _CHECK):
            _unusable(request, error)
        else:
            _note(request, error)

    def process_template_response(self, request: HttpRequest, response: Any) -> Any:
        """The view has returned, and ATOMIC_REQUESTS has committed what it did; the response is rendered now."""
        # An error's response may say that it did nothing.
        cast("Any", request)._semel_returned = response.status_code < _FIRST_ERROR
        return response

    def _read_early(self, request: HttpRequest) -> None:
        # Before the middlewares look at the view: one of them (CSRF) reads forms, after which the body is gone.
        if request.method not in self._policy.methods or not _header_values(request, self._policy):
            return
        if too_large(self._policy, _length(request)) is None:
            _body(request)


def _unusable(request: Any, error: BaseException) -> None:
    if "coroutine" in str(error):  # nothing of it has run
        request._semel_error = Unknown()
    else:
        request._semel_unanswered = error


def _note_unusable(request: Any = None, **_: Any) -> None:
    """A view that returned None, or a coroutine: no middleware is told of it."""
    error = sys.exc_info()[1]
    if error is not None and making.in_function(error, _CHECK):
        _unusable(request, error)


got_request_exception.connect(_note_unusable)


# ---- marks on views ----------------------------------------------------------------------------------------------------


@overload
def required(view: V, /) -> V: ...


@overload
def required(**options: Unpack[HttpOptions]) -> Callable[[V], V]: ...


def required(view: Any = None, /, **options: Unpack[HttpOptions]) -> Any:
    """A decorator: requests without a key are refused with 400. Options: instead of the setting's.

    Of a view, of `dispatch` or of a method of a class (`post`, or an action of a view set). Of `@api_view` functions above
    that decorator. A view that is marked raises ConfigurationError where the middleware is missing.
    """
    return _decorator(view, Mark(Mode.REQUIRED, options))


@overload
def optional(view: V, /) -> V: ...


@overload
def optional(**options: Unpack[HttpOptions]) -> Callable[[V], V]: ...


def optional(view: Any = None, /, **options: Unpack[HttpOptions]) -> Any:
    """A decorator: requests without a key run as ever. Options: instead of the setting's."""
    return _decorator(view, Mark(Mode.OPTIONAL, options))


def off(view: V, /) -> V:
    """A decorator: keys are ignored."""
    return cast("V", _decorator(view, Mark(Mode.OFF, {})))


def _decorator(view: Callable[..., Any] | None, mark: Mark) -> Any:
    decorate = marking(mark, _watching)
    return decorate if view is None else decorate(view)


@contextmanager
def _watching(args: tuple[Any, ...]) -> Iterator[Callable[[Any], Any]]:
    """Django REST framework makes responses of its views' exceptions without telling the middlewares."""
    request = _request_among(args)
    if not getattr(request, "_semel_seen", False):
        # A mark alone does nothing, and nobody would notice before the first payment is made twice.
        raise ConfigurationError(
            "a view is marked for semel, but semel.django.IdempotencyMiddleware is not in MIDDLEWARE"
        )
    try:
        yield lambda returned: returned
    except Exception as error:
        _note(request, error)
        raise


def _request_among(args: tuple[Any, ...]) -> Any:
    """A view's first argument, a method's second. None where neither is one."""
    for each in args[:2]:
        request = getattr(each, "_request", each)  # of Django REST framework's
        if isinstance(request, HttpRequest):
            return request
    return None


def _note(request: Any, error: Exception) -> None:
    request._semel_error = None if _is_answer(error) else error


def _is_answer(error: Exception) -> bool:
    rest_framework = sys.modules.get("rest_framework.exceptions")
    return isinstance(error, _ANSWERS) or (
        rest_framework is not None and isinstance(error, rest_framework.APIException)
    )


def _mark_of(view: Callable[..., Any], method: str) -> Mark | None:
    """Of the method that answers, else of the view as a whole."""
    actions = getattr(view, "actions", None) or {}  # of a view set
    kind = getattr(view, "cls", None) or getattr(view, "view_class", None)
    answering = getattr(kind, actions.get(method.lower(), method.lower()), None)
    return mark_of(answering) or mark_of(view)


# ---- requests and responses --------------------------------------------------------------------------------------------


def _header_values(request: HttpRequest, policy: Policy) -> list[str]:
    value = request.headers.get(policy.header)
    return [] if value is None else [value]


def _length(request: HttpRequest) -> int | None:
    length = request.META.get("CONTENT_LENGTH") or ""
    return int(length) if length.isdecimal() else None


def _body(request: HttpRequest) -> bytes:
    try:
        body: bytes = request.body
        return body
    except RawPostDataException as error:
        raise ConfigurationError(
            "the request's body was read before semel.django.IdempotencyMiddleware could: it has to stand above"
        ) from error


def _read(request: HttpRequest) -> requests.HttpRequest:
    match = request.resolver_match
    return requests.HttpRequest(
        method=request.method or "",
        route=match.route if match is not None and match.route else request.path,
        path=request.path,
        query=_query(request),
        content_type=request.META.get("CONTENT_TYPE", "").encode("latin-1"),
        body=_body(request),
    )


def _query(request: HttpRequest) -> bytes:
    scope = getattr(request, "scope", None)  # of ASGI, where Django takes it for UTF-8 in META
    if scope is not None:
        query: bytes = scope.get("query_string", b"")
        return query
    return cast("str", request.META.get("QUERY_STRING", "")).encode("latin-1")


def _finish(exchange: Exchange, error: Exception | None, response: HttpResponseBase) -> HttpResponseBase:
    headers = tuple(response.items())
    if not isinstance(response, HttpResponse):
        response.close()
        return _to_django(exchange.streamed(response.status_code, headers, error))
    return _with(response, exchange.answered(Response(response.status_code, headers, response.content), error))


def _with(response: R, headers: Headers) -> R:
    for name, value in headers:
        response[name] = value
    return response


def _to_django(response: Response) -> HttpResponse:
    made = HttpResponse(response.body, status=response.status)
    del made["Content-Type"]  # the default one
    for name, value in response.headers:
        made[name] = value
    return made
