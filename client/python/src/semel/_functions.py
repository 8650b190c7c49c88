"""Functions that do nothing by being called: their effect must not be taken for done.

The body of a coroutine or of a generator runs when somebody awaits or reads it. To record that it was returned would be to
replay, for ever, an effect that never happened.
"""

from __future__ import annotations

import concurrent.futures
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from semel._errors import NotCompleted

T = TypeVar("T")


def check_function(function: Any, *, is_async: bool) -> None:
    """Where it can be told before anything is begun. Raises TypeError."""
    if not callable(function):
        close_unbegun(function)
        raise TypeError(f"the work is a function of the attempt, and not {type(function).__name__}: pass it uncalled")
    if _is(inspect.isasyncgenfunction, function) or (
        _is(inspect.isgeneratorfunction, function) and not (is_async and _makes_coroutines(function))
    ):
        raise TypeError(
            f"{function!r} is a generator function, which does nothing when it is called: return, not yield"
        )
    if not is_async and _is(inspect.iscoroutinefunction, function):
        raise TypeError(f"{function!r} is an async def function: use a semel.aio.Client")


def finished(key: str, value: T) -> T:
    """What a function returned, if it is the end of the work. Raises NotCompleted."""
    if not is_unfinished(value):
        return value
    close_unbegun(value)
    raise NotCompleted(
        f"{key}: the work came to a {type(value).__name__} and not to a result: nobody knows how far it went, so nothing is "
        "reported and its lease is left to lapse. Return what comes of it: await it in an async def function of a "
        "semel.aio.Client, ask a future for its result()"
    )


def close_unbegun(value: object) -> None:
    """So that Python does not warn of a coroutine that was never awaited."""
    if inspect.iscoroutine(value) and inspect.getcoroutinestate(value) == inspect.CORO_CREATED:
        value.close()


def is_unfinished(value: object) -> bool:
    """Its effect may be still to come."""
    return (
        inspect.isawaitable(value)
        or inspect.isgenerator(value)
        or inspect.isasyncgen(value)
        or isinstance(value, concurrent.futures.Future)
    )


def _is(kind: Callable[[Any], bool], function: Callable[..., Any]) -> bool:
    """Of the function, or of an object that can be called."""
    return kind(function) or kind(type(function).__call__)


def _makes_coroutines(function: Any) -> bool:
    """A generator function that types.coroutine() made one of coroutines."""
    code = getattr(function, "__code__", None)
    return code is not None and bool(code.co_flags & inspect.CO_ITERABLE_COROUTINE)
