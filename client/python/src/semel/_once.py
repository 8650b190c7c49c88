"""What the decorators are made of: keys from the arguments of a call."""

from __future__ import annotations

import inspect
import string
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from semel._errors import ConfigurationError, KeyPartError
from semel._functions import check_function
from semel._keys import plain, quoted_part
from semel._running import RunOptions

KeyOf = str | Callable[..., str]
"""A format over the function's parameters, such as "order/{order_id}" or "refund/{payment.id}", of which each field is
quoted as a part of a key; or a function of the same arguments that answers the whole key."""

FingerprintOf = Callable[..., bytes]
"""A function of the same arguments that answers what the request's content is, such as `lambda order: fingerprint(order)`."""

_FORMATTER = string.Formatter()


@dataclass(frozen=True)
class Once:
    """A decorated function: its key, its fingerprint, and how it is run."""

    function: Callable[..., Any]
    signature: inspect.Signature
    """Of the callers: without the attempt."""
    key_of: KeyOf
    fingerprint_of: FingerprintOf | None
    options: RunOptions
    with_attempt: bool

    def key(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
        """The key of a call. Raises TypeError where the arguments do not fit, KeyPartError where an id is missing."""
        if callable(self.key_of):
            return self.key_of(*args, **kwargs)
        bound = self.signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return _formatted(self.key_of, bound.arguments)

    def fingerprint(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bytes:
        """The fingerprint of a call; empty where none is asked for."""
        return b"" if self.fingerprint_of is None else self.fingerprint_of(*args, **kwargs)


def once_of(
    function: Callable[..., Any],
    key: KeyOf,
    fingerprint: FingerprintOf | None,
    options: RunOptions,
    *,
    with_attempt: bool,
    is_async: bool,
) -> Once:
    """Checks what can be checked before the first call. Raises TypeError, ConfigurationError."""
    if inspect.iscoroutinefunction(function) != is_async:
        kind, client = ("async def", "semel.aio.Client") if not is_async else ("plain", "semel.Client")
        raise TypeError(f"{function!r} is a {kind} function: decorate it with once() of a {client}")
    check_function(function, is_async=is_async)
    signature = inspect.signature(function)
    if with_attempt:
        parameters = list(signature.parameters.values())
        if not parameters:
            raise ConfigurationError(f"{function!r} takes no attempt: its first parameter would be it")
        signature = signature.replace(parameters=parameters[1:])
    if isinstance(key, str):
        _check_format(key, signature)
    return Once(function, signature, key, fingerprint, options, with_attempt)


def _check_format(key: str, signature: inspect.Signature) -> None:
    for _, field, _, _ in _FORMATTER.parse(key):
        if field is None:
            continue
        name = field.split(".")[0].split("[")[0]
        if name not in signature.parameters:
            raise ConfigurationError(
                f"the key {key!r} names {name or 'a place'!r}, which is no parameter of the function"
            )


def _formatted(key: str, arguments: dict[str, Any]) -> str:
    made = []
    for literal, field, spec, conversion in _FORMATTER.parse(key):
        made.append(literal)
        if field is None:
            continue
        value, _ = _FORMATTER.get_field(field, (), arguments)
        if conversion or spec:
            value = format(_FORMATTER.convert_field(plain(value), conversion), spec or "")
        try:
            made.append(quoted_part(value))
        except KeyPartError as error:
            raise KeyPartError(f"{{{field}}} of the key {key!r}: {error}") from error
    return "".join(made)
