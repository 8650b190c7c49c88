"""What the handlers of all frameworks do: what a test says."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from semeld import PATIENCE


@dataclass(frozen=True)
class Answer:
    """Of a handler."""

    status: int = 201
    body: bytes = b'{"placed": true}'
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    streamed: bool = False


Work = Callable[[Any, bytes], Answer]
"""From the attempt and the request's body."""


def place(attempt: Any, body: bytes) -> Answer:
    """What is done where a test says nothing."""
    token = attempt.token if attempt is not None else None
    return Answer(body=f'{{"token": {token or "null"}}}'.encode(), headers={"Location": "/orders/17", "X-Other": "1"})


class Shop:
    """Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._works: dict[str, Work] = {}
        self._effects: dict[str, int] = {}
        self.declares_effects: set[str] = set()
        """Handlers of these names declare first that their effects began."""

    def on(self, name: str, work: Work) -> None:
        self._works[name] = work

    def serve(self, name: str, attempt: Any, body: bytes) -> Answer:
        """Called by the handlers."""
        with self._lock:
            self._effects[name] = self._effects.get(name, 0) + 1
        return self._works.get(name, place)(attempt, body)

    def effects(self, name: str) -> int:
        """How often a handler ran."""
        return self._effects.get(name, 0)


class Gate:
    """Work that a test lets go on."""

    def __init__(self) -> None:
        self._entered = threading.Event()
        self._open = threading.Event()

    def __call__(self, attempt: Any, body: bytes) -> Answer:
        self._entered.set()
        assert self._open.wait(PATIENCE)
        return place(attempt, body)

    def await_entered(self) -> None:
        assert self._entered.wait(PATIENCE)

    def open(self) -> None:
        self._open.set()
