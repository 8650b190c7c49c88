"""What goes out instead of a response: problem details (RFC 9457) with a type of their own for each matter."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from types import MappingProxyType
from typing import NamedTuple

from semel import _errors as errors
from semel._adapters import may_go_better
from semel._http.key_header import MalformedKey
from semel._http.responses import Response

_TYPE = "urn:semel:problem:"
_UNAVAILABLE_FOR = timedelta(seconds=1)
_NOTHING: Mapping[str, object] = MappingProxyType({})


class Problem(NamedTuple):
    """Why the handler did not run, or why its response cannot go out."""

    name: str
    status: int
    title: str
    detail: str
    retry_after: int | None = None
    """Whole seconds, for the header and for the body; None: asking again later does not help."""
    facts: Mapping[str, object] = _NOTHING
    """More members."""

    def response(self) -> Response:
        """As it goes out."""
        members: dict[str, object] = {
            "type": _TYPE + self.name,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **self.facts,
        }
        headers = [("Content-Type", "application/problem+json"), ("Cache-Control", "no-store")]
        if self.retry_after is not None:
            members["retry_after"] = self.retry_after
            headers.append(("Retry-After", str(self.retry_after)))
        return Response(self.status, tuple(headers), json.dumps(members).encode())


def key_missing(header: str) -> Problem:
    """The route requires a key."""
    return Problem(
        "key-missing",
        400,
        "A key is required",
        f"Send the header {header} with a key of your own for this request.",
        facts={"header": header},
    )


def key_malformed(header: str, error: MalformedKey) -> Problem:
    """What came is no key."""
    return Problem("key-malformed", 400, "The key is malformed", f"{header}: {error}.", facts={"header": header})


def body_too_large(limit: int) -> Problem:
    """The body is not compared, so nothing is done."""
    return Problem(
        "body-too-large",
        413,
        "The request is too large",
        f"Requests with a key may have a body of at most {limit} bytes.",
        facts={"limit": limit},
    )


def body_incomplete(announced: int, received: int) -> Problem:
    """The connection broke, and the server hands over what came."""
    return Problem(
        "body-incomplete",
        400,
        "The request is cut short",
        f"{received} of {announced} bytes of its body arrived. Send it again, with the same key.",
    )


def streaming() -> Problem:
    """The handler's mistake: its response is none that can be stored."""
    return Problem(
        "streaming",
        500,
        "The response cannot be stored",
        "The handler ran, but it streams its response, which does not go with a key. Do not repeat it with another key.",
    )


def response_not_kept() -> Problem:
    """The effect is done, and what is stored says nothing of a response."""
    return Problem(
        "response-not-kept",
        500,
        "The response was not kept",
        "The request was carried out before, but its response was not stored as one. Do not repeat it with another key.",
    )


def not_recorded() -> Problem:
    """The lease was lost, so the handler was stopped."""
    return Problem(
        "not-recorded",
        503,
        "The request was interrupted",
        "Another attempt may have taken over. Repeat the request with the same key to learn what became of it.",
        _whole(_UNAVAILABLE_FOR),
    )


def refusal(error: errors.NotRun | errors.CallError) -> Problem:
    """Why the handler was not called."""
    if isinstance(error, errors.CallError):
        return _of_call(error)
    match error:
        case errors.AlreadyRunning():
            return Problem(
                "in-flight",
                409,
                "The request is being carried out",
                "An earlier request with this key is not finished. Ask again with the same key.",
                _whole(error.retry_after),
            )
        case errors.EffectInDoubt():
            return Problem(
                "in-doubt",
                409,
                "Nobody knows whether the request was carried out",
                "A person has to find out what became of the earlier request with this key. Asking again does not help.",
                facts={"since": _rfc3339(error.since)},
            )
        case errors.ResultExpired():
            return Problem(
                "expired",
                410,
                "The response is no longer stored",
                "An earlier request with this key ended long ago; it is not carried out again.",
                facts={"complete_time": _rfc3339(error.complete_time)},
            )
        case errors.EffectFailed():
            return _of_failure(error)
    return response_not_kept()


def no_key(error: errors.SemelError) -> Problem:
    """The program's mistake."""
    return Problem(
        "refused", 500, "The request was not carried out", f"The server can make no key of it ({type(error).__name__})."
    )


def _of_failure(error: errors.EffectFailed) -> Problem:
    # The message is not told: it may be that of an exception.
    facts = {"reason": error.reason}
    if not error.retryable:
        return Problem(
            "failed",
            500,
            "The request failed for good",
            f"An earlier request with this key failed ({error.reason}) and will not be carried out again.",
            facts=facts,
        )
    return Problem(
        "failed",
        503,
        "The request failed for now",
        f"An earlier request with this key failed ({error.reason}). Ask again with the same key.",
        _whole(error.retry_after or timedelta()),
        facts,
    )


def _of_call(error: errors.CallError) -> Problem:
    if isinstance(error, errors.FingerprintMismatch):
        return Problem(
            "fingerprint-mismatch",
            422,
            "The key stands for another request",
            "An earlier request with this key asked for something else. Use a new key for a new request.",
        )
    if may_go_better(error):
        return Problem(
            "unavailable",
            503,
            "The request was not carried out",
            "The service that remembers keys cannot be asked. Ask again with the same key.",
            _whole(error.retry_delay or _UNAVAILABLE_FOR),
        )
    return Problem(
        "refused",
        500,
        "The request was not carried out",
        f"The service that remembers keys refused this one ({error.reason or error.code.name}).",
    )


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _whole(duration: timedelta) -> int:
    return max(1, math.ceil(duration.total_seconds()))
