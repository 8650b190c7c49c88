"""The samples, as processes against a real server: they print the same as those of every other language."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import threading
from binascii import b2a_base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from semeld import PATIENCE, Semeld, eventually
from transcripts import Step, exit_of, transcript

SAMPLES = Path(__file__).parents[1] / "samples"


class Started:
    """A sample that runs; killed where it does not end in time."""

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        self.printed: list[str] = []  # as far as it was read
        self._process = subprocess.Popen(
            [sys.executable, "-W", "error", *arguments],
            env=os.environ | environment | {"PYTHONUNBUFFERED": "1"},  # what was printed is told, also of who is killed
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._too_late = threading.Timer(PATIENCE, self._process.kill)
        self._too_late.start()

    def await_line(self, prefix: str) -> str:
        """The first line that begins so."""
        for line in self._lines():
            if line.startswith(prefix):
                return line
        raise AssertionError(f"{self._process.args!r} printed no line with {prefix!r}: {self.printed}")

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def end(self) -> str:
        """Reads what is left, and answers how it ended."""
        for _ in self._lines():
            pass
        return self._ended()

    def kill(self) -> str:
        """kill -9; answers how it ended."""
        self._process.kill()
        return self._ended()

    def _lines(self) -> Iterator[str]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.printed.append(line.removesuffix("\n"))
            yield self.printed[-1]

    def _ended(self) -> str:
        status = self._process.wait()
        self._too_late.cancel()
        assert self._process.stdout is not None
        self._process.stdout.close()
        return exit_of(status)


class World:
    """A server, and a ledger for the effects of samples."""

    def __init__(self, server: Semeld, directory: Path) -> None:
        self.server = server
        self.ledger = directory / "ledger.txt"
        self._started: list[Started] = []

    def start(self, command: str, *more: str) -> Started:
        sample, *arguments = command.split()
        started = Started(
            [str(SAMPLES / f"{sample}.py"), "--ledger", str(self.ledger), *more, *arguments],
            {"SEMEL_ADDRESS": self.server.address, "SEMEL_NAMESPACE": "shop"},
        )
        self._started.append(started)
        return started

    def effects(self) -> list[str]:
        return self.ledger.read_text().splitlines() if self.ledger.exists() else []

    def follow(self, steps: list[Step], *more: str) -> None:
        """One step after the other."""
        for step in steps:
            if step.command == "cat ledger":
                step.check(self.effects())
            else:
                sample = self.start(step.command, *more)
                ended = sample.end()
                step.check(sample.printed, ended)

    def close(self) -> None:
        """Nothing outlives a test that failed half way."""
        for each in self._started:
            each.kill()


@pytest.fixture
def world(own_server: Semeld, tmp_path: Path) -> Iterator[World]:
    world = World(own_server, tmp_path)
    yield world
    world.close()


@pytest.mark.parametrize("name", ["firstcall", "indoubt"])
def test_prints_what_the_transcript_says(world: World, name: str) -> None:
    world.follow(transcript(name))


def test_takeover(world: World) -> None:
    hanging, taking_over, *others = transcript("takeover")
    first = world.start(hanging.command)
    first.await_line("hanging")
    # The second waits while the first is alive, and takes over when it is dead.
    second = world.start(taking_over.command)
    assert eventually(lambda: world.server.waiters() == 1)
    hanging.check(first.printed, first.kill())
    ended = second.end()
    taking_over.check(second.printed, ended)
    world.follow(others)


def post(address: str, user: str, key: str, body: str) -> tuple[int, str, dict[str, str]]:
    """What a transcript says: USER KEY BODY, where "-" is none. Answers status, body and headers."""
    credentials = f"{user.removeprefix('-')}:".encode()
    headers = {
        "Content-Type": "application/json",
        "Authorization": f"Basic {b2a_base64(credentials, newline=False).decode()}",
    }
    if key != "-":
        headers["Idempotency-Key"] = key
    connection = http.client.HTTPConnection(address, timeout=PATIENCE)
    try:
        connection.request("POST", "/orders", body, headers)
        response = connection.getresponse()
        return (
            response.status,
            response.read().decode().strip(),
            {name.lower(): value for name, value in response.getheaders()},
        )
    finally:
        connection.close()


def test_http_api(world: World) -> None:
    api = world.start("httpapi", "--listen", "127.0.0.1:0")
    address = api.await_line("listening on ").removeprefix("listening on http://")
    first: dict[str, tuple[int, str, str | None]] = {}
    for step in transcript("httpapi"):
        if not step.command.startswith("POST "):
            world.follow([step])
            continue
        status, body, headers = post(address, *step.command.split(" ", 3)[1:])
        response = status, body, headers.get("location")
        if headers.get("idempotency-replayed") == "true":
            step.check([f"{status} replayed {body}"])
            assert response == first[step.command]
        else:
            step.check([f"{status} {body}"])
            first[step.command] = response
    api.signal(signal.SIGTERM)
    assert api.end() == ""


NO_AMOUNT = '{"order": "bad", "cents": 0}'


def fill(queue: Path, messages: dict[str, str]) -> None:
    """Messages by the names of their files."""
    queue.mkdir()
    for name, message in messages.items():
        (queue / name).write_text(message)


def test_queue_worker(world: World, tmp_path: Path) -> None:
    queue, order = tmp_path / "queue", '{"order": "17", "cents": 100}'
    fill(queue, {"1.json": order, "2.json": order, "bad.json": NO_AMOUNT, "none.json": '{"cents": 100}'})
    world.follow(transcript("queueworker"), "--queue", str(queue))
    assert sorted(file.name for file in queue.rglob("*.json")) == ["bad.json", "none.json"]
    assert not list(queue.glob("*.json"))


def test_queue_workers_that_die(world: World, tmp_path: Path) -> None:
    queue, orders = tmp_path / "queue", range(30)
    messages = {f"{i}-{delivery}.json": f'{{"order": "{i}", "cents": 100}}' for i in orders for delivery in range(2)}
    fill(queue, messages | {"bad.json": NO_AMOUNT})
    command = f"queueworker --queue {queue} --work 0.1"
    # One is killed while it charges; others take over what it was at.
    doomed = world.start(command)
    doomed.await_line("charging ")
    others = [world.start(command) for _ in range(3)]
    doomed.await_line("charging ")
    doomed.kill()
    assert [each.end() for each in others] == ["", "", ""]
    assert sorted(world.effects()) == sorted(f"charge {i}" for i in orders)
    assert [file.relative_to(queue) for file in queue.rglob("*.json")] == [Path("rejected/bad.json")]
