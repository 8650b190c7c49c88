"""The formulas of docs/sizing.md, read from its text, so that the page is what is tested."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

_BLOCK = re.compile(r"^```text\n(.*?)^```", re.M | re.S)
_LINE = re.compile(r"(?:(?P<name>[a-z]+) +=|\+)\s*(?P<term>.+?)(?:\s{3,}(?P<remark>.*))?")
_ALLOWED = re.compile(r"[a-z_0-9+*/(). ]+")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Formulas:
    def __init__(self, document: Path) -> None:
        self._text = document.read_text()
        self._terms: dict[str, str] = {}
        name = ""
        for block in _BLOCK.findall(self._text):
            for line in block.splitlines():
                found = _LINE.fullmatch(line.strip())
                assert found is not None, f"not a formula: {line}"
                term = found["term"].replace(",", "")
                assert _ALLOWED.fullmatch(term), f"not a formula: {line}"
                if found["name"]:
                    name = found["name"]
                    self._terms[name] = term
                else:
                    self._terms[name] += " + " + term

    def value(self, name: str, given: Mapping[str, float]) -> float:
        """What it comes to; what it names is looked up in `given`, then among the other formulas."""
        term = self._terms[name]
        words = set(re.findall(r"[a-z_]+", term))
        known = {word: given[word] if word in given else self.value(word, given) for word in words}
        return float(eval(term, {"__builtins__": {}}, known))  # of our own page, and arithmetic alone

    def table(self, first_column: str) -> list[dict[str, str]]:
        """The rows of the table whose first column is called so."""
        lines = self._text.splitlines()
        head = next(at for at, line in enumerate(lines) if line.startswith(f"| {first_column} |"))
        columns = _cells(lines[head])
        rows = []
        for line in lines[head + 2 :]:
            if not line.startswith("|"):
                break
            rows.append(dict(zip(columns, _cells(line), strict=True)))
        return rows


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def number(text: str) -> float:
    """`1,000`, `0.65 M`, `12 GB`, `200 B`, `7 d`."""
    figure, _, unit = text.replace(",", "").partition(" ")
    factors = {"": 1.0, "B": 1.0, "M": 1e6, "GB": 1e9, "µs": 1.0} | SECONDS
    return float(figure) * factors[unit]


def two_digits(value: float) -> float:
    return float(f"{value:.1e}")
