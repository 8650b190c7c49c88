"""Splits a line of a transcript into words, and reads durations: the lexical half of its grammar."""

from __future__ import annotations

import re

from conformance.scenario import Field, Value

_NAME = re.compile(r"([A-Za-z0-9_.]+)=")
_BYTES = re.compile(r"bytes\((\d+)\)")
_DURATION = re.compile(r"([+-]?)((?:\d+(?:d|h|ms|us|m|s))+)")
_PART = re.compile(r"(\d+)(d|h|ms|us|m|s)")
_MICROS = {"d": 86_400_000_000, "h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000, "ms": 1_000, "us": 1}
_ESCAPES = {"n": b"\n", "t": b"\t", "r": b"\r", '"': b'"', "\\": b"\\"}


def split_words(line: str) -> list[Field]:
    """Words are separated by spaces; "..." holds spaces and escapes; bytes(N) is N times the letter x; # begins a comment."""
    words: list[Field] = []
    rest = line
    while True:
        rest = rest.lstrip(" ")
        if not rest or rest.startswith("#"):
            return words
        name = ""
        if found := _NAME.match(rest):
            name = found.group(1)
            rest = rest[found.end() :]
        value, rest = _take_value(rest)
        words.append(Field(name, value))


def _take_value(rest: str) -> tuple[Value, str]:
    if rest.startswith('"'):
        return _take_quoted(rest)
    word, space, after = rest.partition(" ")
    if found := _BYTES.fullmatch(word):
        return Value(b"x" * int(found.group(1)), quoted=True), space + after
    return Value(word.encode()), space + after


def _take_quoted(rest: str) -> tuple[Value, str]:
    data, at = bytearray(), 1
    while at < len(rest):
        letter = rest[at]
        if letter == '"':
            return Value(bytes(data), quoted=True), rest[at + 1 :]
        if letter != "\\":
            data += letter.encode()
            at += 1
        elif rest[at + 1] == "x":
            data.append(int(rest[at + 2 : at + 4], 16))
            at += 4
        else:
            data += _ESCAPES[rest[at + 1]]
            at += 2
    raise ValueError("a quote is not closed")


def parse_duration(text: str) -> int | None:
    """ "31s", "1h30m", "-1us" in microseconds; None where it is not one."""
    found = _DURATION.fullmatch(text)
    if found is None:
        return None
    micros = sum(int(count) * _MICROS[unit] for count, unit in _PART.findall(found.group(2)))
    return -micros if found.group(1) == "-" else micros


def duration_text(micros: int) -> str:
    """As a transcript spells it."""
    if micros == 0:
        return "0s"
    text, rest = ("-" if micros < 0 else ""), abs(micros)
    for unit, size in _MICROS.items():
        if rest >= size:
            text += f"{rest // size}{unit}"
        rest %= size
    return text
