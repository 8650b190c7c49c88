"""What the items of a batch ask, and what an operator may say of a key in doubt."""

from __future__ import annotations

import os
from dataclasses import dataclass

from semel._durations import Duration
from semel._outcomes import Report


def new_attempt_id() -> bytes:
    """16 random bytes that name one logical begin.

    A retry carries the same ones, a new begin carries new ones. They say "I have not had my answer yet, so I have done
    nothing yet"; never derive them from the key.
    """
    return os.urandom(16)


@dataclass(frozen=True, slots=True)
class BeginRequest:
    """Asks for ownership of a key."""

    key: str
    """1 to 255 bytes of printable ASCII, no space at either end. See key_of()."""
    fingerprint: bytes = b""
    """At most 64 bytes that identify the request's content; see fingerprint(). Empty: not compared."""
    attempt_id: bytes | None = None
    """None: one is drawn. Give one to be able to ask again after a lost answer."""
    lease: Duration | None = None
    """How long the owner may stay silent, 10 ms to the namespace's lease_max. None: the client's, else the namespace's."""
    wait: Duration = 0.0
    """How long to wait while another attempt is in progress, up to 1 h. Zero in a batch."""
    owner: str | None = None
    """What the owner calls itself, for people: at most 128 bytes. None: the client's."""
    namespace: str | None = None
    """None: the one of the call, else the client's."""


@dataclass(frozen=True, slots=True)
class CompleteRequest:
    """Reports how an attempt ended."""

    key: str
    token: int
    outcome: Report
    retention: Duration | None = None
    """How long to replay the outcome, 1 ms to the namespace's result_retention_max. None: its result_retention."""
    namespace: str | None = None
    """None: the one of the call, else the client's."""


@dataclass(frozen=True, slots=True)
class RenewRequest:
    """Extends a lease, counted from now."""

    key: str
    token: int
    lease: Duration | None = None
    """None: the length granted before."""
    namespace: str | None = None
    """None: the one of the call, else the client's."""


@dataclass(frozen=True, slots=True)
class Absent:
    """An operator found out that nothing happened: the key is free for another attempt."""
