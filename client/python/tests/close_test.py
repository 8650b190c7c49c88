"""Clients end cleanly, and say so afterwards; and they do not survive a fork."""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import semel
import semel.aio
from semeld import PATIENCE, Semeld, eventually

PROGRAMS = Path(__file__).parent / "programs"


def test_close_leaves_no_thread(server: Semeld, key: str) -> None:
    before = set(threading.enumerate())
    client = semel.Client(server.address, namespace="shop")
    with client.attempt(key) as attempt:
        assert any(thread.name == "semel-lease-keeper" for thread in threading.enumerate())
        attempt.complete()
    client.close()
    client.close()
    assert not any(thread.name == "semel-lease-keeper" for thread in threading.enumerate())
    assert eventually(lambda: set(threading.enumerate()) <= before), "gRPC's threads, too, end"


def test_close_ends_a_renewal_that_is_under_way(own_server: Semeld, key: str) -> None:
    client = semel.Client(own_server.address, namespace="shop")

    def work(attempt: semel.Attempt) -> None:
        own_server.pause()
        attempt.lost_event.wait(PATIENCE)
        client.close()  # the keeper is waiting for a server that does not answer
        own_server.resume()

    with pytest.raises(semel.ClientClosed):
        client.run(key, work, lease=0.3)
    assert not any(thread.name == "semel-lease-keeper" for thread in threading.enumerate())


def test_a_closed_client_says_so(server: Semeld, key: str) -> None:
    client = semel.Client(server.address, namespace="shop")
    client.lookup(key)
    client.close()
    with pytest.raises(semel.ClientClosed):
        client.lookup(key)


def test_a_run_says_whether_the_client_was_closed_before_or_after_its_effect(server: Semeld, key: str) -> None:
    client = semel.Client(server.address, namespace="shop")
    with pytest.raises(semel.ClientClosed, match="the work was done") as caught:
        client.run(key, lambda attempt: client.close())
    assert caught.value.fn_ran
    assert pickle.loads(pickle.dumps(caught.value)).fn_ran
    with pytest.raises(semel.ClientClosed, match="the work was not begun") as caught:
        client.run(key, lambda attempt: pytest.fail("it ran"))
    assert not caught.value.fn_ran


def test_an_exception_of_the_function_reaches_the_caller_though_the_client_was_closed(
    server: Semeld, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = semel.Client(server.address, namespace="shop")

    def fn(attempt: semel.Attempt) -> None:
        client.close()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        client.run(key, fn)
    assert "the work failed, and that is not known to be recorded: the client is closed" in caplog.text


@pytest.mark.parametrize("how", ["closed", "not_completed"])
@pytest.mark.parametrize("policy", [None, lambda error, attempt: semel.Retryable("ALL_IS_RETRYABLE")])
def test_an_inner_run_that_nobody_knows_about_leaves_the_outer_one_open(
    server: Semeld, client: semel.Client, new_key: Callable[[], str], how: str, policy: semel.ErrorPolicy | None
) -> None:
    def outer(attempt: semel.Attempt) -> None:
        with semel.Client(server.address, namespace="shop") as inner:
            if how == "closed":
                inner.run(new_key(), lambda attempt: inner.close())
            with inner.attempt(new_key()):
                pass

    key = new_key()
    with pytest.raises((semel.ClientClosed, semel.NotCompleted)):
        client.run(key, outer, on_error=policy)
    record = client.lookup(key)
    assert record is not None
    assert (record.state, record.outcome) == (semel.State.IN_PROGRESS, None)


async def test_asyncio_says_the_same(server: Semeld, key: str, new_key: Callable[[], str]) -> None:
    client = semel.aio.Client(server.address, namespace="shop")

    async def fn(attempt: semel.aio.Attempt) -> None:
        await client.close()

    with pytest.raises(semel.ClientClosed, match="the work was done") as caught:
        await client.run(key, fn)
    assert caught.value.fn_ran
    with pytest.raises(semel.ClientClosed, match="the work was not begun") as caught:
        await client.run(new_key(), fn)
    assert not caught.value.fn_ran


def test_close_ends_calls_that_wait(server: Semeld, client: semel.Client, key: str) -> None:
    client.begin(key)
    waiting = semel.Client(server.address, namespace="shop")
    ended: list[BaseException] = []

    def wait() -> None:
        try:
            waiting.begin(key, wait=600)
        except semel.ClientClosed as error:
            ended.append(error)

    before = server.waiters()
    thread = threading.Thread(target=wait)
    thread.start()
    assert eventually(lambda: server.waiters() > before)
    waiting.close()
    thread.join(PATIENCE)
    assert len(ended) == 1
    assert eventually(lambda: server.waiters() == before)


@pytest.mark.parametrize("program", ["fork.py", "fork_aio.py", "fork_inside.py", "left_open.py"])
def test_programs_end_well(server: Semeld, program: str, key: str) -> None:
    done = subprocess.run(
        [sys.executable, PROGRAMS / program, server.address, key],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stderr
