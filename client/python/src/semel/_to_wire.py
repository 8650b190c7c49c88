"""From plain values to messages. Text that is not UTF-8 is refused here (ValueError): no server could read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from semel._arguments import checked_duration, checked_key
from semel._codecs import Codec
from semel._durations import Duration, to_wire
from semel._outcomes import Failure, Report, Result
from semel._requests import Absent, BeginRequest, CompleteRequest, RenewRequest, new_attempt_id
from semel.v1 import admin_service_pb2 as admin
from semel.v1 import idempotency_service_pb2 as service
from semel.v1 import record_pb2 as record


def _of(request: BeginRequest | CompleteRequest | RenewRequest, namespace: str) -> str:
    return namespace if request.namespace is None else request.namespace


def begin(request: BeginRequest, namespace: str, owner: str, lease: Duration | None) -> service.BeginRequest:
    """`owner` and `lease` are the client's: what counts where the request does not say."""
    message = service.BeginRequest(
        namespace=_of(request, namespace),
        key=checked_key(request.key),
        fingerprint=request.fingerprint,
        attempt_id=new_attempt_id() if request.attempt_id is None else request.attempt_id,
        owner=owner if request.owner is None else request.owner,
    )
    lease = lease if request.lease is None else request.lease
    if lease is not None:
        message.lease.CopyFrom(to_wire(checked_duration("lease", lease)))
    if checked_duration("wait", request.wait):
        message.wait.CopyFrom(to_wire(request.wait))
    return message


def complete(request: CompleteRequest, namespace: str) -> service.CompleteRequest:
    """An outcome of another type than a report is sent as none: the server says what it thinks of it."""
    key = checked_key(request.key)
    message = service.CompleteRequest(namespace=_of(request, namespace), key=key, token=request.token)
    fill_outcome(message, request.outcome)
    if request.retention is not None:
        message.retention.CopyFrom(to_wire(checked_duration("retention", request.retention)))
    return message


def fill_outcome(message: service.CompleteRequest | admin.ResolveKeyRequest, outcome: Report | Absent) -> None:
    """What is reported, or what an operator found out."""
    if isinstance(outcome, Result):
        message.result.CopyFrom(result(outcome))
    elif isinstance(outcome, Failure):
        message.failure.CopyFrom(
            record.Failure(
                reason=outcome.reason,
                message=outcome.message,
                details=outcome.details,
                retryable=outcome.retryable,
            )
        )
        if outcome.retry_after is not None:
            message.failure.retry_after.CopyFrom(to_wire(checked_duration("retry_after", outcome.retry_after)))


def recordable(value: Any, codec: Codec) -> Result:
    """What is stored of a function's value: a Result as it is, all else through the codec.

    Raises whatever the codec raises, and TypeError or ValueError where no message can carry what came of it.
    """
    is_result = isinstance(value, Result)
    made = value if is_result else Result(*codec.encode(value))
    if not (
        isinstance(made.payload, bytes) and isinstance(made.content_type, str) and isinstance(made.attributes, Mapping)
    ):
        raise TypeError("a result has a payload of bytes, a media type that is text, and a mapping of attributes")
    if is_result:
        result(made)  # its attributes are anybody's; what a codec makes has none
    return made


def result(outcome: Result) -> record.Result:
    """What an effect left behind."""
    return record.Result(
        payload=outcome.payload,
        content_type=outcome.content_type,
        attributes=dict(outcome.attributes),
        omitted=outcome.omitted,
    )


def renew(request: RenewRequest, namespace: str) -> service.RenewRequest:
    """Extends a lease."""
    key = checked_key(request.key)
    message = service.RenewRequest(namespace=_of(request, namespace), key=key, token=request.token)
    if request.lease is not None:
        message.lease.CopyFrom(to_wire(checked_duration("lease", request.lease)))
    return message


def renew_all(leases: Iterable[tuple[str, str, int]]) -> service.BatchRenewRequest:
    """Of namespace, key and token each, by the length that was granted before."""
    return service.BatchRenewRequest(
        requests=[service.RenewRequest(namespace=namespace, key=key, token=token) for namespace, key, token in leases]
    )


def resolve(
    namespace: str,
    key: str,
    resolution: Report | Absent,
    *,
    reason: str,
    actor: str,
    attempt: int,
    retention: Duration | None,
) -> admin.ResolveKeyRequest:
    """Settles a key in doubt."""
    key = checked_key(key)
    message = admin.ResolveKeyRequest(namespace=namespace, key=key, reason=reason, actor=actor, attempt=attempt)
    if isinstance(resolution, Absent):
        message.absent.SetInParent()
    else:
        fill_outcome(message, resolution)
    if retention is not None:
        message.retention.CopyFrom(to_wire(checked_duration("retention", retention)))
    return message
