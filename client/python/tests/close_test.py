"""Clients end cleanly, and say so afterwards; and they do not survive a fork."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

import semel
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
