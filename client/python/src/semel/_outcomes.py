"""How a side effect ended: what an owner reports, and what everyone who asks for the same key is told afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Result:
    """The side effect was done, and this is what it left behind for those who ask again."""

    payload: bytes = b""
    """Opaque bytes; at most the namespace's max_result_bytes (1 MiB unless configured otherwise, never above 3 MiB)."""
    content_type: str = ""
    """Media type of the payload, at most 128 bytes."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Short facts beside the payload, for example an HTTP status: at most 32, names of 1 to 64 bytes, values of at
    most 256 bytes, at most 2,048 bytes in all."""
    omitted: bool = False
    """The payload was too large to keep: the effect is done, its answer cannot be replayed. The payload is empty."""
    payload_size: int = 0
    """Set by the server. Size of the stored payload in bytes, also where it was left out."""
    payload_left_out: bool = False
    """Set by the server. A batch's answer would have grown too large: lookup() fetches the payload."""


@dataclass(frozen=True, slots=True)
class Failure:
    """The side effect was not done."""

    reason: str
    """For programs: UPPER_SNAKE_CASE, 1 to 64 bytes."""
    message: str = ""
    """For people, at most 512 bytes."""
    details: bytes = b""
    """Anything more, opaque, at most 16,384 bytes."""
    retryable: bool = False
    """True: another attempt may run after retry_after. False: final, and replayed like a result."""
    retry_after: timedelta | float | None = None
    """How long to hold back the next attempt, 0 s to 7 days; only with retryable. None: it need not wait."""
    details_left_out: bool = False
    """Set by the server. As Result.payload_left_out."""


Report = Result | Failure
"""What an owner reports. Who does not know whether the effect happened reports nothing."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T_co]):
    """What a run came to: the effect is done, by this call or by an earlier one."""

    value: T_co
    """What the function returned. Replayed: what the codec made of the stored result; None where `omitted`."""
    replayed: bool
    """True: done by an earlier call; the function was not called now."""
    omitted: bool = False
    """The result was not stored, because it was too large or could not be. Replayed: the value is gone, and None."""
    refused: str = ""
    """For people: what could not be recorded of this call's result, and why. Empty: all is recorded."""
    left_out: tuple[str, ...] = ()
    """The fields that the record lacks, for programs, for example `result.payload` or `retention`."""
    token: int | None = None
    """Fencing token of this call's attempt; None where replayed."""
    attempt: int | None = None
    """Number of this call's attempt, from 1; None where replayed."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Short facts that were stored beside the result."""
    complete_time: datetime | None = None
    """Replayed: when the outcome was reported (server time)."""
    expire_time: datetime | None = None
    """Until when the outcome is replayed (server time)."""
