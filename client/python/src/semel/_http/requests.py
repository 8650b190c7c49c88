"""The key and the fingerprint of a request. The same in every language: see client/http.md."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from semel._fingerprints import canonical, fingerprint
from semel._http.policy import KeyPart, Policy
from semel._keys import key_of

_log = logging.getLogger("semel")
_MAX_LEVELS = 100
_ESCAPE = re.compile(r"\\.", re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What a framework tells of a request."""

    method: str
    route: str
    """The template that matched, such as /orders/{id}; the path where there is none."""
    path: str
    query: bytes
    """As it came, without the question mark."""
    content_type: bytes
    """The whole header, as it came; empty where there is none."""
    body: bytes


def key_in_semel(policy: Policy, request: HttpRequest, header: str, more: Sequence[KeyPart]) -> str:
    """Prefix, method, route, what the scope adds, and the header's key. Raises KeyPartError where a part is empty."""
    if isinstance(more, (str, bytes)):
        raise TypeError("scope answers several parts: return a list, such as [user_id]")
    prefix = (policy.prefix,) if policy.prefix else ()
    return key_of(*prefix, request.method, request.route, *more, header)


def fingerprint_of(request: HttpRequest, leave_out: Sequence[str] = ()) -> bytes:
    """What the request asks for: method, path, query, content type and body. Raises FingerprintError for a wrong pointer.

    A JSON body counts by its canonical form, without what is left out. Every other body counts byte by byte; so does JSON
    that reads differently in different languages (names that come twice, integers beyond ±(2^53 - 1), deep nesting).
    """
    if _is_json(request.content_type):
        try:
            document = _document(request, _parsed(request.body))
            whole = canonical(document)  # also of what is left out: not every language could read on behind it
        except (
            ValueError
        ) as error:  # it does not parse, or has no canonical form: its bytes are what is left to compare
            if leave_out:
                _log.warning(
                    "%s %s: leave_out has no effect, as the bytes of this body are compared: %s",
                    request.method,
                    request.route,
                    error,
                )
        else:
            return (
                fingerprint(document, [f"/body{pointer}" for pointer in leave_out]) if leave_out else fingerprint(whole)
            )
    return fingerprint(_document(request, hashlib.sha256(request.body).hexdigest()))


def _document(request: HttpRequest, body: Any) -> dict[str, Any]:
    return {
        "method": request.method,
        "path": request.path,
        "query": _in_ascii(request.query),
        "content_type": _in_ascii(request.content_type),
        "body": body,
    }


def _in_ascii(raw: bytes) -> str:
    """What the bytes beyond mean is anybody's guess; percent-encoded they read the same everywhere."""
    return "".join(chr(byte) if byte < 0x80 else f"%{byte:02X}" for byte in raw)


def _is_json(content_type: bytes) -> bool:
    kind = content_type.partition(b";")[0].strip().lower()
    return kind == b"application/json" or kind.endswith(b"+json")


def _parsed(body: bytes) -> Any:
    """Raises ValueError. json.loads() of bytes would guess their encoding."""
    text = body.decode("utf-8")
    if _levels_of(text) > _MAX_LEVELS:
        raise ValueError("how deep a parser can go depends on the parser, and on who calls it")
    return json.loads(text, object_pairs_hook=_object, parse_constant=_not_json)


def _levels_of(text: str) -> int:
    """Lists and objects in each other; of JSON, or of as much of a text as is JSON. In one pass: the text is a stranger's."""
    outside = "".join(_ESCAPE.sub("", text).split('"')[::2])
    level = deepest = 0
    for bracket in _BRACKET.findall(outside):
        level += 1 if bracket in "[{" else -1
        deepest = max(deepest, level)
    return deepest


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name comes twice, so what it stands for depends on who reads it")
    return made


def _not_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
