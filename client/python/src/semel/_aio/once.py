"""The decorator of the client for asyncio."""

from __future__ import annotations

import functools
from collections.abc import Awaitable
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, overload

from semel._errors import ResultOmitted
from semel._once import Once
from semel._outcomes import Outcome

P = ParamSpec("P")
T = TypeVar("T")


class _Runs(Protocol):
    def __call__(self, once: Once, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Awaitable[Outcome[Any]]: ...


class OnceFunction(Generic[P, T]):
    """A function whose effect happens once per key. Called as before, it returns what the one run returned."""

    def __init__(self, once: Once, runs: _Runs, bound: tuple[Any, ...] = ()) -> None:
        functools.update_wrapper(self, once.function)
        self._once = once
        self._runs = runs
        self._bound = bound

    async def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """The value of outcome(). Raises what run() raises, and ResultOmitted where the value of the one run is gone."""
        outcome = await self.outcome(*args, **kwargs)
        if outcome.replayed and outcome.omitted:
            raise ResultOmitted(self.key(*args, **kwargs), outcome)
        return outcome.value

    async def outcome(self, *args: P.args, **kwargs: P.kwargs) -> Outcome[T]:
        """As Client.run answers: also whether it was replayed."""
        return await self._runs(self._once, (*self._bound, *args), kwargs)

    def key(self, *args: P.args, **kwargs: P.kwargs) -> str:
        """The key of a call with these arguments."""
        return self._once.key((*self._bound, *args), kwargs)

    @overload
    def __get__(self, instance: None, owner: type) -> OnceFunction[P, T]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> OnceFunction[..., T]: ...
    def __get__(self, instance: object | None, owner: type) -> OnceFunction[..., T]:
        """As methods are bound."""
        return self if instance is None else OnceFunction(self._once, self._runs, (instance,))
