"""Moving a volume as docs/volumes.md has it: its own commands, in directories instead of volumes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import fenced
from conftest import CommandLine

PATIENCE = 60.0
DOCUMENT = fenced.REPOSITORY / "docs/volumes.md"


class Machine:
    """A shell in a directory, and the one server that runs at a time, on a port of its own instead of the page's."""

    def __init__(self, directory: Path, semel: str) -> None:
        self.directory = directory
        semeld = os.environ["SEMEL_TEST_SEMELD"]
        self._semeld = semeld
        programs = directory / "bin"
        programs.mkdir()
        (programs / "semel").symlink_to(Path(semel).resolve())
        self._environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
        self._server: subprocess.Popen[str] | None = None

    def run(self, command: str) -> str:
        if command.startswith("semeld "):
            return self.serve(command)
        done = subprocess.run(
            ["bash", "-euc", command], cwd=self.directory, env=self._environment, text=True, capture_output=True, timeout=PATIENCE
        )
        assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def serve(self, command: str) -> str:
        self.stop()
        anywhere = re.sub(r"127\.0\.0\.1:742\d", "127.0.0.1:0", command).removeprefix("semeld ")
        self._server = subprocess.Popen(
            ["bash", "-c", f"exec {self._semeld} {anywhere}"], cwd=self.directory, stdout=subprocess.PIPE, text=True
        )
        assert self._server.stdout is not None
        ready = re.match(r"semeld ready grpc=(\S+)", self._server.stdout.readline())
        assert ready is not None, f"{command} does not serve"
        self._environment["SEMEL_ADDRESS"] = ready[1]
        return ready[0]

    def stop(self) -> None:
        """In good order, as the page has it."""
        if self._server is None:
            return
        self._server.send_signal(signal.SIGTERM)
        assert self._server.wait(PATIENCE) == 0
        assert self._server.stdout is not None
        self._server.stdout.close()
        self._server = None

    def end(self) -> None:
        if self._server is not None:
            self._server.kill()
            self._server.wait()
            if self._server.stdout is not None:
                self._server.stdout.close()


@pytest.fixture
def machine(tmp_path: Path, semel_program: str) -> Iterator[Machine]:
    machine = Machine(tmp_path, semel_program)
    yield machine
    machine.end()


def prepared_by(section: str) -> list[str]:
    """What the page types before the block that this test runs."""
    text = DOCUMENT.read_text()
    here = text[text.index(f"### {section}\n") :]
    first = here.index("```sh\n") + len("```sh\n")
    block = here[first : here.index("```", first)]
    scratch = fenced.fenced_blocks.Block("sh", 1, block.splitlines(), None)
    return [step.command for step in fenced.fenced_blocks.script_steps(scratch)]


def test_by_copy(machine: Machine, semel: CommandLine) -> None:
    for command in prepared_by("By copy"):
        machine.run(command)
    copying, _ = fenced.run_by(DOCUMENT, "moving_test.py")
    machine.stop()
    before = files_of(machine.directory / "old")
    said = [machine.run(command.text) for command in copying]
    assert "shipped" in said[-1] or "done" in said[-1], said
    assert files_of(machine.directory / "old") == before, "the old directory is to stay as it was"
    refused = subprocess.run(
        [
            os.environ["SEMEL_TEST_SEMELD"],
            "--data-dir",
            machine.directory / "new",
            "--listen",
            "127.0.0.1:0",
            "--admin-listen",
            "127.0.0.1:0",
        ],
        text=True,
        capture_output=True,
        timeout=PATIENCE,
    )
    assert refused.returncode != 0 and "in use by process" in refused.stderr
    assert "in use by process" in semel.run("verify", machine.directory / "new", code=13)
    assert "order/17" in machine.run("semel list --namespace shop --state done")


def test_by_backup_and_restore(machine: Machine) -> None:
    for command in prepared_by("By backup and restore"):
        machine.run(command)
    _, restoring = fenced.run_by(DOCUMENT, "moving_test.py")
    said = [machine.run(command.text) for command in restoring]
    assert "shipped" in said[-1] or "done" in said[-1], said
    again = machine.run("semel run --namespace shop --key order/18 -- echo 'shipped twice'")
    assert again == "shipped\n", "what was done before is to be replayed, not run again"


def test_a_copy_of_a_directory_that_is_served_is_told_from_a_whole_one(machine: Machine, semel: CommandLine) -> None:
    """Why the page says to stop first: files come and go. A table that is left out is seen."""
    for command in prepared_by("By copy"):
        machine.run(command)
    machine.stop()
    machine.run("cp -a ./old ./half")
    tables = sorted((machine.directory / "half/db").glob("*.sst"), key=lambda file: file.stat().st_size)
    tables[-1].unlink()
    assert tables[-1].name in semel.run("verify", machine.directory / "half", code=14)


def files_of(directory: Path) -> dict[str, tuple[int, int]]:
    return {str(file.relative_to(directory)): (file.stat().st_size, file.stat().st_mtime_ns) for file in directory.rglob("*")}
