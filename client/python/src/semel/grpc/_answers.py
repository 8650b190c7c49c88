"""What goes out instead of a method's own answer: stored ones, and refusals with google.rpc.ErrorInfo.

The stored form is the same in every language: see docs/adapters.md.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import DecodeError

from semel import _errors as errors
from semel._adapters import may_go_better
from semel._durations import to_wire
from semel._outcomes import Outcome, Result
from semel.wire.v1 import status_pb2

_log = logging.getLogger("semel")

REPLAYED = (("idempotency-replayed", "true"),)
"""Trailing metadata of an answer that is replayed."""
NOT_RECORDED = (("idempotency-recorded", "false"),)
"""Trailing metadata of an answer of which nothing is known to be recorded: a repeated call may run the method again."""

DETAILS = "grpc-status-details-bin"
_DOMAIN = "semel.v1"
_STATUS = "grpc.status"
_MESSAGE = "grpc.message"
_MAX_VALUE = 256
_UNAVAILABLE_FOR = timedelta(seconds=1)
_RESPONSE_TYPE = "application/grpc"
_STATUS_TYPE = "application/grpc-status"
_CODES = {str(code.value[0]): code for code in grpc.StatusCode}

Metadata = tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """A status, and its trailing metadata."""

    code: grpc.StatusCode
    message: str
    trailing: Metadata


@dataclass(frozen=True, slots=True)
class Replayed:
    """A response as it was serialized."""

    response: bytes


class _Payload(NamedTuple):
    content: bytes
    content_type: str


class PayloadCodec:
    """Leaves stored bytes as they are, and keeps their media type beside them."""

    def encode(self, value: Any) -> tuple[bytes, str]:
        """Never called: responses are reported as results of their own."""
        raise TypeError(f"{type(value).__name__} is no response")

    def decode(self, payload: bytes, content_type: str) -> _Payload:
        """For replay()."""
        return _Payload(payload, content_type)


def response_result(response: bytes) -> Result:
    """What is stored of a call that succeeded."""
    return Result(response, _RESPONSE_TYPE, {_STATUS: "0"})


def status_result(code: grpc.StatusCode, message: str, trailing: Metadata) -> Result:
    """What is stored of a call that failed: google.rpc.Status; code and message also where people and logs look."""
    text = message.encode("utf-8", "replace")
    status = status_pb2.Status(code=code.value[0], message=text.decode(), details=_details_among(trailing))
    attributes = {_STATUS: str(code.value[0]), _MESSAGE: text[:_MAX_VALUE].decode("utf-8", "ignore")}
    return Result(status.SerializeToString(deterministic=True), _STATUS_TYPE, attributes)


def _details_among(trailing: Metadata) -> list[AnyMessage]:
    sent = next((value for name, value in trailing if name == DETAILS), b"")
    try:
        return list(status_pb2.Status.FromString(sent).details)
    except DecodeError:
        _log.warning("%s of a status is no google.rpc.Status: replays lack it", DETAILS)
        return []


def replay(outcome: Outcome[Any]) -> Replayed | Refused:
    """What goes out where the effect is done."""
    code = _CODES.get(outcome.attributes.get(_STATUS, ""))
    if code is None or (code is grpc.StatusCode.OK and outcome.omitted):
        return _not_kept("its response was not kept")
    if code is grpc.StatusCode.OK:
        return Replayed(outcome.value.content)
    if outcome.omitted or outcome.value.content_type != _STATUS_TYPE:
        return Refused(code, outcome.attributes.get(_MESSAGE, ""), REPLAYED)
    return _replayed_status(outcome.value.content)


def _replayed_status(stored: bytes) -> Refused:
    try:
        status = status_pb2.Status.FromString(stored)
    except DecodeError:
        return _not_kept("its response cannot be read")
    code = _CODES.get(str(status.code))
    if code is None or code is grpc.StatusCode.OK:
        return _not_kept("its response cannot be read")
    details = ((DETAILS, stored),) if status.details else ()
    return Refused(code, status.message, (*REPLAYED, *details))


def _not_kept(why: str) -> Refused:
    return refused(
        "RESPONSE_NOT_KEPT",
        grpc.StatusCode.DATA_LOSS,
        f"the call was carried out before, but {why}: do not repeat it with another key",
    )


def refusal(error: errors.NotRun | errors.CallError) -> Refused:
    """Why the method was not called."""
    match error:
        case errors.AlreadyRunning():
            return refused(
                "IN_FLIGHT",
                grpc.StatusCode.ABORTED,
                "an earlier call with this key is not finished: call again with the same key",
                error.retry_after,
            )
        case errors.EffectInDoubt():
            return refused(
                "IN_DOUBT",
                grpc.StatusCode.FAILED_PRECONDITION,
                "nobody knows whether the earlier call with this key was carried out: a person has to find out",
            )
        case errors.ResultExpired():
            return refused(
                "EXPIRED",
                grpc.StatusCode.FAILED_PRECONDITION,
                "an earlier call with this key ended long ago: it is not carried out again",
            )
        case errors.EffectFailed():
            code = grpc.StatusCode.UNAVAILABLE if error.retryable else grpc.StatusCode.INTERNAL
            delay = (error.retry_after or timedelta()) if error.retryable else None
            return refused("FAILED", code, f"an earlier call with this key failed: {error.reason}", delay)
        case errors.FingerprintMismatch():
            return refused(
                "FINGERPRINT_MISMATCH",
                grpc.StatusCode.FAILED_PRECONDITION,
                "an earlier call with this key asked for something else: use a new key for a new call",
            )
    if isinstance(error, errors.CallError) and may_go_better(error):
        return refused(
            "UNAVAILABLE",
            grpc.StatusCode.UNAVAILABLE,
            "the call was not carried out: the service that remembers keys cannot be asked",
            max(_UNAVAILABLE_FOR, error.retry_delay or _UNAVAILABLE_FOR),
        )
    reason = error.reason or error.code.name if isinstance(error, errors.CallError) else type(error).__name__
    return refused("REFUSED", grpc.StatusCode.INTERNAL, f"the call was not carried out: its key was refused ({reason})")


def refused(reason: str, code: grpc.StatusCode, message: str, retry_delay: timedelta | None = None) -> Refused:
    """A status of the interceptor's own, with google.rpc.ErrorInfo and, where waiting helps, RetryInfo."""
    status = status_pb2.Status(code=code.value[0], message=message)
    info = status_pb2.ErrorInfo(reason=reason, domain=_DOMAIN)
    status.details.append(_any("google.rpc.ErrorInfo", info.SerializeToString()))
    if retry_delay is not None:
        wait = status_pb2.RetryInfo(retry_delay=to_wire(retry_delay))
        status.details.append(_any("google.rpc.RetryInfo", wait.SerializeToString()))
    return Refused(code, message, ((DETAILS, status.SerializeToString()),))


def _any(kind: str, value: bytes) -> AnyMessage:
    return AnyMessage(type_url=f"type.googleapis.com/{kind}", value=value)


def log_not_recorded(key: str, error: errors.SemelError) -> None:
    """The effect has happened, so its answer goes out all the same."""
    _log.error("%s: the answer goes out, but is not known to be recorded: %s", key, error)
