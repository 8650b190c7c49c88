"""The seam for spans and metrics: what a client tells of its runs. semel.otel is made of it; so may be your own."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(slots=True)
class RunFacts:
    """One run, from its begin to its end. Filled in while it goes on."""

    namespace: str
    key: str
    answer: str = "error"
    """How it ended: done, replayed, already_running, effect_failed, in_doubt, expired, mismatch (the function was not
    called); failed, released, unknown, lost (it was called); error (a call failed)."""
    attempt: int | None = None
    """Number of this call's attempt, once it was acquired."""
    omitted: bool = False


class Telemetry(Protocol):
    """Told of every run() and attempt(). Thread-safe."""

    def run(self, facts: RunFacts) -> AbstractContextManager[None]:
        """Entered before the begin, left when the run is over, with its exception if it ends with one."""
