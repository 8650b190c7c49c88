"""Which leases are renewed when, decided without a clock."""

from __future__ import annotations

from datetime import timedelta

import grpc
import pytest

import semel
from semel._lease import HeldLease, LeaseSchedule, late, try_timeout

STALE = semel.TokenStale("", code=grpc.StatusCode.ABORTED)
OVER = semel.NotInProgress("", code=grpc.StatusCode.FAILED_PRECONDITION)
GONE = semel.Unavailable("", code=grpc.StatusCode.UNAVAILABLE)
MINUTE = timedelta(seconds=60)


def held(schedule: LeaseSchedule, key: str = "a", *, length: float = 60.0, at: float = 0.0) -> HeldLease:
    lease = HeldLease("shop", key, 1, length, at)
    schedule.hold(lease)
    return lease


@pytest.fixture
def schedule() -> LeaseSchedule:
    return LeaseSchedule()


def test_renewed_when_about_a_third_has_passed(schedule: LeaseSchedule) -> None:
    lease = held(schedule)
    due = schedule.next_due()
    assert due is not None
    assert 16 <= due <= 20
    assert schedule.take_due(15.9) == []
    assert schedule.take_due(20.0) == [lease]
    assert schedule.next_due() is None
    assert schedule.apply([lease], [MINUTE], 20.0, 20.1) == []
    assert lease.ends_at == 80.0
    due = schedule.next_due()
    assert due is not None
    assert 36 <= due <= 40


def test_those_that_are_due_go_together_but_no_more_than_a_batch(schedule: LeaseSchedule) -> None:
    for i in range(1500):
        held(schedule, str(i))
    assert len(schedule.take_due(30.0)) == 1000
    assert len(schedule.take_due(30.0)) == 500


def test_a_failed_renewal_is_tried_again_several_times_before_the_end(schedule: LeaseSchedule) -> None:
    lease, now, tries = held(schedule), 0.0, 0
    while True:
        due = schedule.next_due()
        assert due is not None
        assert due > now
        now = due
        lost = schedule.apply(schedule.take_due(now), GONE, now, now)
        if lost:
            break
        tries += 1
    assert lost == [lease]
    assert now == 60.0, "noticed just when it is over"
    assert tries >= 8
    assert schedule.next_due() is not None, "nobody may have taken over: it goes on trying"


@pytest.mark.parametrize(
    ("error", "expected", "is_lost"), [(STALE, False, True), (OVER, False, True), (OVER, True, False)]
)
def test_the_servers_word_ends_it(
    schedule: LeaseSchedule, error: semel.CallError, expected: bool, is_lost: bool
) -> None:
    lease = held(schedule)
    lease.end_expected = expected
    assert schedule.apply(schedule.take_due(30), [error], 30, 30) == ([lease] if is_lost else [])
    assert schedule.next_due() is None


def test_a_renewal_that_comes_too_late_is_a_loss(schedule: LeaseSchedule) -> None:
    lease = held(schedule)
    assert schedule.apply(schedule.take_due(61), [MINUTE], 61, 61) == [lease]
    assert lease.ends_at == 121


def test_what_is_dropped_is_renewed_no_more(schedule: LeaseSchedule) -> None:
    lease, other = held(schedule), held(schedule, "b")
    schedule.drop(lease)
    assert schedule.take_due(30) == [other]
    schedule.drop(other)
    assert schedule.apply([other], [STALE], 30, 30) == []
    assert schedule.next_due() is None


def test_what_was_dropped_does_not_pile_up(schedule: LeaseSchedule) -> None:
    kept = held(schedule)
    for i in range(10_000):
        schedule.drop(held(schedule, str(i)))
    assert len(schedule._heap) < 100
    assert schedule.take_due(30) == [kept]


def test_a_loss_is_told_once() -> None:
    lease, told = HeldLease("shop", "a", 1, 60, 0), []
    lease.call_when_lost(lambda: told.append(1))
    assert not lease.is_lost(59.9)
    assert lease.is_lost(60.0), "it asks the clock"
    lease.mark_lost()
    assert told == [1]


def test_the_work_does_not_begin_on_a_lease_half_gone() -> None:
    assert not late(MINUTE, 0, 20)
    assert late(MINUTE, 0, 20.1)
    assert try_timeout([HeldLease("shop", "a", 1, 0.06, 0)]) == 0.05
    assert try_timeout([HeldLease("shop", "a", 1, 3, 0), HeldLease("shop", "b", 1, 600, 0)]) == 1
    assert try_timeout([HeldLease("shop", "a", 1, 600, 0)]) == 5
