"""Reports of a batch's attempts: collected, sent together, and told of the messages that they are about."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from dataclasses import replace
from typing import Any, Generic, NamedTuple, TypeVar

from semel import _errors as errors
from semel._answers import Completed
from semel._codecs import Codec
from semel._ended import Ended, Handled, not_recorded
from semel._error_policy import failure_of
from semel._outcomes import Report, Result
from semel._sync.attempt import Attempt
from semel._sync.batch import OpenBatch, payload_size
from semel._to_wire import recordable

T = TypeVar("T")

_log = logging.getLogger("semel")

# Bytes of results that are held before they are sent.
_MAX_PAYLOADS = 1 << 20


class _Report(NamedTuple):
    place: int
    handled: Handled[Any]
    attempt: Attempt
    outcome: Report


class Reports(Generic[T]):
    """What is to be reported, and into which list its outcome goes. Of one thread."""

    def __init__(self, batch: OpenBatch, codec: Codec, handled: MutableMapping[int, Handled[T]]) -> None:
        self._batch = batch
        self._codec = codec
        self._handled = handled
        self._waiting: list[_Report] = []
        self._bytes = 0

    @property
    def waiting(self) -> int:
        """How many were not sent yet."""
        return len(self._waiting)

    def leave(self, place: int, handled: Handled[T], attempt: Attempt) -> None:
        """Nothing is to be reported."""
        self._handled[place] = handled
        self._batch.leave(attempt)

    def done(self, place: int, handled: Handled[T], attempt: Attempt) -> None:
        """The function returned."""
        try:
            result = recordable(handled.value, self._codec)
        except Exception:  # noqa: BLE001 - whatever it is, the effect has happened: it must be recorded
            _log.warning("%s: the codec could not encode the result: recorded without it", attempt.key, exc_info=True)
            result = Result(omitted=True)
        self._add(_Report(place, handled, attempt, result))

    def failed(self, place: int, handled: Handled[T], attempt: Attempt, verdict: errors.Verdict) -> None:
        """The function raised."""
        self._handled[place] = handled
        match verdict:
            case errors.Retryable() | errors.Final():
                self._add(_Report(place, handled, attempt, failure_of(verdict)))
            case errors.Release():
                self._release(attempt)
            case _:
                _log.warning("%s: attempt %d left its effect open: its lease lapses", attempt.key, attempt.number)
                self._batch.leave(attempt)

    def _add(self, report: _Report) -> None:
        self._waiting.append(report)
        self._bytes += payload_size(report.outcome)
        if self._bytes > _MAX_PAYLOADS:
            self.send()

    def send(self) -> None:
        """Reports all that wait."""
        reports, self._waiting, self._bytes = self._waiting, [], 0
        answers = self._batch.report([(report.attempt, report.outcome) for report in reports])
        for report, answer in zip(reports, answers, strict=True):
            self._sent(report, answer)

    def _sent(self, report: _Report, answer: Completed | errors.CallError) -> None:
        handled = report.handled
        if isinstance(answer, errors.CallError):
            _log.error("%s: how it ended is not known to be recorded: %s", report.attempt.key, answer)
            if handled.ended is Ended.RAN:
                handled = replace(handled, ended=not_recorded(answer), error=answer)
        elif answer.made_final:
            handled = replace(handled, ended=Ended.FAILED_FOR_GOOD)
        self._handled[report.place] = handled

    def _release(self, attempt: Attempt) -> None:
        try:
            self._batch.release(attempt)
        except errors.CallError as error:
            _log.error("%s: it could not be given back, its lease lapses: %s", attempt.key, error)
