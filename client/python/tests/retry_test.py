"""When a call is tried again, decided without a server: the steps of a call, and what each refusal leads to."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import grpc
import pytest

import semel
from semel import _methods as methods
from semel._calls import Calls
from semel._options import Options
from semel._refusals import Refusal
from semel._retry import BeforeTry, Call, Pause, RetryBudget, Steps, Try, tried

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE
NEVER_SENT = Refusal(UNAVAILABLE, "failed to connect to all addresses; last error: ...")
CUT = Refusal(UNAVAILABLE, "Socket closed")
LATE = Refusal(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")
OVERLOADED = Refusal(UNAVAILABLE, "too much", "OVERLOADED", retry_delay=timedelta(seconds=1), detailed=True)


def steps_of(
    budget: RetryBudget | None = None,
    *,
    retry: semel.Retry = semel.Retry(),  # noqa: B008 - frozen
    total: float = 3600.0,
    **options: Any,
) -> Steps[Any]:
    call = Call("Begin of order/17", methods.BEGIN, object(), total, 2.0, **options)
    return tried(call, retry, budget or RetryBudget(retry), "localhost:7420", BeforeTry())


def pause_after(steps: Steps[Any], refusal: Refusal) -> float:
    step = steps.send(refusal)
    assert isinstance(step, Pause)
    assert isinstance(steps.send(None), Try)
    return step.seconds


def error_after(steps: Steps[Any], refusal: Refusal) -> semel.CallError:
    with pytest.raises(semel.CallError) as caught:
        steps.send(refusal)
    return caught.value


def test_an_answer_ends_it() -> None:
    steps = steps_of()
    first = next(steps)
    assert isinstance(first, Try)
    assert first.timeout == 2.0
    with pytest.raises(StopIteration) as end:
        steps.send("the answer")
    assert end.value.value == "the answer"


@pytest.mark.parametrize(
    "refusal",
    [
        CUT,
        NEVER_SENT,
        Refusal(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded"),
        Refusal(grpc.StatusCode.UNKNOWN, "Stream removed"),
        Refusal(grpc.StatusCode.CANCELLED, "RST_STREAM"),
        Refusal(grpc.StatusCode.INTERNAL, "Received RST_STREAM with error code 2"),
    ],
    ids=lambda refusal: f"{refusal.code.name} {refusal.message[:10]}",
)
def test_a_lost_answer_is_tried_again(refusal: Refusal) -> None:
    steps = steps_of()
    next(steps)
    assert 0 <= pause_after(steps, refusal) <= 0.05


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (Refusal(grpc.StatusCode.ABORTED, "", "TOKEN_STALE", detailed=True), semel.TokenStale),
        (Refusal(grpc.StatusCode.INTERNAL, "Unable to parse request"), semel.CallError),
        (Refusal(grpc.StatusCode.INTERNAL, "Exception deserializing response!"), semel.CallError),
        (Refusal(grpc.StatusCode.INTERNAL, "odd", "NEW_REASON", detailed=True), semel.CallError),
        (Refusal(grpc.StatusCode.UNIMPLEMENTED, "no such call"), semel.CallError),
        (Refusal(grpc.StatusCode.PERMISSION_DENIED, "by a proxy"), semel.Forbidden),
    ],
    ids=lambda value: getattr(value, "message", ""),
)
def test_a_refusal_is_not(refusal: Refusal, kind: type[semel.CallError]) -> None:
    steps = steps_of()
    next(steps)
    error = error_after(steps, refusal)
    assert type(error) is kind
    assert not error.outcome_unknown


def test_an_earlier_try_whose_answer_was_lost_is_not_forgotten() -> None:
    steps = steps_of()
    next(steps)
    pause_after(steps, CUT)
    assert error_after(steps, Refusal(grpc.StatusCode.ABORTED, "", "TOKEN_STALE", detailed=True)).outcome_unknown


def test_pauses_grow_and_are_never_shorter_than_the_server_asks() -> None:
    steps = steps_of()
    next(steps)
    assert 1.0 <= pause_after(steps, OVERLOADED) <= 1.05
    for tries in range(2, 12):
        assert pause_after(steps, NEVER_SENT) <= min(2.0, 0.05 * 2 ** (tries - 1))


def test_max_tries_end_it_and_the_error_says_what_is_known() -> None:
    steps = steps_of(retry=semel.Retry(max_tries=2))
    next(steps)
    pause_after(steps, NEVER_SENT)
    error = error_after(steps, NEVER_SENT)
    assert isinstance(error, semel.Unavailable)
    assert not error.outcome_unknown
    assert "no answer from localhost:7420 in 2 tries" in str(error)
    assert "nothing was changed" in str(error)


def test_the_deadline_ends_it_before_a_pause_that_would_pass_it() -> None:
    steps = steps_of(total=0.5)
    next(steps)
    error = error_after(steps, OVERLOADED)
    assert error.reason == "OVERLOADED"
    assert error.retry_delay == timedelta(seconds=1)


def test_what_would_be_done_once_more_is_not_repeated() -> None:
    steps = steps_of(advice=None)
    next(steps)
    pause_after(steps, NEVER_SENT)
    error = error_after(steps, CUT)
    assert error.outcome_unknown
    assert "look before you repeat it" in str(error)


def test_an_empty_budget_ends_retries_until_answers_come() -> None:
    retry = semel.Retry(budget=2, budget_per_success=0.5)
    budget = RetryBudget(retry)
    steps = steps_of(budget, retry=retry)
    next(steps)
    pause_after(steps, LATE)  # the first: a server that pauses takes all calls with it
    pause_after(steps, OVERLOADED)
    pause_after(steps, LATE)
    assert "retry budget is used up" in str(error_after(steps, LATE))
    for _ in range(2):
        answered = steps_of(budget, retry=retry)
        next(answered)
        with pytest.raises(StopIteration):
            answered.send("answer")
    steps = steps_of(budget, retry=retry)
    next(steps)
    pause_after(steps, OVERLOADED)
    assert "retry budget is used up" in str(error_after(steps, OVERLOADED))


def test_broken_connections_and_a_first_timeout_cost_no_budget() -> None:
    steps = steps_of(retry=semel.Retry(budget=0))
    next(steps)
    for refusal in (NEVER_SENT, CUT, CUT, LATE, CUT):
        pause_after(steps, refusal)
    assert "retry budget is used up" in str(error_after(steps, LATE))
    assert RetryBudget(semel.Retry(budget=math.inf)).take()


def calls_of_every_kind() -> dict[str, Steps[Any]]:
    calls = Calls(Options("localhost:7420", "shop", retry=semel.Retry(budget=0), call_timeout=3600.0))
    complete = semel.CompleteRequest("order/17", 1, semel.Result())
    renew = semel.RenewRequest("order/17", 1)
    return {
        "complete": calls.complete(complete, None, None),
        "release": calls.release("order/17", 1, None, None),
        "renew": calls.renew(renew, None, None),
        "batch_complete": calls.batch_complete([complete], None, None),
        "batch_renew": calls.batch_renew([renew], None, None),
        "begin": calls.begin(semel.BeginRequest("order/17"), None, None),
        "lookup": calls.lookup("order/17", None, None),
        "checkpoint": calls.checkpoint("order/17", 1, b"", False, None, None),
        "batch_begin": calls.batch_begin([semel.BeginRequest("order/17")], None, None),
    }


def test_the_budget_is_not_asked_where_a_loss_would_be_worse_than_a_request() -> None:
    free = set()
    for name, steps in calls_of_every_kind().items():
        next(steps)
        try:
            for refusal in (OVERLOADED, LATE, LATE):
                pause_after(steps, refusal)
        except semel.Unavailable:
            continue
        else:
            free.add(name)
    assert free == {"complete", "release", "renew", "batch_complete", "batch_renew"}


def test_a_certificate_that_is_not_trusted_is_an_error_at_once() -> None:
    steps = steps_of()
    next(steps)
    refusal = Refusal(UNAVAILABLE, "... CERTIFICATE_VERIFY_FAILED: self signed certificate ...")
    assert isinstance(error_after(steps, refusal), semel.NotTrusted)
