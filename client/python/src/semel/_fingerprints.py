"""Fingerprints of requests: SHA-256 of their canonical form. The same bytes in every language: client/scenarios/vectors."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Any

import rfc8785

from semel._errors import FingerprintError

_MAX_EXACT = 2**53 - 1
_NO_ESCAPE = re.compile(r"~(?![01])")


class _Paths:
    """What to leave out, as a tree: the names below each name. A leaf is left out."""

    def __init__(self) -> None:
        self.below: dict[str, _Paths] = {}
        self.left_out = False

    def add(self, pointer: str) -> None:
        place = self
        for name in _names(pointer):
            place = place.below.setdefault(name, _Paths())
        place.left_out = True


def fingerprint(value: Any, leave_out: Iterable[str] = ()) -> bytes:
    """32 bytes that identify what a request asks for.

    `value` is a JSON value (dicts with text keys, lists, text, numbers, booleans, None): hashed is its canonical form by
    RFC 8785, in which neither the order of names nor the spelling of numbers counts. Bytes are hashed as they are.
    `leave_out` are JSON Pointers (RFC 6901) of what may differ between repetitions, such as `/sent_at`; those that lead
    nowhere are ignored.

    Raises FingerprintError for what does not read the same in every language: integers beyond ±(2^53 - 1), NaN,
    infinities, and whatever is not JSON. Pass it as text. Also for what is no JSON Pointer.
    """
    if isinstance(value, (bytes, bytearray, memoryview)):
        if _pointers(leave_out):
            raise FingerprintError("leave_out needs a JSON value: bytes are hashed as they are")
        return hashlib.sha256(value).digest()
    return hashlib.sha256(canonical(value, leave_out)).digest()


def canonical(value: Any, leave_out: Iterable[str] = ()) -> bytes:
    """The canonical form of a JSON value, as UTF-8: what `fingerprint` hashes, for those who look for a difference."""
    paths = _Paths()
    for pointer in _pointers(leave_out):
        paths.add(pointer)
    try:
        return rfc8785.dumps(_without(value, paths, ""))
    except RecursionError:
        raise FingerprintError("this has no canonical form: it contains itself, or is nested too deeply") from None
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise FingerprintError(f"this has no canonical form: {error}") from error


def _pointers(leave_out: Iterable[str]) -> list[str]:
    pointers = leave_out if isinstance(leave_out, Iterable) and not isinstance(leave_out, (str, bytes)) else [leave_out]
    taken = list(pointers)
    if pointers is not leave_out or not all(isinstance(pointer, str) for pointer in taken):
        raise TypeError(f"leave_out is a list of JSON Pointers, such as ['/sent_at'], and not {leave_out!r}")
    return taken


def _names(pointer: str) -> list[str]:
    if not pointer.startswith("/"):
        raise FingerprintError(f"leave_out takes JSON Pointers, which begin with a slash: {pointer!r}")
    if _NO_ESCAPE.search(pointer):
        raise FingerprintError(f"this JSON Pointer has a ~ that is neither ~0 nor ~1: {pointer!r}")
    return [name.replace("~1", "/").replace("~0", "~") for name in pointer[1:].split("/")]


def _without(value: Any, paths: _Paths, where: str) -> Any:
    """A copy of the value without what is left out, checked on the way."""
    if isinstance(value, dict):
        return {
            name: _without(each, paths.below.get(name, _NOTHING), f"{where}/{name}")
            for name, each in value.items()
            if not paths.below.get(name, _NOTHING).left_out
        }
    if isinstance(value, (list, tuple)):
        return [
            _without(each, paths.below.get(str(index), _NOTHING), f"{where}/{index}")
            for index, each in enumerate(value)
            if not paths.below.get(str(index), _NOTHING).left_out
        ]
    _check_number(value, where)
    return value


_NOTHING = _Paths()


def _check_number(value: Any, where: str) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return
    if isinstance(value, int) and abs(value) <= _MAX_EXACT:
        return
    if isinstance(value, float) and value == value and value not in (float("inf"), float("-inf")):
        return
    raise FingerprintError(
        f"{where or 'the value'} is {value}, which is not the same number in every language: pass it as text"
    )
