"""Marks on endpoints, which speak to the middleware, and notice where there is none."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from semel._errors import ConfigurationError
from semel._http.policy import HttpOptions, Mode, policy_of

if TYPE_CHECKING:
    from typing_extensions import Unpack

E = TypeVar("E", bound=Callable[..., Any])

seen: ContextVar[bool] = ContextVar("semel_seen", default=False)
"""The middleware has looked at this request."""


@dataclass(frozen=True)
class Mark:
    """What an endpoint says of itself."""

    mode: Mode
    options: HttpOptions


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


def mark_of(endpoint: Any) -> Mark | None:
    """What an endpoint says of itself; None: nothing."""
    mark = getattr(endpoint, "semel_mark", None)
    return mark if isinstance(mark, Mark) else None


def _decorator(endpoint: Callable[..., Any] | None, mark: Mark) -> Any:
    policy_of(mark.options)  # what cannot be meant is told when the program starts

    def decorate(endpoint: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.iscoroutinefunction(endpoint):

            @functools.wraps(endpoint)
            async def checked_async(*args: Any, **kwargs: Any) -> Any:
                _check_seen()
                return await endpoint(*args, **kwargs)

            marked: Any = checked_async
        else:

            @functools.wraps(endpoint)
            def checked(*args: Any, **kwargs: Any) -> Any:
                _check_seen()
                return endpoint(*args, **kwargs)

            marked = checked
        marked.semel_mark = mark
        signature = _signature(endpoint)
        if signature is not None:
            marked.__signature__ = signature
        return cast("Callable[..., Any]", marked)

    return decorate if endpoint is None else decorate(endpoint)


def _signature(endpoint: Callable[..., Any]) -> inspect.Signature | None:
    """FastAPI reads annotations that are text by the names of the module in which it finds the function: this one."""
    try:
        return inspect.signature(endpoint, eval_str=True)
    except NameError:
        return None  # of a type that is only known to type checkers: FastAPI says so better


def _check_seen() -> None:
    """A mark alone does nothing, and nobody would notice before the first payment is made twice."""
    if not seen.get():
        raise ConfigurationError(
            "an endpoint is marked for semel, but semel.asgi.IdempotencyMiddleware is not installed"
        )
