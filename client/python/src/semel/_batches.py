"""Batches of calls: in as many messages as their bytes need, one after another."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias, TypeVar

from semel._errors import CallError, ConfigurationError, FieldViolation, KeyPartError
from semel._refusals import refused_here, retold
from semel._retry import Steps
from semel._session_operations import MAX_MESSAGE_BYTES

A = TypeVar("A")
R = TypeVar("R")

# What an item takes beside its own bytes: a tag and a length.
_OVERHEAD = 6

Item: TypeAlias = Any
"""A request's message, or the CallError with which it is refused here."""


def item(request: R, write: Callable[[R], Any]) -> Item:
    """One request of a batch. One that is refused here is not sent: it would make the whole message unreadable."""
    try:
        message = write(request)
    except CallError as error:
        return error
    except UnicodeError as error:
        return refused_here(FieldViolation("requests", f"has to be UTF-8: {error}"))
    except (ConfigurationError, KeyPartError) as error:
        return refused_here(FieldViolation("requests", str(error)))
    size = message.ByteSize() + _OVERHEAD
    if size > MAX_MESSAGE_BYTES:
        rule = f"one has {size} bytes, more than a message of {MAX_MESSAGE_BYTES} carries"
        return refused_here(FieldViolation("requests", rule))
    return message


def in_messages(
    items: Sequence[Item], total: float, send: Callable[[list[Any], float], Steps[list[A | CallError]]]
) -> Steps[list[A | CallError]]:
    """One answer or error for each item. `send` makes the call of one message, in what is left of `total` seconds.

    Raises the first message's error. That of a later one is its items', and so is that of all after them, which were not
    sent: the answers before it stand.
    """
    answers: list[Any] = [each if isinstance(each, CallError) else None for each in items]
    deadline = time.monotonic() + total
    failed: CallError | None = None
    for number, places in enumerate(_messages(items)):
        told: Sequence[Any]
        if failed is None:
            try:
                told = yield from send([items[place] for place in places], deadline - time.monotonic())
            except CallError as error:
                if number == 0:
                    raise
                told, failed = [error] * len(places), _not_sent(error)
        else:
            told = [failed] * len(places)
        for place, answer in zip(places, told, strict=True):
            answers[place] = answer
    return answers


def _messages(items: Sequence[Item]) -> Iterator[list[int]]:
    """The places of the items that go together."""
    places: list[int] = []
    size = 0
    for place, each in enumerate(items):
        if isinstance(each, CallError):
            continue
        more = each.ByteSize() + _OVERHEAD
        if places and size + more > MAX_MESSAGE_BYTES:
            yield places
            places, size = [], 0
        places.append(place)
        size += more
    # An empty batch goes too: the server says what it thinks of it. One of which all was refused here does not.
    if places or not items:
        yield places


def _not_sent(error: CallError) -> CallError:
    message = f"not sent, as a message of the same batch before it failed: {error.message}"
    return retold(error, message, outcome_unknown=False)
