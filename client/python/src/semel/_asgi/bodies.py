"""Bodies of requests and of responses, as ASGI hands them over in parts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from semel._http.responses import Response

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

_WITHOUT_LENGTH = (204, 304)


class TooLarge(Exception):
    """More came than may be held in memory."""


class Disconnected(Exception):
    """The client went away before its request was whole."""


def header_values(scope: Scope, name: str) -> list[str]:
    """All values of a header, in their order."""
    wanted = name.lower().encode("latin-1")
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == wanted]


def length_of(scope: Scope) -> int | None:
    """What the request says of its body; None where it says nothing."""
    values = header_values(scope, "content-length")
    return int(values[0]) if values and values[0].isdecimal() else None


async def whole_body(receive: Receive, limit: int) -> bytes:
    """The request's body. Raises TooLarge as soon as it is, and Disconnected."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        body += message.get("body", b"")
        if len(body) > limit:
            raise TooLarge
        if not message.get("more_body", False):
            return bytes(body)


def receiving(body: bytes, receive: Receive) -> Receive:
    """Hands the body over again, and after it what comes from the client: only that it went away."""
    told = False

    async def again() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def send_response(send: Send, response: Response) -> None:
    """All of a response at once."""
    headers = list(response.headers)
    if response.status not in _WITHOUT_LENGTH:
        headers.append(("Content-Length", str(len(response.body))))
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    await send({"type": "http.response.start", "status": response.status, "headers": raw})
    await send({"type": "http.response.body", "body": response.body, "more_body": False})
