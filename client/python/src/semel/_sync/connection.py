"""Sends, waits and pauses for the blocking clients: what drives the steps of a call."""

from __future__ import annotations

import os
import threading
from typing import Any, TypeVar

import grpc

from semel._errors import ClientClosed, ForkedProcess
from semel._methods import Method
from semel._options import Options
from semel._refusals import Refusal, of_rpc_error
from semel._retry import Pause, Steps, Try

A = TypeVar("A")


class Connection:
    """A channel to the server. Thread-safe."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._pid = os.getpid()
        self._closed = threading.Event()
        arguments = options.channel_arguments()
        self._channel = (
            grpc.insecure_channel(options.address, arguments)
            if options.credentials is None
            else grpc.secure_channel(options.address, options.credentials, arguments)
        )
        # By method; that two threads make the same one at once does no harm.
        self._senders: dict[Method[Any, Any], Any] = {}

    def perform(self, steps: Steps[A]) -> A:
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
                reply, closed = self._carry_out(step), None
            except ClientClosed as error:
                closed = error  # the steps know what they were at

    def _carry_out(self, step: Try | Pause) -> Any:
        self._check_usable()
        if isinstance(step, Try):
            return self.send(step)
        if self._closed.wait(step.seconds):  # ends with close()
            raise ClientClosed("the client was closed while a call was to be tried again")
        return None

    def send(self, step: Try) -> Any:
        """One try: the answer's message, or the Refusal."""
        sender = self._senders.get(step.method) or self._sender(step.method)
        try:
            return sender(step.message, timeout=step.timeout, metadata=self._metadata())
        except grpc.RpcError as error:
            return self._refusal(error)
        except ValueError as error:
            self._raise_if_closed(error)
            raise

    def start(self, step: Try) -> Any:
        """Begins a try, which waits for the connection where it has to: gRPC's future, for answer() once it has ended."""
        sender = self._senders.get(step.method) or self._sender(step.method)
        try:
            return sender.future(step.message, timeout=step.timeout, metadata=self._metadata(), wait_for_ready=True)
        except ValueError as error:
            self._raise_if_closed(error)
            raise

    def answer(self, ended: Any) -> Any:
        """Of a try that start() began: as send() answers."""
        return ended.result() if ended.code() is grpc.StatusCode.OK else self._refusal(ended)

    def _refusal(self, error: grpc.RpcError) -> Refusal:
        if self._closed.is_set():
            raise ClientClosed("the client was closed while a call was under way") from error
        return of_rpc_error(error)

    def _raise_if_closed(self, error: ValueError) -> None:
        # What gRPC says of a closed channel; a message that cannot be sent is refused before it gets here.
        if self._closed.is_set():
            raise ClientClosed("the client is closed") from error

    def _sender(self, method: Method[Any, Any]) -> Any:
        sender = self._channel.unary_unary(
            method.path, request_serializer=method.serialize, response_deserializer=method.parse
        )
        self._senders[method] = sender
        return sender

    def _metadata(self) -> tuple[tuple[str, str], ...] | None:
        token = self._options.token
        if token is None:
            return None
        return (("authorization", f"Bearer {token() if callable(token) else token}"),)

    def _check_usable(self) -> None:
        if self._closed.is_set():
            raise ClientClosed("the client is closed")
        if self.forked:
            raise ForkedProcess(
                "this client was made before a fork, which gRPC does not survive: make one for each process, after the fork"
            )

    @property
    def closed(self) -> bool:
        """close() was called."""
        return self._closed.is_set()

    @property
    def forked(self) -> bool:
        """This is a child of the process that made it: the connection, and every lock, is the parent's."""
        return os.getpid() != self._pid

    def close(self) -> None:
        """Ends the calls that are under way with ClientClosed. In a forked child it leaves the parent's connection alone."""
        self._closed.set()
        if not self.forked:
            self._channel.close()
