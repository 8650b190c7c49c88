"""Loops that poll records of a log, such as Kafka's: each record is worked on once, and offsets are committed after it.

::

    records = semel.polling.Records(client, place, group="orders")
    for polled in iter(lambda: consumer.poll(1000), None):
        result = records.work_on(itertools.chain.from_iterable(polled.values()))
        for at, offset in result.again.items():
            consumer.seek(TopicPartition(*at), offset)
        consumer.commit({TopicPartition(*at): OffsetAndMetadata(offset, "", -1) for at, offset in result.commit.items()})

A poll's records are begun in one message to Semel, worked on one after the other while their leases are kept alive, and
completed in batches. Records of kafka-python and of confluent-kafka are read as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from semel._batch_run import BatchOptions, BatchRun
from semel._durations import Duration, seconds
from semel._ended import Ended, Handled
from semel._error_policy import ErrorPolicy
from semel._errors import ConfigurationError
from semel._keys import key_of
from semel._sync.attempt import Attempt
from semel._sync.client import Client

R = TypeVar("R")

__all__ = ["Ended", "Handled", "Polled", "Position", "Records", "TopicPartition", "position_of"]


class TopicPartition(NamedTuple):
    """A part of a log."""

    topic: str
    partition: int


class Position(NamedTuple):
    """Where a record stands."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Polled(Generic[R]):
    """What became of a poll's records."""

    handled: list[Handled[R]]
    """In the order of the records."""
    commit: dict[TopicPartition, int]
    """The next offset of each partition of which something is done with: all records before it are."""
    again: dict[TopicPartition, int]
    """The first offset of each partition that has to be polled again: seek to it, or the record is never seen again."""


def position_of(record: Any) -> Position:
    """By `topic`, `partition` and `offset`: attributes, as of kafka-python, or methods, as of confluent-kafka."""
    return Position(_told(record, "topic"), _told(record, "partition"), _told(record, "offset"))


class Records(Generic[R]):
    """What is done with records. One serves all threads, each with a poll of its own.

    Args:
        client: keeps the leases alive while the records are worked on.
        handle: does the effect of one record. What it raises is recorded as run() does it, logged, and told in `handled`;
            only what is no Exception, such as KeyboardInterrupt, ends work_on(), after what was done is recorded.
        group: of the consumers that share the work; part of each key, so that other groups do theirs.
        header: of a record, with a key that its producer gave it, which also protects from records that were sent twice.
            Records without it, and all where this is None, go by topic, partition and offset.
        key: a function of the record that answers the whole key, instead of these.
        fingerprint: a function of the record that answers what it asks for; see semel.fingerprint().
        position: where a record stands, for records that position_of() does not understand.
        lease: how long this process may fall silent before another takes over.
        retention: how long a record counts as done. Longer than offsets may be set back by.
        on_error: what an exception of `handle` says about its effect; see semel.ErrorPolicy.
        namespace: instead of the client's.
        complete_every, complete_after: outcomes are recorded after so many records, or seconds, and at the end. A process
            that dies in between leaves these records to an attempt that is told Previous.ABANDONED.
    """

    def __init__(
        self,
        client: Client,
        handle: Callable[[R, Attempt], object],
        *,
        group: str,
        header: str | None = None,
        key: Callable[[R], str] | None = None,
        fingerprint: Callable[[R], bytes] | None = None,
        position: Callable[[R], Position] = position_of,
        lease: Duration | None = None,
        retention: Duration | None = None,
        on_error: ErrorPolicy | None = None,
        namespace: str | None = None,
        complete_every: int = 100,
        complete_after: Duration = 1.0,
    ) -> None:
        if complete_every < 1:
            raise ConfigurationError("complete_every must be at least 1")
        self._client = client
        self._handle = handle
        self._group = group
        self._header = header
        self._key = key or self._key_of
        self._fingerprint = fingerprint
        self._position = position
        self._options = BatchOptions(namespace, lease, retention, on_error, complete_every, seconds(complete_after))

    def work_on(self, records: Iterable[R]) -> Polled[R]:
        """Works on a poll's records, those of a partition in their order, and answers when all outcomes are recorded.

        Records are independent: one that fails, or that another owner is at, does not keep the next ones of its partition
        from being worked on; it is only the offset that waits. These are replayed when they are polled again.
        """
        polled = list(records)
        run = BatchRun(self._client, self._handle, self._key, self._fingerprint, self._options)
        handled = run.run(polled)
        return Polled(handled, *self._offsets(handled))

    def _offsets(self, handled: list[Handled[R]]) -> tuple[dict[TopicPartition, int], dict[TopicPartition, int]]:
        commit: dict[TopicPartition, int] = {}
        again: dict[TopicPartition, int] = {}
        for each in handled:
            topic, partition, offset = self._position(each.message)
            at = TopicPartition(topic, partition)
            if at in again:
                continue
            if each.ended.settled:
                commit[at] = offset + 1
            else:
                again[at] = offset
        return commit, again

    def _key_of(self, record: R) -> str:
        topic, partition, offset = self._position(record)
        given = self._given_key(record)
        # The word between keeps the two kinds apart: a producer's key may look like a partition and an offset.
        if given is not None:
            return key_of(self._group, topic, "key", given)
        return key_of(self._group, topic, "at", partition, offset)

    def _given_key(self, record: R) -> str | None:
        if self._header is None:
            return None
        for name, value in _told(record, "headers") or ():
            if name == self._header:
                return value.decode() if isinstance(value, bytes) else str(value)
        return None


def _told(record: Any, name: str) -> Any:
    value = getattr(record, name)
    return value() if callable(value) else value
