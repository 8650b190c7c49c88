"""Idempotency keys for FastAPI, Starlette and other ASGI applications (draft-ietf-httpapi-idempotency-key-header-07).

::

    app = FastAPI()
    app.add_middleware(semel.asgi.IdempotencyMiddleware,
                       client=lambda: semel.aio.Client("semel:7420", namespace="shop"),
                       scope=lambda scope: [user_of(scope)])

    @app.post("/payments", status_code=201)
    @semel.asgi.required
    async def pay(order: Order, request: Request) -> Receipt:
        return await bank.pay(order, fence=request.scope["semel.attempt"].token)

The first request with a key runs the endpoint; all others with that key, now or tomorrow, get its stored response.
Endpoints that say nothing take keys (`optional`).
"""

from __future__ import annotations

import weakref
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from semel._aio.attempt import Attempt
from semel._aio.client import Client
from semel._asgi.answer import Answer, StreamedResponse
from semel._asgi.bodies import (
    Disconnected,
    Receive,
    Scope,
    Send,
    TooLarge,
    header_values,
    length_of,
    receiving,
    send_response,
    whole_body,
)
from semel._asgi.marks import Ending, current, off, optional, required
from semel._asgi.routes import found_route, passes_by
from semel._errors import ConfigurationError, LeaseLost, Unknown
from semel._http import making, problems
from semel._http.asynchronous import Exchange
from semel._http.fates import header_key, keyed, too_large
from semel._http.marks import mark_of, marked_from
from semel._http.policy import HttpOptions, Policy, StatusPolicy, default_status_policy, policy_of
from semel._http.requests import HttpRequest
from semel._http.responses import Response
from semel._per_process import per_process

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = [
    "HttpOptions",
    "IdempotencyMiddleware",
    "StatusPolicy",
    "StreamedResponse",
    "current_attempt",
    "default_status_policy",
    "off",
    "optional",
    "required",
]

ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

_ATTEMPT = "semel.attempt"
# Ways around http.response.body, by which a response would go out that nobody has seen.
_SHORTCUTS = frozenset({"http.response.pathsend", "http.response.zerocopysend", "http.response.trailers"})


def current_attempt(scope: Scope) -> Attempt | None:
    """The attempt that a request runs as: its token, what came before it, checkpoint(). None where it carries no key.

    The same as `scope["semel.attempt"]`, for type checkers; the scope of a Request is `request.scope`.
    """
    attempt: Attempt | None = scope.get(_ATTEMPT)
    return attempt


class IdempotencyMiddleware:
    """Pure ASGI. Holds requests that carry a key, and their responses, in memory; all others pass untouched.

    Args:
        app: what stands below.
        client: a semel.aio.Client, or a function that makes one in each process and closes it when the application ends.
            Absent: semel.aio.Client(), from SEMEL_ADDRESS and SEMEL_NAMESPACE.
        options: for all endpoints; see HttpOptions. `scope` and `fingerprint` are called with the ASGI scope, before the
            endpoint's own dependencies: what they need of the user they have to read from its headers.

    Raises ConfigurationError and TypeError for options that cannot be meant.
    """

    def __init__(
        self,
        app: ASGIApp,
        client: Client | Callable[[], Client] = Client,
        **options: Unpack[HttpOptions],
    ) -> None:
        self._app = app
        self._owns_client = not isinstance(client, Client)
        self._clients = per_process(client, Client)
        self._policy = policy_of(options)
        self._in_order: weakref.WeakSet[Any] = weakref.WeakSet()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the application's life."""
        if scope["type"] == "http":
            token = current.set(Ending())
            try:
                await self._serve(scope, receive, send)
            finally:
                current.reset(token)
        elif scope["type"] == "lifespan":
            await self._live(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        finally:
            client = self._clients.take() if self._owns_client else None
            if client is not None:
                await client.close()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = found_route(dict(scope))
        if route is not None:
            self._check_order(scope, route.endpoint)
        mark = mark_of(route.endpoint) if route is not None else None
        ending = current.get()
        if ending is not None and route is not None:
            ending.may_take_back = route.may_take_back
        policy = self._policy if mark is None else policy_of(mark.options, self._policy, mark.mode)
        header = None
        if policy.applies_to(scope["method"]):
            header = header_key(policy, header_values(scope, policy.header))
        if header is None:
            await self._app(scope, receive, send)
        elif isinstance(header, Response):
            await send_response(send, header)
        else:
            await self._serve_keyed(scope, receive, send, policy, header, route.template if route else scope["path"])

    def _check_order(self, scope: Scope, endpoint: Any) -> None:
        marked = marked_from(endpoint)
        if not marked or endpoint in self._in_order:
            return
        if passes_by(dict(scope), marked):
            raise ConfigurationError(
                f"{endpoint.__name__} is marked for semel above its route, which calls it without the mark: "
                "the route's decorator stands above"
            )
        self._in_order.add(endpoint)

    async def _serve_keyed(
        self, scope: Scope, receive: Receive, send: Send, policy: Policy, header: str, template: str
    ) -> None:
        refusal = too_large(policy, length_of(scope))
        if refusal is not None:
            await send_response(send, refusal)
            return
        try:
            body = await whole_body(receive, policy.max_body)
        except TooLarge:
            await send_response(send, problems.body_too_large(policy.max_body).response())
            return
        except Disconnected:
            return  # nobody is there to answer, and nothing was done
        made = keyed(policy, header, _read(scope, template, body), scope)
        if isinstance(made, Response):
            await send_response(send, made)
            return
        exchange = Exchange(self._clients.get(), made)
        instead = await exchange.begin()
        if instead is not None:
            await send_response(send, instead)
            return
        scope[_ATTEMPT] = exchange.attempt
        await self._run(exchange, scope, receiving(body, receive), send)

    async def _run(self, exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
        extensions = scope.get("extensions") or {}
        scope["extensions"] = {name: each for name, each in extensions.items() if name not in _SHORTCUTS}
        ending = current.get() or Ending()
        answer = Answer(exchange, send, ending)
        try:
            await self._app(scope, receive, answer.send)
        except BaseException as error:
            if not exchange.left and ending.returned and not ending.may_take_back and making.in_response(error):
                await exchange.unanswered(
                    error
                )  # the server makes a response out of sight: there is no place for headers
            if not exchange.left and await _lost(exchange, error) and not answer.begun:
                await send_response(send, problems.not_recorded().response())
                return
            raise
        if not exchange.left:
            # Whether the effect happened is anybody's guess. The server tells what is wrong: there was no response.
            await exchange.raised(Unknown())


async def _lost(exchange: Exchange, error: BaseException) -> bool:
    """Tells the attempt how its handler ended; true where that was because its lease was lost."""
    try:
        await exchange.raised(error)
    except LeaseLost:
        return True
    return False


def _read(scope: Scope, template: str, body: bytes) -> HttpRequest:
    content_type = header_values(scope, "content-type")
    return HttpRequest(
        method=scope["method"],
        route=template,
        path=scope["path"],
        query=scope.get("query_string", b""),
        content_type=content_type[0].encode("latin-1") if content_type else b"",
        body=body,
    )
