"""Sends, waits and pauses for the clients of asyncio: what drives the steps of a call."""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import grpc

from semel._errors import ClientClosed, ForkedProcess
from semel._methods import Method
from semel._options import Options
from semel._refusals import of_rpc_error
from semel._retry import Pause, Steps, Try

A = TypeVar("A")


class Connection:
    """A channel to the server, of the event loop that uses it first."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._pid = os.getpid()
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._channel: grpc.aio.Channel | None = None
        self._senders: dict[Method[Any, Any], Any] = {}
        self.send_single: Callable[[Try], Awaitable[Any]] = self.send
        """The way of the tries of perform(): a client may choose another than a call of its own for each."""

    async def perform(self, steps: Steps[A]) -> A:
        """Drives a call, or a sequence of them, to its end. Raises ClientClosed and ForkedProcess at the first step, if any."""
        reply: Any = None
        closed: ClientClosed | None = None
        while True:
            try:
                step = steps.send(reply) if closed is None else steps.throw(closed)
            except StopIteration as end:
                answer: A = end.value
                return answer
            try:
                reply, closed = await self._carry_out(step), None
            except ClientClosed as error:
                closed = error  # the steps know what they were at

    async def _carry_out(self, step: Try | Pause) -> Any:
        self._check_usable()
        if isinstance(step, Try):
            return await self.send_single(step)
        await asyncio.sleep(step.seconds)
        return None

    async def send(self, step: Try, *, wait_for_ready: bool = False) -> Any:
        """One try: the answer's message, or the Refusal."""
        metadata = None if self._options.token is None else await self.metadata()
        if self._closed:
            raise ClientClosed("the client is closed")
        sender = self._senders.get(step.method) or self._sender(step.method)
        try:
            return await sender(step.message, timeout=step.timeout, metadata=metadata, wait_for_ready=wait_for_ready)
        except grpc.RpcError as error:
            if self.closed:
                raise ClientClosed("the client was closed while a call was under way") from error
            return of_rpc_error(error)
        except asyncio.CancelledError as error:
            # So gRPC says of calls that close() ended, too.
            if self.closed and not _is_being_cancelled():
                raise ClientClosed("the client was closed while a call was under way") from error
            raise

    def _sender(self, method: Method[Any, Any]) -> Any:
        sender = self.channel().unary_unary(
            method.path, request_serializer=method.serialize, response_deserializer=method.parse
        )
        self._senders[method] = sender
        return sender

    def channel(self) -> grpc.aio.Channel:
        """Made at first use, as it belongs to the loop that runs then."""
        if self._channel is None:
            arguments = self._options.channel_arguments()
            address, credentials = self._options.address, self._options.credentials
            self._channel = (
                grpc.aio.insecure_channel(address, arguments)
                if credentials is None
                else grpc.aio.secure_channel(address, credentials, arguments)
            )
        return self._channel

    async def metadata(self) -> tuple[tuple[str, str], ...] | None:
        """What every call carries beside its message."""
        token: Any = self._options.token
        if token is None:
            return None
        if callable(token):
            token = token()
        if inspect.isawaitable(token):
            token = await token
        return (("authorization", f"Bearer {token}"),)

    def _check_usable(self) -> None:
        if self._closed:
            raise ClientClosed("the client is closed")
        if os.getpid() != self._pid:
            raise ForkedProcess(
                "this client was made before a fork, which gRPC does not survive: make one for each process, after the fork"
            )
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = loop
        elif self._loop is not loop:
            raise RuntimeError("this client belongs to another event loop: make one for each")

    @property
    def closed(self) -> bool:
        """close() was called."""
        return self._closed

    async def close(self) -> None:
        """Ends the calls that are under way with ClientClosed. In a forked child it leaves the parent's connection alone."""
        self._closed = True
        channel, self._channel = self._channel, None
        self._senders.clear()
        if channel is not None and os.getpid() == self._pid:
            await channel.close()


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    cancelling = getattr(task, "cancelling", None)  # from Python 3.11 on
    return cancelling is not None and cancelling() > 0
