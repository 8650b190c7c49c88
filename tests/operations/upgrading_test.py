"""What docs/upgrading.md says of formats and of going back, as far as one release can show it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import semel as client_library
from conftest import CommandLine
from semeld import Semeld, eventually

PATIENCE = 60.0
PAGE = Path(__file__).parents[2] / "docs/upgrading.md"


@pytest.fixture
def stopped(server_in: Callable[..., Semeld], tmp_path: Path) -> Path:
    """A directory with one key that is done, and a backup of it beside; no server."""
    server = server_in(tmp_path, f"backup:\n  directory: {tmp_path / 'backups'}\n")
    with client_library.Client(server.address, namespace="shop") as client, client_library.AdminClient(server.address) as admin:
        client.run("order/17", lambda attempt: "shipped")
        admin.create_backup(actor="a test")
    server.stop()
    return tmp_path


def documented_refusal() -> str:
    found = re.search(r"^\s*(FORMAT says storage format \d+, .*)$", PAGE.read_text(), re.M)
    assert found is not None, "the page shows the refusal no more"
    return found[1]


def contents(directory: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(file.relative_to(directory)): (file.read_bytes(), file.stat().st_mtime_ns)
        for file in directory.rglob("*")
        if file.is_file()
    }


def make_newer(directory: Path) -> None:
    path = directory / "FORMAT"
    text = path.read_text()
    assert text == "semel storage format 1\n", "a format has begun: the page's statement on formats is stale"
    path.write_text("semel storage format 2\n")


def test_a_newer_format_is_refused_in_the_words_of_the_page(stopped: Path, semel: CommandLine) -> None:
    data = stopped / "data"
    make_newer(data)
    before = contents(data)
    done = subprocess.run(
        [os.environ["SEMEL_TEST_SEMELD"], "--data-dir", data, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"],
        text=True,
        capture_output=True,
        timeout=PATIENCE,
    )
    assert done.returncode != 0
    assert documented_refusal() in done.stdout + done.stderr
    assert documented_refusal() in semel.run("verify", data, code=13)
    assert contents(data) == before, "a directory that is refused is to stay as it is"


def test_a_backup_of_a_newer_format_is_refused(stopped: Path, semel: CommandLine) -> None:
    for meta in (stopped / "backups/meta").iterdir():
        text = meta.read_bytes()
        assert b"73656D656C2073746F7261676520666F726D617420310A" in text.upper(), "the engine writes the format's line otherwise"
        # "semel storage format 1\n" in hexadecimal, as the engine keeps what it is given
        meta.write_bytes(re.sub(rb"(?i)(666F726D61742031)(0A)", lambda found: found[1][:-1] + b"2" + found[2], text))
    said = semel.run("restore", "--from", stopped / "backups", stopped / "restored", code=13)
    assert "reads only format 1" in said, said
    assert not (stopped / "restored/FORMAT").exists()


def test_the_same_release_takes_over_what_another_process_left(stopped: Path, server_in: Callable[..., Semeld]) -> None:
    """What an upgrade within the formats is: another process on the same files."""
    shutil.copytree(stopped / "data", stopped / "next/data")
    server = server_in(stopped / "next")
    with client_library.Client(server.address, namespace="shop") as client:
        outcome = client.run("order/17", lambda attempt: "shipped again")
    assert (outcome.value, outcome.replayed) == ("shipped", True)


def test_a_setting_of_a_newer_release_stops_an_older_one(tmp_path: Path) -> None:
    path = tmp_path / "semeld.yaml"
    path.write_text("limits:\n  of_tomorrow: 1\n")
    done = subprocess.run(
        [os.environ["SEMEL_TEST_SEMELD"], "--check-config", path], text=True, capture_output=True, timeout=PATIENCE
    )
    assert done.returncode == 2
    assert re.search(r"semeld\.yaml:2:\d+: .*limits\.of_tomorrow", done.stdout + done.stderr)


def test_callers_sit_out_a_restart(tmp_path: Path) -> None:
    """With the library's own patience: nobody sees an error, and nothing is done twice."""
    configuration = "log:\n  level: warning\nshutdown:\n  drain_delay: 1s\n  timeout: 5s\n"
    before = Semeld(tmp_path, configuration)
    before.start()
    after = Semeld(tmp_path, configuration, listen=before.address)  # as a Service's address stays
    done: list[tuple[int, int]] = []
    failures: list[BaseException] = []
    stop = threading.Event()

    def work(caller: int) -> None:
        try:
            with client_library.Client(before.address, namespace="shop") as client:
                while not stop.is_set():
                    number = len(done)
                    client.run(f"order/{caller}/{number}", lambda attempt, number=number: done.append((caller, number)))
        except BaseException as failure:
            failures.append(failure)

    callers = [threading.Thread(target=work, args=(caller,)) for caller in range(4)]
    try:
        for caller in callers:
            caller.start()
        assert eventually(lambda: len(done) > 50)
        before.drain()
        before.stop()
        at_rest = len(done)
        after.start()
        assert eventually(lambda: len(done) > at_rest + 50 or failures)
    finally:
        stop.set()
        for caller in callers:
            caller.join()
        for server in (before, after):
            if server.running:
                server.kill()
    assert not failures
    assert len(set(done)) == len(done)
