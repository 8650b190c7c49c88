"""The calls one by one, in batches, and those of operators."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest

import semel


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
