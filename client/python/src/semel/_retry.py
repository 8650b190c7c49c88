"""When a call is tried again, and what is known when it is given up. Decides only; who drives the steps does the rest.

A call is a generator of steps: it yields a Try or a Pause, is sent back what came of it, and returns the answer or raises.
The blocking client and the one of asyncio drive the same generators.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

import grpc

from semel._errors import CallError, NotTrusted, Unavailable
from semel._methods import Method
from semel._refusals import Refusal

A = TypeVar("A")
R = TypeVar("R")


# What gRPC says where it found nobody to send to; newer releases say the last of a name that does not resolve.
_NEVER_SENT = ("failed to connect to all addresses", "DNS resolution failed", "errors resolving ")
NOT_SENT = "not sent: "
"""What the message of a failed try begins with that surely sent nothing. gRPC says so only in words of its own."""


class Try(NamedTuple):
    """Send a message once, and wait so many seconds for the answer. Sent back: the answer's message, or a Refusal."""

    method: Method[Any, Any]
    message: Any
    timeout: float
    repeated: bool = False
    """A try before it had no answer."""


class Pause(NamedTuple):
    """Wait so many seconds. Sent back: nothing."""

    seconds: float


Steps = Generator[Try | Pause, Any, A]


@dataclass(frozen=True, slots=True)
class Retry:
    """How lost replies and an unavailable server are retried.

    The pause before try n+1 is drawn between zero and min(max_backoff, initial_backoff * multiplier^(n-1)) ("full
    jitter", Brooker, "Exponential Backoff And Jitter", 2015), on top of what the server asked for.

    The budget bounds what a client adds to the load of a server in trouble (gRPC's retry throttling, gRFC A6): a retry
    after the server's own refusal, or after a call's second timeout, takes one from it, each answer gives
    `budget_per_success` back. An empty one ends the retries. Free are retries after a broken connection or a call's first
    timeout, which take all calls of a client at once, and those of complete, release and renew: to lose one of these is
    worse than one more request.
    """

    max_tries: int = 50
    """At least 1, which does not retry. The call's timeout is the bound that usually ends it."""
    initial_backoff: float = 0.05
    """Seconds."""
    max_backoff: float = 2.0
    """Seconds."""
    multiplier: float = 2.0
    budget: float = 100.0
    """At most so many retries ahead of successes. math.inf: no bound."""
    budget_per_success: float = 0.1


class RetryBudget:
    """What is left of a client's retries. Thread-safe."""

    def __init__(self, retry: Retry) -> None:
        self._most = retry.budget
        self._per_success = retry.budget_per_success
        self._lock = threading.Lock()
        self._left = retry.budget

    def succeeded(self) -> None:
        """An answer came."""
        if self._left < self._most:  # read without the lock: nearly always it is full
            with self._lock:
                self._left = min(self._most, self._left + self._per_success)

    def take(self) -> bool:
        """Whether there was a retry left to take."""
        with self._lock:
            if self._left < 1:
                return False
            self._left -= 1
            return True


@dataclass(slots=True)
class Call(Generic[R]):
    """One call, with all its tries."""

    what: str
    """Names it in errors, for example `Begin of order/17`."""
    method: Method[Any, R]
    message: Any
    total: float
    """Seconds for all tries."""
    per_try: float
    """Seconds for one."""
    advice: str | None = "repeat it with the same attempt id or token"
    """For errors that leave open whether it was done. None: repeating would do it once more, so it is not repeated where
    a try may have been done."""
    budgeted: bool = True
    """Retries take from the client's budget."""


class BeforeTry:
    """What a call changes in its message from try to try, and remembers: when the last one was sent."""

    sent_at: float = 0.0

    def __call__(self, now: float) -> None:
        """Called before each try."""
        self.sent_at = now


def tried(call: Call[R], retry: Retry, budget: RetryBudget, address: str, before: BeforeTry) -> Steps[R]:
    """The answer to a call; raises CallError. `before` is called before each try."""
    began = time.monotonic()
    deadline = began + call.total
    tries, timeouts, unsure = 0, 0, False
    while True:
        now = time.monotonic()
        before(now)
        reply = yield Try(call.method, call.message, max(0.0, min(call.per_try, deadline - now)), tries > 0)
        tries += 1
        if type(reply) is not Refusal:
            budget.succeeded()
            answer: R = reply
            return answer
        if _is_not_trusted(reply):
            raise _not_trusted(reply, call.what, address, unsure)
        if not _worth_another_try(reply):
            # The last word is about the last try; an earlier one, whose reply was lost, may have been done all the same.
            raise reply.error(outcome_unknown=unsure)
        unsure = unsure or _may_have_been_done(reply)
        timeouts += _is_timeout(reply)
        pause = _pause(retry, tries, reply)
        end = None
        if tries >= retry.max_tries or (call.advice is None and unsure) or time.monotonic() + pause >= deadline:
            end = ""
        elif call.budgeted and _costs(reply, timeouts) and not budget.take():
            end = ", and this client's retry budget is used up"
        if end is not None:
            raise _given_up(reply, call, address, tries, time.monotonic() - began, unsure, end)
        yield Pause(pause)


def _pause(retry: Retry, tries: int, refusal: Refusal) -> float:
    ceiling = min(retry.max_backoff, retry.initial_backoff * retry.multiplier ** min(tries - 1, 64))
    asked_for = refusal.retry_delay.total_seconds() if refusal.retry_delay else 0.0
    return asked_for + random.uniform(0.0, ceiling)  # noqa: S311 - no secret


def _is_timeout(refusal: Refusal) -> bool:
    return refusal.code is grpc.StatusCode.DEADLINE_EXCEEDED


def _costs(refusal: Refusal, timeouts: int) -> bool:
    """Whether a retry takes from the budget: where the server says that it is in trouble, or is silent once more.

    A connection that breaks, or a server that pauses, takes all calls of a client with it: if these cost, a large crowd would
    fail for what is over a moment later.
    """
    if _is_timeout(refusal):
        return timeouts > 1
    return refusal.detailed


def _worth_another_try(refusal: Refusal) -> bool:
    if refusal.reason == "BACKUP_FAILED":
        return False
    return refusal.code in (
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
    ) or _connection_broke(refusal)


def _connection_broke(refusal: Refusal) -> bool:
    """Neither the server's rules nor its storage said this: the connection broke, and gRPC found no better word for it."""
    if refusal.detailed or refusal.code not in (
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.INTERNAL,
    ):
        return False
    # gRPC, there or here, could not read or write a message, and will not: its text is all that tells.
    return not refusal.message.startswith(("Unable to parse request", "Exception "))


def _is_not_trusted(refusal: Refusal) -> bool:
    """The other side is not the one that the options trust: no try will change that."""
    return refusal.code is grpc.StatusCode.UNAVAILABLE and any(
        sign in refusal.message
        for sign in (
            "certificate verify failed",
            "CERTIFICATE_VERIFY_FAILED",
            "is not in peer certificate",
            "Hostname Verification Check failed",  # as newer releases say the same
        )
    )


def _not_trusted(refusal: Refusal, what: str, address: str, unsure: bool) -> CallError:
    return NotTrusted(
        f"{what}: the certificate of {address} is not trusted: it has to be signed by Tls.ca_file and to name the host "
        f"of the address (or `authority`). Nothing was changed ({refusal.message})",
        code=grpc.StatusCode.UNAUTHENTICATED,
        outcome_unknown=unsure,
    )


def _may_have_been_done(refusal: Refusal) -> bool:
    """Whether the server may have done what the try asked for. Without a sure sign that it has not: yes."""
    if refusal.reason in ("OVERLOADED", "DRAINING") or refusal.message.startswith(NOT_SENT):
        return False
    # gRPC never sent it. Its text is all that tells; should it change, the error merely claims to know less.
    never_sent = refusal.message.startswith(_NEVER_SENT)
    return not (refusal.code is grpc.StatusCode.UNAVAILABLE and never_sent)


def _given_up(
    last: Refusal, call: Call[Any], address: str, tries: int, taken: float, unsure: bool, why: str
) -> CallError:
    known = "nothing was changed"
    if unsure:
        known = f"it may or may not have been done; {call.advice or 'look before you repeat it'}"
    return last.error(
        f"{call.what}: no answer from {address} in {tries} {'try' if tries == 1 else 'tries'} over {taken:.1f} s{why}: "
        f"{known} (last error: {last.message})",
        outcome_unknown=unsure,
        kind=Unavailable,
    )
