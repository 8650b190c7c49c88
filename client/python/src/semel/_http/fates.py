"""What is asked before a handler runs, and what its response says about its effect. Decides only."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypedDict

from semel import _errors as errors
from semel._attempts import AttemptFacts
from semel._durations import Duration
from semel._error_policy import ErrorPolicy, FailedAttempt, verdict_on
from semel._http import problems
from semel._http.key_header import MalformedKey, key_of_header
from semel._http.policy import Mode, Policy
from semel._http.requests import HttpRequest, fingerprint_of, key_in_semel
from semel._http.responses import PayloadCodec, Response, replayed, result_of
from semel._outcomes import Outcome, Result

_log = logging.getLogger("semel")
_CODEC = PayloadCodec()

Fate: TypeAlias = Result | BaseException
"""What to record of a response: a result, or what an exception says."""


class BeginOptions(TypedDict):
    """What attempt() of a client takes beside the key."""

    namespace: str | None
    fingerprint: bytes
    lease: Duration | None
    wait: Duration
    retention: Duration | None
    codec: PayloadCodec
    on_error: ErrorPolicy


@dataclass(frozen=True, slots=True)
class Keyed:
    """A request that carries a key."""

    policy: Policy
    key: str
    """In Semel."""
    fingerprint: bytes

    def begin_options(self, on_error: ErrorPolicy) -> BeginOptions:
        """How its attempt begins."""
        policy = self.policy
        return BeginOptions(
            namespace=policy.namespace,
            fingerprint=self.fingerprint,
            lease=policy.lease,
            wait=policy.wait,
            retention=policy.retention,
            codec=_CODEC,
            on_error=on_error,
        )


def header_key(policy: Policy, values: Sequence[str]) -> str | Response | None:
    """The header's key; None: the request passes untouched; a response: it is refused."""
    try:
        key = key_of_header(values)
    except MalformedKey as error:
        return problems.key_malformed(policy.header, error).response()
    if key is None and policy.mode is Mode.REQUIRED:
        return problems.key_missing(policy.header).response()
    return key


def too_large(policy: Policy, length: int | None) -> Response | None:
    """The refusal of a body of so many bytes; None: it may be read, or compared."""
    if length is None or length <= policy.max_body:
        return None
    return problems.body_too_large(policy.max_body).response()


def cut_short(length: int | None, body: bytes) -> Response | None:
    """The refusal of a body of which less came than its Content-Length says: nothing is done, and the key is not bound to it."""
    if length is None or len(body) >= length:
        return None
    return problems.body_incomplete(length, len(body)).response()


def keyed(policy: Policy, header: str, request: HttpRequest, native: Any) -> Keyed | Response:
    """The request with its key in Semel and its fingerprint, or the refusal where none can be made of it.

    `native`: the framework's request, for the caller's functions. What these raise else is the framework's to answer, which
    knows exceptions that are answers.
    """
    try:
        more = policy.scope(native) if policy.scope is not None else ()
        key = key_in_semel(policy, request, header, more)
        if policy.fingerprint is not None:
            return Keyed(policy, key, policy.fingerprint(native))
        return Keyed(policy, key, fingerprint_of(request, policy.leave_out))
    except (errors.KeyPartError, errors.FingerprintError) as error:
        _log.exception("%s %s: a request has no key or no fingerprint, and is refused", request.method, request.path)
        return problems.no_key(error).response()


def replay(outcome: Outcome[Any]) -> Response:
    """What goes out where the effect is done."""
    return replayed(outcome) or problems.response_not_kept().response()


def fate_of(
    keyed: Keyed, response: Response, error: BaseException | None, attempt: AttemptFacts, on_error: ErrorPolicy
) -> Fate:
    """What a response says about the effect. `error`: of the handler, where the framework made the response of it."""
    if isinstance(error, errors.Verdict):
        return error
    said = keyed.policy.store_status(response.status)
    if isinstance(said, errors.Verdict):
        return said
    if error is not None and (not said or _leaves_open(error, attempt, on_error)):
        return error
    if said:
        return result_of(response, keyed.policy.headers)
    # Once effects began, or the handler was told to stop, a status alone does not say that nothing happened.
    if attempt.effects_began or attempt.lost:
        return errors.Unknown()
    return errors.Retryable(f"HTTP_{response.status}", "the handler answered so")


def _leaves_open(error: BaseException, attempt: FailedAttempt, on_error: ErrorPolicy) -> bool:
    try:
        return isinstance(verdict_on(error, attempt, on_error), errors.Unknown)
    except Exception:  # noqa: BLE001 - of the caller's policy: the attempt asks it again, and tells
        return True


def of_stream(fate: Fate) -> Fate:
    """The body was not made, and the effect may be in the making: nobody knows whether it happened."""
    return errors.Unknown() if isinstance(fate, Result) else fate


def log_not_recorded(key: str, error: errors.SemelError) -> None:
    """The effect has happened, so its response goes out all the same."""
    _log.error("%s: the response goes out, but is not known to be recorded: %s", key, error)


def log_unanswered(key: str, error: BaseException) -> None:
    """The framework tells the rest."""
    what = "%s: the handler returned, but no response could be made of it (%s): it is recorded without one"
    _log.error(what, key, type(error).__name__)


def log_streaming(key: str) -> None:
    """For the developer, who has to choose between the two."""
    _log.error(
        "%s: a streamed response does not go with a key: the answer is 500, and whether its effect happened is left open",
        key,
    )
