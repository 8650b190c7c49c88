"""batch_attempt() of the blocking client: attempts that one message began, kept alive and reported together."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

import semel
from semeld import Semeld

NewKey = Callable[[], str]


def attempts_of(batch: semel.OpenBatch) -> list[semel.Attempt]:
    return [begun for begun in batch.begun if isinstance(begun, semel.Attempt)]


def test_what_is_ours_is_begun_kept_and_reported(client: semel.Client, new_key: NewKey) -> None:
    keys = [new_key() for _ in range(4)]
    client.run(keys[1], lambda attempt: "done before")
    wrong = "x" * 300
    with client.batch_attempt([semel.BeginRequest(key, lease=2) for key in (*keys, wrong)], retention=60) as batch:
        assert [type(begun) for begun in batch.begun] == [
            semel.Attempt,
            semel.Done,
            semel.Attempt,
            semel.Attempt,
            semel.InvalidRequest,
        ]
        first, second, third = attempts_of(batch)
        # Longer than the lease, by the server's word: it is kept alive.
        assert isinstance(client.begin(first.key, wait=4), semel.InProgress)
        assert not first.lost
        reports: list[tuple[semel.Attempt, semel.Report]] = [
            (first, semel.Result(b"1", "text/plain")),
            (second, semel.Failure("BUSY", retryable=True)),
        ]
        completed = batch.report(reports)
        assert [each.state for each in completed if isinstance(each, semel.Completed)] == [
            semel.State.DONE,
            semel.State.FAILED,
        ]
        batch.release(third)
        with pytest.raises(KeyError):
            batch.report(reports)
    stored = client.begin(first.key)
    assert isinstance(stored, semel.Done)
    assert stored.result.payload == b"1"
    assert client.lookup(third.key) is None


def test_what_is_left_lapses(client: semel.Client, new_key: NewKey) -> None:
    with client.batch_attempt([semel.BeginRequest(new_key(), lease=0.1) for _ in range(2)]) as batch:
        first, second = attempts_of(batch)
        batch.leave(first)
    for attempt in (first, second):
        taken = client.begin(attempt.key, wait=10)
        assert isinstance(taken, semel.Acquired)
        assert taken.previous is semel.Previous.ABANDONED


def test_what_is_refused_is_left_out_and_errors_are_of_one(
    client: semel.Client, admin: semel.AdminClient, new_key: NewKey, caplog: pytest.LogCaptureFixture
) -> None:
    with client.batch_attempt([semel.BeginRequest(new_key()) for _ in range(3)]) as batch:
        large, lost, small = attempts_of(batch)
        admin.delete_key(lost.key, reason="test", actor="test")
        assert isinstance(client.begin(lost.key, owner="another", lease=60), semel.Acquired)
        with caplog.at_level(logging.WARNING, "semel"):
            answers = batch.report(
                [
                    (large, semel.Result(b"x" * 20_000)),
                    (lost, semel.Result(b"late")),
                    (small, semel.Result(b"ok")),
                ]
            )
    assert "recorded without result.payload" in caplog.text
    assert [type(each) for each in answers] == [semel.Completed, semel.TokenStale, semel.Completed]
    assert isinstance(answers[1], semel.TokenStale)
    assert answers[1].fn_ran
    again = client.begin(large.key)
    assert isinstance(again, semel.Done)
    assert again.result.omitted


def test_more_than_a_message_carries_goes_in_several(client: semel.Client, new_key: NewKey) -> None:
    requests = [semel.BeginRequest(new_key()) for _ in range(8)]
    with client.batch_attempt(requests) as batch:
        answers = batch.report([(attempt, semel.Result(b"x" * (900 << 10))) for attempt in attempts_of(batch)])
    assert [type(each) for each in answers] == [semel.Completed] * 8


def test_what_is_not_text_is_left_out_and_the_rest_recorded(client: semel.Client, new_key: NewKey) -> None:
    with client.batch_attempt([semel.BeginRequest(new_key()) for _ in range(3)]) as batch:
        attempts = attempts_of(batch)
        types = ["text/plain", "\ud800", "text/plain"]
        answers = batch.report([(each, semel.Result(b"x", kind)) for each, kind in zip(attempts, types, strict=True)])
    assert [type(each) for each in answers] == [semel.Completed] * 3


def test_checkpoints_that_the_answer_left_out_are_fetched(client: semel.Client, new_key: NewKey) -> None:
    keys = [new_key() for _ in range(80)]
    data = b"c" * (60 << 10)  # 80 of them are more than a message carries
    with client.batch_attempt([semel.BeginRequest(key) for key in keys]) as batch:
        for attempt in attempts_of(batch):
            attempt.checkpoint(data)
        batch.report([(attempt, semel.Failure("BUSY", retryable=True)) for attempt in attempts_of(batch)])
    with client.batch_attempt([semel.BeginRequest(key) for key in keys]) as batch:
        assert [attempt.previous_checkpoint for attempt in attempts_of(batch)] == [data] * 80


def test_where_nothing_is_begun_it_raises(own_server: Semeld) -> None:
    with semel.Client(own_server.address, namespace="shop", call_timeout=0.2, complete_timeout=0.2) as client:
        with client.batch_attempt([semel.BeginRequest("order/17")]) as batch:
            own_server.kill()
            (answer,) = batch.report([(attempt, semel.Result()) for attempt in attempts_of(batch)])
            assert isinstance(answer, semel.Unavailable)
            assert answer.fn_ran
        with pytest.raises(semel.Unavailable):
            client.batch_attempt([semel.BeginRequest("order/18")])
