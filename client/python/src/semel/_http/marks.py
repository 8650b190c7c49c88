"""Marks on endpoints: what they say to the middleware, and what they tell it of the endpoint."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

from semel._http.policy import HttpOptions, Mode, policy_of

_MARKED = "semel_marked"

Around: TypeAlias = Callable[[tuple[Any, ...]], AbstractContextManager[Callable[[Any], Any]]]
"""From the arguments of a call to what is around it, and looks at what it returned."""


@dataclass(frozen=True)
class Mark:
    """What an endpoint says of itself."""

    mode: Mode
    options: HttpOptions


def mark_of(endpoint: Any) -> Mark | None:
    """What an endpoint says of itself; None: nothing."""
    mark = getattr(endpoint, "semel_mark", None)
    return mark if isinstance(mark, Mark) else None


def marking(mark: Mark, around: Around) -> Callable[[Callable[..., Any]], Any]:
    """A decorator of endpoints. Raises TypeError and ConfigurationError for options that cannot be meant."""
    policy_of(mark.options)  # when the program starts

    def decorate(endpoint: Callable[..., Any]) -> Any:
        marked: Any
        if inspect.iscoroutinefunction(endpoint):

            @functools.wraps(endpoint)
            async def marked_async(*args: Any, **kwargs: Any) -> Any:
                with around(args) as looked_at:
                    return looked_at(await endpoint(*args, **kwargs))

            marked = marked_async
        else:

            @functools.wraps(endpoint)
            def marked_plain(*args: Any, **kwargs: Any) -> Any:
                with around(args) as looked_at:
                    return looked_at(endpoint(*args, **kwargs))

            marked = marked_plain
        marked.semel_mark = mark
        return _known(endpoint, marked)

    return decorate


def marked_from(endpoint: Any) -> list[Any]:
    """What marks made of the function itself: a router that calls it, and none of these, passes the marks by."""
    made: list[Any] = getattr(endpoint, _MARKED, [])
    return made


def _known(endpoint: Callable[..., Any], marked: Any) -> Any:
    vars(marked).pop(_MARKED, None)  # of an endpoint that is marked twice, as wraps() copies it
    with suppress(AttributeError):  # of a bound method
        setattr(endpoint, _MARKED, [*marked_from(endpoint), marked])
    return marked
