"""Lengths of time and instants, between Python and the wire."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from numbers import Real
from typing import TYPE_CHECKING, Any, TypeAlias

from google.protobuf.duration_pb2 import Duration as WireDuration

if TYPE_CHECKING:
    from google.protobuf.timestamp_pb2 import Timestamp

# A length of time: a timedelta, or a number of seconds. The service keeps microseconds.
Duration: TypeAlias = timedelta | float

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROS = 1_000_000
# Seconds in 10,000 years: what protobuf's Duration takes.
_LONGEST = 315_576_000_000


def is_duration(value: object) -> bool:
    """Whether it is one that messages can say: a timedelta, or a finite number that counts seconds."""
    if isinstance(value, timedelta):
        return True
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    number: Any = value  # the type of Real knows no comparison
    return bool(-_LONGEST <= number <= _LONGEST)  # of nan: no


def seconds(duration: Duration) -> float:
    """A length of time in seconds."""
    return duration.total_seconds() if isinstance(duration, timedelta) else float(duration)


def _micros(duration: Duration) -> int:
    if isinstance(duration, timedelta):
        # Integers alone: total_seconds() is not exact for long ones.
        return (duration.days * 86_400 + duration.seconds) * _MICROS + duration.microseconds
    return round(duration * _MICROS)


def to_wire(duration: Duration) -> WireDuration:
    """As it is, also where no server takes it: its answer says so better than a check in here."""
    micros = _micros(duration)
    whole, rest = divmod(abs(micros), _MICROS)
    sign = -1 if micros < 0 else 1
    return WireDuration(seconds=sign * whole, nanos=sign * rest * 1000)


def from_wire(duration: WireDuration) -> timedelta:
    """To the microsecond."""
    return timedelta(seconds=duration.seconds, microseconds=duration.nanos // 1000)


def instant(timestamp: Timestamp) -> datetime:
    """An instant of the server's clock, in UTC."""
    return _EPOCH + timedelta(seconds=timestamp.seconds, microseconds=timestamp.nanos // 1000)
