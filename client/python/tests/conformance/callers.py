"""Calls on their way, through the blocking client or through the one of asyncio: one after another, or waiting."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Literal, Protocol, TypeVar

import semel
import semel.aio
from conformance.calls import Planned, Reply, refused
from semeld import PATIENCE

T = TypeVar("T")

# A transcript says what is sent, once; and it expects the refusal, not what comes of trying again.
ONCE = semel.Retry(max_tries=1)


class Exchange:
    """One call, from its sending to its answer."""

    def __init__(self, future: concurrent.futures.Future[Reply], cancel: Callable[[], None]) -> None:
        self._future = future
        self.cancel = cancel

    @property
    def answered(self) -> bool:
        return self._future.done()

    def reply(self) -> Reply:
        """Raises what the client raised, beyond a CallError; TimeoutError where no answer comes."""
        return self._future.result(PATIENCE)

    def await_end(self) -> None:
        """However it ends: cancelled, or closed."""
        concurrent.futures.wait([self._future], PATIENCE)
        assert self._future.done(), "the cancelled call does not end"


class Caller(Protocol):
    """Speaks to one server, until it is closed."""

    def send(self, planned: Planned) -> Exchange: ...

    def close(self) -> None: ...


class BlockingCaller:
    """Each call on a thread of its own, and with a client of its own: closing that is how it is cancelled."""

    def __init__(self, address: str, namespace: str) -> None:
        self._address = address
        self._namespace = namespace
        self._open: list[semel.Client | semel.AdminClient] = []
        self._threads: list[threading.Thread] = []

    def send(self, planned: Planned) -> Exchange:
        kind = semel.AdminClient if planned.admin else semel.Client
        client = kind(self._address, namespace=self._namespace, retry=ONCE)
        self._open.append(client)
        future: concurrent.futures.Future[Reply] = concurrent.futures.Future()

        def call() -> None:
            try:
                answer = getattr(client, planned.method)(*planned.args, **planned.kwargs)
                future.set_result(planned.read(answer))
            except semel.CallError as error:
                future.set_result(refused(error))
            except BaseException as error:  # noqa: BLE001 - handed to whoever waits for it
                future.set_exception(error)
            finally:
                client.close()  # an idle connection would make the server's end take longer

        thread = threading.Thread(target=call)
        self._threads.append(thread)
        thread.start()
        return Exchange(future, client.close)

    def close(self) -> None:
        for client in self._open:
            client.close()
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()


class AsyncCaller:
    """One client, on an event loop of its own in a thread; each call a task, and by itself on its way."""

    transport: Literal["unary", "stream"] = "unary"

    def __init__(self, address: str, namespace: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._client = semel.aio.Client(address, namespace=namespace, retry=ONCE, transport=self.transport)
        self._admin = semel.aio.AdminClient(address, namespace=namespace, retry=ONCE)

    def _on_loop(self, work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def send(self, planned: Planned) -> Exchange:
        async def call() -> Reply:
            client = self._admin if planned.admin else self._client
            try:
                return planned.read(await getattr(client, planned.method)(*planned.args, **planned.kwargs))
            except semel.CallError as error:
                return refused(error)

        future = self._on_loop(call())

        def cancel() -> None:
            future.cancel()

        return Exchange(future, cancel)

    def close(self) -> None:
        self._on_loop(self._client.close()).result(PATIENCE)
        self._on_loop(self._admin.close()).result(PATIENCE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()


class StreamCaller(AsyncCaller):
    """The same, with all single calls over a Session stream."""

    transport = "stream"
