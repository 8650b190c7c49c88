"""A service of gRPC on real servers, blocking and of asyncio, and calls of it."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import grpc
import grpc.aio
from google.protobuf.struct_pb2 import Struct

import semel
import semel.aio
import semel.grpc
from semel._refusals import of_rpc_error
from semeld import PATIENCE

PLACE = "/shop.v1.Orders/Place"
LIST = "/shop.v1.Orders/List"

Work = Callable[[Struct, Any], Any]
Serve = Callable[..., AbstractContextManager[str]]


class Orders:
    """What the methods do: what a test says. Counts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.effects = 0
        self.work: Work = lambda request, context: None

    def begin(self) -> None:
        with self._lock:
            self.effects += 1


def struct(**fields: Any) -> Struct:
    made = Struct()
    made.update(fields)
    return made


def _handlers(place: Any, list_orders: Any) -> grpc.GenericRpcHandler:
    reading: dict[str, Any] = {
        "request_deserializer": Struct.FromString,
        "response_serializer": Struct.SerializeToString,
    }
    return grpc.method_handlers_generic_handler(
        "shop.v1.Orders",
        {
            "Place": grpc.unary_unary_rpc_method_handler(place, **reading),
            "List": grpc.unary_stream_rpc_method_handler(list_orders, **reading),
        },
    )


@contextmanager
def blocking(orders: Orders, connect: dict[str, Any], **options: Any) -> Iterator[str]:
    def place(request: Struct, context: grpc.ServicerContext) -> Any:
        assert isinstance(context, grpc.ServicerContext)
        orders.begin()
        answer = orders.work(request, context)
        attempt = semel.grpc.current_attempt()
        return struct(token=attempt.token if attempt else 0) if answer is None else answer

    def list_orders(request: Struct, context: grpc.ServicerContext) -> Iterator[Struct]:
        yield struct(order=1)
        yield struct(order=2)

    with semel.Client(**{"namespace": "shop", **connect}) as client:
        interceptor = semel.grpc.IdempotencyInterceptor(client, **options)
        server = grpc.server(ThreadPoolExecutor(60), interceptors=[interceptor])
        server.add_generic_rpc_handlers((_handlers(place, list_orders),))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield f"127.0.0.1:{port}"
        finally:
            server.stop(None).wait(PATIENCE)


@contextmanager
def in_asyncio(orders: Orders, connect: dict[str, Any], **options: Any) -> Iterator[str]:
    """On a loop of a thread of its own."""
    addresses: list[str] = []
    started, stop = threading.Event(), asyncio.Event()

    async def place(request: Struct, context: Any) -> Any:
        orders.begin()
        answer = orders.work(request, context)
        if inspect.isawaitable(answer):
            answer = await answer
        attempt = semel.grpc.current_attempt()
        return struct(token=attempt.token if attempt else 0) if answer is None else answer

    async def list_orders(request: Struct, context: Any) -> Any:
        yield struct(order=1)
        yield struct(order=2)

    async def serve() -> None:
        async with semel.aio.Client(**{"namespace": "shop", **connect}) as client:
            interceptor = semel.grpc.AioIdempotencyInterceptor(client, **options)
            server = grpc.aio.server(interceptors=[interceptor])
            server.add_generic_rpc_handlers((_handlers(place, list_orders),))
            addresses.append(f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}")
            await server.start()
            started.set()
            await stop.wait()
            await server.stop(None)

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert started.wait(PATIENCE)
        yield addresses[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(PATIENCE)
        loop.close()


@dataclass(frozen=True)
class Reply:
    code: grpc.StatusCode
    message: str
    response: Struct | None
    trailing: dict[str, Any]
    reason: str
    retry_delay: float | None

    @property
    def replayed(self) -> bool:
        return self.trailing.get("idempotency-replayed") == "true"


def call(
    address: str, message: Struct, *keys: str, method: str = PLACE, metadata: tuple[tuple[str, str], ...] = ()
) -> Reply:
    sent = (*metadata, *(("idempotency-key", key) for key in keys))
    with grpc.insecure_channel(address) as channel:
        caller = channel.unary_unary(
            method, request_serializer=Struct.SerializeToString, response_deserializer=Struct.FromString
        )
        try:
            response, rpc = caller.with_call(message, metadata=sent, timeout=PATIENCE)
        except grpc.RpcError as error:
            refusal = of_rpc_error(error)
            delay = refusal.retry_delay.total_seconds() if refusal.retry_delay else None
            return Reply(error.code(), error.details() or "", None, _trailing(error), refusal.reason, delay)
        return Reply(grpc.StatusCode.OK, "", response, _trailing(rpc), "", None)


def _trailing(rpc: Any) -> dict[str, Any]:
    return dict(rpc.trailing_metadata() or ())
