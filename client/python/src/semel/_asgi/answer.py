"""The answer of an application: held back until it is recorded."""

from __future__ import annotations

from semel._asgi.bodies import Message, Send, send_response
from semel._asgi.marks import Ending
from semel._errors import SemelError
from semel._http.asynchronous import Exchange
from semel._http.responses import Response

_MAX_HELD = 4 << 20  # bytes; no namespace stores more than 3 MiB


class StreamedResponse(SemelError):
    """An endpoint with a key answered with a stream, which cannot be stored and replayed."""


class Answer:
    """What the application sends goes through here. Whole responses are recorded before they go out."""

    def __init__(self, exchange: Exchange, send: Send, ending: Ending) -> None:
        self._exchange = exchange
        self._send = send
        self._ending = ending
        self._start: Message | None = None
        self._body = bytearray()
        self._passing = False
        self.refused: StreamedResponse | None = None
        """A stream was refused: the client has its answer."""

    @property
    def begun(self) -> bool:
        """Something went out."""
        return self._passing or self.refused is not None

    async def send(self, message: Message) -> None:
        """In place of the server's send."""
        if self.refused is not None:
            raise self.refused
        if self._passing:
            await self._send(message)
        elif message["type"] == "http.response.start":
            self._start = message
        elif message["type"] == "http.response.body" and self._start is not None:
            await self._take(self._start, message)
        else:
            await self._send(message)  # http.response.debug and the like: for the server, not for the client

    async def _take(self, start: Message, message: Message) -> None:
        more = message.get("more_body", False)
        length = _content_length(start)
        if more and length is None:
            await self._refuse(start)
        self._body += message.get("body", b"")
        if len(self._body) > _MAX_HELD or (length is not None and length > _MAX_HELD):
            recorded = await self._exchange.too_large(start["status"], _headers(start), self._ending.error)
            await self._pass_on(start, recorded, more)
        elif not more:
            response = Response(start["status"], _headers(start), bytes(self._body))
            await self._pass_on(start, await self._exchange.answered(response, self._ending.error), more)

    async def _pass_on(self, start: Message, added: tuple[tuple[str, str], ...], more: bool) -> None:
        self._passing = True
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in added]
        await self._send({**start, "headers": [*start.get("headers", ()), *raw]})
        await self._send({"type": "http.response.body", "body": bytes(self._body), "more_body": more})
        self._body.clear()

    async def _refuse(self, start: Message) -> None:
        """Raises it, too: that ends the stream, and the server's log shows where."""
        self.refused = StreamedResponse(
            "a streamed response does not go with an idempotency key: answer as a whole, or mark the endpoint with off"
        )
        instead = await self._exchange.streamed(start["status"], _headers(start), self._ending.error)
        await send_response(self._send, instead)
        raise self.refused


def _headers(start: Message) -> tuple[tuple[str, str], ...]:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in start.get("headers", ()))


def _content_length(start: Message) -> int | None:
    """A response that says how long it is, is whole, also where it comes in parts, as through other middlewares."""
    for name, value in start.get("headers", ()):
        if name.lower() == b"content-length" and value.isdigit():
            return int(value)
    return None
