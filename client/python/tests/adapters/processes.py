"""Programs of tests that run as processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from semeld import PATIENCE

PROGRAMS = Path(__file__).parent / "programs"


class Process:
    """A program, and all that it says. Stopped by whoever started it, with all its children."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path = PROGRAMS) -> None:
        self._said: list[str] = []
        self._changed = threading.Condition()
        self._process = subprocess.Popen(
            arguments,
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    @property
    def said(self) -> str:
        with self._changed:
            return "".join(self._said)

    @property
    def pid(self) -> int:
        return self._process.pid

    def await_said(self, text: str) -> str:
        """The first line with it. Fails where the program ends before, or nothing comes of it."""
        with self._changed:
            found = self._changed.wait_for(lambda: self._with(text) or self._ended, PATIENCE)
            line = self._with(text)
        assert found, f"nobody said {text!r}:\n{self.said}"
        assert line, f"it ended without {text!r}:\n{self.said}"
        return line

    def signal(self, number: int) -> None:
        """To the program alone."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """It and its children, without a goodbye."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, 9)
        self.wait()

    def wait(self) -> int:
        status = self._process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return status

    _ended = False

    def _with(self, text: str) -> str:
        return next((line for line in self._said if text in line), "")

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for line in output:
                with self._changed:
                    self._said.append(line)
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()


@contextmanager
def running(*arguments: str, environment: Mapping[str, str], folder: Path = PROGRAMS) -> Iterator[Process]:
    """A module of Python, with arguments, until the block is left."""
    process = Process([sys.executable, "-m", *arguments], environment, folder)
    try:
        yield process
    finally:
        process.kill()
