"""The key and the fingerprint of a request. The same in every language: see client/http.md."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from semel._fingerprints import fingerprint
from semel._http.policy import KeyPart, Policy
from semel._keys import key_of


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What a framework tells of a request."""

    method: str
    route: str
    """The template that matched, such as /orders/{id}; the path where there is none."""
    path: str
    query: str
    """As it came, without the question mark."""
    content_type: str
    """The whole header; empty where there is none."""
    body: bytes


def key_in_semel(policy: Policy, request: HttpRequest, header: str, more: Sequence[KeyPart]) -> str:
    """Prefix, method, route, what the scope adds, and the header's key. Raises KeyPartError where a part is empty."""
    if isinstance(more, (str, bytes)):
        raise TypeError("scope answers several parts: return a list, such as [user_id]")
    prefix = (policy.prefix,) if policy.prefix else ()
    return key_of(*prefix, request.method, request.route, *more, header)


def fingerprint_of(request: HttpRequest, leave_out: Sequence[str] = ()) -> bytes:
    """What the request asks for: method, path, query, content type and body.

    A JSON body counts by its canonical form, without what is left out. Every other body counts byte by byte; so does JSON
    that reads differently in different languages (names that come twice, integers beyond ±(2^53 - 1)).
    """
    if _is_json(request.content_type):
        try:
            body = json.loads(request.body, object_pairs_hook=_object, parse_constant=_not_json)
            return fingerprint(_document(request, body), [f"/body{pointer}" for pointer in leave_out])
        except (ValueError, RecursionError):
            pass  # it does not parse, or has no canonical form: its bytes are what is left to compare
    return fingerprint(_document(request, hashlib.sha256(request.body).hexdigest()))


def _document(request: HttpRequest, body: Any) -> dict[str, Any]:
    return {
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "content_type": request.content_type,
        "body": body,
    }


def _is_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name comes twice, so what it stands for depends on who reads it")
    return made


def _not_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
