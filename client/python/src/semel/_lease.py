"""Which leases are to be renewed when, and which are lost. Decides only: no clock, no thread, no call of its own.

A lease is renewed when a third of it has passed (less up to a fifth of that third, so that leases which began together
drift apart); those that are due together share one BatchRenew. A failed renewal is tried again several times before the
lease is over. The lease counts as lost when the server says so, or when it went by without a renewal: somebody may have
taken over then.

All times are seconds of time.monotonic().
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Sequence
from datetime import timedelta

from semel._errors import CallError
from semel._refusals import attempt_is_over

MAX_RENEWALS_AT_ONCE = 1000
"""As many as one batch may carry."""

# Bounds on how long one renewal may take before it is tried again: a third of the shortest lease in it, within these.
_SHORTEST_TRY = 0.05
_LONGEST_TRY = 5.0
_LONGEST_PAUSE = 2.0
# Entries of ended leases that the schedule may hold beside as many live ones, before it is cleaned.
_MAX_STALE = 64


class HeldLease:
    """One lease that is kept alive, as the keeper and the owner's function share it."""

    __slots__ = (
        "_on_lost",
        "dropped",
        "due_at",
        "end_expected",
        "ends_at",
        "key",
        "length",
        "lost",
        "namespace",
        "token",
    )

    def __init__(self, namespace: str, key: str, token: int, length: float, granted_at: float) -> None:
        self.namespace = namespace
        self.key = key
        self.token = token
        self.length = length
        self.ends_at = granted_at + length
        """The earliest moment at which it can lapse."""
        self.due_at: float | None = None
        """Its place in the schedule; None while it is being renewed, and once it was dropped."""
        self.end_expected = False
        """The outcome is being reported: "not in progress" is no longer a loss."""
        self.dropped = False
        self.lost = False
        self._on_lost: Callable[[], None] | None = None

    def call_when_lost(self, callback: Callable[[], None]) -> None:
        """Once, on the thread that notices it; now if it is lost already."""
        self._on_lost = callback
        if self.lost:
            callback()

    def mark_lost(self) -> None:
        """Another attempt took over, or may have."""
        if self.lost:
            return
        self.lost = True
        if self._on_lost is not None:
            self._on_lost()

    def is_lost(self, now: float) -> bool:
        """Asks the clock, too.

        A process that was stopped for longer than its lease must not believe, until the keeper gets to run, that it
        still owns the key.
        """
        if not self.lost and now >= self.ends_at:
            self.mark_lost()
        return self.lost


class LeaseSchedule:
    """All live leases of one client. Not thread-safe: its keeper is."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, HeldLease]] = []
        self._pushed = 0
        self._scheduled = 0

    def hold(self, lease: HeldLease) -> None:
        """Renews it from now on, until it is dropped."""
        self._schedule(lease, _next_renewal(lease, lease.ends_at - lease.length))

    def drop(self, lease: HeldLease) -> None:
        """Forgets it; a renewal that is under way is ignored."""
        if lease.due_at is not None:
            lease.due_at = None
            self._scheduled -= 1
        lease.dropped = True
        if len(self._heap) > 2 * self._scheduled + _MAX_STALE:
            self._heap = [entry for entry in self._heap if entry[2].due_at == entry[0]]
            heapq.heapify(self._heap)

    def next_due(self) -> float | None:
        """When the next renewal is due; None: none is."""
        while self._heap and self._heap[0][2].due_at != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def take_due(self, now: float) -> list[HeldLease]:
        """Those to renew now, at most as many as one batch carries."""
        due: list[HeldLease] = []
        while len(due) < MAX_RENEWALS_AT_ONCE:
            at = self.next_due()
            if at is None or at > now:
                break
            lease = heapq.heappop(self._heap)[2]
            lease.due_at = None
            self._scheduled -= 1
            due.append(lease)
        return due

    def apply(
        self,
        due: Sequence[HeldLease],
        answers: Sequence[timedelta | CallError] | CallError,
        sent_at: float,
        now: float,
    ) -> list[HeldLease]:
        """What came of a renewal that was sent then. Answers the leases that may be lost: mark them."""
        lost = []
        for index, lease in enumerate(due):
            answer = answers if isinstance(answers, CallError) else answers[index]
            if not lease.dropped and not self._keeps(lease, answer, sent_at, now):
                lost.append(lease)
        return lost

    def _keeps(self, lease: HeldLease, answer: timedelta | CallError, sent_at: float, now: float) -> bool:
        if isinstance(answer, timedelta):
            # The server counts from when it answers, which is later: what we believe of the end errs on the safe side.
            in_time = sent_at < lease.ends_at
            lease.length = answer.total_seconds()
            lease.ends_at = sent_at + lease.length
            self._schedule(lease, _next_renewal(lease, sent_at))
            return in_time
        if attempt_is_over(answer):
            return lease.end_expected
        # Nobody may have taken over yet even when the lease went by: go on trying.
        self._schedule(lease, _next_try(lease, now))
        return now < lease.ends_at

    def _schedule(self, lease: HeldLease, at: float) -> None:
        lease.due_at = at
        self._pushed += 1
        self._scheduled += 1
        heapq.heappush(self._heap, (at, self._pushed, lease))


def try_timeout(due: Sequence[HeldLease]) -> float:
    """How long one try to renew them may take."""
    return min(_LONGEST_TRY, max(_SHORTEST_TRY, min(lease.length for lease in due) / 3))


def late(length: timedelta, granted_at: float, now: float) -> bool:
    """Whether so much of a lease has passed already that it is to be renewed before the work begins.

    The server waited, the answer was long on its way, or this process was stopped.
    """
    return now - granted_at > length.total_seconds() / 3


def _next_renewal(lease: HeldLease, granted_at: float) -> float:
    return granted_at + lease.length / 3 * random.uniform(0.8, 1.0)  # noqa: S311 - no secret


def _next_try(lease: HeldLease, now: float) -> float:
    """About ten tries before the lease is over, and one just when it is: a loss is noticed at once, not a pause later."""
    pause = min(lease.length / 15 * random.uniform(0.5, 1.5), _LONGEST_PAUSE)  # noqa: S311 - no secret
    return min(now + pause, lease.ends_at) if now < lease.ends_at else now + pause
