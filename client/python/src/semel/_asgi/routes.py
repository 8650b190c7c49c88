"""Which route a request will take, asked before the router takes it: its template and its endpoint."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

_FULL = 2  # starlette.routing.Match.FULL
_DEEPEST = 16  # mounts in mounts


class FoundRoute(NamedTuple):
    """What a router of Starlette's kind would choose."""

    template: str
    endpoint: Any
    may_take_back: bool = False
    """Dependencies of FastAPI with `yield` see exceptions that come up behind the endpoint."""


def found_route(scope: dict[str, Any]) -> FoundRoute | None:
    """By the routes of the application that serves this scope; None where it has none, or none of them fits."""
    routes = getattr(scope.get("app"), "routes", None)
    return None if routes is None else _among(routes, dict(scope), "", _DEEPEST)


def _among(routes: Iterable[Any], scope: dict[str, Any], prefix: str, deeper: int) -> FoundRoute | None:
    for route in routes:
        match, below = route.matches(scope)
        if match.value != _FULL:
            continue
        template = prefix + getattr(route, "path", "")
        inner = getattr(route, "routes", None)
        if inner and deeper:
            return _among(inner, {**scope, **below}, template, deeper - 1) or FoundRoute(template, None)
        return FoundRoute(template, below.get("endpoint"), _yields(getattr(route, "dependant", None)))
    return None


def _yields(dependant: Any) -> bool:
    below = getattr(dependant, "dependencies", ())
    calls = [getattr(each, "call", None) for each in below]
    generators = (inspect.isgeneratorfunction(call) or inspect.isasyncgenfunction(call) for call in calls)
    return any(generators) or any(_yields(each) for each in below)


def passes_by(scope: dict[str, Any], marked: list[Any]) -> bool:
    """None of these is an endpoint of the application that serves this scope."""
    routes = getattr(scope.get("app"), "routes", None) or ()
    return not any(endpoint is each for endpoint in _endpoints(routes, _DEEPEST) for each in marked)


def _endpoints(routes: Iterable[Any], deeper: int) -> Iterator[Any]:
    for route in routes:
        yield getattr(route, "endpoint", None)
        if deeper:
            yield from _endpoints(getattr(route, "routes", None) or (), deeper - 1)
