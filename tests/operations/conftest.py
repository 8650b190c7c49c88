"""What the tests of operating share: the programs, and servers that are gone when a test ends."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from semeld import Semeld

REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE = 120.0


class CommandLine:
    """The real `semel`, as an operator types it."""

    def __init__(self, program: str) -> None:
        self._program = program

    def run(self, *words: object, code: int = 0) -> str:
        """What it printed. `code`: how it must end."""
        done = subprocess.run([self._program, *map(str, words)], text=True, capture_output=True, timeout=PATIENCE)
        assert done.returncode == code, f"semel {words} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def json(self, *words: object) -> Any:
        return json.loads(self.run(*words, "--output", "json"))


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def semel_program() -> str:
    path = os.environ.get("SEMEL_TEST_SEMEL", "")
    assert os.access(path, os.X_OK), "SEMEL_TEST_SEMEL names the semel to test, for example build/dev/client/cli/semel"
    return path


@pytest.fixture
def semel(semel_program: str) -> CommandLine:
    return CommandLine(semel_program)


@pytest.fixture
def server_in() -> Iterator[Callable[..., Semeld]]:
    """Starts servers in directories, each with its data below `data`; those that still run are killed in the end."""
    servers: list[Semeld] = []

    def start(directory: Path, configuration: str = "") -> Semeld:
        directory.mkdir(parents=True, exist_ok=True)
        server = Semeld(directory, configuration)
        servers.append(server)
        server.start()
        return server

    yield start
    for server in servers:
        if server.running:
            server.kill()
