"""A run from its begin to its report, without the function and without I/O: the client drives the steps.

The blocking client and the one of asyncio differ in how they send, pause and call the function; what follows from an
answer, from what the function returned or from what it raised is decided here, once.
"""

from __future__ import annotations

import logging
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, Protocol

from semel import _errors as errors
from semel._answers import Acquired, Done, Expired, Failed, InDoubt, InProgress
from semel._arguments import check_codec, check_durations, check_on_error, checked_key
from semel._attempts import Owned
from semel._calls import Calls
from semel._codecs import Codec
from semel._durations import Duration
from semel._error_policy import ErrorPolicy, failure_of, verdict_on
from semel._functions import finished
from semel._lease import HeldLease, late
from semel._lesser_report import Recorded, complete_or_less
from semel._outcomes import Failure, Outcome, Report, Result
from semel._refusals import attempt_is_over, retold
from semel._requests import BeginRequest, CompleteRequest, RenewRequest
from semel._retry import Steps
from semel._telemetry import RunFacts
from semel._to_wire import recordable

_log = logging.getLogger("semel")


class Keeper(Protocol):
    """Keeps leases alive. Returns at once."""

    def hold(self, lease: HeldLease) -> None:
        """Renews it from now on."""

    def expect_end(self, lease: HeldLease) -> None:
        """The work is over and its outcome is being reported: "not in progress" is no longer a loss."""

    def drop(self, lease: HeldLease) -> None:
        """Forgets it; it lapses by itself unless it has ended."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What a run asks for, where it differs from the client's options."""

    namespace: str | None
    fingerprint: bytes
    lease: Duration | None
    wait: Duration
    owner: str | None
    retention: Duration | None
    codec: Codec | None
    on_error: ErrorPolicy | None


class Run:
    """One run. Used once, by one thread or task."""

    def __init__(self, calls: Calls, keeper: Keeper, key: str, given: RunOptions) -> None:
        check_durations(lease=given.lease, retention=given.retention)
        check_codec(given.codec)
        check_on_error(given.on_error)
        options = calls.options
        self._calls = calls
        self._keeper = keeper
        self._key = checked_key(key)
        self._given = given
        self._namespace = calls.namespace(given.namespace)
        self._codec = given.codec or options.codec
        self._policy = given.on_error or options.on_error
        self._facts = RunFacts(self._namespace, key)

    def observed(self) -> AbstractContextManager[None]:
        """Around all of it: tells the client's telemetry, where it has one."""
        telemetry = self._calls.options.telemetry
        return nullcontext() if telemetry is None else telemetry.run(self._facts)

    # ---- begin ----

    def begin(self) -> Steps[Owned | Outcome[Any]]:
        """The attempt where the key was acquired, or the replayed outcome; raises NotRun and CallError."""
        given = self._given
        request = BeginRequest(self._key, given.fingerprint, lease=given.lease, wait=given.wait, owner=given.owner)
        try:
            answer, granted_at = yield from self._calls.begin_noting(request, self._namespace, None)
            if type(answer) is Acquired and late(answer.lease, granted_at, time.monotonic()):
                granted_at = time.monotonic()
                renew = RenewRequest(self._key, answer.token)
                lease = yield from self._calls.renew(renew, self._namespace, None)
                answer = replace(answer, lease=lease)
        except errors.CallError as error:
            if isinstance(error, errors.FingerprintMismatch):
                self._facts.answer = "mismatch"
            raise retold(error, f"the work was not begun: {error.message}") from None
        except errors.ClientClosed as error:
            raise errors.ClientClosed(f"the work was not begun: {error}") from error
        if type(answer) is Acquired:
            return self._own(answer, granted_at)
        return self._told(answer)

    def _own(self, acquired: Acquired, granted_at: float) -> Owned:
        length = acquired.lease.total_seconds()
        lease = HeldLease(self._namespace, self._key, acquired.token, length, granted_at)
        self._facts.attempt = acquired.attempt
        self._facts.answer = "unknown"
        return Owned(self._namespace, self._key, acquired, lease)

    def _told(self, answer: Acquired | Done | Failed | InProgress | InDoubt | Expired) -> Outcome[Any]:
        match answer:
            case Done():
                self._facts.answer = "replayed"
                return self._replayed(answer)
            case Failed():
                self._facts.answer = "effect_failed"
                raise errors.EffectFailed(self._key, answer)
            case InProgress():
                self._facts.answer = "already_running"
                raise errors.AlreadyRunning(self._key, answer)
            case InDoubt():
                self._facts.answer = "in_doubt"
                raise errors.EffectInDoubt(self._key, answer)
            case Expired():
                self._facts.answer = "expired"
                raise errors.ResultExpired(self._key, answer)
        raise AssertionError(answer)  # acquired: owned by now

    def _replayed(self, done: Done) -> Outcome[Any]:
        result = done.result
        self._facts.omitted = result.omitted
        return Outcome(
            value=None if result.omitted else self._codec.decode(result.payload, result.content_type),
            replayed=True,
            omitted=result.omitted,
            attributes=result.attributes,
            complete_time=done.complete_time,
            expire_time=done.expire_time,
        )

    def keep(self, owned: Owned) -> None:
        """Renews the lease from now on, until let_go(): call that however the work ends."""
        self._keeper.hold(owned.lease)

    # ---- report ----

    def returned(self, owned: Owned, value: Any) -> Steps[Outcome[Any]]:
        """Records what the function returned. Raises CallError with fn_ran where that is not known to have worked."""
        result, unencoded = self._encoded(value)
        return (yield from self._record(owned, value, result, unencoded))

    def completed(self, owned: Owned, value: Any) -> Steps[Outcome[Any]]:
        """As returned(), but its owner is still there to mend a Result that is none."""
        finished(owned.key, value)
        if isinstance(value, Result):
            return (yield from self._record(owned, value, value))
        return (yield from self.returned(owned, value))

    def _record(self, owned: Owned, value: Any, result: Result, unencoded: str = "") -> Steps[Outcome[Any]]:
        owned.happened = True
        recorded = yield from self._report(owned, result)
        self._facts.answer = "done"
        self._facts.omitted = recorded.omitted
        refused = "; ".join(filter(None, (unencoded, recorded.refused)))
        if refused:
            _log.warning("%s: the effect is recorded, but not all of its result: %s", self._key, refused)
        return Outcome(
            value=value,
            replayed=False,
            omitted=recorded.omitted,
            refused=refused,
            left_out=(("result.payload",) if unencoded else ()) + recorded.left_out,
            token=owned.acquired.token,
            attempt=owned.acquired.attempt,
            attributes=recorded.attributes,
            expire_time=recorded.completed.expire_time,
        )

    def _encoded(self, value: Any) -> tuple[Result, str]:
        try:
            return recordable(value, self._codec), ""
        except Exception as error:  # noqa: BLE001 - whatever it is, the effect has happened: it must be recorded
            _log.debug("%s: the result cannot be encoded", self._key, exc_info=True)
            who = "a message" if isinstance(value, Result) else "the codec"
            return Result(omitted=True), f"{who} could not encode it: {type(error).__name__}: {error}"

    def failed(self, owned: Owned, error: BaseException) -> Steps[None]:
        """Reports what the function's exception says about its effect. The exception itself is the caller's to raise again.

        What goes wrong with that is logged and noted on the exception, which is what the caller has to see.
        """
        if owned.ended:
            return
        verdict = self._verdict(owned, error)
        try:
            match verdict:
                case errors.Retryable() | errors.Final():
                    yield from self.report(owned, failure_of(verdict))
                case errors.Release():
                    yield from self.release(owned)
                case _:
                    self._left_to_lapse(owned, error)
        except Exception as report_error:  # noqa: BLE001 - whatever it is, the function's exception is the one to be seen
            _log.error("%s: how it failed could not be recorded: %s", self._key, report_error)
            _note(error, f"semel: how it failed could not be recorded: {report_error}")

    def _verdict(self, owned: Owned, error: BaseException) -> errors.Verdict:
        if owned.happened and not isinstance(error, errors.Verdict):
            return errors.Unknown()  # and its report failed, perhaps with this
        try:
            return verdict_on(error, owned, self._policy)
        except Exception:  # noqa: BLE001 - not knowing is left of a policy that fails; the function's exception is to be seen
            _log.exception("%s: the error policy raised, so the effect counts as unknown", self._key)
            return errors.Unknown()

    def _left_to_lapse(self, owned: Owned, error: BaseException) -> None:
        if isinstance(error, errors.LeaseLost):
            self._facts.answer = "lost"
        elif self._facts.answer != "error":  # so a complete() that failed has said
            self._facts.answer = "unknown"
        _log.warning(
            "%s: attempt %d ended with %s, which leaves open whether its effect happened: nothing is reported, its lease lapses",
            self._key,
            owned.number,
            type(error).__name__,
        )

    def release(self, owned: Owned) -> Steps[None]:
        """Gives the key back."""
        self._keeper.expect_end(owned.lease)
        try:
            yield from self._calls.release(owned.key, owned.acquired.token, owned.namespace, None)
        except errors.CallError as error:
            self._note_end(owned, error)
            raise
        self._end(owned)
        owned.recorded = True
        self._facts.answer = "released"

    def report(self, owned: Owned, failure: Failure) -> Steps[Recorded]:
        """Records that the effect did not happen, and ends the attempt."""
        recorded = yield from self._report(owned, failure)
        self._facts.answer = "failed"
        if recorded.refused:
            _log.warning("%s: recorded, but not all of it: %s", self._key, recorded.refused)
        return recorded

    def _report(self, owned: Owned, outcome: Report) -> Steps[Recorded]:
        self._keeper.expect_end(owned.lease)
        report = CompleteRequest(owned.key, owned.acquired.token, outcome, self._given.retention)
        try:
            recorded = yield from complete_or_less(report, self._complete)
        except errors.CallError as error:
            self._note_end(owned, error)
            raise self._not_recorded(owned, outcome, error) from None
        except errors.ClientClosed as error:
            if owned.recorded:
                raise
            self._facts.answer = "error"
            raise errors.ClientClosed(f"{_what_ended(outcome)}: {error}", fn_ran=True) from error
        self._end(owned)
        owned.recorded = True
        return recorded

    def _complete(self, request: CompleteRequest) -> Steps[Any]:
        timeout = self._calls.options.complete_timeout
        return self._calls.complete(request, self._namespace, timeout)

    def _not_recorded(self, owned: Owned, outcome: Report, error: errors.CallError) -> errors.CallError:
        if owned.recorded:
            return retold(error, f"this attempt was ended before, and its first report counts: {error.message}")
        if not isinstance(error, errors.TokenStale):
            self._facts.answer = "error"
            return retold(error, f"{_what_ended(outcome)}: {error.message}", fn_ran=True)
        self._facts.answer = "lost"
        # After a lost reply the first report may have been stored before somebody took over.
        what = "the lease was lost while the work went on, and its outcome is not known to be recorded"
        if not error.outcome_unknown:
            what = "the lease was lost while the work went on and another attempt took over, so the outcome was not recorded"
        return retold(error, f"{what}: {error.message}", fn_ran=True, kind=errors.LeaseLost)

    # ---- end ----

    def left(self, owned: Owned) -> None:
        """The block of an attempt() was left in the ordinary way. Raises NotCompleted where nothing was reported."""
        if owned.ended:
            return
        raise errors.NotCompleted(
            f"{self._key}: attempt {owned.number} was left without complete(), fail() or release(): nothing is reported, "
            "its lease is left to lapse"
        )

    def let_go(self, owned: Owned) -> None:
        """However it ended: nothing is renewed any more."""
        if not owned.lease.dropped:
            self._keeper.drop(owned.lease)

    def _end(self, owned: Owned) -> None:
        owned.ended = True
        self._keeper.drop(owned.lease)

    def _note_end(self, owned: Owned, error: errors.CallError) -> None:
        if isinstance(error, errors.TokenStale):
            owned.lease.mark_lost()
        if attempt_is_over(error):
            self._end(owned)


def _what_ended(outcome: Report) -> str:
    if isinstance(outcome, Failure):
        return "the work failed, and that is not known to be recorded"
    return "the work was done, but its outcome is not known to be recorded"


def _note(error: BaseException, text: str) -> None:
    add_note = getattr(error, "add_note", None)  # from Python 3.11 on
    if add_note is not None:
        add_note(text)
