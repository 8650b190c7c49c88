"""What came back, in the words of a transcript, and whether it is what the transcript expects."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from conformance.scenario import Expectation, Value
from conformance.words import duration_text, parse_duration

_LONG = 64
_MICRO = timedelta(microseconds=1)


@dataclass(frozen=True)
class Token:
    value: int


@dataclass(frozen=True)
class PageToken:
    """Of a listing: what fetches its next page."""

    value: str


# bytes also carry text, numbers, yes and no, and names of states: everything that is compared letter by letter.
Fact = None | bytes | Token | PageToken | timedelta | datetime


@dataclass
class Answer:
    kind: str
    word: str = ""  # of an error: its reason
    facts: dict[str, Fact] = field(default_factory=dict)  # every name that this kind has, None where it is absent


@dataclass
class Names:
    """What the names of a transcript stand for: T1 a token, P1 a page token, C1 an instant."""

    tokens: dict[str, int] = field(default_factory=dict)
    pages: dict[str, str] = field(default_factory=dict)
    instants: dict[str, datetime] = field(default_factory=dict)


def mismatch(expected: Expectation, got: Answer, names: Names) -> str | None:
    """None: as expected, and the names that appeared for the first time now stand for something. Else what differs."""
    if expected.kind != got.kind or (got.kind == "error" and expected.word != got.word):
        return "another answer"
    for each in expected.fields:
        open_ended = each.name.startswith(("attribute.", "meta."))
        if each.name not in got.facts and not open_ended:
            return f"'{got.kind}' has nothing called {each.name}"
        if not _matches(each.value, got.facts.get(each.name), names):
            return f"{each.name} differs"
    return None


def _matches(expected: Value, got: Fact, names: Names) -> bool:
    if not expected.quoted and expected.data == b"none":
        return got is None or got == b"none"  # of a state, none is a name too: previous=none
    match got:
        case None:
            return expected.quoted and not expected.data  # where there is nothing, "" is as good a name for it
        case bytes():
            return got == expected.data
        case Token():
            return _matches_token(expected.text, got.value, names.tokens)
        case PageToken():
            return names.pages.setdefault(expected.text, got.value) == got.value
        case datetime():
            return _matches_instant(expected.text, got, names.instants)
        case timedelta():
            return parse_duration(expected.text) == got // _MICRO


def _matches_token(expected: str, got: int, tokens: dict[str, int]) -> bool:
    """NAME or NAME>OTHER."""
    name, greater, other = expected.partition(">")
    if greater and not (other in tokens and got > tokens[other]):
        return False
    return tokens.setdefault(name, got) == got


def _matches_instant(expected: str, got: datetime, instants: dict[str, datetime]) -> bool:
    """NAME, NAME+1h or NAME-1h."""
    found = re.fullmatch(r"([^+-]+)([+-].+)?", expected)
    if found is None:
        return False
    name, offset = found.groups()
    micros = 0
    if offset:
        parsed = parse_duration(offset)
        if parsed is None or name not in instants:
            return False
        micros = parsed
    return instants.setdefault(name, got) + timedelta(microseconds=micros) == got


def expectation_text(expected: Expectation) -> str:
    words = [expected.kind, *filter(None, [expected.word])]
    for each in expected.fields:
        value = _quoted(each.value.data) if each.value.quoted else each.value.text
        words.append(f"{each.name}={value}")
    return " ".join(words)


def answer_text(answer: Answer, names: Names) -> str:
    words = [answer.kind, *filter(None, [answer.word])]
    words += [f"{name}={_fact_text(fact, names)}" for name, fact in answer.facts.items() if fact is not None]
    return " ".join(words)


def _fact_text(fact: Fact, names: Names) -> str:
    match fact:
        case None:
            return "none"
        case bytes():
            plain = re.fullmatch(rb"[A-Za-z0-9_./,-]+", fact) and len(fact) <= _LONG
            return fact.decode() if plain else _quoted(fact)
        case Token():
            return next((name for name, value in names.tokens.items() if value == fact.value), str(fact.value))
        case PageToken():
            return next((name for name, value in names.pages.items() if value == fact.value), "(a page without a name)")
        case datetime():
            for name, at in names.instants.items():
                sign = "+" if fact >= at else ""
                return f"{name}{sign}{duration_text((fact - at) // _MICRO)}"
            return f"@{fact.isoformat()}"
        case timedelta():
            return duration_text(fact // _MICRO)


def _quoted(data: bytes) -> str:
    if len(data) > _LONG and set(data) == {ord("x")}:
        return f"bytes({len(data)})"
    return '"' + data.decode("latin-1").encode("unicode_escape").decode().replace('"', '\\"') + '"'
