"""What an exception of a function says about its effect: the default policy, and how callers replace it."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Protocol, TypeAlias

from semel._durations import Duration, is_duration
from semel._errors import CallError, ClientClosed, Final, LeaseLost, NotCompleted, Release, Retryable, Unknown, Verdict
from semel._outcomes import Failure
from semel._unknown_errors import leaves_unknown

_log = logging.getLogger("semel")

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

    - Retryable, Final, Unknown and Release say themselves what they are, under every policy.
    - Unknown: timeouts, broken connections (also of databases and TLS) and cancellations, HTTP errors of status 502 and 504,
      CallError with `fn_ran` or `outcome_unknown`, ClientClosed and NotCompleted, also where they are the cause of another
      exception, or its hidden context; KeyboardInterrupt, SystemExit; and anything else once the attempt declared that effects
      began.
    - Retryable: all other exceptions, with the name of the class as reason and their text as message.
    """
    if isinstance(error, Verdict):
        return error
    if attempt.effects_began or leaves_unknown(error):
        return Unknown()
    return Retryable(reason_of(error), str(error))


def verdict_on(error: BaseException, attempt: FailedAttempt, policy: ErrorPolicy | None) -> Verdict:
    """What the exception says itself (a Verdict), else by the caller's policy where it has one and knows, else by the default one.

    Under any policy nothing is reported after a report that failed or was not made, or a lost lease: the effect has happened, or
    nobody knows, or somebody else is at it by now.
    """
    if isinstance(error, (CallError, ClientClosed)) and error.fn_ran:
        return Unknown()
    if isinstance(error, (LeaseLost, NotCompleted)):
        return Unknown()
    if isinstance(error, Verdict):
        return error
    verdict = policy(error, attempt) if policy is not None else None
    return default_policy(error, attempt) if verdict is None else verdict


def failure_of(verdict: Retryable | Final) -> Failure:
    """What is stored for it. What no server would take is mended, with a warning: a failure is never lost for its words."""
    return Failure(
        reason=_mended_reason(verdict.reason),
        message=cut(str(verdict.message)),
        details=_details(verdict),
        retryable=verdict.retryable,
        retry_after=_retry_after(verdict) if verdict.retryable else None,
    )


def reason_of(error: BaseException) -> str:
    """The name of its class in UPPER_SNAKE: CardDeclined → CARD_DECLINED, HTTPError → HTTP_ERROR."""
    reason = _spaced(type(error).__name__).upper().strip("_")[:_MAX_REASON]
    return reason if _REASON.fullmatch(reason) else _DEFAULT_REASON


def _spaced(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)


def _mended_reason(given: str) -> str:
    if not given:
        return _DEFAULT_REASON
    text = str.__str__(given) if isinstance(given, str) else str(given)
    if len(text) <= _MAX_REASON and _REASON.fullmatch(text):
        return text
    words = re.sub(r"[^A-Z0-9]+", "_", _spaced(text).upper()).strip("_")
    reason = words if words[:1].isalpha() else f"{_DEFAULT_REASON}_{words}"
    reason = reason[:_MAX_REASON].rstrip("_")
    _log.warning("a reason is [A-Z][A-Z0-9_]*, at most 64 bytes, and not %r: recorded as %s", text, reason)
    return reason


def _details(verdict: Retryable | Final) -> bytes:
    given: object = verdict.details
    if isinstance(given, (bytes, bytearray, memoryview)):
        return bytes(given)
    _log.warning("%s: details are bytes, and not %s: recorded without them", verdict, type(given).__name__)
    return b""


def _retry_after(verdict: Retryable | Final) -> Duration | None:
    if verdict.retry_after is None or is_duration(verdict.retry_after):
        return verdict.retry_after
    _log.warning("%s: %r is no length of time: recorded without retry_after", verdict, verdict.retry_after)
    return None


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
