"""As much of PromQL's grammar as it takes to look into an expression: its metrics, and what its conditions compare."""

from __future__ import annotations

import re
from collections.abc import Iterator

_TOKEN = re.compile(
    r"""(?P<space>\s+|\#.*)
      | (?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)
      | (?P<word>[A-Za-z_:][A-Za-z0-9_:]*)
      | (?P<number>0x[0-9a-fA-F]+|(?:\d+(?:ms|[smhdwy]))+|\d*\.?\d+(?:[eE][+-]?\d+)?)
      | (?P<sign>==|!=|=~|!~|>=|<=|[-+*/%^<>=(){}\[\],:@])""",
    re.VERBOSE,
)
_COMPARISONS = {"==", "!=", ">", "<", ">=", "<="}
_LISTS = {"by", "without", "on", "ignoring", "group_left", "group_right"}
_WORDS = {"and", "or", "unless", "bool", "offset", "inf", "nan", "start", "end"}
_LOOSEST_FIRST = ({"or"}, {"and", "unless"}, _COMPARISONS)


def _tokens(expression: str) -> list[str]:
    found, place = [], 0
    while place < len(expression):
        match = _TOKEN.match(expression, place)
        if match is None:
            raise ValueError(f"no PromQL from {expression[place : place + 20]!r} on: {expression}")
        if match.lastgroup != "space":
            found.append(match.group())
        place = match.end()
    return found


def metrics_of(expression: str) -> set[str]:
    """Names of the series that it reads."""
    names, tokens = set(), _tokens(expression)
    index = 0
    while index < len(tokens):
        token = tokens[index]
        called = index + 1 < len(tokens) and tokens[index + 1] == "("
        if token in ("{", "[") or token in _LISTS and called:
            index = _closing(tokens, index if token in ("{", "[") else index + 1)
        elif re.match(r"[A-Za-z_:]", token) and not called and token.lower() not in _WORDS | _LISTS:
            # An aggregation may have its labels between its name and its argument: sum by (le) (...)
            if not (index + 1 < len(tokens) and tokens[index + 1] in ("by", "without")):
                names.add(token)
        index += 1
    return names


def values_of(condition: str) -> list[str]:
    """What a condition compares, without the comparing: each gives a value also while the condition does not hold.

    `a / b > 0.1 and (c > 2 or absent(d))` reads `a / b`, `c` and `d`.
    """
    return [" ".join(tokens) for tokens in _values(_tokens(condition)) if not _is_number(tokens)]


def _values(tokens: list[str]) -> Iterator[list[str]]:
    for signs in _LOOSEST_FIRST:
        parts = _split(tokens, signs)
        if len(parts) > 1:
            for part in parts:
                yield from _values(part)
            return
    if tokens[0] == "(" and _closing(tokens, 0) == len(tokens) - 1:
        yield from _values(tokens[1:-1])
    elif tokens[0] in ("absent", "absent_over_time") and _closing(tokens, 1) == len(tokens) - 1:
        inner = tokens[2:-1]
        yield inner[: inner.index("[")] if "[" in inner else inner
    else:
        yield tokens


def _split(tokens: list[str], signs: set[str]) -> list[list[str]]:
    """At the operators outside of all brackets; what says how they match goes with them."""
    parts: list[list[str]] = [[]]
    index = 0
    while index < len(tokens):
        if tokens[index] in ("(", "{", "["):
            end = _closing(tokens, index)
            parts[-1] += tokens[index : end + 1]
            index = end + 1
        elif tokens[index] in signs:
            parts.append([])
            index = _after_matching(tokens, index + 1)
        else:
            parts[-1].append(tokens[index])
            index += 1
    return parts


def _after_matching(tokens: list[str], index: int) -> int:
    """Past `bool`, `on (...)`, `ignoring (...)`, `group_left (...)`."""
    if tokens[index] == "bool":
        index += 1
    while tokens[index] in ("on", "ignoring", "group_left", "group_right"):
        index += 1
        # group_left may stand alone; then a bracket begins the operand.
        if tokens[index] == "(" and not (tokens[index - 1].startswith("group") and not _is_list(tokens, index)):
            index = _closing(tokens, index) + 1
    return index


def _is_list(tokens: list[str], index: int) -> bool:
    """Whether the bracket holds nothing but labels."""
    inner = tokens[index + 1 : _closing(tokens, index)]
    return all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*|,", token) for token in inner)


def _closing(tokens: list[str], index: int) -> int:
    depth = 0
    for place in range(index, len(tokens)):
        depth += (tokens[place] in "({[") - (tokens[place] in ")}]")
        if depth == 0:
            return place
    raise ValueError(f"no end of the bracket: {' '.join(tokens)}")


def _is_number(tokens: list[str]) -> bool:
    return all(re.fullmatch(r"[-+*/^]|[\d.]+(?:[eE][+-]?\d+)?", token) for token in tokens)
