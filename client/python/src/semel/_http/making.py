"""Exceptions that come up while a response is made: most handlers have done their work by then.

No framework is imported for it: the places are known by their names.
"""

from __future__ import annotations

from collections.abc import Container, Iterator

from semel import _errors as errors
from semel._error_policy import FailedAttempt

_MODULES = frozenset(
    {"django.http.response", "django.template.response", "rest_framework.response", "starlette.responses"}
)
_FUNCTIONS = frozenset(
    {
        ("django.shortcuts", "render"),
        ("fastapi.routing", "serialize_response"),
        ("flask.json", "jsonify"),
        ("flask.json.provider", "response"),
    }
)


def rule(error: BaseException, attempt: FailedAttempt) -> errors.Verdict | None:
    """Of all HTTP adapters: nobody knows whether the effect stood before the response or behind it."""
    return errors.Unknown() if in_response(error) else None


def in_response(error: BaseException) -> bool:
    """The exception came out of where a framework makes responses."""
    return any(module in _MODULES or (module, name) in _FUNCTIONS for module, name in _places(error))


def in_function(error: BaseException, functions: Container[tuple[str, str]]) -> bool:
    """The exception came out of one of these functions: their modules and names."""
    return any(place in functions for place in _places(error))


def _places(error: BaseException) -> Iterator[tuple[str, str]]:
    trace = error.__traceback__
    while trace is not None:
        frame = trace.tb_frame
        yield frame.f_globals.get("__name__", ""), frame.f_code.co_name
        trace = trace.tb_next
