"""The program of a page of docs/recipes, in a folder of its own, with the ledger that its effects go to."""

from __future__ import annotations

import os
import re
from contextlib import AbstractContextManager
from pathlib import Path

from adapters.processes import Process, running

RECIPES = Path(__file__).parents[4] / "docs" / "recipes"
_PROGRAM = re.compile(r"^```python\n(# (\w+\.py)\b.*?)^```$", re.MULTILINE | re.DOTALL)


def pages_with_programs() -> set[str]:
    return {page.name for page in RECIPES.glob("*.md") if "```python" in page.read_text()}


class Recipe:
    """As its reader has it after copying it from the page."""

    def __init__(self, page: str, folder: Path, environment: dict[str, str]) -> None:
        programs = _PROGRAM.findall((RECIPES / page).read_text())
        assert len(programs) == 1, f"{page} should show one program, which begins with the name of its file"
        code, name = programs[0]
        self.folder = folder
        self.program = folder / name
        self.program.write_text(code)
        self.ledger = folder / "ledger"
        self.ledger.touch()
        self.environment = {**environment, "LEDGER": str(self.ledger)}

    def running(self, *arguments: str) -> AbstractContextManager[Process]:
        """A module of Python that serves the program."""
        return running(*arguments, environment=self.environment, folder=self.folder)

    def effects(self) -> list[str]:
        """What was charged, without the key that it was charged under."""
        return [line.partition(" ")[2] for line in self.ledger.read_text().splitlines()]

    def stall(self) -> None:
        """From now on effects stand still just before they happen: nobody reads this pipe."""
        self.ledger.unlink()
        os.mkfifo(self.ledger)

    def go_on(self) -> None:
        """Effects happen again. Whoever stands still is left to it."""
        self.ledger.unlink()
        self.ledger.touch()
