"""Functions that do nothing by being called are not taken for an effect that was done."""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import types
import warnings
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from typing import Any

import pytest

import semel
import semel.aio


async def pays() -> str:
    return "paid"


async def coroutine_function(attempt: object) -> str:
    return "paid"


def generator_function(attempt: object) -> Iterator[str]:
    yield "paid"


async def async_generator_function(attempt: object) -> AsyncIterator[str]:
    yield "paid"


class Callee:
    async def __call__(self, attempt: object) -> str:
        return "paid"


@types.coroutine
def old_coroutine_function(attempt: object) -> Generator[None, None, str]:
    yield
    return "paid"


@pytest.fixture(autouse=True)
def no_warning() -> Iterator[None]:
    """A coroutine that nobody awaits is closed."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.mark.parametrize(
    "fn",
    [
        coroutine_function,
        generator_function,
        async_generator_function,
        functools.partial(coroutine_function),
        Callee(),
        Callee().__call__,
        "no function",
        pays(),
    ],
    ids=lambda fn: type(fn).__name__,
)
def test_is_refused_before_anything_is_begun(client: semel.Client, key: str, fn: Any) -> None:
    with pytest.raises(TypeError, match=r"uncalled|aio|generator"):
        client.run(key, fn)
    assert client.lookup(key) is None


@pytest.mark.parametrize("fn", [generator_function, async_generator_function, None])
async def test_is_refused_in_asyncio_too(aclient: semel.aio.Client, key: str, fn: Any) -> None:
    with pytest.raises(TypeError, match=r"uncalled|generator"):
        await aclient.run(key, fn)
    assert await aclient.lookup(key) is None


@pytest.mark.parametrize("fn", [coroutine_function, Callee(), old_coroutine_function, lambda attempt: pays()])
async def test_what_can_be_awaited_runs_in_asyncio(aclient: semel.aio.Client, key: str, fn: Any) -> None:
    assert (await aclient.run(key, fn)).value == "paid"


def test_the_decorators_refuse_generators(client: semel.Client) -> None:
    with pytest.raises(TypeError, match="generator"):
        client.once(key="order")(generator_function)
    with pytest.raises(TypeError, match=r"async def|generator"):
        client.once(key="order")(async_generator_function)


@pytest.mark.parametrize(
    "result",
    [
        pays,
        lambda: generator_function(None),
        lambda: (each for each in "ab"),
        lambda: async_generator_function(None),
        concurrent.futures.Future,
    ],
)
@pytest.mark.parametrize("policy", [None, lambda error, attempt: semel.Retryable("ALL_IS_RETRYABLE")])
def test_what_is_not_the_end_of_the_work_leaves_it_open(
    client: semel.Client, key: str, result: Callable[[], object], policy: semel.ErrorPolicy | None
) -> None:
    with pytest.raises(semel.NotCompleted, match="came to a"):
        client.run(key, lambda attempt: result(), on_error=policy, lease=0.1)
    record = client.lookup(key)
    assert record is not None
    assert (record.state, record.outcome) == (semel.State.IN_PROGRESS, None)
    client.run(key, lambda attempt: "paid", wait=10)


async def test_a_coroutine_that_returns_one_leaves_it_open(aclient: semel.aio.Client, key: str) -> None:
    async def forgets(attempt: semel.aio.Attempt) -> object:
        return pays()

    with pytest.raises(semel.NotCompleted, match="coroutine"):
        await aclient.run(key, forgets)
    record = await aclient.lookup(key)
    assert record is not None
    assert (record.state, record.outcome) == (semel.State.IN_PROGRESS, None)


async def test_a_task_that_was_begun_goes_on(aclient: semel.aio.Client, key: str) -> None:
    tasks: list[asyncio.Task[str]] = []

    async def begins(attempt: semel.aio.Attempt) -> object:
        tasks.append(asyncio.create_task(pays()))
        return tasks[0]

    with pytest.raises(semel.NotCompleted, match="Task"):
        await aclient.run(key, begins)
    assert await tasks[0] == "paid"
