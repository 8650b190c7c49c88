"""What an exception of a function says about its effect: the default policy, and how callers replace it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol, TypeAlias

from semel._errors import CallError, Final, LeaseLost, Release, Retryable, Unknown, Verdict
from semel._outcomes import Failure
from semel._unknown_errors import leaves_unknown

_MAX_MESSAGE = 512
_MAX_REASON = 64
_DEFAULT_REASON = "EFFECT_FAILED"
_REASON = re.compile(r"[A-Z][A-Z0-9_]*")


class FailedAttempt(Protocol):
    """What a policy may ask about the attempt that ended with an exception."""

    @property
    def key(self) -> str:
        """The key."""

    @property
    def number(self) -> int:
        """1 for the first attempt on the key."""

    @property
    def effects_began(self) -> bool:
        """The attempt declared so (checkpoint(..., effects_began=True))."""


ErrorPolicy: TypeAlias = Callable[[BaseException, FailedAttempt], Verdict | None]
"""From an exception of the function to what is reported of the attempt; None: as the default policy says.

The exception itself always passes through to the caller, whatever the policy says."""


def default_policy(error: BaseException, attempt: FailedAttempt) -> Verdict:
    """The verdict of who gave no policy.

    - Retryable, Final, Unknown and Release say themselves what they are.
    - Unknown: timeouts, broken connections (also of databases) and cancellations, CallError with `fn_ran` or `outcome_unknown`,
      also where they are the cause of another exception; KeyboardInterrupt, SystemExit; and anything else once the attempt
      declared that effects began.
    - Retryable: all other exceptions, with the name of the class as reason and their text as message.
    """
    if isinstance(error, Verdict):
        return error
    if attempt.effects_began or leaves_unknown(error):
        return Unknown()
    return Retryable(reason_of(error), str(error))


def verdict_on(error: BaseException, attempt: FailedAttempt, policy: ErrorPolicy | None) -> Verdict:
    """By the caller's policy where it has one and knows.

    Under any policy nothing is reported after a report that failed, or a lost lease: the effect has happened, or somebody else
    is at it by now.
    """
    if isinstance(error, CallError) and (error.fn_ran or isinstance(error, LeaseLost)):
        return Unknown()
    verdict = policy(error, attempt) if policy is not None else None
    return default_policy(error, attempt) if verdict is None else verdict


def failure_of(verdict: Retryable | Final) -> Failure:
    """What is stored for it. An empty reason or a long message is mended: nothing is lost for the sake of its words."""
    return Failure(
        reason=verdict.reason or _DEFAULT_REASON,
        message=cut(verdict.message),
        details=verdict.details,
        retryable=verdict.retryable,
        retry_after=verdict.retry_after if verdict.retryable else None,
    )


def reason_of(error: BaseException) -> str:
    """The name of its class in UPPER_SNAKE: CardDeclined → CARD_DECLINED, HTTPError → HTTP_ERROR."""
    name = type(error).__name__
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    reason = spaced.upper().strip("_")[:_MAX_REASON]
    return reason if _REASON.fullmatch(reason) else _DEFAULT_REASON


def cut(message: str) -> str:
    """At most 512 bytes of UTF-8, cut between two characters."""
    encoded = message.encode("utf-8", "replace")[:_MAX_MESSAGE]
    return encoded.decode("utf-8", "ignore")


__all__ = [
    "ErrorPolicy",
    "FailedAttempt",
    "Release",
    "cut",
    "default_policy",
    "failure_of",
    "reason_of",
    "verdict_on",
]
