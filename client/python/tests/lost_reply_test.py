"""What is lost on the way: answers, connections, and the server itself."""

from __future__ import annotations

import collections
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import semel
from lossy_proxy import LossyProxy
from semeld import PATIENCE, Semeld


@pytest.mark.parametrize("passed", [0, 1], ids=["of begin", "of complete"])
def test_a_lost_answer_runs_nothing_twice(server: Semeld, key: str, passed: int) -> None:
    calls = []
    with LossyProxy(server.address) as proxy, semel.Client(proxy.address, namespace="shop") as client:
        proxy.lose_answers(1, after=passed)

        def place(attempt: semel.Attempt) -> str:
            calls.append(attempt.number)
            return "ok"

        outcome = client.run(key, place)
        assert proxy.lost == 1
        assert (outcome.value, outcome.replayed, calls) == ("ok", False, [1])
        assert client.run(key, lambda attempt: "again").value == "ok"


def test_a_call_that_is_given_up_says_what_is_not_known(server: Semeld, key: str) -> None:
    with (
        LossyProxy(server.address) as proxy,
        semel.Client(proxy.address, namespace="shop", retry=semel.Retry(max_tries=2)) as client,
        semel.Client(server.address, namespace="shop") as direct,
    ):
        proxy.lose_answers(2)
        attempt_id = semel.new_attempt_id()
        with pytest.raises(semel.Unavailable, match="may or may not have been done") as caught:
            client.begin(key, attempt_id=attempt_id)
        assert caught.value.outcome_unknown
        assert not caught.value.fn_ran
        assert "in 2 tries" in str(caught.value)
        # Asked again with the same attempt id, it is the same attempt.
        again = direct.begin(key, attempt_id=attempt_id)
        assert isinstance(again, semel.Acquired)
        assert again.attempt == 1


def test_a_report_that_is_given_up_says_that_the_work_was_done(server: Semeld, key: str) -> None:
    with (
        LossyProxy(server.address) as proxy,
        semel.Client(proxy.address, namespace="shop", retry=semel.Retry(max_tries=2)) as client,
    ):
        proxy.lose_answers(2, after=1)
        with pytest.raises(semel.Unavailable, match="the work was done") as caught:
            client.run(key, lambda attempt: "ok")
        assert caught.value.fn_ran
        assert caught.value.outcome_unknown


def test_nothing_was_changed_where_nobody_listens(key: str) -> None:
    with semel.Client("127.0.0.1:1", namespace="shop", call_timeout=0.3) as client:
        with pytest.raises(semel.Unavailable, match="nothing was changed") as caught:
            client.run(key, lambda attempt: "ok")
        assert not caught.value.outcome_unknown
        assert not caught.value.fn_ran


def test_a_server_that_comes_back_is_found(own_server: Semeld, key: str) -> None:
    own_server._listen = own_server.address
    with semel.Client(own_server.address, namespace="shop") as client:
        client.begin(key)
        own_server.stop()
        with ThreadPoolExecutor() as pool:
            asked = pool.submit(client.lookup, key)
            own_server.start()
            record = asked.result(PATIENCE)
        assert record is not None


def test_a_server_killed_under_load_does_no_effect_twice(own_server: Semeld) -> None:
    """kill -9, twice, while eight threads place orders, each of them asked for twice."""
    own_server._listen = own_server.address
    placed: collections.Counter[str] = collections.Counter()
    some_placed = threading.Condition()
    orders = [f"order/{i % 400}" for i in range(800)]

    def place(attempt: semel.Attempt) -> str:
        with some_placed:
            placed[attempt.key] += 1
            some_placed.notify_all()
        return attempt.key

    def await_placed(count: int) -> None:
        with some_placed:
            assert some_placed.wait_for(lambda: len(placed) >= count, PATIENCE)

    with semel.Client(own_server.address, namespace="shop", call_timeout=60) as client:
        with ThreadPoolExecutor(8) as pool:
            outcomes = [pool.submit(client.run, order, place, wait=30) for order in orders]
            for count in (50, 200):
                await_placed(count)
                own_server.kill()
                own_server.start()
            told = [outcome.result(60) for outcome in outcomes]
        assert [each.value for each in told] == orders
        assert sum(each.replayed for each in told) == 400
        assert set(placed.values()) == {1}
        assert len(placed) == 400
