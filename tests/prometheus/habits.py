"""What callers do to a server, one function for each habit: together they come by every outcome, reason and metric.

Each draws a key of its own from `n`, and fails where the answer is not the one that the habit is there for.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, TypeVar

import semel
import semel.aio

SHORT = 0.1  # seconds: a lease that is left to lapse
OPERATOR = "jo"

T = TypeVar("T")


@dataclass(frozen=True)
class Callers:
    """Who calls: single calls, calls that share a Session stream, and an operator."""

    single: semel.aio.Client
    stream: semel.aio.Client
    operator: semel.aio.AdminClient
    newcomer: semel.aio.Client  # wants a Session of its own, and tries once

    @classmethod
    async def connect(cls, address: str, stack: AsyncExitStack, tls: semel.Tls) -> Callers:
        """Closed with the stack."""
        # Patient with a machine that has other things to do; a server that is stuck still fails the load.
        patience: dict[str, Any] = {"tls": tls, "owner": "load", "lease": 30, "call_timeout": 30, "try_timeout": 15}
        enter = stack.enter_async_context
        return cls(
            await enter(semel.aio.Client(address, namespace="shop", transport="unary", **patience)),
            await enter(semel.aio.Client(address, namespace="shop", transport="stream", **patience)),
            await enter(semel.aio.AdminClient(address, namespace="bank", **patience)),
            await enter(
                semel.aio.Client(
                    address, namespace="shop", transport="stream", retry=semel.Retry(max_tries=1), tls=tls, call_timeout=30
                )
            ),
        )


Habit = Callable[[Callers, int], Awaitable[None]]


async def acquired(begin: Awaitable[semel.BeginAnswer]) -> int:
    """The token."""
    answer = await begin
    assert isinstance(answer, semel.Acquired), answer
    return answer.token


async def answered(kind: type[T], begin: Awaitable[semel.BeginAnswer]) -> None:
    answer = await begin
    assert isinstance(answer, kind), answer


async def refused(kind: type[semel.CallError], call: Awaitable[object]) -> None:
    try:
        answer = await call
    except kind:
        return
    raise AssertionError(f"not refused with {kind.__name__}: {answer}")


async def orders(callers: Callers, n: int) -> None:
    """A dozen effects at once over the stream; then each of their keys again, which are duplicates."""

    async def place(attempt: semel.aio.Attempt) -> bytes:
        return attempt.key.encode() * 20

    keys = [f"order/{n}/{item}" for item in range(12)]
    await asyncio.gather(*(callers.stream.run(key, place) for key in keys))
    for outcome in await asyncio.gather(*(callers.stream.run(key, place) for key in keys[:8])):
        assert outcome.replayed


async def repeated_reports(callers: Callers, n: int) -> None:
    """An owner that renews, leaves a checkpoint, reports twice, and looks."""
    key = f"parcel/{n}"
    token = await acquired(callers.single.begin(key))
    await callers.single.renew(key, token)
    await callers.single.checkpoint(key, token, b"label 12", effects_began=True)
    await callers.single.complete(key, token, semel.Result(b"packed"))
    await callers.single.complete(key, token, semel.Result(b"packed"))
    assert await callers.single.lookup(key) is not None


async def failures(callers: Callers, n: int) -> None:
    """The policy makes the second failure final."""
    key, failed = f"mail/{n}", semel.Failure("BOUNCED", retryable=True)
    for _ in range(2):
        token = await acquired(callers.single.begin(key, namespace="mail"))
        await callers.single.complete(key, token, failed, namespace="mail")
    await answered(semel.Failed, callers.single.begin(key, namespace="mail"))


async def waiters(callers: Callers, n: int) -> None:
    """More callers wait for one owner than may."""
    key = f"report/{n}"
    token = await acquired(callers.single.begin(key))
    waiting = [asyncio.create_task(callers.single.begin(key, wait=20)) for _ in range(12)]
    await asyncio.sleep(0.7)  # the effect takes its time
    await callers.single.complete(key, token, semel.Result(b"40 pages"))
    answers = await asyncio.gather(*waiting)
    assert {type(answer) for answer in answers} <= {semel.Done, semel.InProgress}, answers


async def takeovers(callers: Callers, n: int) -> None:
    """An owner falls silent, another takes over, the first comes back too late."""
    key = f"job/{n}"
    lost = await acquired(callers.single.begin(key, namespace="jobs", lease=SHORT))
    token = await acquired(callers.single.begin(key, namespace="jobs", wait=20))
    await refused(semel.TokenStale, callers.single.complete(key, lost, semel.Result(b"late"), namespace="jobs"))
    await callers.single.complete(key, token, semel.Result(b"in time"), namespace="jobs")


async def forgotten(callers: Callers, n: int) -> None:
    """A result that is kept for a millisecond; a key that is given back; one that an operator deletes."""
    key = f"brief/{n}"
    token = await acquired(callers.single.begin(key, namespace="jobs"))
    await callers.single.complete(key, token, semel.Result(b"gone"), namespace="jobs", retention=0.001)
    await asyncio.sleep(0.05)  # the retention, by the server's clock
    await answered(semel.Expired, callers.single.begin(key, namespace="jobs"))
    await callers.operator.delete_key(key, namespace="jobs", reason="test data", actor=OPERATOR)
    token = await acquired(callers.single.begin(key, namespace="jobs"))
    await callers.single.release(key, token, namespace="jobs")


async def doubts(callers: Callers, n: int) -> None:
    """An owner that falls silent where nobody else may try: a person settles most, and some stay."""
    key, print_ = f"charge/{n}", semel.fingerprint({"cents": n})
    await acquired(callers.single.begin(key, namespace="bank", fingerprint=print_, lease=SHORT))
    await answered(semel.InDoubt, callers.single.begin(key, namespace="bank", fingerprint=print_, wait=20))
    if n % 4:
        await callers.operator.resolve_key(key, semel.Result(b"paid"), reason="the statement has it", actor=OPERATOR)


async def refusals(callers: Callers, n: int) -> None:
    """Another request under a known key, none of the fingerprints that are asked for, too much, and a key nobody knows."""
    key, print_ = f"refused/{n}", semel.fingerprint({"order": n})
    token = await acquired(callers.single.begin(key, fingerprint=print_))
    await refused(semel.FingerprintMismatch, callers.single.begin(key, fingerprint=semel.fingerprint({"order": -1})))
    await refused(semel.CallError, callers.single.begin(key, namespace="bank"))
    await refused(semel.ResultTooLarge, callers.single.complete(key, token, semel.Result(os.urandom(1_100_000))))
    await refused(semel.KeyNotFound, callers.single.complete(f"unknown/{n}", token, semel.Result(b"")))
    await callers.single.complete(key, token, semel.Result(omitted=True))


async def large_results(callers: Callers, n: int) -> None:
    """In a namespace that no policy names: random bytes, which no compression makes small."""
    key = f"image/{n}"
    token = await acquired(callers.single.begin(key, namespace="images"))
    await callers.single.complete(key, token, semel.Result(os.urandom(200_000)), namespace="images")
    await answered(semel.Done, callers.single.begin(key, namespace="images"))


async def batches(callers: Callers, n: int) -> None:
    keys = [f"message/{n}/{item}" for item in range(40)]
    answers = await callers.single.batch_begin([semel.BeginRequest(key) for key in keys])
    tokens = [answer.token for answer in answers if isinstance(answer, semel.Acquired)]
    assert len(tokens) == len(keys)
    owned = list(zip(keys, tokens, strict=True))
    await callers.single.batch_renew([semel.RenewRequest(key, token) for key, token in owned])
    await callers.single.batch_complete([semel.CompleteRequest(key, token, semel.Result(b"ok")) for key, token in owned])


async def crowds(callers: Callers, n: int) -> None:
    """There is room for one Session, which the orders have."""
    assert await callers.stream.lookup(f"crowd/{n}") is None
    await refused(semel.CallError, callers.newcomer.lookup(f"crowd/{n}"))


async def questions(callers: Callers, n: int) -> None:
    """What an operator looks at."""
    await callers.operator.list_keys(namespace="", state=semel.State.IN_DOUBT)
    await callers.operator.list_keys(namespace="shop", prefix="order/")
    await callers.operator.get_stats()


async def backups(callers: Callers, n: int) -> None:
    await callers.operator.create_backup(actor=OPERATOR, reason=f"number {n}")


# How often a second each happens while the load's pace is 1.
HABITS: dict[Habit, float] = {
    orders: 5,
    repeated_reports: 10,
    failures: 3,
    waiters: 0.5,
    takeovers: 2,
    forgotten: 2,
    doubts: 1,
    refusals: 1,
    large_results: 3,
    batches: 1,
    crowds: 0.5,
    questions: 0.5,
    backups: 0.1,
}
