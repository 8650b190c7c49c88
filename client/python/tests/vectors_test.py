"""Keys, fingerprints and UUIDs are the same in every language: client/scenarios/vectors."""

from __future__ import annotations

import enum
import hashlib
import json
import uuid
from pathlib import Path
from typing import Any

import pytest

import semel
from semel._http.requests import HttpRequest, fingerprint_of
from semel._keys import uuid7_of

VECTORS = Path(__file__).parents[2] / "scenarios/vectors"


def vectors(name: str, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((VECTORS / f"{name}.json").read_text())[kind]
    assert found
    return found


@pytest.mark.parametrize("vector", vectors("keys", "vectors"), ids=lambda vector: vector["key"][:40])
def test_keys(vector: dict[str, Any]) -> None:
    assert semel.key_of(*vector["parts"]) == vector["key"]


@pytest.mark.parametrize("vector", vectors("keys", "refused"), ids=lambda vector: vector["why"][:40])
def test_keys_that_are_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(semel.KeyPartError):
        semel.key_of(*vector["parts"])


@pytest.mark.parametrize("vector", vectors("fingerprints", "vectors"), ids=lambda vector: vector["name"])
def test_fingerprints(vector: dict[str, Any]) -> None:
    leave_out = vector.get("leave_out", [])
    canonical = semel.canonical(vector["value"], leave_out)
    assert canonical.decode() == vector["canonical"]
    assert semel.fingerprint(vector["value"], leave_out).hex() == vector["sha256"]


@pytest.mark.parametrize("vector", vectors("fingerprints", "refused"), ids=lambda vector: vector["why"][:40])
def test_fingerprints_that_are_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(semel.FingerprintError, match="pass it as text"):
        semel.fingerprint(json.loads(vector["json"]))


def _raw(vector: dict[str, Any], name: str) -> bytes:
    given: str | None = vector.get(name)
    return bytes.fromhex(vector[f"{name}_hex"]) if given is None else given.encode()


def _request_of(vector: dict[str, Any]) -> HttpRequest:
    query, content_type, body = (_raw(vector, name) for name in ("query", "content_type", "body"))
    return HttpRequest(vector["method"], "/a/route", vector["path"], query, content_type, body)


@pytest.mark.parametrize("vector", vectors("http", "vectors"), ids=lambda vector: vector["name"])
def test_fingerprints_of_http_requests(vector: dict[str, Any]) -> None:
    assert hashlib.sha256(vector["canonical"].encode()).hexdigest() == vector["fingerprint"]
    assert fingerprint_of(_request_of(vector), vector["leave_out"]).hex() == vector["fingerprint"]


def test_how_deep_the_caller_stands_changes_no_fingerprint() -> None:
    deepest = next(each for each in vectors("http", "vectors") if each["name"] == "100 levels of lists")

    def deeper(levels: int) -> bytes:
        return deeper(levels - 1) if levels else fingerprint_of(_request_of(deepest))

    assert deeper(300).hex() == deepest["fingerprint"]


@pytest.mark.parametrize("vector", vectors("uuids", "v7"), ids=lambda vector: vector["uuid"])
def test_uuids(vector: dict[str, Any]) -> None:
    made = uuid7_of(vector["unix_ms"], bytes.fromhex(vector["random"]))
    assert str(made) == vector["uuid"]
    assert made.version == 7


def test_numbers_and_uuids_are_parts_of_keys_too() -> None:
    some = uuid.UUID("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
    assert semel.key_of("order", 17, some) == f"order/17/{some}"
    for wrong in (True, None, 1.5, b"x"):
        with pytest.raises(semel.KeyPartError):
            semel.key_of("order", wrong)  # type: ignore[arg-type]


class Kind(str, enum.Enum):
    CARD = "card/1"


class Size(enum.IntEnum):
    LARGE = 3


class Shouted(str):
    def __str__(self) -> str:
        return self.upper()


def test_members_of_enums_are_parts_by_their_value() -> None:
    assert semel.key_of("order", Kind.CARD, Size.LARGE, Shouted("x")) == "order/card%2F1/3/x"

    class Plain(enum.Enum):
        CARD = "card"

    with pytest.raises(semel.KeyPartError):
        semel.key_of("order", Plain.CARD)  # type: ignore[arg-type]


def test_bytes_are_hashed_as_they_are() -> None:
    assert semel.fingerprint(b"\x00\xff") == hashlib.sha256(b"\x00\xff").digest()
    with pytest.raises(semel.FingerprintError):
        semel.fingerprint(b"x", leave_out=["/a"])


@pytest.mark.parametrize("pointer", ["", "a", "/~2", "/a~", "/~0/~"])
def test_what_is_no_json_pointer_is_refused(pointer: str) -> None:
    with pytest.raises(semel.FingerprintError, match="JSON Pointer"):
        semel.fingerprint({"a": 1}, leave_out=[pointer])


def test_json_pointers_have_escapes() -> None:
    value = {"~": 1, "/": 2, "~1": 3, "b": 4}
    assert semel.canonical(value, ["/~0", "/~1", "/~01"]) == b'{"b":4}'


@pytest.mark.parametrize("value", [2**53, -(2**53), float("nan"), float("inf"), {"a": [2**53]}], ids=str)
def test_numbers_that_differ_between_languages_are_refused(value: Any) -> None:
    with pytest.raises(semel.FingerprintError, match="pass it as text"):
        semel.fingerprint(value)


@pytest.mark.parametrize("value", [{1: "a"}, object(), {"a": {1, 2}}, "\ud800"], ids=lambda v: type(v).__name__)
def test_what_is_not_json_is_refused(value: Any) -> None:
    with pytest.raises(semel.FingerprintError):
        semel.fingerprint(value)


def test_random_keys_are_random() -> None:
    assert uuid.UUID(semel.new_key()).version == 4
    assert len({semel.new_key() for _ in range(100)}) == 100
    assert semel.uuid7().version == 7
    assert len({semel.uuid7() for _ in range(100)}) == 100
