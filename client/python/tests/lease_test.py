"""Leases: kept alive while the work goes on, and lost where another takes over or nothing is heard of the server."""

from __future__ import annotations

import threading

import pytest

import semel
from lossy_proxy import LossyProxy
from semeld import PATIENCE, Semeld, eventually


def test_a_lease_is_kept_longer_than_its_length(client: semel.Client, key: str) -> None:
    def work(attempt: semel.Attempt) -> str:
        # The server waits on its own clock, for two leases and a half: whoever else asks is told that it is in progress.
        answer = client.begin(key, wait=5, owner="another")
        assert isinstance(answer, semel.InProgress), answer
        assert not attempt.lost
        return "done"

    outcome = client.run(key, work, lease=2)
    assert (outcome.value, outcome.attempt) == ("done", 1)


def test_many_leases_are_kept_at_once(client: semel.Client, key: str) -> None:
    inside = threading.Barrier(17)

    def work(attempt: semel.Attempt) -> int:
        inside.wait(PATIENCE)
        answer = client.begin(attempt.key, wait=5)
        assert isinstance(answer, semel.InProgress), answer
        return attempt.number

    numbers: list[int] = []
    threads = [
        threading.Thread(target=lambda i=i: numbers.append(client.run(f"{key}/{i}", work, lease=2).value))
        for i in range(16)
    ]
    for thread in threads:
        thread.start()
    inside.wait(PATIENCE)
    assert sum(thread.name == "semel-lease-keeper" for thread in threading.enumerate()) == 1
    for thread in threads:
        thread.join(PATIENCE)
    assert numbers == [1] * 16


def test_whoever_is_taken_over_is_told_and_records_nothing(
    client: semel.Client, admin: semel.AdminClient, key: str
) -> None:
    def work(attempt: semel.Attempt) -> str:
        admin.delete_key(key, reason="test", actor="test")
        other = client.begin(key, owner="another", lease=60)
        assert isinstance(other, semel.Acquired)
        assert other.token > attempt.token
        assert attempt.lost_event.wait(PATIENCE)
        assert attempt.lost
        return "late"

    with pytest.raises(semel.LeaseLost, match="not recorded") as caught:
        client.run(key, work, lease=0.3)
    assert caught.value.fn_ran
    assert not caught.value.outcome_unknown
    record = client.lookup(key)
    assert record is not None
    assert (record.state, record.owner) == (semel.State.IN_PROGRESS, "another")


def test_a_checkpoint_of_a_lost_lease_says_so(client: semel.Client, admin: semel.AdminClient, key: str) -> None:
    def work(attempt: semel.Attempt) -> None:
        admin.delete_key(key, reason="test", actor="test")
        client.begin(key)
        with pytest.raises(semel.TokenStale):
            attempt.checkpoint(b"half")
        assert attempt.lost
        raise semel.Retryable("GIVING_UP")

    with pytest.raises(semel.Retryable):
        client.run(key, work)


def test_a_lease_that_went_by_is_lost_but_its_outcome_is_taken(own_server: Semeld, key: str) -> None:
    with semel.Client(own_server.address, namespace="shop") as client:

        def work(attempt: semel.Attempt) -> str:
            own_server.pause()  # nothing is heard of it, while the connection stays open
            try:
                assert attempt.lost_event.wait(PATIENCE)
            finally:
                own_server.resume()
            return "late"

        assert client.run(key, work, lease=0.3).value == "late"
        assert client.run(key, work).replayed


def test_a_renewal_that_hangs_lets_no_other_lease_lapse(server: Semeld, key: str) -> None:
    with (
        LossyProxy(server.address) as proxy,
        semel.Client(proxy.address, namespace="shop") as client,
        semel.Client(server.address, namespace="shop") as direct,
    ):

        def short(attempt: semel.Attempt) -> str:
            answer = direct.begin(attempt.key, wait=3)
            assert isinstance(answer, semel.InProgress), answer
            assert not attempt.lost
            return "short"

        def long(attempt: semel.Attempt) -> str:
            proxy.let_hang(1)  # the next request is this lease's renewal, which may take three seconds
            assert eventually(lambda: proxy.hung == 1)
            return client.run(f"{key}/short", short, lease=2).value

        assert client.run(key, long, lease=9).value == "short"


def test_a_checkpoint_is_handed_to_the_next_attempt(client: semel.Client, key: str) -> None:
    def first(attempt: semel.Attempt) -> None:
        attempt.checkpoint(b"half")
        raise TimeoutError

    def second(attempt: semel.Attempt) -> bytes:
        assert attempt.previous is semel.Previous.ABANDONED
        return attempt.previous_checkpoint

    with pytest.raises(TimeoutError):
        client.run(key, first, lease=0.1)
    assert client.run(key, second, wait=10).value == b"half"
