"""Keys from parts, with unambiguous quoting, and random ones. The same bytes in every language: client/scenarios/vectors."""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from urllib.parse import quote

from semel._errors import KeyPartError

_MAX_KEY = 255
_MAX_FIRST_PART = 180
_RANDOM_BYTES = 10


def key_of(*parts: str | int | uuid.UUID) -> str:
    """A key from parts, such as `key_of("order", order_id)`. Members of enums that are text or numbers count as these.

    Each part is percent-encoded as UTF-8, all but RFC 3986's unreserved characters (A-Z a-z 0-9 - . _ ~), and joined
    with "/": different parts never make the same key. A key that would be longer than 255 bytes ends in the SHA-256 of
    it instead: `order/sha256:9f86...`.

    Raises KeyPartError for a part that is empty (nearly always an id that is missing) or not text, int or UUID.
    """
    quoted = [quoted_part(part) for part in parts]
    if not quoted:
        raise KeyPartError("a key needs a part")
    key = "/".join(quoted)
    if len(key) <= _MAX_KEY:
        return key
    digest = "sha256:" + hashlib.sha256(key.encode("ascii")).hexdigest()
    return f"{quoted[0]}/{digest}" if len(quoted[0]) <= _MAX_FIRST_PART else digest


def quoted_part(part: object) -> str:
    """One part of a key, percent-encoded. Raises KeyPartError."""
    part = plain(part)
    if isinstance(part, bool) or not isinstance(part, (str, int, uuid.UUID)):
        raise KeyPartError(f"a part of a key is text, int or UUID, and not {type(part).__name__}: {part!r}")
    try:
        text = str(part)
    except ValueError as error:  # Python's limit on digits, which guards against text that takes for ever
        raise KeyPartError("a part of a key is a number with too many digits: pass it as text") from error
    if not text:
        raise KeyPartError("a part of a key is empty: is an id missing?")
    try:
        return quote(text, safe="-._~")
    except UnicodeEncodeError as error:
        raise KeyPartError(f"a part of a key is not text: {text!r}") from error


def plain(part: object) -> object:
    """Of a member of an enum, or another class below text or numbers, the text or number itself.

    What such a class says of itself may be another one, and of an enum's it differs between versions of Python.
    """
    if isinstance(part, str):
        return str.__str__(part)
    if isinstance(part, int) and not isinstance(part, bool):
        return int.__pos__(part)
    return part


def new_key() -> str:
    """A random key: a UUIDv4.

    For the side that asks, who then repeats the request with the same key. One that is drawn anew with each request
    protects from nothing.
    """
    return str(uuid.uuid4())


def uuid7() -> uuid.UUID:
    """A UUIDv7 (RFC 9562): random, and in the order of time, which databases like."""
    return uuid7_of(time.time_ns() // 1_000_000, os.urandom(_RANDOM_BYTES))


def uuid7_of(unix_ms: int, random: bytes) -> uuid.UUID:
    """The UUIDv7 of a time and 10 random bytes, some bits of which give way to version and variant."""
    octets = bytearray(unix_ms.to_bytes(6, "big") + random)
    octets[6] = 0x70 | (octets[6] & 0x0F)
    octets[8] = 0x80 | (octets[8] & 0x3F)
    return uuid.UUID(bytes=bytes(octets))
