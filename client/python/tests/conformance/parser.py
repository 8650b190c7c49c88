"""Reads transcripts line by line: the grammar of client/scenarios/README.md."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from conformance.scenario import (
    Call,
    Cancel,
    Elapse,
    Expectation,
    Field,
    Fields,
    Item,
    Later,
    OnServer,
    Scenario,
    ServerAct,
    Step,
    StepWallClock,
    TranscriptError,
    Waiting,
)
from conformance.words import parse_duration, split_words

VERBS = ("begin", "complete", "lookup", "renew", "release", "checkpoint", "resolve", "delete", "list")
_MANY = re.compile(r"(.*)\{1\.\.(\d+)\}")


def parse(file: Path) -> Scenario:
    """Raises TranscriptError with file:line and what was expected there."""
    parser = _Parser(Scenario(str(file)))
    for number, line in enumerate(file.read_text().splitlines(), 1):
        try:
            parser.read(line, number)
        except ValueError as error:
            raise TranscriptError(f"{file}:{number}: expected {error}") from error
    return parser.scenario


def _word(words: Sequence[Field], index: int) -> str:
    """The index-th word, where it is one of its own."""
    return words[index].value.text if 0 <= index < len(words) and not words[index].name else ""


def _fields(words: Sequence[Field]) -> Fields:
    for word in words:
        if not word.name:
            raise ValueError(f"name=value instead of '{word.value.text}'")
    return tuple(words)


class _Parser:
    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self._line = 0

    def read(self, line: str, number: int) -> None:
        self._line = number
        indent = len(line) - len(line.lstrip(" "))
        words = split_words(line)
        if not words:
            return
        first = _word(words, 0)
        if indent and first == "->":
            self._answer(words, indent)
        elif indent and first == "-":
            self._item(words)
        elif indent:
            raise ValueError("'-> answer' or '- item' on an indented line")
        elif first in ("namespace", "server:"):
            self._setting(words)
        else:
            self.scenario.steps.extend(self._steps(words))

    def _setting(self, words: list[Field]) -> None:
        if self.scenario.steps:
            raise ValueError("settings before the first step")
        if _word(words, 0) == "server:":
            self.scenario.server += _fields(words[1:])
            return
        name = _word(words, 1)
        if not name.endswith(":"):
            raise ValueError("'namespace NAME: ...'")
        self.scenario.namespaces.append((name[:-1], _fields(words[2:])))

    def _steps(self, words: list[Field]) -> list[Step]:
        match [_word(words, index) for index in range(len(words))]:
            case ["elapse", text]:
                return [Elapse(_micros(text))]
            case ["wall", "clock", text]:
                return [StepWallClock(_micros(text))]
            case ["restart", "server"]:
                return [OnServer(self._line, ServerAct.STOP), OnServer(self._line, ServerAct.START)]
            case [act, "server"]:
                return [OnServer(self._line, ServerAct(act))]
            case ["cancel", who]:
                return [Cancel(self._line, who)]
            case ["waiting", count]:
                return [Waiting(self._line, int(count))]
            case [who, "->", *_]:
                return [Later("" if who == "someone" else who, self._expectation(words, 2))]
            case [who, *_] if who.endswith(":"):
                return [self._call(words, who[:-1])]
        raise ValueError(
            "a step: 'who: call key ...', 'who -> answer', elapse, waiting, cancel, wall clock, ... server"
        )

    def _call(self, words: list[Field], who: str) -> Call:
        batch = _word(words, 1) == "batch"
        call = Call(self._line, who, _word(words, 2 if batch else 1), batch=batch)
        if call.verb not in VERBS:
            raise ValueError(" or ".join(VERBS))
        rest = words[3 if batch else 2 :]
        if rest and not rest[-1].name and rest[-1].value.data == b"&" and not rest[-1].value.quoted:
            call.waits = True
            rest.pop()
        if not batch and call.verb != "list":
            if not rest or rest[0].name:
                raise ValueError("a key")
            call.key = rest.pop(0).value.text
        call.fields = _fields(rest)
        return call

    def _last_call(self) -> Call:
        last = self.scenario.steps[-1] if self.scenario.steps else None
        if not isinstance(last, Call):
            raise ValueError("a call above")  # noqa: TRY004 - of the transcript, not of a type
        return last

    def _item(self, words: list[Field]) -> None:
        call = self._last_call()
        if not call.batch or len(words) < 2:
            raise ValueError("a batch above, and '- key ...'")
        key, fields = words[1].value, _fields(words[2:])
        many = None if key.quoted else _MANY.fullmatch(key.text)
        keys = [key.text] if many is None else [f"{many[1]}{i}" for i in range(1, int(many[2]) + 1)]
        call.items.extend(Item(self._line, each, fields) for each in keys)

    def _answer(self, words: list[Field], indent: int) -> None:
        """Belongs to the item above it when it stands further in than the item's dash, else to the call."""
        call = self._last_call()
        answer = self._expectation(words, 1)
        if call.items and indent >= 4:
            line = call.items[-1].line
            for item in call.items:
                if item.line == line:
                    item.answer = answer
            return
        if call.answer or call.lost:
            raise ValueError("one answer for a call")
        call.lost = answer.kind == "lost"
        if not call.lost:
            call.answer = answer

    def _expectation(self, words: list[Field], start: int) -> Expectation:
        kind = _word(words, start)
        if not kind:
            raise ValueError("an answer after '->'")
        is_error = kind == "error"
        word = _word(words, start + 1) if is_error else ""
        return Expectation(self._line, kind, word, _fields(words[start + (2 if is_error else 1) :]))


def _micros(text: str) -> int:
    micros = parse_duration(text)
    if micros is None:
        raise ValueError("a duration, like 31s or 1h30m")
    return micros
