"""The interceptors, on real servers of gRPC, blocking and of asyncio, through one suite."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf.struct_pb2 import Struct

import semel
import semel.aio
import semel.grpc
from adapters.calls import at_once
from adapters.grpc_orders import LIST, PLACE, Orders, Serve, call, struct
from semel._refusals import of_rpc_error
from semeld import PATIENCE, Semeld


@pytest.fixture
def address(serve: Serve, orders: Orders, server: Semeld) -> Iterator[str]:
    with serve(orders, {"address": server.address}) as address:
        yield address


ORDER = struct(id="17", items=["book", "pen"], sent={"to": "jo", "by": "post"})


def test_runs_once_and_replays(address: str, orders: Orders) -> None:
    first, second = (call(address, ORDER, '"k1"') for _ in range(2))
    assert (first.code, second.code) == (grpc.StatusCode.OK, grpc.StatusCode.OK)
    assert first.response == second.response
    assert first.response is not None
    assert first.response != struct(token=0)
    assert (first.replayed, second.replayed) == (False, True)
    assert orders.effects == 1


def test_fifty_duplicates_at_once_have_one_effect(serve: Serve, orders: Orders, server: Semeld) -> None:
    with serve(orders, {"address": server.address}, wait=PATIENCE) as address:
        replies = at_once(50, lambda: call(address, ORDER, "k1"))
    assert {reply.code for reply in replies} == {grpc.StatusCode.OK}, replies
    assert len({str(reply.response) for reply in replies}) == 1
    assert sum(not reply.replayed for reply in replies) == 1
    assert orders.effects == 1


def test_calls_without_a_key_pass(address: str, orders: Orders) -> None:
    for _ in range(2):
        reply = call(address, ORDER)
        assert reply.response == struct(token=0)
    assert orders.effects == 2


def test_another_request_under_the_key_is_told_so(address: str, orders: Orders) -> None:
    call(address, ORDER, "k1")
    reply = call(address, struct(id="18"), "k1")
    assert (reply.code, reply.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "FINGERPRINT_MISMATCH")
    assert orders.effects == 1


def test_in_flight(address: str, orders: Orders) -> None:
    entered, let_go = threading.Event(), threading.Event()

    def work(request: Struct, context: Any) -> Any:
        entered.set()
        if isinstance(context, grpc.aio.ServicerContext):
            return asyncio.get_running_loop().run_in_executor(None, _wait, let_go)
        return _wait(let_go)

    orders.work = work
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(call, address, ORDER, "k1")
        assert entered.wait(PATIENCE)
        reply = call(address, ORDER, "k1")
        let_go.set()
        assert first.result(PATIENCE).code is grpc.StatusCode.OK
    assert (reply.code, reply.reason) == (grpc.StatusCode.ABORTED, "IN_FLIGHT")
    assert reply.retry_delay is not None
    assert orders.effects == 1


def _wait(event: threading.Event) -> None:
    assert event.wait(PATIENCE)


@pytest.mark.parametrize(("required", "keys"), [(True, ()), (False, ("",)), (False, ("a", "b")), (False, ('"half',))])
def test_what_is_no_key_is_refused(
    serve: Serve, orders: Orders, server: Semeld, required: bool, keys: tuple[str, ...]
) -> None:
    with serve(orders, {"address": server.address}, required={PLACE} if required else set()) as address:
        reply = call(address, ORDER, *keys)
    reason = "KEY_MISSING" if required else "KEY_MALFORMED"
    assert (reply.code, reply.reason) == (grpc.StatusCode.INVALID_ARGUMENT, reason)
    assert orders.effects == 0


def test_keys_may_be_off(serve: Serve, orders: Orders, server: Semeld) -> None:
    with serve(orders, {"address": server.address}, off={PLACE}) as address:
        assert [call(address, ORDER, "k1").replayed for _ in range(2)] == [False, False]


def test_streams_are_refused_with_a_key_alone(address: str) -> None:
    with grpc.insecure_channel(address) as channel:
        caller = channel.unary_stream(
            LIST, request_serializer=Struct.SerializeToString, response_deserializer=Struct.FromString
        )
        assert len(list(caller(ORDER, timeout=PATIENCE))) == 2
        with pytest.raises(grpc.RpcError) as caught:
            list(caller(ORDER, metadata=(("idempotency-key", "k1"),), timeout=PATIENCE))
    error: Any = caught.value
    assert (error.code(), of_rpc_error(error).reason) == (grpc.StatusCode.UNIMPLEMENTED, "STREAMING")


def test_what_no_key_can_be_made_of_is_a_mistake_of_the_server(
    serve: Serve, orders: Orders, server: Semeld, caplog: pytest.LogCaptureFixture
) -> None:
    with serve(orders, {"address": server.address}, scope=lambda call: [""]) as address:
        reply = call(address, ORDER, "k1")
    assert (reply.code, reply.reason) == (grpc.StatusCode.INTERNAL, "REFUSED")
    assert "has no key" in caplog.text
    assert orders.effects == 0


def test_an_abort_that_is_held_back_is_one(address: str, orders: Orders) -> None:
    def work(request: Struct, context: Any) -> Any:
        async def held() -> None:
            with suppress(Exception):  # as a method that catches too much does
                await context.abort(grpc.StatusCode.NOT_FOUND, "no")

        if isinstance(context, grpc.aio.ServicerContext):
            return held()
        with suppress(Exception):
            context.abort(grpc.StatusCode.NOT_FOUND, "no")
        return None

    orders.work = work
    replies = [call(address, ORDER, "k1") for _ in range(2)]
    assert [(reply.code, reply.message, reply.replayed) for reply in replies] == [
        (grpc.StatusCode.NOT_FOUND, "no", False),
        (grpc.StatusCode.NOT_FOUND, "no", True),
    ]


def test_exceptions_are_recorded_as_run_does(address: str, orders: Orders) -> None:
    def work(request: Struct, context: Any) -> Any:
        raise semel.Final("STOLEN") if orders.effects > 1 else ValueError("no stock")

    orders.work = work
    assert [call(address, ORDER, "k1").code for _ in range(2)] == [grpc.StatusCode.UNKNOWN] * 2
    reply = call(address, ORDER, "k1")
    assert (reply.code, reply.reason) == (grpc.StatusCode.INTERNAL, "FAILED")
    assert orders.effects == 2


def test_an_exception_that_leaves_it_open_is_marked(address: str, orders: Orders) -> None:
    def work(request: Struct, context: Any) -> Any:
        raise TimeoutError if orders.effects == 1 else ValueError("no stock")

    orders.work = work
    reply = call(address, ORDER, "k1")
    assert (reply.code, reply.trailing["idempotency-recorded"]) == (grpc.StatusCode.UNKNOWN, "false")
    reply = call(address, ORDER, "k2")
    assert (reply.code, "idempotency-recorded" in reply.trailing) == (grpc.StatusCode.UNKNOWN, False)


def test_a_response_that_cannot_be_sent_has_happened_all_the_same(address: str, orders: Orders) -> None:
    orders.work = lambda request, context: "no message"
    assert call(address, ORDER, "k1").code is grpc.StatusCode.UNKNOWN
    reply = call(address, ORDER, "k1")
    assert (reply.code, reply.reason) == (grpc.StatusCode.DATA_LOSS, "RESPONSE_NOT_KEPT")
    assert orders.effects == 1


def test_a_large_response_is_not_kept(address: str, orders: Orders) -> None:
    orders.work = lambda request, context: struct(text="x" * 20_000)
    assert call(address, ORDER, "k1").code is grpc.StatusCode.OK
    assert call(address, ORDER, "k1").reason == "RESPONSE_NOT_KEPT"


def test_users_do_not_see_each_other(serve: Serve, orders: Orders, server: Semeld) -> None:
    def user_of(call: semel.grpc.KeyedCall) -> list[str]:
        return [str(value) for name, value in call.metadata if name == "user"]

    with serve(orders, {"address": server.address}, scope=user_of) as address:
        replies = [call(address, ORDER, "k1", metadata=(("user", user),)) for user in ("ann", "bob", "ann")]
    assert [reply.replayed for reply in replies] == [False, False, True]


def test_without_semel_nothing_runs(serve: Serve, orders: Orders, own_server: Semeld) -> None:
    with serve(orders, {"address": own_server.address, "call_timeout": 0.2}) as address:
        own_server.kill()
        reply = call(address, ORDER, "k1")
    assert (reply.code, reply.reason, reply.retry_delay) == (grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE", 1.0)
    assert orders.effects == 0


@pytest.mark.parametrize("code", [grpc.StatusCode.OK, grpc.StatusCode.NOT_FOUND])
def test_what_cannot_be_recorded_goes_out_marked(
    serve: Serve, orders: Orders, own_server: Semeld, code: grpc.StatusCode
) -> None:
    def work(request: Struct, context: Any) -> Any:
        own_server.kill()
        return None if code is grpc.StatusCode.OK else context.abort(code, "no")

    orders.work = work
    with serve(orders, {"address": own_server.address, "complete_timeout": 0.2}) as address:
        reply = call(address, ORDER, "k1")
    assert (reply.code, reply.trailing["idempotency-recorded"]) == (code, "false")


def test_an_answer_whose_lease_was_lost_goes_out_marked(
    address: str, orders: Orders, client: semel.Client, admin: semel.AdminClient
) -> None:
    def work(request: Struct, context: Any) -> Any:
        attempt = semel.grpc.current_attempt()
        assert attempt is not None
        admin.delete_key(attempt.key, reason="test", actor="test")
        assert isinstance(client.begin(attempt.key, owner="another", lease=60), semel.Acquired)

    orders.work = work
    reply = call(address, ORDER, "k1")
    assert (reply.code, reply.trailing["idempotency-recorded"]) == (grpc.StatusCode.OK, "false")


def test_what_cannot_be_meant_is_told_at_once(client: semel.Client) -> None:
    for options in ({"metadata_key": "Idempotency-Key"}, {"required": PLACE}, {"off": ["Place"]}):
        with pytest.raises(semel.ConfigurationError):
            semel.grpc.IdempotencyInterceptor(client, **options)
    with pytest.raises(TypeError, match="wiat"):
        semel.grpc.IdempotencyInterceptor(client, wiat=1)  # type: ignore[call-arg]
