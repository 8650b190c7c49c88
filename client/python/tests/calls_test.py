"""The calls one by one, in batches, and those of operators."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone

import pytest

import semel
from lossy_proxy import LossyProxy
from semeld import Semeld


def test_answers_are_matched_on(client: semel.Client, key: str) -> None:
    match client.begin(key, lease=timedelta(seconds=7), owner="till-3"):
        case semel.Acquired(token=token, lease=lease):
            assert lease == timedelta(seconds=7)
        case other:
            pytest.fail(f"{other}")
    assert client.renew(key, token, lease=9) == timedelta(seconds=9)
    assert client.checkpoint(key, token, b"half") <= timedelta(seconds=9)
    completed = client.complete(key, token, semel.Result(b"1", "text/plain", {"status": "201"}))
    assert (completed.state, completed.already_applied) == (semel.State.DONE, False)
    match client.begin(key):
        case semel.Done(result=semel.Result(payload=b"1", attributes=attributes), expire_time=expires):
            assert dict(attributes) == {"status": "201"}
            assert expires > datetime.now(timezone.utc)
        case other:
            pytest.fail(f"{other}")
    assert client.lookup(f"{key}/other") is None


def test_errors_are_caught_by_their_kind(client: semel.Client, key: str) -> None:
    acquired = client.begin(key)
    assert isinstance(acquired, semel.Acquired)
    with pytest.raises(semel.TokenStale):
        client.renew(key, acquired.token + 1)
    with pytest.raises(semel.KeyNotFound):
        client.renew(f"{key}/other", acquired.token)
    with pytest.raises(semel.ResultTooLarge) as caught:
        client.complete(key, acquired.token, semel.Result(b"x" * 20_000))
    assert caught.value.metadata["limit"] == "10240"
    client.complete(key, acquired.token, semel.Result(b"1"))
    with pytest.raises(semel.OutcomeConflict):
        client.complete(key, acquired.token, semel.Result(b"2"))
    with pytest.raises(semel.NotInProgress):
        client.release(key, acquired.token)


def test_batches_answer_each_item_alone(client: semel.Client, new_key: Callable[[], str]) -> None:
    keys = [new_key() for _ in range(50)]
    begun = client.batch_begin([semel.BeginRequest(key) for key in keys] + [semel.BeginRequest("")])
    assert isinstance(begun[-1], semel.InvalidRequest)
    tokens = [answer.token for answer in begun if isinstance(answer, semel.Acquired)]
    assert len(tokens) == 50

    renewals = [semel.RenewRequest(key, token, 60) for key, token in zip(keys, tokens, strict=True)]
    assert client.batch_renew(renewals) == [timedelta(seconds=60)] * 50

    outcome = semel.Result(b"ok")
    reports = [semel.CompleteRequest(key, token, outcome) for key, token in zip(keys, tokens, strict=True)]
    reports[3] = semel.CompleteRequest(keys[3], tokens[3] + 10**9, outcome)
    completed = client.batch_complete(reports)
    assert isinstance(completed[3], semel.TokenStale)
    assert sum(isinstance(answer, semel.Completed) for answer in completed) == 49
    with pytest.raises(semel.BatchTooLarge):
        client.batch_begin([semel.BeginRequest(f"many/{i}") for i in range(1001)])


def begun(client: semel.Client, keys: list[str]) -> list[int]:
    """Tokens."""
    answers = client.batch_begin([semel.BeginRequest(key, lease=60) for key in keys])
    return [answer.token for answer in answers if isinstance(answer, semel.Acquired)]


LARGE = semel.Result(b"x" * (1 << 20))  # as much as a namespace takes; four of them are more than a message


@pytest.fixture
def large(server: Semeld) -> Iterator[semel.Client]:
    with semel.Client(server.address, namespace="bank") as client:
        yield client


def test_what_is_larger_than_a_message_goes_in_several(large: semel.Client, new_key: Callable[[], str]) -> None:
    keys = [new_key() for _ in range(11)]
    reports = [semel.CompleteRequest(key, token, LARGE) for key, token in zip(keys, begun(large, keys), strict=True)]
    assert [type(answer) for answer in large.batch_complete(reports)] == [semel.Completed] * 11

    odd = [semel.BeginRequest(f"{key}/odd", b"f" * (1 << 20)) for key in keys]
    assert [type(answer) for answer in large.batch_begin(odd)] == [semel.InvalidRequest] * 11
    long = [semel.RenewRequest("k" * (1 << 20), 1)] * 11
    assert [type(answer) for answer in large.batch_renew(long)] == [semel.InvalidRequest] * 11


def test_what_would_make_a_message_unreadable_is_not_sent(large: semel.Client, new_key: Callable[[], str]) -> None:
    first, last, *_ = keys = [new_key() for _ in range(4)]
    tokens = begun(large, keys)
    answers = large.batch_complete(
        [
            semel.CompleteRequest(first, tokens[0], semel.Result(b"1")),
            semel.CompleteRequest("\ud800", 1, semel.Result(b"1")),
            semel.CompleteRequest(keys[2], tokens[2], semel.Result(b"x" * (4 << 20))),
            semel.CompleteRequest(keys[3], tokens[3], semel.Failure("x" * (1 << 20))),
            semel.CompleteRequest(last, tokens[1], semel.Result(b"1")),
        ]
    )
    assert [type(answer) for answer in answers] == [
        semel.Completed,
        semel.InvalidRequest,
        semel.ResultTooLarge,
        semel.InvalidRequest,
        semel.Completed,
    ]
    (alone,) = large.batch_begin([semel.BeginRequest("k" * (5 << 20))])
    assert isinstance(alone, semel.InvalidRequest)
    assert "more than a message" in alone.message


def test_what_was_answered_stands_where_a_later_message_is_not(
    server: Semeld, large: semel.Client, new_key: Callable[[], str]
) -> None:
    keys = [new_key() for _ in range(9)]
    with (
        LossyProxy(server.address) as proxy,
        semel.Client(proxy.address, namespace="bank", retry=semel.Retry(max_tries=1)) as client,
    ):
        tokens = begun(client, keys)
        reports = [semel.CompleteRequest(key, token, LARGE) for key, token in zip(keys, tokens, strict=True)]
        proxy.lose_answers(1, after=1)
        answers = client.batch_complete(reports)
        assert [type(answer) for answer in answers] == [semel.Completed] * 3 + [semel.Unavailable] * 6
        unknown = [answer.outcome_unknown for answer in answers if isinstance(answer, semel.CallError)]
        assert unknown == [True] * 3 + [False] * 3
        found = [large.lookup(key) for key in keys]
        assert [record.state for record in found if record] == [semel.State.DONE] * 6 + [semel.State.IN_PROGRESS] * 3
        proxy.lose_answers(1)
        with pytest.raises(semel.Unavailable):
            client.batch_complete(reports)


def test_operators_settle_what_is_in_doubt(client: semel.Client, admin: semel.AdminClient, key: str) -> None:
    acquired = client.begin(key, lease=0.05, namespace="bank")
    assert isinstance(acquired, semel.Acquired)
    doubt = client.begin(key, wait=10, namespace="bank")
    assert isinstance(doubt, semel.InDoubt)

    (listed,) = admin.each_key(namespace="bank", prefix=key, state=semel.State.IN_DOUBT, page_size=1)
    assert (listed.key, listed.record.attempt) == (key, 1)
    resolved = admin.resolve_key(
        key, semel.Result(b"charge 88"), reason="the bank says so", actor="jo", namespace="bank", attempt=1
    )
    assert (resolved.state, resolved.already_applied) == (semel.State.DONE, False)
    with pytest.raises(semel.NotInDoubt):
        admin.resolve_key(f"{key}", semel.Absent(), reason="no", actor="jo", namespace="bank", attempt=2)
    assert admin.delete_key(key, reason="test", actor="jo", namespace="bank") is semel.State.DONE
    with pytest.raises(semel.KeyNotFound):
        admin.delete_key(key, reason="test", actor="jo", namespace="bank")


def test_every_page_is_listed(client: semel.Client, admin: semel.AdminClient, key: str) -> None:
    wanted = {f"{key}/{i}" for i in range(7)}
    client.batch_begin([semel.BeginRequest(each) for each in wanted])
    assert {each.key for each in admin.each_key(prefix=key, page_size=3)} == wanted


def test_figures_are_told(client: semel.Client, admin: semel.AdminClient, key: str) -> None:
    before = {figures.namespace: figures for figures in admin.get_stats().namespaces}
    client.run(key, lambda attempt: "ok")
    stats = admin.get_stats()
    after = {figures.namespace: figures for figures in stats.namespaces}
    assert after["shop"].completed_done == before["shop"].completed_done + 1
    assert stats.version
    assert stats.server_time >= stats.start_time
    assert not stats.not_ready_reason
