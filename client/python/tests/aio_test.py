"""The client of asyncio against a real server: what differs from the blocking one, and that the rest is the same."""

from __future__ import annotations

import asyncio
import collections
import threading
from collections.abc import Callable
from typing import Any

import pytest

import semel
import semel.aio
from lossy_proxy import LossyProxy
from semeld import PATIENCE, Semeld, eventually


async def never(attempt: semel.aio.Attempt) -> None:
    pytest.fail("it ran")


async def test_runs_once_and_replays(aclient: semel.aio.Client, key: str) -> None:
    async def place(attempt: semel.aio.Attempt) -> dict[str, int]:
        await attempt.checkpoint(b"half")
        return {"attempt": attempt.number}

    first = await aclient.run(key, place)
    second = await aclient.run(key, place)
    assert (first.value, first.replayed) == ({"attempt": 1}, False)
    assert (second.value, second.replayed) == ({"attempt": 1}, True)


async def test_many_tasks_place_one_order(aclient: semel.aio.Client, key: str) -> None:
    placed = []

    async def place(attempt: semel.aio.Attempt) -> str:
        placed.append(attempt.token)
        await asyncio.sleep(0)
        return "placed"

    outcomes = await asyncio.gather(*(aclient.run(key, place, wait=30) for _ in range(50)))
    assert [outcome.value for outcome in outcomes] == ["placed"] * 50
    assert len(placed) == 1


async def test_a_function_that_is_not_async_has_happened_all_the_same(aclient: semel.aio.Client, key: str) -> None:
    plain: Any = lambda attempt: "plain"  # noqa: E731 - what no type checker lets through
    outcome = await aclient.run(key, plain)
    assert outcome.value == "plain"
    assert (await aclient.run(key, never)).value == "plain"


async def test_failures_are_recorded(aclient: semel.aio.Client, key: str) -> None:
    async def fail(attempt: semel.aio.Attempt) -> None:
        raise semel.Final("STOLEN", "call the bank")

    with pytest.raises(semel.Final):
        await aclient.run(key, fail)
    with pytest.raises(semel.EffectFailed, match="STOLEN"):
        await aclient.run(key, never)


async def test_cancellation_leaves_it_unknown(aclient: semel.aio.Client, key: str) -> None:
    begun = asyncio.Event()

    async def work(attempt: semel.aio.Attempt) -> None:
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(aclient.run(key, work, lease=0.3))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    record = await aclient.lookup(key)
    assert record is not None
    assert (record.state, record.outcome) == (semel.State.IN_PROGRESS, None)

    async def next_one(attempt: semel.aio.Attempt) -> str:
        return attempt.previous.value

    assert (await aclient.run(key, next_one, wait=10)).value == "abandoned"


async def test_a_lease_is_kept_longer_than_its_length(aclient: semel.aio.Client, key: str) -> None:
    async def work(attempt: semel.aio.Attempt) -> bool:
        answer = await aclient.begin(key, wait=5)
        assert isinstance(answer, semel.InProgress), answer
        return attempt.lost

    assert (await aclient.run(key, work, lease=2)).value is False


async def _taken_over(client: semel.aio.Client, server: Semeld, key: str) -> None:
    async with semel.aio.AdminClient(server.address, namespace="shop") as admin:
        await admin.delete_key(key, reason="test", actor="test")
    assert isinstance(await client.begin(key, owner="another", lease=60), semel.Acquired)


async def test_a_renewal_that_hangs_lets_no_other_lease_lapse(
    server: Semeld, aclient: semel.aio.Client, key: str
) -> None:
    with LossyProxy(server.address) as proxy:
        async with semel.aio.Client(proxy.address, namespace="shop", transport="unary") as client:

            async def short(attempt: semel.aio.Attempt) -> str:
                answer = await aclient.begin(attempt.key, wait=3)
                assert isinstance(answer, semel.InProgress), answer
                assert not attempt.lost
                return "short"

            async def long(attempt: semel.aio.Attempt) -> str:
                proxy.let_hang(1)  # the next request is this lease's renewal, which may take three seconds
                assert await asyncio.to_thread(eventually, lambda: proxy.hung == 1)
                return (await client.run(f"{key}/short", short, lease=2)).value

            assert (await client.run(key, long, lease=9)).value == "short"


async def test_a_lost_lease_cancels_the_work(aclient: semel.aio.Client, server: Semeld, key: str) -> None:
    seen: list[object] = []

    async def work(attempt: semel.aio.Attempt) -> None:
        await _taken_over(aclient, server, key)
        try:
            await asyncio.Event().wait()
        finally:
            seen.extend([attempt.lost, attempt.lost_event.is_set()])

    with pytest.raises(semel.LeaseLost, match="it was cancelled") as caught:
        await aclient.run(key, work, lease=0.3)
    assert caught.value.fn_ran
    assert seen == [True, True]
    record = await aclient.lookup(key)
    assert record is not None
    assert record.owner == "another"
    # The task itself goes on: it was not cancelled by anybody else.
    await asyncio.sleep(0)


async def test_work_that_ends_all_the_same_is_told_that_it_is_not_recorded(
    aclient: semel.aio.Client, server: Semeld, key: str
) -> None:
    async def work(attempt: semel.aio.Attempt) -> str:
        await _taken_over(aclient, server, key)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "finished what could not be left half way"
        raise AssertionError

    with pytest.raises(semel.LeaseLost, match="not recorded"):
        await aclient.run(key, work, lease=0.3)


async def test_a_cancellation_by_others_stays_one(aclient: semel.aio.Client, server: Semeld, key: str) -> None:
    lost = asyncio.Event()

    async def work(attempt: semel.aio.Attempt) -> None:
        await _taken_over(aclient, server, key)
        try:
            await asyncio.Event().wait()
        finally:
            lost.set()
            await asyncio.Event().wait()  # until it is cancelled a second time, from outside

    task = asyncio.create_task(aclient.run(key, work, lease=0.3))
    await lost.wait()
    task.cancel()
    with pytest.raises((asyncio.CancelledError, semel.LeaseLost)):
        await task


async def test_the_context_manager(aclient: semel.aio.Client, server: Semeld, key: str) -> None:
    with pytest.raises(KeyError):
        async with aclient.attempt(key):
            raise KeyError("no such card")
    with pytest.raises(semel.NotCompleted):
        async with aclient.attempt(f"{key}/left"):
            pass
    with pytest.raises(semel.LeaseLost):
        async with aclient.attempt(f"{key}/lost", lease=0.3):
            await _taken_over(aclient, server, f"{key}/lost")
            await asyncio.Event().wait()
    async with aclient.attempt(key) as attempt:
        assert attempt.previous is semel.Previous.FAILED
        await attempt.complete("ok")
    with pytest.raises(semel.AlreadyDone) as caught:
        async with aclient.attempt(key):
            pytest.fail("the block was entered")
    assert caught.value.outcome.value == "ok"


async def test_a_report_that_failed_is_never_a_failure_of_the_effect(aclient: semel.aio.Client, key: str) -> None:
    with pytest.raises(semel.Forbidden):
        async with aclient.attempt(key):
            raise semel.Forbidden("no longer yours to write", fn_ran=True)
    record = await aclient.lookup(key)
    assert record is not None
    assert (record.state, record.outcome) == (semel.State.IN_PROGRESS, None)


async def test_a_result_is_recorded_as_it_is(aclient: semel.aio.Client, key: str) -> None:
    result = semel.Result(b"<p>placed</p>", "text/html", {"http.status": "201"})
    async with aclient.attempt(key) as attempt:
        outcome = await attempt.complete(result)
        assert attempt.recorded
    assert outcome.value == result
    record = await aclient.lookup(key)
    assert record is not None
    assert isinstance(record.outcome, semel.Result)
    assert (record.outcome.payload, record.outcome.content_type) == (result.payload, result.content_type)
    assert dict(record.outcome.attributes) == {"http.status": "201"}


async def test_the_decorator(aclient: semel.aio.Client, key: str) -> None:
    @aclient.once(key="order/{order_id}", with_attempt=True)
    async def place(attempt: semel.aio.Attempt, order_id: str) -> str:
        return f"placed {order_id} by {attempt.number}"

    assert await place(key) == await place(key) == f"placed {key} by 1"
    assert (await place.outcome(key)).replayed
    with pytest.raises(TypeError, match=r"semel\.Client"):

        @aclient.once(key="order/{order_id}")  # type: ignore[arg-type]
        def plain(order_id: str) -> None: ...


async def test_batches(aclient: semel.aio.Client, new_key: Callable[[], str]) -> None:
    keys = [new_key() for _ in range(10)]
    begun = await aclient.batch_begin([semel.BeginRequest(key) for key in keys])
    reports = [
        semel.CompleteRequest(key, answer.token, semel.Result(b"ok"))
        for key, answer in zip(keys, begun, strict=True)
        if isinstance(answer, semel.Acquired)
    ]
    completed = await aclient.batch_complete(reports)
    assert [type(each) for each in completed] == [semel.Completed] * 10
    assert isinstance((await aclient.batch_renew([semel.RenewRequest(keys[0], 1)]))[0], semel.TokenStale)


@pytest.mark.parametrize("passed", [0, 1], ids=["of begin", "of complete"])
async def test_a_lost_answer_runs_nothing_twice(server: Semeld, key: str, passed: int) -> None:
    calls = []

    async def place(attempt: semel.aio.Attempt) -> str:
        calls.append(attempt.number)
        return "ok"

    with LossyProxy(server.address) as proxy:
        async with semel.aio.Client(proxy.address, namespace="shop") as client:
            proxy.lose_answers(1, after=passed)
            outcome = await client.run(key, place)
            assert proxy.lost == 1
            assert (outcome.replayed, calls) == (False, [1])
            assert (await client.run(key, place)).replayed


async def test_a_server_killed_under_load_does_no_effect_twice(own_server: Semeld) -> None:
    own_server._listen = own_server.address
    placed: collections.Counter[str] = collections.Counter()
    some_placed = asyncio.Condition()
    orders = [f"order/{i % 400}" for i in range(800)]

    async def place(attempt: semel.aio.Attempt) -> str:
        async with some_placed:
            placed[attempt.key] += 1
            some_placed.notify_all()
        return attempt.key

    async def await_placed(count: int) -> None:
        async with some_placed:
            await some_placed.wait_for(lambda: len(placed) >= count)

    async with semel.aio.Client(own_server.address, namespace="shop", call_timeout=60) as client:
        places = asyncio.Semaphore(32)

        async def ask(order: str) -> semel.Outcome[str]:
            async with places:
                return await client.run(order, place, wait=30)

        tasks = [asyncio.create_task(ask(order)) for order in orders]
        for count in (50, 200):
            await asyncio.wait_for(await_placed(count), PATIENCE)
            own_server.kill()
            own_server.start()
        told = await asyncio.gather(*tasks)
    assert [each.value for each in told] == orders
    assert sum(each.replayed for each in told) == 400
    assert set(placed.values()) == {1}


async def test_close_leaves_no_task_and_no_thread(server: Semeld, key: str) -> None:
    client = semel.aio.Client(server.address, namespace="shop")
    async with client.attempt(key) as attempt:
        assert any(task.get_name() == "semel-lease-keeper" for task in asyncio.all_tasks())
        await attempt.complete()
    await client.close()
    await client.close()
    assert not any(task.get_name() == "semel-lease-keeper" for task in asyncio.all_tasks())
    assert not any(thread.name.startswith("semel") for thread in threading.enumerate())
    with pytest.raises(semel.ClientClosed):
        await client.lookup(key)


async def test_close_ends_calls_that_wait(server: Semeld, aclient: semel.aio.Client, key: str) -> None:
    await aclient.begin(key)
    waiting = semel.aio.Client(server.address, namespace="shop")
    before = server.waiters()
    task = asyncio.create_task(waiting.begin(key, wait=600))
    while server.waiters() == before:
        await asyncio.sleep(0)
    await waiting.close()
    with pytest.raises(semel.ClientClosed):
        await task


def test_another_event_loop_is_told_so(server: Semeld, key: str) -> None:
    client = semel.aio.Client(server.address, namespace="shop")
    first = asyncio.new_event_loop()
    assert first.run_until_complete(client.lookup(key)) is None

    async def use_elsewhere() -> None:
        with pytest.raises(RuntimeError, match="another event loop"):
            await client.lookup(key)

    asyncio.run(use_elsewhere())
    first.run_until_complete(client.close())
    first.close()
