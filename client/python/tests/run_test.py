"""run() of the blocking client against a real server."""

from __future__ import annotations

import logging
import pickle
import socket
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

import semel


class CardDeclined(Exception):
    pass


class GatewayTimeout(Exception):
    pass


def raising(error: BaseException) -> Callable[[semel.Attempt], Any]:
    def fn(attempt: semel.Attempt) -> Any:
        raise error

    return fn


def test_runs_once_and_replays(client: semel.Client, key: str) -> None:
    calls = []

    def place(attempt: semel.Attempt) -> dict[str, Any]:
        calls.append(attempt.token)
        assert (attempt.key, attempt.number, attempt.previous) == (key, 1, semel.Previous.NONE)
        assert not attempt.lost
        return {"id": 17, "items": ["book", None, 1.5]}

    first = client.run(key, place)
    second = client.run(key, place)

    assert first.value == second.value == {"id": 17, "items": ["book", None, 1.5]}
    assert (first.replayed, second.replayed) == (False, True)
    assert (first.token, first.attempt) == (calls[0], 1)
    assert len(calls) == 1
    assert first.expire_time == second.expire_time


@pytest.mark.parametrize(
    ("value", "content_type"),
    [
        (b"\x00\xff", "application/octet-stream"),
        ("käse", "text/plain; charset=utf-8"),
        (None, "application/json"),
        ({"a": [1, "\ud800"]}, "application/json"),
        ("", "text/plain; charset=utf-8"),
    ],
)
def test_values_come_back_as_they_were(client: semel.Client, key: str, value: Any, content_type: str) -> None:
    client.run(key, lambda attempt: value)
    assert client.run(key, raising(AssertionError())).value == value
    record = client.lookup(key)
    assert record is not None
    assert isinstance(record.outcome, semel.Result)
    assert record.outcome.content_type == content_type


def test_a_retryable_failure_lets_the_next_attempt_run(client: semel.Client, key: str) -> None:
    with pytest.raises(CardDeclined, match="no money"):
        client.run(key, raising(CardDeclined("no money")))
    record = client.lookup(key)
    assert record is not None
    assert record.outcome == semel.Failure("CARD_DECLINED", "no money", retryable=True, retry_after=timedelta())

    seen = []
    outcome = client.run(key, lambda attempt: seen.append((attempt.number, attempt.previous)))
    assert seen == [(2, semel.Previous.FAILED)]
    assert not outcome.replayed


def test_a_final_failure_is_replayed(client: semel.Client, key: str) -> None:
    with pytest.raises(semel.Final, match="STOLEN"):
        client.run(key, raising(semel.Final("STOLEN", "call the bank", details=b"51")))
    with pytest.raises(semel.EffectFailed) as caught:
        client.run(key, raising(AssertionError()))
    failed = caught.value
    assert (failed.reason, failed.message, failed.details) == ("STOLEN", "call the bank", b"51")
    assert (failed.retryable, failed.retry_after, failed.attempt) == (False, None, 1)
    assert str(pickle.loads(pickle.dumps(failed))) == str(failed)


def test_a_retryable_failure_may_hold_back_the_next_attempt(client: semel.Client, key: str) -> None:
    with pytest.raises(semel.Retryable):
        client.run(key, raising(semel.Retryable("BUSY", retry_after=60)))
    with pytest.raises(semel.EffectFailed) as caught:
        client.run(key, raising(AssertionError()))
    assert caught.value.retryable
    assert caught.value.retry_after is not None
    assert 50 < caught.value.retry_after.total_seconds() <= 60


@pytest.mark.parametrize(
    "error",
    [TimeoutError("no answer"), ConnectionResetError(), GatewayTimeout(), KeyboardInterrupt(), semel.Unknown()],
    ids=lambda error: type(error).__name__,
)
def test_an_unknown_outcome_is_never_recorded(
    client: semel.Client, key: str, error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(type(error)) as caught:
        client.run(key, raising(error), lease=0.2)
    assert caught.value is error
    record = client.lookup(key)
    assert record is not None
    assert (record.state, record.outcome) == (semel.State.IN_PROGRESS, None)
    assert "nothing is reported" in caplog.text

    seen = []
    client.run(key, lambda attempt: seen.append(attempt.previous), wait=10)
    assert seen == [semel.Previous.ABANDONED]


def test_a_wrapped_timeout_is_still_unknown(client: semel.Client, key: str) -> None:
    def fn(attempt: semel.Attempt) -> None:
        try:
            raise TimeoutError
        except TimeoutError as error:
            raise CardDeclined("gateway") from error

    with pytest.raises(CardDeclined):
        client.run(key, fn)
    record = client.lookup(key)
    assert record is not None
    assert record.state is semel.State.IN_PROGRESS


def test_a_refused_connection_is_a_failure(client: semel.Client, key: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = listener.getsockname()

    def fn(attempt: semel.Attempt) -> None:
        socket.create_connection(closed, 5).close()

    with pytest.raises(ConnectionRefusedError):
        client.run(key, fn)
    record = client.lookup(key)
    assert record is not None
    assert isinstance(record.outcome, semel.Failure)
    assert (record.outcome.reason, record.outcome.retryable) == ("CONNECTION_REFUSED_ERROR", True)


def test_after_effects_began_an_error_leaves_a_doubt(client: semel.Client, key: str) -> None:
    def fn(attempt: semel.Attempt) -> None:
        attempt.checkpoint(b"refund 7", effects_began=True)
        raise CardDeclined("who knows")

    with pytest.raises(CardDeclined):
        client.run(key, fn, lease=0.1)
    with pytest.raises(semel.EffectInDoubt) as caught:
        client.run(key, fn, wait=10)
    assert caught.value.checkpoint == b"refund 7"
    assert "in doubt since" in str(pickle.loads(pickle.dumps(caught.value)))


def test_release_lets_another_attempt_run_at_once(client: semel.Client, key: str) -> None:
    with pytest.raises(semel.Release):
        client.run(key, raising(semel.Release()))
    assert client.lookup(key) is None
    seen = []
    client.run(key, lambda attempt: seen.append(attempt.previous))
    assert seen == [semel.Previous.RELEASED]


def test_the_caller_may_say_what_an_exception_means(client: semel.Client, key: str) -> None:
    def policy(error: BaseException, attempt: semel.FailedAttempt) -> semel.Verdict | None:
        assert attempt.key == key
        return semel.Final("DECLINED", str(error)) if isinstance(error, CardDeclined) else None

    with pytest.raises(CardDeclined):
        client.run(key, raising(CardDeclined("no")), on_error=policy)
    with pytest.raises(semel.EffectFailed, match="DECLINED"):
        client.run(key, raising(AssertionError()))


def test_no_policy_is_asked_about_what_the_function_says_itself(client: semel.Client, key: str) -> None:
    def policy(error: BaseException, attempt: semel.FailedAttempt) -> semel.Verdict:
        raise AssertionError

    with pytest.raises(semel.Final):
        client.run(key, raising(semel.Final("STOLEN")), on_error=policy)
    with pytest.raises(semel.EffectFailed, match="STOLEN"):
        client.run(key, raising(AssertionError()))


def test_a_policy_that_raises_leaves_it_unknown(
    client: semel.Client, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    def policy(error: BaseException, attempt: semel.FailedAttempt) -> semel.Verdict:
        raise ZeroDivisionError

    with pytest.raises(CardDeclined):
        client.run(key, raising(CardDeclined()), on_error=policy)
    record = client.lookup(key)
    assert record is not None
    assert record.state is semel.State.IN_PROGRESS
    assert "the error policy raised" in caplog.text


def test_the_last_attempt_makes_a_failure_final(client: semel.Client, key: str) -> None:
    for _ in range(2):
        with pytest.raises(CardDeclined):
            client.run(key, raising(CardDeclined()), namespace="strict")
    with pytest.raises(semel.EffectFailed) as caught:
        client.run(key, raising(AssertionError()), namespace="strict")
    assert not caught.value.retryable


def test_a_result_that_is_too_large_is_omitted_with_a_warning(
    client: semel.Client, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    large = b"x" * 10_241
    with caplog.at_level(logging.WARNING, "semel"):
        first = client.run(key, lambda attempt: large)
    assert (first.value, first.omitted, first.left_out) == (large, True, ("result.payload",))
    assert "result.payload" in caplog.text
    second = client.run(key, raising(AssertionError()))
    assert (second.value, second.omitted, second.replayed) == (None, True, True)


def test_a_result_that_no_message_carries_is_omitted(client: semel.Client, key: str) -> None:
    first = client.run(key, lambda attempt: b"x" * (5 << 20))
    assert first.omitted
    assert client.run(key, raising(AssertionError())).omitted


def test_a_result_that_cannot_be_encoded_is_omitted(
    client: semel.Client, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    value = object()
    first = client.run(key, lambda attempt: value)
    assert first.value is value
    assert first.omitted
    assert "could not encode" in first.refused
    assert "could not encode" in caplog.text
    assert client.run(key, raising(AssertionError())).omitted


def test_a_retention_that_is_refused_is_left_out(client: semel.Client, key: str) -> None:
    first = client.run(key, lambda attempt: "ok", retention=10 * 365 * 86_400)
    assert (first.value, first.omitted, first.left_out) == ("ok", False, ("retention",))
    assert client.run(key, raising(AssertionError())).value == "ok"


def test_what_is_refused_of_a_failure_is_left_out_with_a_warning(
    client: semel.Client, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(semel.Retryable):
        client.run(key, raising(semel.Retryable("BUSY", "later", retry_after=30 * 86_400)))
    record = client.lookup(key)
    assert record is not None
    assert isinstance(record.outcome, semel.Failure)
    assert (record.outcome.reason, record.outcome.message) == ("BUSY", "later")
    assert "failure.retry_after" in caplog.text


def test_a_failure_that_cannot_be_recorded_is_noted_on_the_exception(
    client: semel.Client, admin: semel.AdminClient, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    def fn(attempt: semel.Attempt) -> None:
        admin.delete_key(key, reason="test", actor="test")
        raise semel.Final("DECLINED")

    with pytest.raises(semel.Final) as caught:
        client.run(key, fn)
    assert "could not be recorded" in caplog.text
    assert "the work failed, and that is not known to be recorded" in caplog.text
    assert "the work was done" not in caplog.text
    if hasattr(caught.value, "__notes__"):  # from Python 3.11 on
        assert "KEY_NOT_FOUND" in caught.value.__notes__[0]


@pytest.mark.parametrize("verdict", [semel.Final, semel.Retryable])
def test_a_reason_that_no_server_takes_is_mended(
    client: semel.Client, key: str, verdict: type[semel.Final], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(verdict):
        client.run(key, raising(verdict("card declined", "call the bank")))
    record = client.lookup(key)
    assert record is not None
    assert isinstance(record.outcome, semel.Failure)
    assert (record.outcome.reason, record.outcome.message) == ("CARD_DECLINED", "call the bank")
    assert "recorded as CARD_DECLINED" in caplog.text


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), "5", True], ids=repr)
def test_a_retry_after_that_is_none_is_left_out(
    client: semel.Client, key: str, wrong: Any, caplog: pytest.LogCaptureFixture
) -> None:
    error = semel.Retryable("BUSY", "later", retry_after=wrong)
    with pytest.raises(semel.Retryable) as caught:
        client.run(key, raising(error))
    assert caught.value is error
    record = client.lookup(key)
    assert record is not None
    assert record.outcome == semel.Failure("BUSY", "later", retryable=True, retry_after=timedelta())
    assert "recorded without retry_after" in caplog.text


def test_words_of_a_failure_that_are_of_other_types_lose_nothing(client: semel.Client, key: str) -> None:
    wrong: Any = ValueError("no money")
    with pytest.raises(semel.Final):
        client.run(key, raising(semel.Final("DECLINED", wrong, details="text where bytes belong")))  # type: ignore[arg-type]
    record = client.lookup(key)
    assert record is not None
    assert isinstance(record.outcome, semel.Failure)
    assert (record.outcome.reason, record.outcome.message, record.outcome.details) == ("DECLINED", "no money", b"")


def test_a_result_is_recorded_as_it_is(client: semel.Client, key: str) -> None:
    result = semel.Result(b"<p>placed</p>", "text/html", {"http.status": "201"})
    first = client.run(key, lambda attempt: result)
    assert (first.value, dict(first.attributes)) == (result, {"http.status": "201"})
    second = client.run(key, raising(AssertionError()))
    assert (second.value, dict(second.attributes)) == ("<p>placed</p>", {"http.status": "201"})
    record = client.lookup(key)
    assert record is not None
    assert isinstance(record.outcome, semel.Result)
    assert (record.outcome.payload, record.outcome.content_type) == (b"<p>placed</p>", "text/html")


def test_a_result_that_no_message_can_say_is_omitted(client: semel.Client, key: str) -> None:
    wrong: Any = "text where bytes belong"
    assert "could not encode" in client.run(key, lambda attempt: semel.Result(wrong)).refused
    assert client.run(key, raising(AssertionError())).omitted


def test_a_long_message_is_cut_between_characters(client: semel.Client, key: str) -> None:
    with pytest.raises(CardDeclined):
        client.run(key, raising(CardDeclined("€" * 400)))
    record = client.lookup(key)
    assert record is not None
    assert isinstance(record.outcome, semel.Failure)
    assert record.outcome.message == "€" * 170


def test_another_request_under_the_same_key_is_told_so(client: semel.Client, key: str) -> None:
    client.run(key, lambda attempt: "ok", fingerprint=semel.fingerprint({"amount": 1}))
    with pytest.raises(semel.FingerprintMismatch) as caught:
        client.run(key, raising(AssertionError()), fingerprint=semel.fingerprint({"amount": 2}))
    assert not caught.value.fn_ran
    assert not caught.value.outcome_unknown
    assert "was not begun" in str(caught.value)
    assert isinstance(pickle.loads(pickle.dumps(caught.value)), semel.FingerprintMismatch)


def test_another_owner_is_named(client: semel.Client, key: str) -> None:
    client.begin(key, owner="till-3")
    with pytest.raises(semel.AlreadyRunning) as caught:
        client.run(key, raising(AssertionError()))
    assert (caught.value.owner, caught.value.attempt) == ("till-3", 1)
    assert caught.value.lease_remaining.total_seconds() > 20
    assert "till-3" in str(caught.value)


def test_waits_for_another_owner(client: semel.Client, key: str) -> None:
    acquired = client.begin(key)
    assert isinstance(acquired, semel.Acquired)
    client.complete(key, acquired.token, semel.Result(b'"placed"', "application/json"))
    assert client.run(key, raising(AssertionError()), wait=10).value == "placed"


def test_a_wrong_request_is_refused_before_anything_runs(client: semel.Client) -> None:
    with pytest.raises(semel.InvalidRequest) as caught:
        client.run("", raising(AssertionError()))
    assert [wrong.field for wrong in caught.value.field_violations] == ["key"]
    with pytest.raises(ValueError, match="surrogates"):
        client.run("\ud800", raising(AssertionError()))


def test_an_unreadable_result_is_a_codec_error(client: semel.Client, key: str) -> None:
    acquired = client.begin(key)
    assert isinstance(acquired, semel.Acquired)
    client.complete(key, acquired.token, semel.Result(b"{", "application/json"))
    with pytest.raises(semel.CodecError, match="application/json"):
        client.run(key, raising(AssertionError()))
