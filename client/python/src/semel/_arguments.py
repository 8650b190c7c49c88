"""What callers pass, checked before anything is sent: in words that say what to pass instead."""

from __future__ import annotations

from typing import Any

from semel._codecs import Codec
from semel._durations import Duration, is_duration
from semel._errors import ConfigurationError, KeyPartError


def checked_key(key: object) -> str:
    """A key that messages can carry; what the server thinks of it, it says itself. Raises TypeError, KeyPartError."""
    if not isinstance(key, str):
        raise TypeError(f"a key is text, and not {type(key).__name__}: make one with key_of()")
    if not key.isascii():
        try:
            key.encode()
        except UnicodeEncodeError as error:
            raise KeyPartError(f"a key is text that UTF-8 has, and not {key!r}: {error}") from error
    return key


def checked_duration(name: str, duration: object) -> Duration:
    """A length of time that messages can say. Raises ConfigurationError."""
    if not is_duration(duration):
        raise ConfigurationError(f"{name} is a timedelta or a finite number of seconds, and not {duration!r}")
    return duration  # type: ignore[return-value] # just seen


def check_durations(**durations: object) -> None:
    """Of those that were given. Raises ConfigurationError."""
    for name, duration in durations.items():
        if duration is not None:
            checked_duration(name, duration)


def check_codec(codec: object) -> None:
    """If one was given. Raises ConfigurationError."""
    if codec is not None and not isinstance(codec, Codec):
        raise ConfigurationError(f"codec is an object with encode() and decode(), and not {codec!r}: see semel.Codec")


def check_on_error(on_error: Any) -> None:
    """If one was given. Raises ConfigurationError."""
    if on_error is not None and not callable(on_error):
        raise ConfigurationError(
            f"on_error is a function of an exception and the attempt that answers a Verdict, and not {on_error!r}"
        )
