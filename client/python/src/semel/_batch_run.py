"""Runs a function over a batch of messages: begun together, each done once, completed in batches, leases kept alive meanwhile."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from semel import _errors as errors
from semel._adapters import error_policy
from semel._answers import Done, Expired, Failed, InDoubt, InProgress, NotAcquired
from semel._batch_report import Reports
from semel._durations import Duration
from semel._ended import Ended, Handled, not_called, raised
from semel._error_policy import ErrorPolicy, verdict_on
from semel._functions import check_function, finished
from semel._requests import BeginRequest
from semel._sync.attempt import Attempt
from semel._sync.batch import OpenBatch
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
        check_function(handle, is_async=False)
        self._client = client
        self._handle = handle
        self._key = key
        self._fingerprint = fingerprint
        self._options = options
        self._policy = error_policy(options.on_error, client.on_error)

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
        requests = [each.request for each in asked]
        options = self._options
        try:
            batch = self._client.batch_attempt(requests, namespace=options.namespace, retention=options.retention)
        except errors.CallError as error:
            for each in asked:
                handled[each.place] = _not_begun(each, error)
            return []
        owned: list[tuple[_Asked[T], Attempt]] = []
        again: list[_Asked[T]] = []
        ours: set[str] = set()
        with batch:
            for each, begun in zip(asked, batch.begun, strict=True):
                key = each.request.key
                if isinstance(begun, Attempt):
                    owned.append((each, begun))
                    ours.add(key)
                elif isinstance(begun, InProgress) and key in ours:
                    again.append(each)
                else:
                    handled[each.place] = _not_begun(each, begun)
            self._work_on(batch, owned, handled)
        return again

    def _work_on(
        self, batch: OpenBatch, owned: list[tuple[_Asked[T], Attempt]], handled: dict[int, Handled[T]]
    ) -> None:
        reports = Reports(batch, self._client.codec, handled)
        last = time.monotonic()
        try:
            for each, attempt in owned:
                self._work(each, attempt, reports)
                now = time.monotonic()
                if reports.waiting >= self._options.complete_every or now - last >= self._options.complete_after:
                    reports.send()
                    last = now
        finally:
            # Also where the program is told to end: what was done must not be done again.
            reports.send()

    def _work(self, each: _Asked[T], attempt: Attempt, reports: Reports[T]) -> None:
        if attempt.lost:
            reports.leave(each.place, Handled(each.message, Ended.LEASE_LOST), attempt)
            return
        try:
            value = finished(attempt.key, self._handle(each.message, attempt))
        except Exception as error:  # noqa: BLE001 - recorded and told; the other messages go on
            _log.exception("%s: attempt %d failed", attempt.key, attempt.number)
            verdict = self._verdict(error, attempt)
            reports.failed(each.place, Handled(each.message, raised(verdict), error=error), attempt, verdict)
        else:
            reports.done(each.place, Handled(each.message, Ended.RAN, value), attempt)

    def _verdict(self, error: Exception, attempt: Attempt) -> errors.Verdict:
        try:
            return verdict_on(error, attempt, self._policy)
        except Exception:  # noqa: BLE001 - not knowing is what is left of a policy that fails
            _log.exception("%s: the error policy raised, so the effect counts as unknown", attempt.key)
            return errors.Unknown()


def _not_begun(each: _Asked[T], answer: NotAcquired | errors.CallError) -> Handled[T]:
    if isinstance(answer, Done):
        return Handled(each.message, Ended.REPLAYED)
    error = answer if isinstance(answer, errors.CallError) else _why(each.request.key, answer)
    ended = not_called(error)
    if not ended.settled and ended is not Ended.ALREADY_RUNNING:
        _log.warning("%s: not worked on: %s", each.request.key, error)
    return Handled(each.message, ended, error=error)


def _why(key: str, answer: Failed | InProgress | InDoubt | Expired) -> errors.NotRun:
    match answer:
        case Failed():
            return errors.EffectFailed(key, answer)
        case InProgress():
            return errors.AlreadyRunning(key, answer)
        case InDoubt():
            return errors.EffectInDoubt(key, answer)
        case Expired():
            return errors.ResultExpired(key, answer)
