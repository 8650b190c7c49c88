"""How the work on a message ended, for what has to decide whether the message is done with."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from semel import _errors as errors

T = TypeVar("T")


class Ended(enum.Enum):
    """How the work on one message ended."""

    RAN = "ran"
    """Now, and its outcome is recorded."""
    REPLAYED = "replayed"
    """Done before; nothing was done now."""
    FAILED = "failed"
    """Now or before, and another attempt may run."""
    FAILED_FOR_GOOD = "failed_for_good"
    """Now or before; no other attempt will run."""
    UNKNOWN = "unknown"
    """It ran and left open whether its effect happened; another attempt may run once the lease has lapsed."""
    ALREADY_RUNNING = "already_running"
    """Another owner is at it."""
    IN_DOUBT = "in_doubt"
    """Nobody may run it before a person has found out what happened."""
    EXPIRED = "expired"
    """It ended long ago; the outcome is no longer stored."""
    MISMATCH = "mismatch"
    """The key stands for another message: a mistake in one of the programs."""
    NO_KEY = "no_key"
    """The function that answers the key, or the fingerprint, raised: something is wrong with the message or with the function."""
    UNAVAILABLE = "unavailable"
    """Semel cannot be asked, or refused: it did not run."""
    NOT_RECORDED = "not_recorded"
    """It ran, and its effect happened, but the outcome is not known to be recorded."""
    LEASE_LOST = "lease_lost"
    """Another attempt took over, or may have."""

    @property
    def settled(self) -> bool:
        """Nothing more will come of another delivery of the message."""
        return self in _SETTLED


# NOT_RECORDED too: the effect has happened, and another delivery might make it happen again.
_SETTLED = frozenset({Ended.RAN, Ended.REPLAYED, Ended.FAILED_FOR_GOOD, Ended.EXPIRED, Ended.NOT_RECORDED})


@dataclass(frozen=True, slots=True)
class Handled(Generic[T]):
    """What became of one message."""

    message: T
    ended: Ended
    value: Any = None
    """RAN: what the function returned."""
    error: BaseException | None = None
    """What the function raised, or why it was not called; None for RAN and REPLAYED."""


def not_called(error: errors.NotRun | errors.CallError) -> Ended:
    """Why the function was not called."""
    match error:
        case errors.AlreadyRunning():
            return Ended.ALREADY_RUNNING
        case errors.EffectFailed():
            return Ended.FAILED if error.retryable else Ended.FAILED_FOR_GOOD
        case errors.EffectInDoubt():
            return Ended.IN_DOUBT
        case errors.ResultExpired():
            return Ended.EXPIRED
        case errors.AlreadyDone():
            return Ended.REPLAYED
        case errors.FingerprintMismatch():
            return Ended.MISMATCH
    return Ended.UNAVAILABLE


def not_recorded(error: errors.CallError) -> Ended:
    """What a failed report of a result leaves."""
    return Ended.LEASE_LOST if isinstance(error, errors.TokenStale) else Ended.NOT_RECORDED


def raised(verdict: errors.Verdict) -> Ended:
    """What the function's exception said."""
    match verdict:
        case errors.Final():
            return Ended.FAILED_FOR_GOOD
        case errors.Retryable() | errors.Release():
            return Ended.FAILED
    return Ended.UNKNOWN
