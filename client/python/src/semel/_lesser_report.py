"""What the server refuses of a report never makes the effect happen twice: the rest of it is recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from semel._answers import Completed
from semel._errors import CallError, InvalidRequest, ResultTooLarge
from semel._outcomes import Failure, Result
from semel._requests import CompleteRequest
from semel._retry import Steps

_RETENTION = "retention"
_PAYLOAD = "result.payload"
_CONTENT_TYPE = "result.content_type"
_ATTRIBUTES = "result.attributes"
_MESSAGE = "failure.message"
_DETAILS = "failure.details"
_RETRY_AFTER = "failure.retry_after"
_EMPTY_ATTRIBUTES: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is stored of a report, and what is not."""

    completed: Completed
    report: CompleteRequest
    """As it was taken."""
    refused: str = ""
    """For people."""
    left_out: tuple[str, ...] = ()
    """For programs: field paths."""

    @property
    def omitted(self) -> bool:
        """The payload is not stored."""
        return isinstance(self.report.outcome, Result) and self.report.outcome.omitted

    @property
    def attributes(self) -> Mapping[str, str]:
        """What is stored beside the payload."""
        return self.report.outcome.attributes if isinstance(self.report.outcome, Result) else _EMPTY_ATTRIBUTES


def complete_or_less(
    report: CompleteRequest, complete: Callable[[CompleteRequest], Steps[Completed]]
) -> Steps[Recorded]:
    """Completes; where a part is refused, without that part. Raises the first refusal where nothing can be spared."""
    first: CallError | None = None
    refused: list[str] = []
    left_out: list[str] = []
    # Ends: every round takes something away.
    while True:
        try:
            completed = yield from complete(report)
        except InvalidRequest as refusal:
            first = first or refusal
            lesser, taken = without_what_is_refused(report, refusal)
            if not taken:
                raise first from None
            report = lesser
            refused.append(_told(refusal, taken))
            left_out.extend(taken)
        else:
            return Recorded(completed, report, "; ".join(refused), tuple(left_out))


def without_what_is_refused(report: CompleteRequest, refusal: InvalidRequest) -> tuple[CompleteRequest, list[str]]:
    """The report without the fields that were refused, and their names; no names: nothing was left to take away."""
    lesser, taken = _without_named(report, refusal)
    return (lesser, taken) if taken else _without_all_that_can_be_spared(report)


class _Taking:
    """A report of which fields are taken, one by one."""

    def __init__(self, report: CompleteRequest) -> None:
        self.report = report
        self.taken: list[str] = []

    def retention(self) -> None:
        if self.report.retention is not None:
            self.report = replace(self.report, retention=None)
            self.taken.append(_RETENTION)

    def payload(self) -> None:
        result = self.report.outcome
        if isinstance(result, Result) and (result.payload or not result.omitted):
            self._replace(_PAYLOAD, payload=b"", omitted=True)

    def whole_result(self) -> None:
        """The payload goes with what says how to read it: without that, it might be taken for something else."""
        self.payload()
        self._field("content_type", "", _CONTENT_TYPE)
        self._field("attributes", _EMPTY_ATTRIBUTES, _ATTRIBUTES)

    def message(self) -> None:
        self._field("message", "", _MESSAGE)

    def details(self) -> None:
        self._field("details", b"", _DETAILS)

    def retry_after(self) -> None:
        self._field("retry_after", None, _RETRY_AFTER)

    def _field(self, field: str, nothing: Any, name: str) -> None:
        if getattr(self.report.outcome, field) != nothing:
            self._replace(name, **{field: nothing})

    def _replace(self, name: str, **fields: Any) -> None:
        self.report = replace(self.report, outcome=replace(self.report.outcome, **fields))
        self.taken.append(name)


def _without_named(report: CompleteRequest, refusal: InvalidRequest) -> tuple[CompleteRequest, list[str]]:
    named = {violation.field for violation in refusal.field_violations}
    taking = _Taking(report)
    if _RETENTION in named:
        taking.retention()
    if isinstance(report.outcome, Result):
        if any(name.startswith("result.") and name != _PAYLOAD for name in named):
            taking.whole_result()
        if _PAYLOAD in named or isinstance(refusal, ResultTooLarge):
            taking.payload()
    if isinstance(report.outcome, Failure):
        for name, take in (
            (_MESSAGE, taking.message),
            (_DETAILS, taking.details),
            (_RETRY_AFTER, taking.retry_after),
        ):
            if name in named:
                take()
    return taking.report, taking.taken


def _without_all_that_can_be_spared(report: CompleteRequest) -> tuple[CompleteRequest, list[str]]:
    taking = _Taking(report)
    taking.retention()
    if isinstance(report.outcome, Result):
        taking.whole_result()
    if isinstance(report.outcome, Failure):
        taking.details()
        taking.retry_after()
    return taking.report, taking.taken


def _told(refusal: InvalidRequest, taken: list[str]) -> str:
    rules = "; ".join(f"{wrong.field}: {wrong.description}" for wrong in refusal.field_violations)
    return f"{rules or refusal.message} (recorded without {', '.join(taken)})"
