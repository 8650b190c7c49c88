"""Idempotency keys for routes of Flask (draft-ietf-httpapi-idempotency-key-header-07).

::

    app = flask.Flask(__name__)
    idempotency = semel.flask.Idempotency(app, lambda: semel.Client("semel:7420", namespace="shop"),
                                          scope=lambda request: [current_user.id])

    @app.post("/payments")
    @idempotency.required
    def pay():
        return bank.pay(flask.request.json, fence=semel.flask.current_attempt().token), 201

The first request with a key runs the view; all others with that key, now or tomorrow, get its stored response.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ParamSpec, overload

import flask
from werkzeug.exceptions import HTTPException

from semel._errors import ConfigurationError, Unknown
from semel._functions import close_unbegun, is_unfinished
from semel._http.blocking import Exchange
from semel._http.fates import cut_short, header_key, keyed, too_large
from semel._http.policy import HttpOptions, Mode, Policy, StatusPolicy, default_status_policy, policy_of
from semel._http.requests import HttpRequest
from semel._http.responses import Headers, Response
from semel._per_process import PerProcess, per_process
from semel._sync.attempt import Attempt
from semel._sync.client import Client

if TYPE_CHECKING:
    from typing_extensions import Unpack

P = ParamSpec("P")
View = Callable[P, Any]

__all__ = ["HttpOptions", "Idempotency", "StatusPolicy", "current_attempt", "default_status_policy"]

_EXTENSION = "semel"


def current_attempt() -> Attempt | None:
    """The attempt that this request runs as: its token, what came before it, checkpoint(). None where it carries no key."""
    attempt: Attempt | None = flask.g.get("semel_attempt")
    return attempt


class Idempotency:
    """The extension. One serves all threads; the client is made in each process where it is first asked for.

    Args:
        app: as in every extension; or init_app() later, also for several.
        client: a semel.Client, or a function that makes one. A function goes with servers that load the program and fork
            then (gunicorn --preload), which no client survives. Absent: semel.Client(), from SEMEL_ADDRESS and
            SEMEL_NAMESPACE.
        options: for all routes; see HttpOptions. `scope` and `fingerprint` are called with flask.request, after all
            before_request functions.

    Raises ConfigurationError and TypeError for options that cannot be meant.
    """

    def __init__(
        self,
        app: flask.Flask | None = None,
        client: Client | Callable[[], Client] = Client,
        **options: Unpack[HttpOptions],
    ) -> None:
        self._clients: PerProcess[Client] = per_process(client, Client)
        self._policy = policy_of(options)
        self._apps: weakref.WeakSet[flask.Flask] = weakref.WeakSet()
        if app is not None:
            self.init_app(app)

    def init_app(self, app: flask.Flask) -> None:
        """Goes with this application, as `app.extensions["semel"]`."""
        if _EXTENSION not in app.extensions:
            app.teardown_request(_let_go)
        self._apps.add(app)
        app.extensions[_EXTENSION] = self

    @overload
    def required(self, view: View[P], /) -> View[P]: ...

    @overload
    def required(self, /, **options: Unpack[HttpOptions]) -> Callable[[View[P]], View[P]]: ...

    def required(self, view: Any = None, /, **options: Unpack[HttpOptions]) -> Any:
        """A decorator, below the route's: requests without a key are refused with 400. Options: instead of all routes'."""
        return self._decorator(view, policy_of(options, self._policy, Mode.REQUIRED))

    @overload
    def optional(self, view: View[P], /) -> View[P]: ...

    @overload
    def optional(self, /, **options: Unpack[HttpOptions]) -> Callable[[View[P]], View[P]]: ...

    def optional(self, view: Any = None, /, **options: Unpack[HttpOptions]) -> Any:
        """A decorator, below the route's: requests without a key run as ever. Options: instead of all routes'."""
        return self._decorator(view, policy_of(options, self._policy, Mode.OPTIONAL))

    def _decorator(self, view: Callable[..., Any] | None, policy: Policy) -> Any:
        def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
            @functools.wraps(view)
            def once(*args: Any, **kwargs: Any) -> Any:
                return self._serve(policy, functools.partial(flask.current_app.ensure_sync(view), *args, **kwargs))

            return once

        def check(view: Callable[..., Any]) -> Callable[..., Any]:
            if any(view is each for app in self._apps for each in app.view_functions.values()):
                raise ConfigurationError(
                    f"{view.__name__} is a route already, which calls it without a key: the route's decorator stands above"
                )
            return decorate(view)

        return check if view is None else check(view)

    def _serve(self, policy: Policy, view: Callable[[], Any]) -> Any:
        if _EXTENSION not in flask.current_app.extensions:
            raise ConfigurationError("semel.flask.Idempotency is not part of this application: call init_app(app)")
        request = flask.request
        if not policy.applies_to(request.method):
            return view()
        header = header_key(policy, request.headers.getlist(policy.header))
        if header is None:
            return view()
        if isinstance(header, Response):
            return _to_flask(header)
        length = request.content_length
        refusal = (
            too_large(policy, length) or too_large(policy, len(_body(request))) or cut_short(length, _body(request))
        )
        if refusal is not None:
            return _to_flask(refusal)
        made = keyed(policy, header, _read(request), request)
        if isinstance(made, Response):
            return _to_flask(made)
        exchange = Exchange(self._clients.get(), made)
        instead = exchange.begin()
        return _to_flask(instead) if instead is not None else _run(exchange, view)


def _run(exchange: Exchange, view: Callable[[], Any]) -> flask.Response:
    flask.g.semel_exchange = exchange
    flask.g.semel_attempt = exchange.attempt
    try:
        returned = view()
    except Exception as error:
        # What the application's error handlers make of it is what goes out, and may be stored: abort(404) is an answer.
        flask.after_this_request(functools.partial(_finish, exchange, _failure(error)))
        raise
    finally:
        flask.g.pop("semel_attempt")
    try:
        response = flask.current_app.make_response(returned)
    except Exception as error:
        if is_unfinished(returned):
            close_unbegun(returned)
            flask.after_this_request(functools.partial(_finish, exchange, Unknown()))
            raise
        flask.g.pop("semel_exchange")
        flask.after_this_request(functools.partial(_add, exchange.unanswered(error)))
        raise
    return _finish(exchange, None, response)


def _add(headers: Headers, response: flask.Response) -> flask.Response:
    response.headers.extend(headers)
    return response


def _failure(error: Exception) -> Exception | None:
    """None for an exception that is only another way to answer."""
    return None if isinstance(error, HTTPException) else error


def _finish(exchange: Exchange, error: Exception | None, response: flask.Response) -> flask.Response:
    headers = tuple(response.headers.items())
    is_stream = _is_stream(response)
    body = b"" if is_stream else response.get_data()
    flask.g.pop("semel_exchange")  # from here on it is told how it ended
    if is_stream:
        response.close()
        return _to_flask(exchange.streamed(response.status_code, headers, error))
    response.headers.extend(exchange.answered(Response(response.status_code, headers, body), error))
    return response


def _is_stream(response: flask.Response) -> bool:
    """Flask runs its error pages as applications of their own: these are iterators, too, but they know their length."""
    return response.direct_passthrough or (response.is_streamed and response.content_length is None)


def _let_go(error: BaseException | None) -> None:
    """Where no response was made: the program ends, or tests and debuggers want the exception itself."""
    exchange: Exchange | None = flask.g.pop("semel_exchange", None)
    if exchange is not None:
        exchange.raised(error if error is not None else Unknown())


def _read(request: flask.Request) -> HttpRequest:
    return HttpRequest(
        method=request.method,
        route=request.url_rule.rule if request.url_rule is not None else request.path,
        path=request.path,
        query=request.query_string,
        content_type=request.headers.get("Content-Type", "").encode("latin-1"),
        body=_body(request),
    )


def _body(request: flask.Request) -> bytes:
    # Werkzeug reads a form from the stream, and answers an empty body from then on: all forms would look alike.
    if "form" in request.__dict__ and request.__dict__.get("_cached_data") is None:
        raise ConfigurationError(
            "the request's form was read before its body could be: call request.get_data() before, or read it in the view"
        )
    return request.get_data(cache=True)


def _to_flask(response: Response) -> flask.Response:
    made = flask.current_app.response_class(response.body, response.status)
    made.headers.remove("Content-Type")  # the default one
    made.headers.extend(response.headers)
    return made
