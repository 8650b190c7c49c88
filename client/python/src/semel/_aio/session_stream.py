"""The Session stream of one client of asyncio: opened when it is wanted, opened anew when it broke and is wanted again."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable
from typing import Any

import grpc

from semel._aio.connection import Connection
from semel._refusals import Refusal, of_item, of_rpc_error
from semel._retry import NOT_SENT
from semel._session_operations import Cancelled, Done, SessionOperations
from semel._stream_trial import StreamEnd
from semel.v1 import idempotency_service_pb2 as service

_log = logging.getLogger("semel")

_SESSION = "/semel.v1.IdempotencyService/Session"
_OPENING_TIME = 5.0
# A stream on which nothing has come for so long, though something should have, is given up with the next timeout.
_LONGEST_SILENCE = 5.0
# Between streams; those who wait meanwhile have pauses of their own.
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0
_LONG_LIFE = 1.0  # after a stream that lived for so long the pauses begin anew


class SessionStream:
    """Of one event loop."""

    def __init__(self, connection: Connection, on_end: Callable[[StreamEnd], None]) -> None:
        self._connection = connection
        self._on_end = on_end
        self._operations = SessionOperations()
        self._task: asyncio.Task[None] | None = None
        self._call: Any = None
        self._open = False
        self._wake: asyncio.Future[None] | None = None  # of the writer, while it has nothing to write
        self._quiet_since = 0.0
        self._not_before = 0.0
        self._next_pause = _FIRST_PAUSE
        self._why_closed: Refusal | None = None

    @property
    def is_open(self) -> bool:
        """The server's first message has come."""
        return self._open

    def has_room_for(self, message: Any) -> bool:
        """Whether the stream is open, and would send it before any answer comes."""
        return self._open and self._operations.has_room_for(message)

    def open(self) -> None:
        """Unless it is open, or about to be."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._live(), name="semel-session")

    async def ask(self, name: str, message: Any, timeout: float) -> Any:
        """The answer's message, or the Refusal."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()
        number = self._operations.add(name, message, timeout, _settle(answer))
        self.open()
        self._flush()
        timer = loop.call_later(timeout, self._overdue, number, answer)
        try:
            return await answer
        except asyncio.CancelledError:
            self._cancel(number)
            raise
        finally:
            timer.cancel()

    async def close(self) -> None:
        """Whoever still waits is told."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    # ---- timeouts and cancellations ----

    def _overdue(self, number: int, answer: asyncio.Future[Any]) -> None:
        match self._cancel(number):
            case Cancelled.UNSENT:
                late = Refusal(
                    grpc.StatusCode.DEADLINE_EXCEEDED,
                    f"{NOT_SENT}the Session stream was not open, or had no room, in time",
                )
                answer.set_result(self._why_closed or late)
            case Cancelled.SENT:
                answer.set_result(Refusal(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded"))
            case Cancelled.TOO_LATE:
                pass

    def _cancel(self, number: int) -> Cancelled:
        cancelled = self._operations.cancel(number)
        if cancelled is Cancelled.TOO_LATE:
            return cancelled
        # Of what was sent, and waits for its key, the server should have told by now that the wait is over.
        overdue = cancelled is Cancelled.SENT or self._operations.due > 0
        if overdue and time.monotonic() - self._quiet_since > _LONGEST_SILENCE and self._call is not None:
            self._call.cancel()
        self._flush()
        return cancelled

    # ---- the life of a stream ----

    async def _live(self) -> None:
        end = None
        try:
            await asyncio.sleep(self._not_before - time.monotonic())
            if not self._connection.closed:
                end = await self._live_once()
        except Exception as error:  # noqa: BLE001 - of the caller's token function, say: those who wait are told
            _log.warning("the Session stream could not be opened", exc_info=True)
            end = StreamEnd(grpc.StatusCode.UNKNOWN, f"{type(error).__name__}: {error}", False, time.monotonic())
        finally:
            self._task = None
            self._end(end or StreamEnd(grpc.StatusCode.CANCELLED, "the client was closed", False, 0.0))

    async def _live_once(self) -> StreamEnd:
        began = time.monotonic()
        opener: Any = self._connection.channel().stream_stream(
            _SESSION, response_deserializer=service.SessionResponse.FromString
        )
        self._call = call = opener(metadata=await self._connection.metadata())
        writer = asyncio.create_task(self._write(call))
        too_late = asyncio.get_running_loop().call_later(_OPENING_TIME, call.cancel)
        was_open = False
        try:
            while True:
                response = await call.read()
                if response is grpc.aio.EOF:
                    return StreamEnd(grpc.StatusCode.OK, "the server ended it", was_open, began)
                if not was_open:
                    was_open = True
                    too_late.cancel()
                    self._opened(response.limits)
                self._hand_out(response.answers)
        except grpc.RpcError as error:
            refusal = of_rpc_error(error)
            return StreamEnd(refusal.code, refusal.message, was_open, began)
        except asyncio.CancelledError:
            if self._task is None or not call.cancelled():
                raise  # close() did it, or whoever ended the loop
            what = "it fell silent" if was_open else "the server's first message did not come"
            return StreamEnd(grpc.StatusCode.DEADLINE_EXCEEDED, what, was_open, began)
        finally:
            self._open, self._call = False, None
            too_late.cancel()
            call.cancel()
            writer.cancel()
            await asyncio.wait([writer])

    async def _write(self, call: Any) -> None:
        loop = asyncio.get_running_loop()
        try:
            await call.write(b"")  # so that the server tells its limits
            while True:
                message = self._operations.take_message() if self._open else None
                if message is not None:
                    await call.write(message)
                    continue
                self._wake = loop.create_future()
                await self._wake
        except (grpc.RpcError, asyncio.InvalidStateError):
            pass  # the stream is over: reading tells how it ended

    def _opened(self, limits: service.SessionLimits) -> None:
        self._operations.set_limits(limits)
        self._quiet_since = time.monotonic()
        self._why_closed = None
        self._open = True
        self._flush()

    def _flush(self) -> None:
        """Wakes the writer, which then writes all that came meanwhile as one message."""
        if self._operations.due == 0:
            self._quiet_since = time.monotonic()
        if self._open and self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def _hand_out(self, answers: Any) -> None:
        self._quiet_since = time.monotonic()
        for answer in answers:
            name, done = self._operations.answered(answer.id)
            if done is None:
                continue
            kind = answer.WhichOneof("answer")
            if kind == "error":
                done(of_item(answer.error))
            elif kind == name:
                done(getattr(answer, name))
            else:
                done(Refusal(grpc.StatusCode.INTERNAL, "Exception: the answer is that of another operation"))
        self._flush()

    def _end(self, end: StreamEnd) -> None:
        now = time.monotonic()
        if end.was_open and now - end.began >= _LONG_LIFE:
            self._next_pause = _FIRST_PAUSE
        self._not_before = now + random.uniform(0.0, self._next_pause)  # noqa: S311 - no secret
        self._next_pause = min(self._next_pause * 2, _LONGEST_PAUSE)
        self._why_closed = not_sent = _not_sent(end)
        sent, unsent = self._operations.take(sent=True), self._operations.take(sent=False)
        self._on_end(end)
        for done in sent:
            done(_lost(end))
        for done in unsent:
            done(not_sent)


def _settle(answer: asyncio.Future[Any]) -> Done:
    def done(reply: Any) -> None:
        if not answer.done():  # it may have been cancelled just now
            answer.set_result(reply)

    return done


def _lost(end: StreamEnd) -> Refusal:
    """For what was sent: whatever ended the stream, the reply is lost."""
    message = f"the Session stream ended with {end.code.name}: {end.message}"
    return Refusal(grpc.StatusCode.UNAVAILABLE, message)


def _not_sent(end: StreamEnd) -> Refusal:
    """For what was not sent: why not."""
    if end.was_open or end.code is grpc.StatusCode.OK:
        return Refusal(grpc.StatusCode.UNAVAILABLE, f"{NOT_SENT}the Session stream ended: {end.message}")
    if end.code is not grpc.StatusCode.UNIMPLEMENTED:
        return Refusal(end.code, f"{NOT_SENT}{end.message}")
    return Refusal(
        grpc.StatusCode.UNIMPLEMENTED,
        f"{NOT_SENT}the server, or a proxy before it, does not take the Session stream: upgrade it, or set transport to "
        f'"auto" or "unary" ({end.message})',
    )
