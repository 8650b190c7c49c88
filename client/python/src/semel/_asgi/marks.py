"""Marks on endpoints of ASGI applications."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from semel._errors import ConfigurationError, NotCompleted
from semel._functions import close_unbegun
from semel._http.marks import Mark, marking
from semel._http.policy import HttpOptions, Mode

if TYPE_CHECKING:
    from typing_extensions import Unpack

E = TypeVar("E", bound=Callable[..., Any])


class Ending:
    """How the marked endpoint of one request ended: exception handlers make a response of it before the middleware sees it."""

    error: BaseException | None = None
    returned = False
    may_take_back = False
    """Dependencies with `yield` surround it, and may roll back what it did where its response cannot be made."""


current: ContextVar[Ending | None] = ContextVar("semel_ending", default=None)
"""Of the request that the middleware has looked at."""


@overload
def required(endpoint: E, /) -> E: ...


@overload
def required(**options: Unpack[HttpOptions]) -> Callable[[E], E]: ...


def required(endpoint: Any = None, /, **options: Unpack[HttpOptions]) -> Any:
    """A decorator of an endpoint, below the route's: requests without a key are refused with 400.

    Options: instead of the middleware's. An endpoint that is marked raises ConfigurationError where the middleware is missing.
    """
    return _decorator(endpoint, Mark(Mode.REQUIRED, options))


@overload
def optional(endpoint: E, /) -> E: ...


@overload
def optional(**options: Unpack[HttpOptions]) -> Callable[[E], E]: ...


def optional(endpoint: Any = None, /, **options: Unpack[HttpOptions]) -> Any:
    """A decorator of an endpoint, below the route's: requests without a key run as ever."""
    return _decorator(endpoint, Mark(Mode.OPTIONAL, options))


def off(endpoint: E, /) -> E:
    """A decorator of an endpoint, below the route's: keys are ignored, and nothing is held in memory."""
    return cast("E", _decorator(endpoint, Mark(Mode.OFF, {})))


def _decorator(endpoint: Callable[..., Any] | None, mark: Mark) -> Any:
    marked = marking(mark, _watching)

    def decorate(endpoint: Callable[..., Any]) -> Any:
        made = marked(endpoint)
        signature = _signature(endpoint)
        if signature is not None:
            made.__signature__ = signature
        return made

    return decorate if endpoint is None else decorate(endpoint)


def _signature(endpoint: Callable[..., Any]) -> inspect.Signature | None:
    """FastAPI reads annotations that are text by the names of the module in which it finds the function: not the user's."""
    try:
        return inspect.signature(endpoint, eval_str=True)
    except NameError:
        return None  # of a type that is only known to type checkers: FastAPI says so better


@contextmanager
def _watching(_: tuple[Any, ...]) -> Iterator[Callable[[Any], Any]]:
    ending = current.get()
    if ending is None:  # a mark alone does nothing, and nobody would notice before the first payment is made twice
        raise ConfigurationError(
            "an endpoint is marked for semel, but semel.asgi.IdempotencyMiddleware is not installed"
        )
    try:
        yield _returned
        ending.returned = True
    except BaseException as error:
        ending.error = None if _is_answer(error) else error
        raise


def _returned(value: Any) -> Any:
    if not inspect.isawaitable(value):
        return value
    close_unbegun(value)
    raise NotCompleted(
        "a plain endpoint came to an awaitable that nobody awaits, of an async def function below another decorator perhaps: "
        "nothing of it ran, so nothing is recorded; make the outer function async def, too"
    )


def _is_answer(error: BaseException) -> bool:
    """An HTTPException is only another way to answer. The middleware is pure ASGI: there may be no Starlette."""
    starlette = sys.modules.get("starlette.exceptions")
    return starlette is not None and isinstance(error, starlette.HTTPException)
