"""A client for each process: none survives a fork, and servers fork after they have loaded the program."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from typing import Generic, TypeVar

from semel._errors import ConfigurationError

C = TypeVar("C")


class PerProcess(Generic[C]):
    """Makes the client where it is first asked for, once in each process. Thread-safe.

    A client that was given ready-made is handed out as it is; in a forked child it raises ForkedProcess, as it says.
    """

    def __init__(self, make: Callable[[], C]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._client: C | None = None
        # In a child the lock may be held by a thread that is not there, and the client is the parent's.
        forget = weakref.WeakMethod(self._forget)
        os.register_at_fork(after_in_child=lambda: _call(forget()))

    def get(self) -> C:
        """The client of this process. Raises what making it raises, each time anew."""
        client = self._client
        if client is None:
            with self._lock:
                client = self._client
                if client is None:
                    client = self._client = self._make()
        return client

    def take(self) -> C | None:
        """The client, if one was made: whoever takes it closes it."""
        with self._lock:
            client, self._client = self._client, None
        return client

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._client = None


def per_process(client: C | Callable[[], C], kind: type[C]) -> PerProcess[C]:
    """A client that is given ready-made, or the function that makes one in each process."""
    if isinstance(client, kind):
        return PerProcess(lambda: client)
    if not callable(client):
        raise ConfigurationError(f"client is a {kind.__module__}.Client or a function that makes one, not {client!r}")
    return PerProcess(client)


def _call(method: Callable[[], None] | None) -> None:
    if method is not None:
        method()
