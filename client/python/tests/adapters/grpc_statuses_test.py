"""What a method's status says about its effect, through both interceptors on real servers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from google.protobuf.struct_pb2 import Struct

import semel
import semel.grpc
from adapters.grpc_orders import PLACE, Orders, Serve, Work, call, struct
from semel.wire.v1.status_pb2 import Status
from semeld import Semeld

ORDER = struct(id="17")


@pytest.fixture
def address(serve: Serve, orders: Orders, server: Semeld) -> Iterator[str]:
    with serve(orders, {"address": server.address}) as address:
        yield address


RETRIED = [
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.PERMISSION_DENIED,
]
LEFT_OPEN = [
    grpc.StatusCode.UNAVAILABLE,  # commonly passed on from a callee
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.DATA_LOSS,
]
STORED = [code for code in grpc.StatusCode if code not in (grpc.StatusCode.OK, *RETRIED, *LEFT_OPEN)]


def details(code: grpc.StatusCode, message: str) -> bytes:
    made = Status(code=code.value[0], message=message)
    made.details.add().Pack(struct(shelf=7))
    return made.SerializeToString()


def aborting(code: grpc.StatusCode, message: str) -> Work:
    return lambda request, context: context.abort(code, message)


def setting(code: grpc.StatusCode, message: str) -> Work:
    def work(request: Struct, context: Any) -> Any:
        context.set_code(code)
        context.set_details(message)
        context.set_trailing_metadata((("grpc-status-details-bin", details(code, message)),))

    return work


@pytest.mark.parametrize("ending", [aborting, setting])
def test_statuses_that_blame_the_caller_are_stored(
    address: str, orders: Orders, ending: Callable[[grpc.StatusCode, str], Work]
) -> None:
    orders.work = ending(grpc.StatusCode.NOT_FOUND, "no such käse")
    first, second = (call(address, ORDER, "k1") for _ in range(2))
    assert (first.code, first.message) == (grpc.StatusCode.NOT_FOUND, "no such käse")
    assert (second.code, second.message) == (first.code, first.message)
    assert (first.replayed, second.replayed) == (False, True)
    assert second.trailing.get("grpc-status-details-bin") == first.trailing.get("grpc-status-details-bin")
    assert orders.effects == 1


@pytest.mark.parametrize("ending", [aborting, setting])
@pytest.mark.parametrize("code", RETRIED, ids=lambda code: code.name)
def test_failures_are_not_stored(
    address: str,
    orders: Orders,
    client: semel.Client,
    code: grpc.StatusCode,
    ending: Callable[[grpc.StatusCode, str], Work],
) -> None:
    keys = []

    def work(request: Struct, context: Any) -> Any:
        attempt = semel.grpc.current_attempt()
        assert attempt is not None
        keys.append(attempt.key)
        return ending(code, "later")(request, context)

    orders.work = work
    replies = [call(address, ORDER, "k1") for _ in range(2)]
    assert [(reply.code, "idempotency-recorded" in reply.trailing) for reply in replies] == [(code, False)] * 2
    record = client.lookup(keys[0])
    assert record is not None
    assert isinstance(record.outcome, semel.Failure)
    assert (record.outcome.reason, record.outcome.message, record.attempt) == (f"GRPC_{code.name}", "later", 2)
    orders.work = lambda request, context: None
    assert call(address, ORDER, "k1").code is grpc.StatusCode.OK
    assert orders.effects == 3


@pytest.mark.parametrize("code", LEFT_OPEN, ids=lambda code: code.name)
def test_what_may_have_happened_is_left_open(address: str, orders: Orders, code: grpc.StatusCode) -> None:
    orders.work = aborting(code, "the bank did not answer")
    reply = call(address, ORDER, "k1")
    assert (reply.code, reply.trailing["idempotency-recorded"]) == (code, "false")
    assert call(address, ORDER, "k1").reason == "IN_FLIGHT"
    assert orders.effects == 1


@pytest.mark.parametrize("code", STORED, ids=lambda code: code.name)
def test_what_is_wrong_with_the_request_is_stored(address: str, orders: Orders, code: grpc.StatusCode) -> None:
    orders.work = aborting(code, "no")
    replies = [call(address, ORDER, "k1") for _ in range(2)]
    assert [(reply.code, reply.replayed) for reply in replies] == [(code, False), (code, True)]
    assert orders.effects == 1


def test_a_long_message_is_stored_whole(address: str, orders: Orders, client: semel.Client) -> None:
    keys: list[str] = []
    message = "no such käse: " + "é" * 300

    def work(request: Struct, context: Any) -> Any:
        attempt = semel.grpc.current_attempt()
        assert attempt is not None
        keys.append(attempt.key)
        context.set_trailing_metadata((("grpc-status-details-bin", details(grpc.StatusCode.NOT_FOUND, message)),))
        return context.abort(grpc.StatusCode.NOT_FOUND, message)

    orders.work = work
    first, second = (call(address, ORDER, "k1") for _ in range(2))
    assert (first.message, second.message, second.replayed) == (message, message, True)
    assert second.trailing["grpc-status-details-bin"] == first.trailing["grpc-status-details-bin"]
    record = client.lookup(keys[0])
    assert record is not None
    assert isinstance(record.outcome, semel.Result)
    assert record.outcome.content_type == "application/grpc-status"
    assert record.outcome.payload == details(grpc.StatusCode.NOT_FOUND, message)
    cut = message.encode()[:256].decode("utf-8", "ignore")
    assert dict(record.outcome.attributes) == {"grpc.status": "5", "grpc.message": cut}


OF_GO = {
    "with details": details(grpc.StatusCode.NOT_FOUND, "no such cheese"),
    # As the wire has it: 1: code 5, 2: message; no details.
    "without details": b"\x08\x05\x12\x0eno such cheese",
}


@pytest.mark.parametrize(
    ("payload", "reason"), [*((each, "") for each in OF_GO.values()), (b"\xff", "RESPONSE_NOT_KEPT")]
)
def test_what_another_language_stored_is_replayed(
    serve: Serve, orders: Orders, server: Semeld, client: semel.Client, key: str, payload: bytes, reason: str
) -> None:
    attributes = {"grpc.status": "5", "grpc.message": "no such"}
    result = semel.Result(payload, "application/grpc-status", attributes)
    with client.attempt(semel.key_of(key, PLACE, "k1"), fingerprint=b"same") as attempt:
        attempt.complete(result)
    with serve(orders, {"address": server.address}, prefix=key, fingerprint=lambda call: b"same") as address:
        reply = call(address, ORDER, "k1")
    assert orders.effects == 0
    if reason:
        assert (reply.code, reply.reason) == (grpc.StatusCode.DATA_LOSS, reason)
        return
    assert (reply.code, reply.message, reply.replayed) == (grpc.StatusCode.NOT_FOUND, "no such cheese", True)
    sent = reply.trailing.get("grpc-status-details-bin")
    assert sent == (payload if payload == OF_GO["with details"] else None)


def test_a_method_that_knows_better_says_so(address: str, orders: Orders) -> None:
    def work(request: Struct, context: Any) -> Any:
        context.set_code(grpc.StatusCode.UNAVAILABLE)
        raise semel.Retryable("NOTHING_DONE")

    orders.work = work
    replies = [call(address, ORDER, "k1") for _ in range(2)]
    assert ["idempotency-recorded" in reply.trailing for reply in replies] == [False, False]
    assert orders.effects == 2


def test_one_function_replaces_the_whole_rule(serve: Serve, orders: Orders, server: Semeld) -> None:
    said: dict[grpc.StatusCode, bool | semel.Verdict] = {
        grpc.StatusCode.UNAVAILABLE: True,
        grpc.StatusCode.NOT_FOUND: False,
        grpc.StatusCode.OK: semel.Unknown(),
    }
    with serve(orders, {"address": server.address}, store_status=said.__getitem__) as address:
        orders.work = aborting(grpc.StatusCode.UNAVAILABLE, "no")
        assert [call(address, ORDER, "k1").replayed for _ in range(2)] == [False, True]
        orders.work = aborting(grpc.StatusCode.NOT_FOUND, "no")
        assert [call(address, ORDER, "k2").replayed for _ in range(2)] == [False, False]
        orders.work = lambda request, context: None
        assert call(address, ORDER, "k3").trailing["idempotency-recorded"] == "false"
        assert call(address, ORDER, "k3").reason == "IN_FLIGHT"
    assert orders.effects == 4
