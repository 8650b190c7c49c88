"""From what a server, or gRPC, says of a failed try to the exception that the caller gets: reasons and codes, in one place."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple

import grpc

from semel import _errors as errors
from semel._durations import from_wire
from semel.v1 import error_pb2
from semel.wire.v1 import status_pb2

_CODES = {code.value[0]: code for code in grpc.StatusCode}

_BY_REASON: dict[str, type[errors.CallError]] = {
    "FIELD_INVALID": errors.InvalidRequest,
    "RESULT_TOO_LARGE": errors.ResultTooLarge,
    "BATCH_TOO_LARGE": errors.BatchTooLarge,
    "KEY_NOT_FOUND": errors.KeyNotFound,
    "FINGERPRINT_MISMATCH": errors.FingerprintMismatch,
    "OUTCOME_CONFLICT": errors.OutcomeConflict,
    "NOT_IN_PROGRESS": errors.NotInProgress,
    "NOT_IN_DOUBT": errors.NotInDoubt,
    "TOKEN_STALE": errors.TokenStale,
    "NAMESPACE_FORBIDDEN": errors.Forbidden,
    "ADMIN_FORBIDDEN": errors.Forbidden,
    "QUOTA_EXCEEDED": errors.QuotaExceeded,
    "BACKUP_NOT_CONFIGURED": errors.BackupRefused,
    "BACKUP_RUNNING": errors.BackupRefused,
    "BACKUP_FAILED": errors.BackupRefused,
}
# Where a newer server gives a reason that is not known here, or something on the way answered without one.
_BY_CODE: dict[grpc.StatusCode, type[errors.CallError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: errors.InvalidRequest,
    grpc.StatusCode.UNAUTHENTICATED: errors.Forbidden,
    grpc.StatusCode.PERMISSION_DENIED: errors.Forbidden,
    grpc.StatusCode.UNAVAILABLE: errors.Unavailable,
    grpc.StatusCode.DEADLINE_EXCEEDED: errors.Unavailable,
}
_DETAILS_KEY = "grpc-status-details-bin"


class Refusal(NamedTuple):
    """A try that failed: by a server's word, or because none came."""

    code: grpc.StatusCode
    message: str
    reason: str = ""
    metadata: dict[str, str] | None = None
    violations: tuple[errors.FieldViolation, ...] = ()
    retry_delay: timedelta | None = None
    detailed: bool = False
    """Details came with it: so it was a server that said it, not gRPC of a connection that broke."""

    def error(
        self,
        message: str | None = None,
        *,
        outcome_unknown: bool = False,
        kind: type[errors.CallError] | None = None,
    ) -> errors.CallError:
        """The exception for it, in other words where some are given."""
        kind = kind or _BY_REASON.get(self.reason) or _BY_CODE.get(self.code, errors.CallError)
        return kind(
            self.message if message is None else message,
            code=self.code,
            reason=self.reason,
            metadata=self.metadata,
            field_violations=self.violations,
            retry_delay=self.retry_delay,
            outcome_unknown=outcome_unknown,
        )


def of_rpc_error(error: grpc.RpcError) -> Refusal:
    """What a failed call of gRPC says, be it of the blocking or of the asyncio kind."""
    code: grpc.StatusCode = error.code()
    message: str = error.details() or ""
    metadata: Any = error.trailing_metadata()  # of either kind of gRPC
    for name, value in metadata or ():
        if name == _DETAILS_KEY:
            return _detailed(code, message, value)
    return Refusal(code, message)


def of_item(error: error_pb2.Error) -> Refusal:
    """What an item of a batch, or of a stream, failed with."""
    return Refusal(
        # An unknown code of a newer server must not read as success.
        _CODES.get(error.code, grpc.StatusCode.UNKNOWN),
        error.message,
        error.reason,
        dict(error.metadata),
        tuple(errors.FieldViolation(wrong.field, wrong.description) for wrong in error.field_violations),
        from_wire(error.retry_delay) if error.HasField("retry_delay") else None,
        detailed=True,
    )


def _detailed(code: grpc.StatusCode, message: str, details: bytes) -> Refusal:
    status = status_pb2.Status.FromString(details)
    reason, metadata, delay = "", {}, None
    violations: tuple[errors.FieldViolation, ...] = ()
    for detail in status.details:
        # The host of a type URL means nothing (google/protobuf/any.proto): only what follows the last slash counts.
        kind = detail.type_url.rpartition("/")[2]
        if kind == "google.rpc.ErrorInfo":
            info = status_pb2.ErrorInfo.FromString(detail.value)
            reason, metadata = info.reason, dict(info.metadata)
        elif kind == "google.rpc.RetryInfo":
            delay = from_wire(status_pb2.RetryInfo.FromString(detail.value).retry_delay)
        elif kind == "google.rpc.BadRequest":
            fields = status_pb2.BadRequest.FromString(detail.value).field_violations
            violations = tuple(errors.FieldViolation(wrong.field, wrong.description) for wrong in fields)
    return Refusal(code, message, reason, metadata, violations, delay, detailed=True)


def refused_here(*wrong: errors.FieldViolation) -> errors.InvalidRequest:
    """What no server could read, or could only refuse without a word about the field."""
    return errors.InvalidRequest(
        f"{wrong[0].field}: {wrong[0].description}",
        code=grpc.StatusCode.INVALID_ARGUMENT,
        reason="FIELD_INVALID",
        field_violations=wrong,
    )


def retold(
    error: errors.CallError,
    message: str,
    *,
    fn_ran: bool = False,
    outcome_unknown: bool | None = None,
    kind: type[errors.CallError] | None = None,
) -> errors.CallError:
    """The same error in other words, and of another kind, or with other facts, where these are given."""
    return (kind or type(error))(
        message,
        code=error.code,
        reason=error.reason,
        metadata=error.metadata,
        field_violations=error.field_violations,
        retry_delay=error.retry_delay,
        outcome_unknown=error.outcome_unknown if outcome_unknown is None else outcome_unknown,
        fn_ran=fn_ran or error.fn_ran,
    )


def attempt_is_over(error: errors.CallError) -> bool:
    """Whether an error of complete, renew, release or checkpoint says that the attempt has nothing more to say.

    Its key was completed, given up or deleted, or another attempt took it over. All other errors leave it as it was.
    """
    return error.code in (
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.FAILED_PRECONDITION,
    )
