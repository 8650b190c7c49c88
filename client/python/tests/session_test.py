"""The Session stream of the client of asyncio: when it is taken, and what becomes of calls when it breaks."""

from __future__ import annotations

import asyncio
import math
import time
from typing import Literal

import grpc
import pytest

import semel
import semel.aio
from lossy_proxy import LossyProxy
from semel._refusals import Refusal
from semel._session_operations import Cancelled, SessionOperations
from semel._stream_trial import FIRST_REST, LONGEST_REST, StreamEnd, StreamTrial
from semel.v1 import idempotency_service_pb2 as service
from semeld import PATIENCE, Semeld

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE


async def effect(attempt: semel.aio.Attempt) -> str:
    return attempt.key


def in_use(client: semel.aio.Client) -> str:
    return client.transport_in_use


async def until_streaming(client: semel.aio.Client, key: str) -> None:
    """Calls that overlap open a stream; some more are made until it is open."""
    deadline = time.monotonic() + PATIENCE
    while client.transport_in_use == "unary":
        assert time.monotonic() < deadline, "no stream opens"
        await asyncio.gather(*(client.lookup(key) for _ in range(10)))


async def test_calls_that_overlap_open_a_stream(server: Semeld, key: str) -> None:
    async with semel.aio.Client(server.address, namespace="shop") as client:
        await client.run(key, effect)
        assert in_use(client) == "unary"
        await until_streaming(client, key)
        keys = [f"{key}/{i}" for i in range(200)]
        outcomes = await asyncio.gather(*(client.run(each, effect) for each in keys))
        assert [outcome.value for outcome in outcomes] == keys
        assert in_use(client) == "stream"
    assert not any(task.get_name().startswith("semel") for task in asyncio.all_tasks())


async def test_a_large_result_goes_by_itself(server: Semeld, key: str) -> None:
    async with semel.aio.Client(server.address, namespace="bank", transport="stream") as client:
        acquired = await client.begin(key)
        assert isinstance(acquired, semel.Acquired)
        with pytest.raises(semel.ResultTooLarge):
            await client.complete(key, acquired.token, semel.Result(b"x" * (3 << 20)))
        await client.complete(key, acquired.token, semel.Result(b"x" * (1 << 20)))
        assert (await client.begin(key)).result.payload_size == 1 << 20  # type: ignore[union-attr]


@pytest.mark.parametrize("transport", ["auto", "stream"])
async def test_a_broken_stream_runs_nothing_twice(
    server: Semeld, key: str, transport: Literal["auto", "stream"]
) -> None:
    calls = []

    async def count(attempt: semel.aio.Attempt) -> str:
        calls.append(attempt.key)
        return attempt.key

    with LossyProxy(server.address) as proxy:
        async with semel.aio.Client(proxy.address, namespace="shop", transport=transport) as client:
            await until_streaming(client, key)
            keys = [f"{key}/{i}" for i in range(300)]
            runs = [asyncio.create_task(client.run(each, count, wait=10)) for each in keys]
            for _ in range(3):
                await asyncio.sleep(0)
                proxy.cut_all()
                await asyncio.wait(runs, return_when=asyncio.FIRST_COMPLETED)
            outcomes = await asyncio.gather(*runs)
    assert [outcome.value for outcome in outcomes] == keys
    assert sorted(calls) == sorted(keys)


async def test_a_cancelled_wait_leaves_nothing_behind(server: Semeld, key: str) -> None:
    async with semel.aio.Client(server.address, namespace="shop", transport="stream") as client:
        await client.begin(key)
        before = server.waiters()
        waiting = asyncio.create_task(client.begin(key, wait=600))
        while server.waiters() == before:
            await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        while server.waiters() != before:
            await asyncio.sleep(0)
        waiting = asyncio.create_task(client.begin(key, wait=600))
        while server.waiters() == before:
            await asyncio.sleep(0)
        await client.close()
        with pytest.raises(semel.ClientClosed):
            await waiting


async def test_a_stream_that_does_not_open_is_an_error_only_where_it_is_asked_for(key: str) -> None:
    old = grpc.aio.server()  # serves nothing that this client knows, as a proxy that takes no streams
    port = old.add_insecure_port("127.0.0.1:0")
    await old.start()
    async with semel.aio.Client(f"127.0.0.1:{port}", namespace="shop", transport="stream") as client:
        with pytest.raises(semel.CallError, match="does not take the Session stream") as caught:
            await client.lookup(key)
        assert caught.value.code is grpc.StatusCode.UNIMPLEMENTED
        assert not caught.value.outcome_unknown
    await old.stop(None)


# ---- decided without a stream --------------------------------------------------------------------------------------------


def lookup() -> service.LookupRequest:
    return service.LookupRequest(namespace="shop", key="a")


def waiting_begin() -> service.BeginRequest:
    begin = service.BeginRequest(namespace="shop", key="a")
    begin.wait.seconds = 1
    return begin


def limited(max_operations: int, max_unanswered: int) -> SessionOperations:
    operations = SessionOperations()
    operations.set_limits(service.SessionLimits(max_operations=max_operations, max_unanswered=max_unanswered))
    return operations


def sent_in(message: bytes | None) -> list[int]:
    assert message is not None
    return [operation.id for operation in service.SessionRequest.FromString(message).operations]


def test_messages_keep_within_the_limits_of_the_stream() -> None:
    operations, told = limited(2, 4), list[object]()
    for _ in range(6):
        operations.add("lookup", lookup(), 1.0, told.append)
    assert sent_in(operations.take_message()) == [1, 2]
    assert sent_in(operations.take_message()) == [3, 4]
    assert operations.take_message() is None
    assert not operations.has_room_for(lookup())
    name, done = operations.answered(1)
    assert name == "lookup"
    assert done is not None
    assert sent_in(operations.take_message()) == [5]


def test_begins_that_wait_do_not_keep_out_reports() -> None:
    operations = limited(10, 4)
    for _ in range(4):
        operations.add("begin", waiting_begin(), 1.0, lambda reply: None)
    operations.add("lookup", lookup(), 1.0, lambda reply: None)
    assert sent_in(operations.take_message()) == [5, 1, 2]
    assert operations.due == 1


def test_what_is_cancelled_is_not_sent_or_the_server_is_told() -> None:
    operations = limited(10, 10)
    first = operations.add("lookup", lookup(), 1.0, lambda reply: None)
    second = operations.add("lookup", lookup(), 1.0, lambda reply: None)
    assert operations.cancel(first) is Cancelled.UNSENT
    assert sent_in(operations.take_message()) == [second]
    assert operations.cancel(second) is Cancelled.SENT
    assert operations.cancel(second) is Cancelled.TOO_LATE
    message = operations.take_message()
    assert message is not None
    assert list(service.SessionRequest.FromString(message).cancelled) == [second]
    assert operations.answered(second) == ("lookup", None)


def test_a_message_is_not_larger_than_a_server_takes() -> None:
    operations = limited(100, 100)
    for _ in range(3):
        complete = service.CompleteRequest(namespace="shop", key="a", token=1)
        complete.result.payload = b"x" * (2 << 20)
        operations.add("complete", complete, 1.0, lambda reply: None)
    assert [sent_in(operations.take_message()) for _ in range(3)] == [[1], [2], [3]]


def test_whoever_waits_is_told_when_the_stream_is_over() -> None:
    operations, told = limited(1, 10), list[object]()
    for _ in range(2):
        operations.add("lookup", lookup(), 1.0, told.append)
    operations.take_message()
    lost = Refusal(UNAVAILABLE, "over")
    for done in operations.take(sent=True):
        done(lost)
    assert told == [lost]
    assert operations.has_unsent
    assert len(operations.take(sent=False)) == 1
    assert not operations.has_unsent


def ended(code: grpc.StatusCode, *, was_open: bool = False, began: float = 10.0) -> StreamEnd:
    return StreamEnd(code, "", was_open, began)


def test_streams_that_are_refused_are_left_alone_longer_and_longer() -> None:
    trial = StreamTrial()
    assert trial.may_open(0)
    trial.stream_ended(ended(grpc.StatusCode.UNIMPLEMENTED), 100)
    assert not trial.may_open(100 + FIRST_REST - 1)
    assert trial.may_open(100 + FIRST_REST)
    for _ in range(10):
        trial.stream_ended(ended(grpc.StatusCode.UNIMPLEMENTED), 1000)
    assert trial.may_open(1000 + LONGEST_REST)
    trial.stream_ended(ended(UNAVAILABLE, was_open=True), 1000)
    trial.stream_ended(ended(grpc.StatusCode.UNIMPLEMENTED), 10_000)
    assert trial.may_open(10_000 + FIRST_REST), "a stream that opened makes the rests short again"


def test_where_calls_are_not_answered_either_nothing_is_learned() -> None:
    trial = StreamTrial()
    trial.stream_ended(ended(grpc.StatusCode.DEADLINE_EXCEEDED), 100)
    assert trial.may_open(100)
    trial.call_answered(20.0)
    trial.stream_ended(ended(grpc.StatusCode.DEADLINE_EXCEEDED), 100)
    assert not trial.may_open(100)


def test_unavailable_may_pass() -> None:
    trial = StreamTrial()
    trial.call_answered(math.inf)
    for _ in range(4):
        trial.stream_ended(ended(UNAVAILABLE), 100)
        assert trial.may_open(100)
    trial.stream_ended(ended(UNAVAILABLE), 100)
    assert not trial.may_open(100)
