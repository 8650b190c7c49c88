"""attempt(), the context manager of the blocking client."""

from __future__ import annotations

from typing import Any

import pytest

import semel


def test_completes_and_is_told_as_done(client: semel.Client, key: str) -> None:
    with client.attempt(key) as attempt:
        assert attempt.number == 1
        outcome = attempt.complete({"id": 17})
        assert attempt.ended
    assert outcome.value == {"id": 17}
    with pytest.raises(semel.AlreadyDone) as caught, client.attempt(key):
        pytest.fail("the block was entered")
    assert caught.value.outcome.value == {"id": 17}
    assert caught.value.outcome.replayed


def test_an_exception_is_recorded_by_the_policy(client: semel.Client, key: str) -> None:
    with pytest.raises(KeyError), client.attempt(key):
        raise KeyError("no such card")
    record = client.lookup(key)
    assert record is not None
    assert isinstance(record.outcome, semel.Failure)
    assert record.outcome.reason == "KEY_ERROR"


def test_an_exception_after_the_end_changes_nothing(client: semel.Client, key: str) -> None:
    with pytest.raises(KeyError), client.attempt(key) as attempt:
        attempt.complete("ok")
        raise KeyError
    record = client.lookup(key)
    assert record is not None
    assert record.state is semel.State.DONE


def test_a_block_that_says_nothing_reports_nothing(client: semel.Client, key: str) -> None:
    with pytest.raises(semel.NotCompleted, match="left without"), client.attempt(key, lease=0.1):
        pass
    record = client.lookup(key)
    assert record is not None
    assert record.state is semel.State.IN_PROGRESS
    with client.attempt(key, wait=10) as attempt:
        assert attempt.previous is semel.Previous.ABANDONED
        attempt.complete()


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_report_that_failed_is_never_a_failure_of_the_effect(client: semel.Client, key: str, wrapped: bool) -> None:
    """Though the policy would make one of it. The next attempt is told to look."""
    refused = semel.Forbidden("no longer yours to write", fn_ran=True)

    def policy(error: BaseException, attempt: semel.FailedAttempt) -> semel.Verdict | None:
        return None if wrapped else semel.Retryable("ALL_IS_RETRYABLE")

    with pytest.raises((semel.Forbidden, ValueError)), client.attempt(key, lease=0.1, on_error=policy):
        if wrapped:
            raise ValueError("not stored") from refused
        raise refused
    record = client.lookup(key)
    assert record is not None
    assert (record.state, record.outcome) == (semel.State.IN_PROGRESS, None)
    with client.attempt(key, wait=10) as attempt:
        assert attempt.previous is semel.Previous.ABANDONED
        attempt.complete()


def test_after_complete_failed_no_exception_is_a_failure_of_the_effect(client: semel.Client, key: str) -> None:
    wrong: Any = "text where bytes belong"
    with pytest.raises(TypeError), client.attempt(key) as attempt:
        attempt.complete(semel.Result(wrong))
    assert not attempt.recorded
    record = client.lookup(key)
    assert record is not None
    assert (record.state, record.outcome) == (semel.State.IN_PROGRESS, None)


def test_a_result_is_recorded_as_it_is(client: semel.Client, key: str) -> None:
    result = semel.Result(b"<p>placed</p>", "text/html", {"http.status": "201"})
    with client.attempt(key) as attempt:
        outcome = attempt.complete(result)
        assert attempt.recorded
    assert (outcome.value, outcome.omitted, dict(outcome.attributes)) == (result, False, {"http.status": "201"})
    record = client.lookup(key)
    assert record is not None
    assert isinstance(record.outcome, semel.Result)
    stored = record.outcome
    assert (stored.payload, stored.content_type, dict(stored.attributes)) == (
        b"<p>placed</p>",
        "text/html",
        {"http.status": "201"},
    )


def test_a_result_that_is_too_large_is_omitted(client: semel.Client, key: str) -> None:
    with client.attempt(key) as attempt:
        outcome = attempt.complete(semel.Result(b"x" * 20_000, "text/plain", {"http.status": "201"}))
    assert (outcome.omitted, outcome.left_out) == (True, ("result.payload",))
    with pytest.raises(semel.AlreadyDone) as caught, client.attempt(key):
        pytest.fail("the block was entered")
    assert dict(caught.value.outcome.attributes) == {"http.status": "201"}


def test_what_is_known_of_its_end_is_told(client: semel.Client, key: str) -> None:
    with pytest.raises(KeyError), client.attempt(key) as failed:
        raise KeyError
    assert failed.recorded
    with pytest.raises(TimeoutError), client.attempt(key) as left_open:
        raise TimeoutError
    assert not left_open.recorded


def test_fails_and_releases(client: semel.Client, key: str) -> None:
    with client.attempt(key) as attempt:
        attempt.release()
    assert client.lookup(key) is None
    with client.attempt(key) as attempt:
        assert attempt.previous is semel.Previous.RELEASED
        completed = attempt.fail(semel.Retryable("BUSY", retry_after=60))
        assert (completed.state, completed.made_final) == (semel.State.FAILED, False)
    with pytest.raises(semel.EffectFailed, match="BUSY"), client.attempt(key):
        pytest.fail("the block was entered")


@pytest.mark.parametrize("failed", [False, True])
def test_of_two_reports_the_first_one_counts(client: semel.Client, key: str, failed: bool) -> None:
    with client.attempt(key) as attempt:
        if failed:
            attempt.fail(semel.Final("DECLINED"))
        else:
            attempt.complete("first")
        with pytest.raises(semel.OutcomeConflict, match="its first report counts") as caught:
            attempt.complete("second")
        assert "not known to be recorded" not in str(caught.value)
        assert not caught.value.fn_ran
        assert attempt.recorded


def test_what_is_not_the_end_of_the_work_completes_nothing(client: semel.Client, key: str) -> None:
    async def pay() -> None: ...

    with pytest.raises(semel.NotCompleted, match="coroutine"), client.attempt(key) as attempt:
        attempt.complete(pay())
    assert not attempt.recorded


def test_a_lost_attempt_cannot_complete(client: semel.Client, admin: semel.AdminClient, key: str) -> None:
    with pytest.raises(semel.LeaseLost), client.attempt(key) as attempt:
        admin.delete_key(key, reason="test", actor="test")
        client.begin(key)
        attempt.complete("late")
