"""A real semeld process of a test, on a data directory and ports of its own."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

PATIENCE = 30.0  # seconds; longer than anything here takes: only a server that hangs gets there
_READY = re.compile(r"semeld ready grpc=(\S+) admin=(\S+)")
_GLANCE = 0.002  # of what is looked at again and again because nobody tells when it changes


def binary() -> Path:
    """The program under SEMEL_TEST_SEMELD."""
    path = os.environ.get("SEMEL_TEST_SEMELD", "")
    if not path:
        raise RuntimeError(
            "SEMEL_TEST_SEMELD is not set: it names the semeld to test against, for example build/dev/server/semeld"
        )
    if not os.access(path, os.X_OK):
        raise RuntimeError(f"SEMEL_TEST_SEMELD is no program: {path}")
    return Path(path)


def eventually(condition: Callable[[], bool]) -> bool:
    """Waits for what no event tells, as that a gauge of the server has reached a number. False: not within PATIENCE."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_GLANCE)
    return True


class Semeld:
    """Starts at once with start(); stopped by whoever started it."""

    def __init__(self, directory: Path, configuration: str = "", *, listen: str = "127.0.0.1:0") -> None:
        self._directory = directory
        self._listen = listen
        self._config = directory / "semeld.yaml"
        self._config.write_text(configuration or "log:\n  level: warning\n")
        self._log = directory / "semeld.log"
        self._process: subprocess.Popen[str] | None = None
        self._draining = False
        self.address = ""
        self.admin_address = ""

    @property
    def running(self) -> bool:
        return self._process is not None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self, *arguments: str) -> None:
        """Returns when it serves."""
        assert self._process is None
        self._draining = False
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                [
                    str(binary()),
                    *("--listen", self._listen, "--admin-listen", "127.0.0.1:0"),
                    *("--data-dir", str(self._directory / "data"), "--config", str(self._config)),
                    *arguments,
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        ready = _READY.search(self._first_line())
        if ready is None:
            self.kill()
            raise RuntimeError(f"semeld does not start:\n{self._log.read_text()}")
        self.address, self.admin_address = ready.groups()

    def _first_line(self) -> str:
        assert self._process is not None
        assert self._process.stdout is not None
        readable, _, _ = select.select([self._process.stdout], [], [], PATIENCE)
        return self._process.stdout.readline() if readable else ""

    def stop(self) -> None:
        """As SIGTERM does; a second one cuts the drain delay short, once the first has been taken."""
        if not self._draining:
            self._signal(signal.SIGTERM)
            assert eventually(lambda: self._ended() or self._refuses()), "it does not stop"
        if not self._ended():
            self._signal(signal.SIGTERM)
        assert self._wait() == 0, f"semeld did not end well:\n{self._log.read_text()}"

    def kill(self) -> None:
        """Without a goodbye."""
        self._signal(signal.SIGKILL)
        self._wait()

    def pause(self) -> None:
        """Serves nothing, while its connections stay open."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def drain(self) -> None:
        """Told to stop; returns once it refuses new work."""
        self._signal(signal.SIGTERM)
        assert eventually(self._refuses), "it does not drain"
        self._draining = True

    def _refuses(self) -> bool:
        try:
            return self.http("/readyz")[0] == 503
        except OSError:
            return False  # it is gone, or just going

    def _ended(self) -> bool:
        assert self._process is not None
        return self._process.poll() is not None

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _wait(self) -> int:
        assert self._process is not None
        process, self._process = self._process, None
        try:
            status = process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        finally:
            if process.stdout is not None:
                process.stdout.close()
        return status

    def http(self, path: str, *, method: str = "GET") -> tuple[int, str]:
        """Status and text of a page of the admin port."""
        request = urllib.request.Request(f"http://{self.admin_address}{path}", method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=PATIENCE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def waiters(self) -> int:
        """Begins that wait at this moment."""
        _, page = self.http("/metrics")
        found = re.search(r"^semel_waiters (\S+)$", page, re.MULTILINE)
        assert found is not None, "no gauge semel_waiters"
        return int(float(found.group(1)))
