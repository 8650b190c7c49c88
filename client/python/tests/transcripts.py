"""Transcripts of samples, the same for all languages. What the lines mean: client/scenarios/samples/README.md."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

TRANSCRIPTS = Path(__file__).parents[2] / "scenarios" / "samples"


@dataclass
class Step:
    """A command, and what it prints."""

    command: str
    printed: list[str] = field(default_factory=list)
    exit: str = ""
    """"[exit 3]", "[killed]"; empty: status 0."""

    def check(self, printed: list[str], exit_: str = "") -> None:
        """Compares what was printed, and how it ended."""
        got, want = "\n".join([*printed, exit_]), "\n".join([*self.printed, self.exit])
        assert re.fullmatch(re.escape(want).replace(r"\*", ".*"), got), f"$ {self.command}\n{got}\nand not\n{want}"


def transcript(name: str) -> list[Step]:
    """The steps of client/scenarios/samples/NAME.txt."""
    steps: list[Step] = []
    for line in (TRANSCRIPTS / f"{name}.txt").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("$ "):
            steps.append(Step(line.removeprefix("$ ")))
        elif line.startswith("["):
            steps[-1].exit = line
        else:
            steps[-1].printed.append(line)
    assert steps, f"{name} has no command"
    return steps


def exit_of(status: int) -> str:
    """As transcripts tell it; a negative status is the signal that ended a process."""
    if status < 0:
        return "[killed]" if status == -9 else f"[signal {-status}]"
    return f"[exit {status}]" if status else ""
