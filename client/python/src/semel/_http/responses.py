"""A response as it is stored for a key, and as it is replayed. The same in every language: see client/http.md."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from semel._outcomes import Outcome, Result

_log = logging.getLogger("semel")

Headers: TypeAlias = tuple[tuple[str, str], ...]

REPLAYED = ("Idempotency-Replayed", "true")
"""On a response that is replayed."""
BODY_OMITTED = ("Idempotency-Body-Omitted", "true")
"""On a replayed response whose body was too large to keep."""
NOT_RECORDED = ("Idempotency-Recorded", "false")
"""On a response of which nothing is known to be recorded: a repeated request may run the handler again."""

_STATUS = "http.status"
_HEADER = "http.header."
_CONTENT_TYPE = "content-type"
_MAX_CONTENT_TYPE = 128
# Of the service, in bytes: attributes, a value, and all of them together; the status takes some of the last.
_MAX_ATTRIBUTES = 32
_MAX_NAME = 64
_MAX_VALUE = 256
_MAX_TOTAL = 2048


@dataclass(frozen=True, slots=True)
class Response:
    """A status, headers in their order, and a body that is there as a whole."""

    status: int
    headers: Headers
    body: bytes


class _Payload(NamedTuple):
    body: bytes
    content_type: str


class PayloadCodec:
    """Leaves a stored body as it is, and keeps its media type beside it."""

    def encode(self, value: Any) -> tuple[bytes, str]:
        """Never called: responses are reported as results of their own."""
        raise TypeError(f"{type(value).__name__} is no response")

    def decode(self, payload: bytes, content_type: str) -> _Payload:
        """For replayed()."""
        return _Payload(payload, content_type)


def result_of(response: Response, kept: Collection[str]) -> Result:
    """What is stored: the body, its media type, the status, and of the headers those that are kept."""
    headers = _joined(response.headers, kept)
    content_type = headers.get(_CONTENT_TYPE, "")
    if len(content_type.encode()) <= _MAX_CONTENT_TYPE:
        headers.pop(_CONTENT_TYPE, None)
    else:
        content_type = ""  # it goes with the attributes, where there is more room
    return Result(response.body, content_type, _attributes(response.status, headers))


def without_body(result: Result) -> Result:
    """What is stored of a response whose body is not: the effect is done, its answer cannot be replayed."""
    return Result(omitted=True, attributes=result.attributes)


def replayed(outcome: Outcome[Any]) -> Response | None:
    """The stored response again, marked; None where what is stored is no response of an HTTP adapter."""
    status = outcome.attributes.get(_STATUS, "")
    if not status.isdecimal():
        return None
    headers = [
        (_spelled(name.removeprefix(_HEADER)), value)
        for name, value in outcome.attributes.items()
        if name.startswith(_HEADER)
    ]
    if outcome.omitted:
        headers = [(name, value) for name, value in headers if name != "Content-Encoding"]  # of a body
        return Response(int(status), (*headers, REPLAYED, BODY_OMITTED), b"")
    payload: _Payload = outcome.value
    if payload.content_type:
        headers.append(("Content-Type", payload.content_type))
    return Response(int(status), (*headers, REPLAYED), payload.body)


def _joined(headers: Collection[tuple[str, str]], kept: Collection[str]) -> dict[str, str]:
    """By name in lower case; what came several times is joined as RFC 9110, 5.3, says."""
    joined: dict[str, str] = {}
    for name, value in headers:
        lower = name.lower()
        if lower in kept:
            joined[lower] = f"{joined[lower]}, {value}" if lower in joined else value
    return joined


def _attributes(status: int, headers: Mapping[str, str]) -> dict[str, str]:
    attributes = {_STATUS: str(status)}
    total = len(_STATUS) + len(attributes[_STATUS])
    for name, value in headers.items():
        attribute = _HEADER + name
        size = len(attribute.encode()) + len(value.encode())
        fits = len(attribute.encode()) <= _MAX_NAME and len(value.encode()) <= _MAX_VALUE
        if not fits or total + size > _MAX_TOTAL or len(attributes) == _MAX_ATTRIBUTES:
            # Without this header rather than without the body: the service refuses all attributes or none.
            _log.warning("the header %s of a response is too large to be stored: replays lack it", name)
            continue
        attributes[attribute] = value
        total += size
    return attributes


def _spelled(name: str) -> str:
    return {"etag": "ETag"}.get(name, "-".join(word.capitalize() for word in name.split("-")))
