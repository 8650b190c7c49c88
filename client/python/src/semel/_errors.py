"""Everything that Semel raises.

::

    SemelError
    ├── NotRun                    run() and attempt(): the function was not called, because of what is recorded
    │   ├── AlreadyRunning        another owner is at it, or still is after `wait`
    │   ├── EffectFailed          an earlier attempt failed, for good or for now
    │   ├── EffectInDoubt         an owner fell silent after its effects began: somebody has to find out
    │   ├── ResultExpired         done or failed long ago, the outcome is no longer stored
    │   ├── AlreadyDone           attempt() only: the effect is done; has its outcome
    │   └── ResultOmitted         once() only: the effect is done, its result was too large to keep
    ├── CallError                 the service refused a call, or did not answer
    │   ├── InvalidRequest        a field is wrong; nothing was changed
    │   │   ├── ResultTooLarge    a result above the namespace's limit
    │   │   └── BatchTooLarge     more than 1,000 items
    │   ├── FingerprintMismatch   the key stands for another request: use another key
    │   ├── KeyNotFound           the key is not, or no longer, known
    │   ├── OutcomeConflict       another outcome is stored under this token: the first report counts
    │   ├── NotInProgress         the attempt has ended
    │   ├── NotInDoubt            there is nothing to resolve
    │   ├── TokenStale            another attempt took over: stop working
    │   │   └── LeaseLost         run() and attempt(): the lease was lost while the work went on
    │   ├── Forbidden             not allowed, or not known who asks
    │   │   └── NotTrusted        TLS: the server's certificate is not trusted
    │   ├── QuotaExceeded         a limit of the namespace
    │   ├── BackupRefused         no backup was made: none is configured, another is running, or it failed
    │   └── Unavailable           no answer, and retries are used up; see outcome_unknown
    ├── Verdict                   yours to raise in the function, or to return from an error policy
    │   ├── Retryable             the effect did not happen, another attempt may run
    │   ├── Final                 the effect did not happen and will not: replayed like a result
    │   ├── Unknown               nobody knows: nothing is reported, the lease lapses
    │   └── Release               nothing was done: another attempt may run now, as if this one had not been
    ├── NotCompleted              an attempt was left without a word about how it ended: nobody knows
    ├── ConfigurationError        an option of a client is wrong, or missing
    ├── KeyPartError              what cannot be part of a key
    ├── FingerprintError          what has no canonical form, and so no fingerprint
    ├── CodecError                a stored result that the codec does not understand
    ├── ClientClosed              the client was closed
    └── ForkedProcess             the client was made before a fork: make one for each process
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import grpc

from semel._answers import Expired, Failed, InDoubt, InProgress
from semel._durations import Duration
from semel._outcomes import Failure, Outcome


class SemelError(Exception):
    """The root of them all."""


# ---- what is recorded, so that the function was not called ---------------------------------------------------------------


class NotRun(SemelError):
    """The function was not called, because of what is recorded for the key."""

    def __init__(self, key: str, *facts: Any) -> None:
        super().__init__(key, *facts)  # all of them, so that the exception can be pickled
        self.key = key

    def _told(self) -> str:
        return "was not run"

    def __str__(self) -> str:
        return f"{self.key}: {self._told()}"


class AlreadyRunning(NotRun):
    """Another owner is at it, or still is after `wait`. Ask again after `retry_after`."""

    def __init__(self, key: str, answer: InProgress) -> None:
        super().__init__(key, answer)
        self.owner: str = answer.owner
        self.attempt: int = answer.attempt
        self.lease_remaining: timedelta = answer.lease_remaining
        self.retry_after: timedelta = answer.retry_after

    def _told(self) -> str:
        remaining = self.lease_remaining.total_seconds()
        return f"{self.owner or 'another owner'} is at it (attempt {self.attempt}, lease for {remaining:.3g} s more)"


class EffectFailed(NotRun):
    """An earlier attempt failed. Final failures are replayed; retryable ones tell when the next attempt may run.

    Only ever an earlier attempt: a failure of this call's function is the exception that the function raised.
    """

    def __init__(self, key: str, answer: Failed) -> None:
        super().__init__(key, answer)
        self.failure: Failure = answer.failure
        self.reason: str = answer.failure.reason
        self.message: str = answer.failure.message
        self.details: bytes = answer.failure.details
        self.retryable: bool = answer.failure.retryable
        self.retry_after: timedelta | None = answer.retry_after
        self.attempt: int = answer.attempt

    def _told(self) -> str:
        message = f": {self.message}" if self.message else ""
        after = f", another may run in {self.retry_after.total_seconds():.3g} s" if self.retry_after else ""
        kind = f"failed{after}" if self.retryable else "failed for good"
        return f"attempt {self.attempt} {kind} ({self.reason}{message})"


class EffectInDoubt(NotRun):
    """Nobody knows whether the effect happened. Find out, then resolve the key (AdminClient.resolve_key)."""

    def __init__(self, key: str, answer: InDoubt) -> None:
        super().__init__(key, answer)
        self.owner: str = answer.owner
        self.since: datetime = answer.since
        self.checkpoint: bytes = answer.checkpoint

    def _told(self) -> str:
        return f"in doubt since {self.since.isoformat()}: {self.owner or 'its owner'} fell silent"


class ResultExpired(NotRun):
    """The effect ended long ago; its outcome is no longer stored, the key is still remembered."""

    def __init__(self, key: str, answer: Expired) -> None:
        super().__init__(key, answer)
        self.complete_time: datetime = answer.complete_time

    def _told(self) -> str:
        return f"ended at {self.complete_time.isoformat()}, its outcome is no longer stored"


class AlreadyDone(NotRun):
    """The effect was done before; `outcome` has what it left behind."""

    def __init__(self, key: str, outcome: Outcome[Any]) -> None:
        super().__init__(key, outcome)
        self.outcome = outcome

    def _told(self) -> str:
        return "was done before"


class ResultOmitted(AlreadyDone):
    """The effect was done before, and its result was not kept: there is nothing to return."""

    def _told(self) -> str:
        return "was done before, but its result was too large to keep"


# ---- the service refused, or did not answer -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One wrong field of a request."""

    field: str
    """Path, for example `result.content_type`."""
    description: str
    """Its rule, and what came instead."""


class CallError(SemelError):
    """The service refused a call, or did not answer.

    Attributes:
        code: of the last try.
        reason: UPPER_SNAKE, for programs; empty where no server answered. A newer server may know more than this
            client has classes for.
        metadata: what was wrong in detail, for example limit and size.
        field_violations: every wrong field.
        retry_delay: how long to wait before calling again; None where waiting does not help.
        outcome_unknown: a request was sent and its answer never came, so the server may or may not have done what was
            asked. Call again with the same attempt id or token to find out. False: nothing was changed.
        fn_ran: run() and attempt() only: the work had begun, so its effect may have happened, and the outcome is not
            known to be recorded. False: the work was not begun.
    """

    def __init__(
        self,
        message: str,
        *,
        code: grpc.StatusCode = grpc.StatusCode.UNKNOWN,
        reason: str = "",
        metadata: Mapping[str, str] | None = None,
        field_violations: tuple[FieldViolation, ...] = (),
        retry_delay: timedelta | None = None,
        outcome_unknown: bool = False,
        fn_ran: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.reason = reason
        self.metadata = dict(metadata or {})
        self.field_violations = field_violations
        self.retry_delay = retry_delay
        self.outcome_unknown = outcome_unknown
        self.fn_ran = fn_ran

    def __str__(self) -> str:
        return f"{self.reason or self.code.name}: {self.message}"


class InvalidRequest(CallError):
    """A field is wrong; nothing was changed. `field_violations` says which, and by which rule."""


class ResultTooLarge(InvalidRequest):
    """A result above the namespace's limit; nothing was changed. Complete with `Result(omitted=True)` instead."""


class BatchTooLarge(InvalidRequest):
    """More than 1,000 items in a batch; none was carried out."""


class FingerprintMismatch(CallError):
    """The key stands for another request: use another key. Nothing was changed."""


class KeyNotFound(CallError):
    """The key is not, or no longer, known: there is nothing to complete or to renew."""


class OutcomeConflict(CallError):
    """Another outcome is stored under this token, or an operator settled the key otherwise: the first report counts."""


class NotInProgress(CallError):
    """The attempt has ended."""


class NotInDoubt(CallError):
    """The key is not in doubt, or is so about another attempt than the one named: there is nothing to resolve."""


class TokenStale(CallError):
    """Another attempt took over: stop working. Nothing was changed."""


class LeaseLost(TokenStale):
    """The lease was lost while the work went on, and the outcome is not recorded.

    Another attempt took over, or may have. `outcome_unknown` true: a report was sent before, and may have been recorded.
    """


class Forbidden(CallError):
    """Not allowed in this namespace or on this server, or not known who asks."""


class NotTrusted(Forbidden):
    """TLS: the server's certificate is not signed by the CA that the client trusts, or names another host."""


class QuotaExceeded(CallError):
    """A limit of the namespace."""


class BackupRefused(CallError):
    """No backup was made; the server goes on.

    `reason`: BACKUP_NOT_CONFIGURED (the server has no directory for them), BACKUP_RUNNING (another one is being made: try
    again after `retry_delay`) or BACKUP_FAILED (the message says what to mend).
    """


class Unavailable(CallError):
    """No answer, and retries are used up. `outcome_unknown` says whether it may have been done all the same."""


# ---- what a function says of its own failure -----------------------------------------------------------------------------


class Verdict(SemelError):
    """How an attempt that ended with an exception is reported.

    Raise one of these in the function, or return it from an error policy.
    """


class _Failing(Verdict):
    retryable = False

    def __init__(
        self,
        reason: str = "EFFECT_FAILED",
        message: str = "",
        *,
        retry_after: Duration | None = None,
        details: bytes = b"",
    ) -> None:
        super().__init__(reason, message)
        self.reason = reason
        self.message = message
        self.retry_after = retry_after
        self.details = details

    def __str__(self) -> str:
        return f"{self.reason}: {self.message}" if self.message else self.reason


class Retryable(_Failing):
    """The effect did not happen; another attempt may run, `retry_after` from now at the earliest.

    `reason`: for programs, [A-Z][A-Z0-9_]*, at most 64 bytes. `message`: for people, at most 512 bytes. What does not keep to
    that is mended, with a warning in the log: "card declined" is recorded as CARD_DECLINED.
    """

    retryable = True


class Final(_Failing):
    """The effect did not happen and will not: replayed like a result. `retry_after` does not belong here."""


class Unknown(Verdict):
    """Nobody knows whether the effect happened.

    Nothing is reported, the lease is left to lapse, and the next attempt is told Previous.ABANDONED (or the key is in
    doubt, where the namespace wants it so or effects had begun).
    """


class Release(Verdict):
    """Nothing was done: the key is given back, and another attempt may run now."""


# ---- how the client is used ---------------------------------------------------------------------------------------------


class NotCompleted(SemelError, RuntimeError):
    """Nobody said how an attempt ended: nothing is reported, its lease is left to lapse.

    A block of attempt() was left without complete(), fail() or release(); or a function came to a coroutine, a generator or a
    future, which is the beginning of work and not its end.
    """


class ConfigurationError(SemelError, ValueError):
    """An option of a client is wrong, or missing."""


class KeyPartError(SemelError, ValueError):
    """What cannot be part of a key: nothing at all, or not text, int or UUID."""


class FingerprintError(SemelError, ValueError):
    """What has no canonical form in every language, and so no fingerprint."""


class CodecError(SemelError, ValueError):
    """A stored result that the codec does not understand. The effect is done; lookup() has the bytes."""


class ClientClosed(SemelError, RuntimeError):
    """The client was closed.

    Attributes:
        fn_ran: run() and attempt() only: as that of CallError.
    """

    def __init__(self, message: str, *, fn_ran: bool = False) -> None:
        super().__init__(message)
        self.fn_ran = fn_ran


class ForkedProcess(SemelError, RuntimeError):
    """The client was made before a fork, which its connection does not survive: make one for each process."""
