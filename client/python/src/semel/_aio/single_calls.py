"""The way of single calls to the server: each by itself, or as operations of one stream. See ConnectOptions.transport."""

from __future__ import annotations

import time
from typing import Any

from semel._aio.connection import Connection
from semel._aio.session_stream import SessionStream
from semel._options import Transport
from semel._refusals import Refusal
from semel._retry import Try
from semel._session_operations import NAMES, fits
from semel._stream_trial import StreamEnd, StreamTrial


class SingleCalls:
    """Of one client of asyncio."""

    def __init__(self, connection: Connection, transport: Transport) -> None:
        self._connection = connection
        self._transport = transport
        self._trial = StreamTrial()
        self._stream = SessionStream(connection, self._stream_ended)
        self._under_way = 0

    @property
    def in_use(self) -> Transport:
        """Which way a call would take now."""
        if self._transport == "auto":
            return "stream" if self._stream.is_open else "unary"
        return self._transport

    async def send(self, step: Try) -> Any:
        """One try: the answer's message, or the Refusal."""
        name = NAMES.get(step.method)
        if name is None or self._transport == "unary":
            return await self._connection.send(step)
        self._under_way += 1
        try:
            if self._takes_stream(step):
                return await self._stream.ask(name, step.message, step.timeout)
            return await self._by_itself(step)
        finally:
            self._under_way -= 1

    def _takes_stream(self, step: Try) -> bool:
        if not fits(step.message):
            return False
        if self._transport == "stream":
            return True
        # What the stream did not answer goes on by itself: perhaps only the stream is at fault.
        if step.repeated:
            return False
        if self._stream.has_room_for(step.message):
            return True
        if self._under_way > 1 and not self._stream.is_open and self._trial.may_open(time.monotonic()):
            self._stream.open()
        return False

    async def _by_itself(self, step: Try) -> Any:
        began = time.monotonic()
        reply = await self._connection.send(step)
        # An error with details comes from the server, too.
        if type(reply) is not Refusal or reply.detailed:
            self._trial.call_answered(began)
        return reply

    def _stream_ended(self, end: StreamEnd) -> None:
        self._trial.stream_ended(end, time.monotonic())

    async def close(self) -> None:
        """Ends the stream."""
        await self._stream.close()
