"""Attempts that one message began, in blocking code."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from semel._answers import Acquired, Completed, NotAcquired
from semel._arguments import check_durations
from semel._attempts import Owned
from semel._calls import Calls
from semel._durations import Duration
from semel._errors import CallError, InvalidRequest
from semel._lease import HeldLease
from semel._lesser_report import complete_or_less
from semel._outcomes import Failure, Report, Result
from semel._refusals import retold
from semel._requests import BeginRequest, CompleteRequest
from semel._retry import Steps
from semel._sync.attempt import Attempt
from semel._sync.connection import Connection
from semel._sync.keeper import LeaseKeeper

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

_log = logging.getLogger("semel")

# Of one message to the service, which takes 1,000 items and 4 MiB. A result above the second goes alone.
_MAX_ITEMS = 1000
_MAX_PAYLOADS = 1 << 20


class OpenBatch:
    """What Client.batch_attempt answers. Keeps the leases of its attempts alive until each is ended, or the block is left.

    Of one thread, but for the attempts, which are as thread-safe as those of run(). An attempt that is left without a report
    lapses, and the next one is told Previous.ABANDONED.
    """

    def __init__(
        self, calls: Calls, connection: Connection, keeper: LeaseKeeper, namespace: str, retention: Duration | None
    ) -> None:
        check_durations(retention=retention)
        self._calls = calls
        self._connection = connection
        self._keeper = keeper
        self._namespace = namespace
        self._retention = retention
        self._open: dict[tuple[str, str], Owned] = {}
        self.begun: list[Attempt | NotAcquired | CallError] = []
        """In the order of the requests: what is ours to do, or why it is not."""

    def begin(self, requests: Sequence[BeginRequest]) -> None:
        """Called once, by who made it."""
        # Before the call: what is believed of the leases' ends errs on the safe side.
        begun_at = time.monotonic()
        answers = self._connection.perform(self._calls.batch_begin(requests, self._namespace, None))
        for request, answer in zip(requests, answers, strict=True):
            if isinstance(answer, Acquired):
                self.begun.append(self._own(request, answer, begun_at))
            else:
                self.begun.append(answer)

    def _own(self, request: BeginRequest, acquired: Acquired, begun_at: float) -> Attempt | CallError:
        namespace = self._namespace if request.namespace is None else request.namespace
        lease = HeldLease(namespace, request.key, acquired.token, acquired.lease.total_seconds(), begun_at)
        self._keeper.hold(lease)
        owned = self._open[namespace, request.key] = Owned(namespace, request.key, acquired, lease)
        if acquired.checkpoint_left_out:  # the answer would have grown too large
            try:
                record = self._connection.perform(self._calls.lookup(request.key, namespace, None))
            except CallError as error:
                self._end(owned)  # without it the work must not begin
                return error
            if record is not None:
                owned.acquired = replace(acquired, checkpoint=record.checkpoint, checkpoint_left_out=False)
        return Attempt(owned, self._calls, self._connection)

    def report(self, outcomes: Sequence[tuple[Attempt, Report]]) -> list[Completed | CallError]:
        """Records how attempts ended, in as few messages as carry it, and ends them, whatever comes of it.

        What the server refuses of an outcome is left out and the rest recorded, with a warning in the log. An error is that
        of its attempt alone, with `fn_ran`: the outcome is not known to be recorded; TokenStale: another attempt took over.
        Raises KeyError for an attempt that has ended.
        """
        owned = [self._open[attempt.namespace, attempt.key] for attempt, _ in outcomes]
        requests = [
            CompleteRequest(mine.key, mine.acquired.token, outcome, self._retention, mine.namespace)
            for mine, (_, outcome) in zip(owned, outcomes, strict=True)
        ]
        for mine in owned:
            self._keeper.expect_end(mine.lease)
        try:
            return [_of_work_done(answer) for message in _messages(requests) for answer in self._send(message)]
        finally:
            for mine in owned:
                self._end(mine)

    def release(self, attempt: Attempt) -> None:
        """Gives a key back: "I did nothing, let another try now". Ends the attempt, even where it raises CallError."""
        owned = self._open[attempt.namespace, attempt.key]
        self._keeper.expect_end(owned.lease)
        try:
            self._connection.perform(self._calls.release(owned.key, owned.acquired.token, owned.namespace, None))
        finally:
            self._end(owned)

    def leave(self, attempt: Attempt) -> None:
        """Reports nothing: nobody knows whether the effect happened. The lease is left to lapse."""
        self._end(self._open[attempt.namespace, attempt.key])

    def close(self) -> None:
        """Leaves all attempts that were not ended. May be called again."""
        for owned in list(self._open.values()):
            self._end(owned)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _end(self, owned: Owned) -> None:
        owned.ended = True
        self._open.pop((owned.namespace, owned.key), None)
        if not owned.lease.dropped:
            self._keeper.drop(owned.lease)

    def _send(self, requests: list[CompleteRequest]) -> list[Completed | CallError]:
        if len(requests) == 1:
            return [self._send_alone(requests[0])]
        timeout = self._calls.options.complete_timeout
        answers: list[Completed | CallError]
        try:
            answers = self._connection.perform(self._calls.batch_complete(requests, self._namespace, timeout))
        except CallError as error:
            return [error] * len(requests)
        return [
            self._send_alone(request) if isinstance(answer, InvalidRequest) else answer
            for request, answer in zip(requests, answers, strict=True)
        ]

    def _send_alone(self, request: CompleteRequest) -> Completed | CallError:
        try:
            recorded = self._connection.perform(complete_or_less(request, self._complete))
        except CallError as error:
            return error
        if recorded.refused:
            _log.warning("%s: recorded, but not all of it: %s", request.key, recorded.refused)
        return recorded.completed

    def _complete(self, request: CompleteRequest) -> Steps[Completed]:
        return self._calls.complete(request, request.namespace, self._calls.options.complete_timeout)


def _messages(requests: list[CompleteRequest]) -> Iterator[list[CompleteRequest]]:
    message: list[CompleteRequest] = []
    size = 0
    for request in requests:
        more = payload_size(request.outcome)
        if message and (len(message) == _MAX_ITEMS or size + more > _MAX_PAYLOADS):
            yield message
            message, size = [], 0
        message.append(request)
        size += more
    if message:
        yield message


def _of_work_done(answer: Completed | CallError) -> Completed | CallError:
    return retold(answer, answer.message, fn_ran=True) if isinstance(answer, CallError) else answer


def payload_size(outcome: Report) -> int:
    """Bytes of it that count."""
    if isinstance(outcome, Result):
        return len(outcome.payload)
    return len(outcome.details) if isinstance(outcome, Failure) else 0
