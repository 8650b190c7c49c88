"""A PostgreSQL of a test, from Debian's packages, on a folder and a port of its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from adapters.processes import Process
from semeld import PATIENCE, eventually

_USER = "postgres"


def _binaries() -> Path:
    """Debian keeps them out of the PATH, by version."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    program = str(found[-1]) if found else shutil.which("postgres")
    if program is None:
        raise RuntimeError("there is no PostgreSQL server: install Debian's postgresql")
    return Path(program).resolve().parent


class Postgres:
    """Connections are made as its superuser, over TCP."""

    def __init__(self) -> None:
        # Not where the other files of a test are: root's are closed to the user that it has to run as.
        self._folder = Path(tempfile.mkdtemp(prefix="semel-postgres-"))
        as_its_user: Sequence[str] = ()
        if os.getuid() == 0:
            shutil.chown(self._folder, _USER)
            as_its_user = ("setpriv", f"--reuid={_USER}", f"--regid={_USER}", "--init-groups")
        data = self._folder / "data"
        options = ("--username", _USER, "--auth", "trust", "--no-sync", "--encoding", "UTF8", "--locale", "C")
        make = [str(_binaries() / "initdb"), "--pgdata", str(data), *options]
        subprocess.run([*as_its_user, *make], check=True, capture_output=True, timeout=PATIENCE, cwd="/")
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": ""}
        flags = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        serve = [str(_binaries() / "postgres"), "-D", str(data), *flags]
        self.address = f"host=127.0.0.1 port={port} user={_USER} dbname={_USER}"
        self._process = Process([*as_its_user, *serve], {}, Path("/"))
        self._process.await_said("database system is ready to accept connections")

    def close(self) -> None:
        self._process.kill()
        shutil.rmtree(self._folder)

    def do(self, statements: str) -> None:
        with psycopg.connect(self.address) as connection:
            connection.execute(statements)  # type: ignore[call-overload, unused-ignore]

    def ask(self, query: str) -> list[Any]:
        """Rows."""
        with psycopg.connect(self.address) as connection:
            return connection.execute(query).fetchall()  # type: ignore[call-overload, no-any-return, unused-ignore]

    @contextmanager
    def holding(self, lock: str) -> Iterator[None]:
        """What this statement locks, until the block is left."""
        with psycopg.connect(self.address) as connection:
            connection.execute(lock)  # type: ignore[call-overload, unused-ignore]
            yield
            connection.rollback()

    def waiting(self) -> list[str]:
        """Statements that wait for a lock."""
        return [row[0] for row in self.ask("SELECT query FROM pg_stat_activity WHERE wait_event_type = 'Lock'")]

    def await_idle(self) -> None:
        """Nobody is connected any more, so whatever was open is committed or rolled back."""
        others = "SELECT 1 FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        assert eventually(lambda: not self.ask(others))

    def end_waiting(self) -> None:
        """Ends the connections of those that wait for a lock, and their transactions."""
        self.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        assert eventually(lambda: not self.waiting())
