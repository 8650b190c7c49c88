"""Backups made while callers come and go, then the worst: SIGKILL, and the restore of one of them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import pytest

import semel as client_library
from conftest import CommandLine
from load import Loader, Shape
from semeld import Semeld, eventually

CALLERS = 3
BACKUPS = 4
FEWEST_BETWEEN = 400  # keys that are acknowledged between two backups: without load the test says nothing
SMALL, LARGE = 120, 6_000  # bytes of a result; large ones are kept apart from their record


@dataclass
class Acknowledged:
    """What a caller was told, in the order in which it was told. Only appended to; read at any length."""

    results: list[tuple[str, bytes]] = field(default_factory=list)
    failure: BaseException | None = None


def call(address: str, told: Acknowledged, stop: threading.Event) -> None:
    shape, many = Shape(), 20
    try:
        with Loader(address) as loader:
            while not stop.is_set():
                names = [shape.name() for _ in range(many)]
                payloads = [os.urandom(LARGE if at == 0 else SMALL) for at in range(many)]
                loader.complete(names, loader.begin(names, shape), payloads)
                told.results.extend(zip(names, payloads, strict=True))
    except grpc.RpcError as error:
        # The server was killed under it. Anything else is told by the test.
        if not stop.is_set() and error.code() is not grpc.StatusCode.UNAVAILABLE:  # type: ignore[attr-defined]
            told.failure = error
    except BaseException as error:
        told.failure = error


@contextmanager
def callers(address: str) -> Iterator[list[Acknowledged]]:
    stop, told = threading.Event(), [Acknowledged() for _ in range(CALLERS)]
    threads = [threading.Thread(target=call, args=(address, one, stop)) for one in told]
    for thread in threads:
        thread.start()
    try:
        yield told
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert [one.failure for one in told] == [None] * CALLERS


def lengths(told: list[Acknowledged]) -> list[int]:
    return [len(one.results) for one in told]


def missing_from(address: str, results: list[tuple[str, bytes]]) -> list[str]:
    """Which of them the server does not answer with their result."""
    missing = []
    with Loader(address) as loader:
        for name, payload in results:
            record = loader.lookup(name).record
            if record.result.payload != payload:
                missing.append(name)
    return missing


@pytest.fixture
def serving(server_in: Callable[..., Semeld], tmp_path: Path) -> Semeld:
    # A small memtable, so that there are flushes and compactions under the backups.
    return server_in(
        tmp_path / "server", f"backup:\n  directory: {tmp_path / 'backups'}\nstorage:\n  memtable: 1MiB\nlog:\n  level: warning\n"
    )


def test_what_was_acknowledged_before_a_backup_is_in_it(
    serving: Semeld, server_in: Callable[..., Semeld], tmp_path: Path, semel: CommandLine
) -> None:
    before: dict[int, list[int]] = {}
    with callers(serving.address) as told:
        for _ in range(BACKUPS):
            reached = sum(lengths(told)) + FEWEST_BETWEEN
            assert eventually(lambda reached=reached: sum(lengths(told)) >= reached), "no load"
            known = lengths(told)  # acknowledged before the backup is asked for
            made = semel.json("backup", "--address", serving.address, "--reason", "under load")
            before[made["id"]] = known
        reached = sum(lengths(told)) + FEWEST_BETWEEN
        assert eventually(lambda: sum(lengths(told)) >= reached), "no load after the last backup"
        serving.kill()
    assert sum(lengths(told)) > sum(before[max(before)]), "the kill was to lose something of the backup's view"

    listed = semel.json("backups", tmp_path / "backups")
    assert [one["backup"] for one in listed["backups"]] == sorted(before)
    for number, known in before.items():
        place = tmp_path / f"restored-{number}"
        semel.run("restore", "--from", tmp_path / "backups", "--backup", number, place / "data")
        assert "sound" in semel.run("verify", place / "data")
        restored = server_in(place, "log:\n  level: warning\n")
        wanted = [result for one, many in zip(told, known, strict=True) for result in one.results[:many]]
        assert len(wanted) >= FEWEST_BETWEEN
        assert missing_from(restored.address, wanted) == []
        restored.kill()


def test_a_restored_server_goes_on(serving: Semeld, server_in: Callable[..., Semeld], tmp_path: Path, semel: CommandLine) -> None:
    """It replays what it knows, runs what it does not, gives greater tokens, and backs up into the same directory."""
    with client_library.Client(serving.address, namespace="shop") as client:
        client.run("order/17", lambda attempt: "shipped")
        semel.run("backup", "--address", serving.address, "--reason", "before the loss")
        tokens: list[int] = []
        client.run("order/18", lambda attempt: tokens.append(attempt.token))  # in the window that is lost
    serving.kill()

    semel.run("restore", "--from", tmp_path / "backups", tmp_path / "restored/data")
    restored = server_in(tmp_path / "restored", f"backup:\n  directory: {tmp_path / 'backups'}\n")
    with client_library.Client(restored.address, namespace="shop") as client:
        assert client.run("order/17", lambda attempt: "shipped again").replayed
        twice = client.run("order/18", lambda attempt: tokens.append(attempt.token))
        assert not twice.replayed, "what docs/backup.md warns of"
    assert tokens[1] > tokens[0]
    assert semel.json("backup", "--address", restored.address, "--reason", "after the loss")["id"] == 2


def test_a_restore_over_what_is_there_is_refused(serving: Semeld, tmp_path: Path, semel: CommandLine) -> None:
    semel.run("backup", "--address", serving.address, "--reason", "a test")
    running = semel.run("restore", "--from", tmp_path / "backups", tmp_path / "server/data", code=13)
    assert "a restore overwrites nothing" in running
    with client_library.Client(serving.address, namespace="shop") as client:
        assert client.run("order/19", lambda attempt: "shipped").value == "shipped"
