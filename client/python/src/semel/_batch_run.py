"""Runs a function over a batch of messages: begun together, each done once, completed in batches, leases kept alive meanwhile."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from semel import _errors as errors
from semel._answers import Acquired, BeginAnswer, Done, Expired, Failed, InDoubt, InProgress
from semel._attempts import Owned
from semel._batch_report import Reports
from semel._durations import Duration
from semel._ended import Ended, Handled, not_called, raised
from semel._error_policy import ErrorPolicy, verdict_on
from semel._lease import HeldLease
from semel._requests import BeginRequest
from semel._sync.attempt import Attempt
from semel._sync.client import Client

T = TypeVar("T")

_log = logging.getLogger("semel")

MAX_BATCH = 1000
"""Begins in one message to the service."""


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """What a batch asks for, where it differs from the client's options."""

    namespace: str | None = None
    lease: Duration | None = None
    retention: Duration | None = None
    on_error: ErrorPolicy | None = None
    complete_every: int = 100
    complete_after: float = 1.0


@dataclass(frozen=True, slots=True)
class _Asked(Generic[T]):
    place: int
    message: T
    request: BeginRequest


class BatchRun(Generic[T]):
    """One batch. Used once, by one thread."""

    def __init__(
        self,
        client: Client,
        handle: Callable[[T, Attempt], object],
        key: Callable[[T], str],
        fingerprint: Callable[[T], bytes] | None,
        options: BatchOptions,
    ) -> None:
        self._client = client
        self._handle = handle
        self._key = key
        self._fingerprint = fingerprint
        self._options = options
        self._namespace = client._calls.namespace(options.namespace)
        self._policy = options.on_error or client._calls.options.on_error

    def run(self, messages: Sequence[T]) -> list[Handled[T]]:
        """What became of each, in order. Raises what the function raises that is no Exception, such as KeyboardInterrupt."""
        handled: dict[int, Handled[T]] = {}
        asked = list(self._ask(messages, handled))
        for first in range(0, len(asked), MAX_BATCH):
            waiting = asked[first : first + MAX_BATCH]
            while waiting:  # ends: those that wait, wait for a key that this round had acquired
                waiting = self._round(waiting, handled)
        return [handled[place] for place in range(len(messages))]

    def _ask(self, messages: Sequence[T], handled: dict[int, Handled[T]]) -> Iterator[_Asked[T]]:
        for place, message in enumerate(messages):
            try:
                fingerprint = self._fingerprint(message) if self._fingerprint is not None else b""
                request = BeginRequest(self._key(message), fingerprint, lease=self._options.lease)
            except Exception as error:  # noqa: BLE001 - of the caller's functions: told of this message, not of all
                _log.exception("a message has no key, and is not worked on")
                handled[place] = Handled(message, Ended.NO_KEY, error=error)
            else:
                yield _Asked(place, message, request)

    def _round(self, asked: list[_Asked[T]], handled: dict[int, Handled[T]]) -> list[_Asked[T]]:
        """Begins, works, completes. Answers those whose key another message of this round had."""
        # Before the call: what is believed of the leases' ends errs on the safe side.
        begun_at = time.monotonic()
        answers: list[BeginAnswer | errors.CallError]
        try:
            answers = self._client.batch_begin([each.request for each in asked], namespace=self._namespace)
        except errors.CallError as error:
            answers = [error] * len(asked)
        owned: list[tuple[_Asked[T], Owned]] = []
        again: list[_Asked[T]] = []
        ours: set[str] = set()
        for each, answer in zip(asked, answers, strict=True):
            key = each.request.key
            if isinstance(answer, Acquired):
                owned.append((each, self._own(key, answer, begun_at)))
                ours.add(key)
            elif isinstance(answer, InProgress) and key in ours:
                again.append(each)
            else:
                handled[each.place] = _not_begun(each, answer)
        self._work_on(owned, handled)
        return again

    def _own(self, key: str, acquired: Acquired, begun_at: float) -> Owned:
        lease = HeldLease(self._namespace, key, acquired.token, acquired.lease.total_seconds(), begun_at)
        self._client._keeper.hold(lease)
        return Owned(self._namespace, key, acquired, lease)

    def _work_on(self, owned: list[tuple[_Asked[T], Owned]], handled: dict[int, Handled[T]]) -> None:
        reports = Reports(self._client, self._options.retention, handled)
        last = time.monotonic()
        try:
            for each, mine in owned:
                self._work(each, mine, reports)
                now = time.monotonic()
                if reports.waiting >= self._options.complete_every or now - last >= self._options.complete_after:
                    reports.send()
                    last = now
        finally:
            # Also where the program is told to end: what was done must not be done again.
            try:
                reports.send()
            finally:
                for _, mine in owned:
                    if not mine.lease.dropped:
                        self._client._keeper.drop(mine.lease)

    def _work(self, each: _Asked[T], owned: Owned, reports: Reports[T]) -> None:
        attempt = Attempt(self._with_checkpoint(owned), self._client._calls, self._client._connection)
        if attempt.lost:
            reports.leave(each.place, Handled(each.message, Ended.LEASE_LOST))
            return
        try:
            value = self._handle(each.message, attempt)
        except Exception as error:  # noqa: BLE001 - recorded and told; the other messages go on
            _log.exception("%s: attempt %d failed", owned.key, owned.number)
            verdict = self._verdict(error, owned)
            reports.failed(each.place, Handled(each.message, raised(verdict), error=error), owned, verdict)
        else:
            reports.done(each.place, Handled(each.message, Ended.RAN, value), owned)

    def _with_checkpoint(self, owned: Owned) -> Owned:
        """A batch's answer may have been too large for it."""
        if owned.acquired.checkpoint_left_out:
            record = self._client.lookup(owned.key, namespace=self._namespace)
            if record is not None:
                owned.acquired = replace(owned.acquired, checkpoint=record.checkpoint, checkpoint_left_out=False)
        return owned

    def _verdict(self, error: Exception, owned: Owned) -> errors.Verdict:
        try:
            return verdict_on(error, owned, self._policy)
        except Exception:  # noqa: BLE001 - not knowing is what is left of a policy that fails
            _log.exception("%s: the error policy raised, so the effect counts as unknown", owned.key)
            return errors.Unknown()


def _not_begun(each: _Asked[T], answer: BeginAnswer | errors.CallError) -> Handled[T]:
    if isinstance(answer, Done):
        return Handled(each.message, Ended.REPLAYED)
    error = answer if isinstance(answer, errors.CallError) else _why(each.request.key, answer)
    ended = not_called(error)
    if not ended.settled and ended is not Ended.ALREADY_RUNNING:
        _log.warning("%s: not worked on: %s", each.request.key, error)
    return Handled(each.message, ended, error=error)


def _why(key: str, answer: BeginAnswer) -> errors.NotRun:
    match answer:
        case Failed():
            return errors.EffectFailed(key, answer)
        case InProgress():
            return errors.AlreadyRunning(key, answer)
        case InDoubt():
            return errors.EffectInDoubt(key, answer)
        case Expired():
            return errors.ResultExpired(key, answer)
    raise AssertionError(answer)  # acquired and done: nobody asks why
