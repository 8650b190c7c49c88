"""Commands as documents show them, by way of the same reader that runs the others (tests/docs)."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests/docs"))

import fenced_blocks  # noqa: E402


@dataclass(frozen=True)
class Command:
    document: str
    line: int
    text: str


def blocks(document: Path, languages: tuple[str, ...]) -> list[fenced_blocks.Block]:
    return [block for block in fenced_blocks.blocks_of(document.read_text()) if block.language in languages]


def commands_of(document: Path) -> list[Command]:
    """Every command of a block that is to be typed, its comment cut off."""
    found = []
    for block in blocks(document, ("sh", "bash", "console")):
        for step in fenced_blocks.steps_of(block):
            found.append(Command(document.name, step.line, re.sub(r"\s+# .*$", "", step.command).strip()))
    return found


def run_by(document: Path, test: str) -> list[list[Command]]:
    """The commands of each block that the document leaves to this test, in order."""
    of_test = []
    for block in blocks(document, ("sh",)):
        if block.elsewhere == f"tests/operations/{test}":
            of_test.append([Command(document.name, step.line, step.command.strip()) for step in fenced_blocks.steps_of(block)])
    return of_test
