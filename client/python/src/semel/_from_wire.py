"""From messages to plain values."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Protocol, TypeVar

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from semel import _answers as answers
from semel._durations import from_wire as duration
from semel._durations import instant
from semel._errors import CallError
from semel._outcomes import Failure, Result
from semel._refusals import of_item
from semel.v1 import idempotency_service_pb2 as service
from semel.v1 import record_pb2

A = TypeVar("A")

_STATES: dict[int, answers.State] = {
    record_pb2.STATE_IN_PROGRESS: answers.State.IN_PROGRESS,
    record_pb2.STATE_IN_DOUBT: answers.State.IN_DOUBT,
    record_pb2.STATE_DONE: answers.State.DONE,
    record_pb2.STATE_FAILED: answers.State.FAILED,
    record_pb2.STATE_EXPIRED: answers.State.EXPIRED,
}
_PREVIOUS: dict[int, answers.Previous] = {
    record_pb2.PREVIOUS_NONE: answers.Previous.NONE,
    record_pb2.PREVIOUS_ABANDONED: answers.Previous.ABANDONED,
    record_pb2.PREVIOUS_FAILED: answers.Previous.FAILED,
    record_pb2.PREVIOUS_RELEASED: answers.Previous.RELEASED,
}
WIRE_STATES: dict[answers.State, Any] = {told: wire for wire, told in _STATES.items()}


def not_understood(what: str) -> CallError:
    """An answer of a server that is newer than this client, or no server of Semel at all."""
    return CallError(f"this client does not understand the answer: {what}", code=grpc.StatusCode.INTERNAL)


def state(wire: int) -> answers.State:
    """Raises CallError for one that this client does not know: it must not be taken for another."""
    known = _STATES.get(wire)
    if known is None:
        raise not_understood(f"state {wire}")
    return known


def previous(wire: int) -> answers.Previous:
    """As `state`. What is not known may have had effects, but must not be taken for something else either."""
    known = _PREVIOUS.get(wire)
    if known is None:
        raise not_understood(f"previous {wire}")
    return known


def result(message: record_pb2.Result) -> Result:
    """What a finished side effect left behind."""
    return Result(
        message.payload,
        message.content_type,
        dict(message.attributes),
        message.omitted,
        message.payload_size,
        message.payload_left_out,
    )


def failure(message: record_pb2.Failure) -> Failure:
    """Why an attempt failed."""
    return Failure(
        message.reason,
        message.message,
        message.details,
        message.retryable,
        duration(message.retry_after) if message.HasField("retry_after") else None,
        message.details_left_out,
    )


def begun(message: service.BeginResponse) -> answers.BeginAnswer:
    """Whichever of the six it is."""
    kind = message.WhichOneof("answer")
    read = _BEGUN.get(kind or "")
    if read is None:
        raise not_understood("no answer to a begin")
    answer: answers.BeginAnswer = read(getattr(message, kind or ""))
    return answer


def _acquired(message: service.Acquired) -> answers.Acquired:
    return answers.Acquired(
        message.token,
        message.attempt,
        duration(message.lease),
        previous(message.previous),
        message.checkpoint,
        message.checkpoint_left_out,
    )


def _done(message: service.Done) -> answers.Done:
    return answers.Done(result(message.result), instant(message.complete_time), instant(message.expire_time))


def _failed(message: service.Failed) -> answers.Failed:
    return answers.Failed(
        failure(message.failure),
        duration(message.retry_after) if message.HasField("retry_after") else None,
        message.attempt,
    )


def _in_progress(message: service.InProgress) -> answers.InProgress:
    return answers.InProgress(
        message.owner, message.attempt, duration(message.lease_remaining), duration(message.retry_after)
    )


def _in_doubt(message: service.InDoubt) -> answers.InDoubt:
    return answers.InDoubt(message.owner, instant(message.since), message.checkpoint, message.checkpoint_left_out)


def _expired(message: service.Expired) -> answers.Expired:
    return answers.Expired(instant(message.complete_time))


_BEGUN: dict[str, Callable[[Any], answers.BeginAnswer]] = {
    "acquired": _acquired,
    "done": _done,
    "failed": _failed,
    "in_progress": _in_progress,
    "in_doubt": _in_doubt,
    "expired": _expired,
}


def completed(message: service.CompleteResponse) -> answers.Completed:
    """What is stored now."""
    return answers.Completed(
        state(message.state), instant(message.expire_time), message.already_applied, message.made_final
    )


def looked_up(message: service.LookupResponse) -> answers.Record | None:
    """None where there is no record."""
    return record(message.record) if message.HasField("record") else None


def record(message: record_pb2.Record) -> answers.Record:
    """Everything that may be seen of a key."""
    outcome: Result | Failure | None = None
    match message.WhichOneof("outcome"):
        case "result":
            outcome = result(message.result)
        case "failure":
            outcome = failure(message.failure)
    return answers.Record(
        state=state(message.state),
        attempt=message.attempt,
        owner=message.owner,
        fingerprint=message.fingerprint,
        create_time=instant(message.create_time),
        lease_remaining=duration(message.lease_remaining) if message.HasField("lease_remaining") else None,
        effects_began=message.effects_began,
        checkpoint=message.checkpoint,
        previous=previous(message.previous),
        in_doubt_since=optional_instant(message.HasField("in_doubt_since"), message.in_doubt_since),
        complete_time=optional_instant(message.HasField("complete_time"), message.complete_time),
        expire_time=optional_instant(message.HasField("expire_time"), message.expire_time),
        forget_time=optional_instant(message.HasField("forget_time"), message.forget_time),
        outcome=outcome,
    )


def optional_instant(present: bool, message: Timestamp) -> datetime | None:
    """None where there is none."""
    return instant(message) if present else None


class _Item(Protocol):
    def WhichOneof(self, oneof_group: Any) -> str | None: ...  # noqa: N802 - protobuf's name

    @property
    def error(self) -> Any: ...

    @property
    def response(self) -> Any: ...


def items(found: Iterable[_Item], expected: int, read: Callable[[Any], A]) -> list[A | CallError]:
    """The answers of a batch, or the errors, in order."""
    told = [_item(item, read) for item in found]
    if len(told) != expected:
        raise not_understood(f"{len(told)} answers to {expected} requests")
    return told


def _item(item: _Item, read: Callable[[Any], A]) -> A | CallError:
    match item.WhichOneof("answer"):
        case "response":
            try:
                return read(item.response)
            except CallError as error:
                return error  # of this one alone
        case "error":
            return of_item(item.error).error()
    return not_understood("an item without an answer")
