"""Reports of a batch's attempts: collected, sent together, and what is refused sent again without what was refused."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from dataclasses import replace
from typing import Any, Generic, NamedTuple, TypeVar

from semel import _errors as errors
from semel._answers import Completed
from semel._attempts import Owned
from semel._durations import Duration
from semel._ended import Ended, Handled, not_recorded
from semel._error_policy import failure_of
from semel._lesser_report import complete_or_less
from semel._outcomes import Result
from semel._requests import CompleteRequest
from semel._retry import Steps
from semel._sync.client import Client

T = TypeVar("T")

_log = logging.getLogger("semel")

# Bytes of results in one message to the service, which takes 4 MiB. A result above it goes alone.
_MAX_PAYLOADS = 1 << 20


class _Report(NamedTuple):
    place: int
    handled: Handled[Any]
    owned: Owned
    request: CompleteRequest


class Reports(Generic[T]):
    """What is to be reported, and into which list its outcome goes. Of one thread."""

    def __init__(self, client: Client, retention: Duration | None, handled: MutableMapping[int, Handled[T]]) -> None:
        self._client = client
        self._retention = retention
        self._handled = handled
        self._waiting: list[_Report] = []
        self._bytes = 0

    @property
    def waiting(self) -> int:
        """How many were not sent yet."""
        return len(self._waiting)

    def leave(self, place: int, handled: Handled[T]) -> None:
        """Nothing is to be reported."""
        self._handled[place] = handled

    def done(self, place: int, handled: Handled[T], owned: Owned) -> None:
        """The function returned."""
        try:
            result = Result(*self._client._calls.options.codec.encode(handled.value))
        except Exception:  # noqa: BLE001 - whatever it is, the effect has happened: it must be recorded
            _log.warning("%s: the codec could not encode the result: recorded without it", owned.key, exc_info=True)
            result = Result(omitted=True)
        report = _Report(place, handled, owned, self._request(owned, result))
        if len(result.payload) > _MAX_PAYLOADS:
            self._send_alone(report)
            return
        if self._bytes + len(result.payload) > _MAX_PAYLOADS:
            self.send()
        self._waiting.append(report)
        self._bytes += len(result.payload)

    def failed(self, place: int, handled: Handled[T], owned: Owned, verdict: errors.Verdict) -> None:
        """The function raised."""
        self._handled[place] = handled
        match verdict:
            case errors.Retryable() | errors.Final():
                failure = failure_of(verdict)
                self._waiting.append(_Report(place, handled, owned, self._request(owned, failure)))
            case errors.Release():
                self._release(owned)
            case _:
                _log.warning("%s: attempt %d left its effect open: its lease lapses", owned.key, owned.number)
                self._client._keeper.drop(owned.lease)

    def send(self) -> None:
        """Reports all that wait."""
        reports, self._waiting, self._bytes = self._waiting, [], 0
        if not reports:
            return
        for report in reports:
            self._client._keeper.expect_end(report.owned.lease)
        timeout = self._client._calls.options.complete_timeout
        answers: list[Completed | errors.CallError]
        try:
            answers = self._client.batch_complete([report.request for report in reports], timeout=timeout)
        except errors.CallError as error:
            answers = [error] * len(reports)
        for report, answer in zip(reports, answers, strict=True):
            if isinstance(answer, errors.InvalidRequest):
                self._send_alone(report)
            else:
                self._sent(report, answer)

    def _send_alone(self, report: _Report) -> None:
        """What the server refuses of it is left out."""
        self._client._keeper.expect_end(report.owned.lease)
        try:
            recorded = self._client._connection.perform(complete_or_less(report.request, self._complete))
        except errors.CallError as error:
            self._sent(report, error)
            return
        if recorded.refused:
            _log.warning("%s: recorded, but not all of it: %s", report.owned.key, recorded.refused)
        self._sent(report, recorded.completed)

    def _complete(self, request: CompleteRequest) -> Steps[Completed]:
        calls = self._client._calls
        return calls.complete(request, request.namespace, calls.options.complete_timeout, budgeted=False)

    def _sent(self, report: _Report, answer: Completed | errors.CallError) -> None:
        self._client._keeper.drop(report.owned.lease)
        handled = report.handled
        if isinstance(answer, errors.CallError):
            _log.error("%s: how it ended is not known to be recorded: %s", report.owned.key, answer)
            if handled.ended is Ended.RAN:
                handled = replace(handled, ended=not_recorded(answer), error=answer)
        elif answer.made_final:
            handled = replace(handled, ended=Ended.FAILED_FOR_GOOD)
        self._handled[report.place] = handled

    def _release(self, owned: Owned) -> None:
        self._client._keeper.expect_end(owned.lease)
        try:
            self._client.release(owned.key, owned.acquired.token, namespace=owned.namespace)
        except errors.CallError as error:
            _log.error("%s: it could not be given back, its lease lapses: %s", owned.key, error)
        self._client._keeper.drop(owned.lease)

    def _request(self, owned: Owned, outcome: Any) -> CompleteRequest:
        return CompleteRequest(owned.key, owned.acquired.token, outcome, self._retention, owned.namespace)
