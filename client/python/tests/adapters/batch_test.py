"""Poll loops and pulled messages: what is begun and completed in batches."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

import semel
import semel.polling
from semel.polling import Ended, Records, TopicPartition
from semeld import Semeld


@dataclass(frozen=True)
class Record:
    """As of kafka-python."""

    offset: int
    topic: str = "orders"
    partition: int = 0
    value: str = "place"
    headers: list[tuple[str, bytes]] = field(default_factory=list)


class MethodRecord:
    """As of confluent-kafka."""

    def __init__(self, offset: int) -> None:
        self._offset = offset

    def topic(self) -> str:
        return "orders"

    def partition(self) -> int:
        return 3

    def offset(self) -> int:
        return self._offset

    def headers(self) -> None:
        return None


Handle = Callable[[Any, semel.Attempt], object]


@pytest.fixture
def group() -> str:
    return uuid.uuid4().hex


@pytest.fixture
def ran() -> list[tuple[int, int, semel.Previous]]:
    """Offset, attempt and what came before, of what ran."""
    return []


@pytest.fixture
def place(ran: list[tuple[int, int, semel.Previous]]) -> Handle:
    def place(record: Any, attempt: semel.Attempt) -> str:
        offset = record.offset() if callable(record.offset) else record.offset
        ran.append((offset, attempt.number, attempt.previous))
        value = getattr(record, "value", "place")
        if value == "raise":
            raise ValueError("no stock")
        if value == "final":
            raise semel.Final("STOLEN")
        if value == "silent":
            raise TimeoutError("the bank did not answer")
        if value == "release":
            raise semel.Release
        return f"placed {offset}"

    return place


def endings(polled: semel.polling.Polled[Any]) -> list[Ended]:
    return [each.ended for each in polled.handled]


def test_a_poll_is_worked_on_once(client: semel.Client, group: str, place: Handle, ran: list[Any]) -> None:
    records = [Record(offset, partition=offset % 2) for offset in range(6)]
    loop = Records(client, place, group=group)
    first, second = loop.work_on(records), loop.work_on(iter(records))
    assert endings(first) == [Ended.RAN] * 6
    assert endings(second) == [Ended.REPLAYED] * 6
    assert [each.value for each in first.handled] == [f"placed {offset}" for offset in range(6)]
    assert [offset for offset, _, _ in ran] == list(range(6))
    for polled in (first, second):
        assert polled.commit == {TopicPartition("orders", 0): 5, TopicPartition("orders", 1): 6}
        assert polled.again == {}


def test_other_groups_do_their_own_work(client: semel.Client, group: str, place: Handle, ran: list[Any]) -> None:
    for name in (group, group + "-2"):
        assert endings(Records(client, place, group=name).work_on([Record(1)])) == [Ended.RAN]
    assert len(ran) == 2


def test_records_with_methods_are_read_too(client: semel.Client, group: str, place: Handle) -> None:
    polled = Records(client, place, group=group, header="idempotency-key").work_on([MethodRecord(7)])
    assert (endings(polled), polled.commit) == ([Ended.RAN], {TopicPartition("orders", 3): 8})


def test_a_producers_key_protects_from_what_was_sent_twice(
    client: semel.Client, group: str, place: Handle, ran: list[Any]
) -> None:
    headers = [("other", b"x"), ("idempotency-key", b"order-17")]
    records = [Record(1, headers=headers), Record(2), Record(3, headers=headers)]
    polled = Records(client, place, group=group, header="idempotency-key").work_on(records)
    # In one poll, too: the third waits for the first, and is replayed.
    assert endings(polled) == [Ended.RAN, Ended.RAN, Ended.REPLAYED]
    assert [offset for offset, _, _ in ran] == [1, 2]
    assert polled.commit == {TopicPartition("orders", 0): 4}


def test_offsets_never_pass_what_is_not_done_with(
    client: semel.Client, group: str, place: Handle, ran: list[Any]
) -> None:
    values = ["place", "final", "raise", "place", "silent", "release"]
    records = [Record(offset, value=value) for offset, value in enumerate(values)]
    loop = Records(client, place, group=group)
    polled = loop.work_on(records)
    assert endings(polled) == [
        Ended.RAN,
        Ended.FAILED_FOR_GOOD,
        Ended.FAILED,
        Ended.RAN,
        Ended.UNKNOWN,
        Ended.FAILED,
    ]
    assert (polled.commit, polled.again) == ({TopicPartition("orders", 0): 2}, {TopicPartition("orders", 0): 2})
    assert isinstance(polled.handled[2].error, ValueError)

    ran.clear()
    again = loop.work_on([Record(offset) for offset in range(2, 6)])
    assert endings(again) == [Ended.RAN, Ended.REPLAYED, Ended.ALREADY_RUNNING, Ended.RAN]
    assert ran == [(2, 2, semel.Previous.FAILED), (5, 2, semel.Previous.RELEASED)]
    assert again.again == {TopicPartition("orders", 0): 4}


def test_what_was_abandoned_is_told_so(client: semel.Client, group: str, place: Handle, ran: list[Any]) -> None:
    loop = Records(client, place, group=group, lease=0.1)
    loop.work_on([Record(1, value="silent")])
    key = semel.key_of(group, "orders", "at", 0, 1)
    taken = client.begin(key, wait=30)
    assert isinstance(taken, semel.Acquired)  # the lease has lapsed
    client.release(key, taken.token)
    assert taken.previous is semel.Previous.ABANDONED
    assert endings(loop.work_on([Record(1)])) == [Ended.RAN]


def test_leases_are_kept_alive_while_others_are_worked_on(client: semel.Client, group: str) -> None:
    seen = []

    def work(record: Record, attempt: semel.Attempt) -> None:
        # The server says when the lease of the last record would have lapsed: it never does.
        key = semel.key_of(group, "orders", "at", 0, 3)
        if record.offset < 3:
            seen.append(client.begin(key, wait=1.5))
        assert not attempt.lost

    polled = Records(client, work, group=group, lease=2, complete_after=60).work_on([Record(i) for i in range(4)])
    assert endings(polled) == [Ended.RAN] * 4
    assert all(isinstance(answer, semel.InProgress) for answer in seen)


def test_a_lost_lease_is_noticed(client: semel.Client, admin: semel.AdminClient, group: str, ran: list[Any]) -> None:
    def work(record: Record, attempt: semel.Attempt) -> None:
        ran.append(record.offset)
        admin.delete_key(attempt.key, reason="test", actor="test")
        assert isinstance(client.begin(attempt.key, owner="another", lease=60), semel.Acquired)

    polled = Records(client, work, group=group).work_on([Record(1)])
    assert (endings(polled), polled.commit) == ([Ended.LEASE_LOST], {})
    assert isinstance(polled.handled[0].error, semel.TokenStale)


def test_large_results_are_recorded_without_them(
    client: semel.Client, group: str, caplog: pytest.LogCaptureFixture
) -> None:
    def work(record: Record, attempt: semel.Attempt) -> Any:
        return {1: "small", 2: b"x" * 20_000, 3: b"x" * (2 << 20), 4: object()}[record.offset]

    loop = Records(client, work, group=group)
    with caplog.at_level(logging.WARNING, "semel"):
        assert endings(loop.work_on([Record(i) for i in range(1, 5)])) == [Ended.RAN] * 4
    assert endings(loop.work_on([Record(i) for i in range(1, 5)])) == [Ended.REPLAYED] * 4
    assert caplog.text.count("recorded without result.payload") == 2
    assert "could not encode" in caplog.text


@pytest.mark.parametrize("wrong", [{"payload": "text"}, {"payload": None}, {"attributes": {"n": 1}}])
def test_a_result_that_no_message_carries_is_recorded_without(
    client: semel.Client, group: str, wrong: dict[str, Any]
) -> None:
    loop: Records[Record] = Records(client, lambda record, attempt: semel.Result(**wrong), group=group)
    assert endings(loop.work_on([Record(0), Record(1)])) == [Ended.RAN] * 2
    assert endings(loop.work_on([Record(0), Record(1)])) == [Ended.REPLAYED] * 2


@pytest.mark.parametrize("wrong", [{"payload": "text"}, {"payload": None}, {"content_type": None}, {"attributes": []}])
def test_so_is_one_of_a_single_run(client: semel.Client, group: str, wrong: dict[str, Any]) -> None:
    assert client.run(group, lambda attempt: semel.Result(**wrong)).omitted
    assert client.run(group, lambda attempt: pytest.fail("it has happened")).replayed


def test_what_an_exception_says_itself_comes_before_the_programs_policy(client: semel.Client, group: str) -> None:
    def silent(record: Any, attempt: semel.Attempt) -> None:
        raise semel.Unknown("the bank did not answer")

    loop = Records(client, silent, group=group, on_error=lambda error, attempt: semel.Retryable("WHATEVER"))
    loop.work_on([Record(0)])
    assert endings(loop.work_on([Record(0)])) == [Ended.ALREADY_RUNNING]


def test_the_last_attempt_is_told(client: semel.Client, group: str, place: Handle) -> None:
    loop = Records(client, place, group=group, namespace="strict")
    record = Record(1, value="raise")
    assert [endings(loop.work_on([record])) for _ in range(3)] == [
        [Ended.FAILED],
        [Ended.FAILED_FOR_GOOD],
        [Ended.FAILED_FOR_GOOD],
    ]


def test_more_than_a_batch(client: semel.Client, group: str, place: Handle, ran: list[Any]) -> None:
    polled = Records(client, place, group=group, complete_every=300).work_on([Record(i) for i in range(2500)])
    assert endings(polled) == [Ended.RAN] * 2500
    assert polled.commit == {TopicPartition("orders", 0): 2500}
    assert len(ran) == 2500


def test_a_record_without_a_key_is_told(client: semel.Client, group: str, place: Handle) -> None:
    def key(record: Record) -> str:
        return semel.key_of(group, record.value)

    records = [Record(1, value=""), Record(2, value="place")]
    polled = Records(client, place, group=group, key=key).work_on(records)
    assert endings(polled) == [Ended.NO_KEY, Ended.RAN]
    assert polled.again == {TopicPartition("orders", 0): 1}


def test_another_record_under_the_key_is_told(client: semel.Client, group: str, place: Handle) -> None:
    loop = Records(
        client, place, group=group, key=lambda record: group, fingerprint=lambda record: semel.fingerprint(record.value)
    )
    assert endings(loop.work_on([Record(1)])) == [Ended.RAN]
    assert endings(loop.work_on([Record(2, value="other")])) == [Ended.MISMATCH]


def test_without_semel_nothing_runs(own_server: Semeld, group: str, place: Handle, ran: list[Any]) -> None:
    with semel.Client(own_server.address, namespace="shop", call_timeout=0.2) as client:
        own_server.kill()
        polled = Records(client, place, group=group).work_on([Record(1), Record(2)])
    assert (endings(polled), ran) == ([Ended.UNAVAILABLE] * 2, [])
    assert polled.again == {TopicPartition("orders", 0): 1}


def test_what_cannot_be_recorded_is_not_done_again(
    own_server: Semeld, group: str, caplog: pytest.LogCaptureFixture
) -> None:
    def work(record: Record, attempt: semel.Attempt) -> None:
        if record.offset == 1:
            own_server.kill()

    with semel.Client(own_server.address, namespace="shop", call_timeout=0.2, complete_timeout=0.2) as client:
        polled = Records(client, work, group=group).work_on([Record(1), Record(2)])
    assert endings(polled) == [Ended.NOT_RECORDED] * 2
    assert polled.commit == {TopicPartition("orders", 0): 3}
    assert "not known to be recorded" in caplog.text


def test_what_was_done_is_recorded_where_the_program_is_told_to_end(client: semel.Client, group: str) -> None:
    def work(record: Record, attempt: semel.Attempt) -> None:
        if record.offset == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Records(client, work, group=group).work_on([Record(i) for i in range(1, 4)])
    states = []
    for offset in range(1, 4):
        record = client.lookup(semel.key_of(group, "orders", "at", 0, offset))
        states.append(record.state if record else None)
    assert states == [semel.State.DONE, semel.State.IN_PROGRESS, semel.State.IN_PROGRESS]
