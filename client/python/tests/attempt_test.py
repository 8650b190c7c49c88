"""attempt(), the context manager of the blocking client."""

from __future__ import annotations

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


def test_a_lost_attempt_cannot_complete(client: semel.Client, admin: semel.AdminClient, key: str) -> None:
    with pytest.raises(semel.LeaseLost), client.attempt(key) as attempt:
        admin.delete_key(key, reason="test", actor="test")
        client.begin(key)
        attempt.complete("late")
