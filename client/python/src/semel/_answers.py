"""What the service answers, as plain values to match on.

A refused or failed call is no answer but an exception; see semel._errors. Instants are of the server's clock, which the
caller's clock need not share: show them, do not compute with them.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from semel._outcomes import Failure, Result


class Previous(enum.Enum):
    """How the attempt before this one ended."""

    NONE = "none"
    """There was none, or none that is still remembered."""
    ABANDONED = "abandoned"
    """Its lease lapsed without a word: its effect may have happened, in whole or in part."""
    FAILED = "failed"
    """It reported a retryable failure."""
    RELEASED = "released"
    """It gave the key back and declared that it had done nothing."""


class State(enum.Enum):
    """Where a key stands."""

    IN_PROGRESS = "in_progress"
    IN_DOUBT = "in_doubt"
    DONE = "done"
    FAILED = "failed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Acquired:
    """The caller owns the key and may do the side effect."""

    token: int
    """Fencing token: greater for every new attempt on the key. Hand it to what you write to."""
    attempt: int
    """Number of this attempt, from 1."""
    lease: timedelta
    """How long the owner may stay silent, counted from the answer."""
    previous: Previous
    checkpoint: bytes
    """The last one of earlier attempts; empty where there is none."""
    checkpoint_left_out: bool = False
    """Batches only: lookup() fetches it."""


@dataclass(frozen=True, slots=True)
class Done:
    """The side effect was done before."""

    result: Result
    complete_time: datetime
    expire_time: datetime
    """Until when the result is replayed. Duplicates do not extend it."""


@dataclass(frozen=True, slots=True)
class Failed:
    """An attempt failed."""

    failure: Failure
    retry_after: timedelta | None
    """Retryable failures: time until the next begin may acquire the key. None for final ones."""
    attempt: int
    """Number of the attempt that failed."""


@dataclass(frozen=True, slots=True)
class InProgress:
    """Another attempt owns the key."""

    owner: str
    attempt: int
    lease_remaining: timedelta
    """Until its lease lapses, unless it is renewed."""
    retry_after: timedelta
    """When it makes sense to ask again."""


@dataclass(frozen=True, slots=True)
class InDoubt:
    """Nobody knows whether the side effect happened: its owner fell silent after effects began, or so the namespace wants.

    Find out, then complete or release the key with the token of that attempt, or resolve it (AdminClient).
    """

    owner: str
    since: datetime
    """When its lease lapsed."""
    checkpoint: bytes
    """Its last one; empty where there is none."""
    checkpoint_left_out: bool = False
    """Batches only: lookup() fetches it."""


@dataclass(frozen=True, slots=True)
class Expired:
    """The effect ended long ago: its outcome is no longer stored, the key is still remembered."""

    complete_time: datetime


NotAcquired = Done | Failed | InProgress | InDoubt | Expired
BeginAnswer = Acquired | NotAcquired


@dataclass(frozen=True, slots=True)
class Completed:
    """The outcome is stored."""

    state: State
    """DONE or FAILED."""
    expire_time: datetime
    """Until when the outcome is replayed."""
    already_applied: bool
    """The same outcome with the same token was stored before: this was a retry."""
    made_final: bool
    """A retryable failure was made final: the attempt was the last that the namespace's max_attempts allows."""


@dataclass(frozen=True, slots=True)
class Record:
    """Everything that may be seen of a key. The fencing token is not shown: it belongs to the owner alone."""

    state: State
    attempt: int
    """Number of the current or last attempt, from 1."""
    owner: str
    fingerprint: bytes
    create_time: datetime
    """Of the first attempt that is still remembered."""
    lease_remaining: timedelta | None
    """IN_PROGRESS. Zero once it has lapsed: the next begin decides what follows."""
    effects_began: bool
    """IN_PROGRESS and IN_DOUBT: whether the owner declared so."""
    checkpoint: bytes
    previous: Previous
    in_doubt_since: datetime | None
    complete_time: datetime | None
    """DONE, FAILED, EXPIRED."""
    expire_time: datetime | None
    """DONE, FAILED: until when the outcome is replayed."""
    forget_time: datetime | None
    """Until when the key is remembered."""
    outcome: Result | Failure | None
    """DONE and FAILED."""


# ---- what operators are answered ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ListedKey:
    """A key of a listing."""

    namespace: str
    key: str
    record: Record
    """As lookup() would show it, but without result payload, failure details and checkpoint."""
    checkpoint_size: int
    """In bytes."""


@dataclass(frozen=True, slots=True)
class KeysPage:
    """Some keys of a listing."""

    keys: tuple[ListedKey, ...]
    """May be fewer than page_size, even none, without being the last page."""
    next_page_token: str
    """Empty: that was the last page."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """A key in doubt is settled."""

    state: State | None
    """DONE or FAILED; None where the key is free again."""
    expire_time: datetime | None
    """Until when the outcome is replayed; None where the key is free again."""
    already_applied: bool
    """An earlier call had settled the key in the same way: nothing changed."""


@dataclass(frozen=True, slots=True)
class OpenKeys:
    """Keys that an attempt owns or owned, at this instant, and their bounds."""

    in_progress: int
    in_doubt: int
    bytes: int
    max_keys: int
    max_bytes: int


@dataclass(frozen=True, slots=True)
class NamespaceFigures:
    """What became of the calls of a namespace since the process began. `(other)`: all that are not configured."""

    namespace: str
    begins: Mapping[str, int]
    takeovers: int
    stale_tokens: int
    completed_done: int
    completed_failed: int


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup in the server's directory for them."""

    id: int
    """From 1; `semel restore --backup` takes it."""
    create_time: datetime
    """By the machine's wall clock, whole seconds."""
    size_bytes: int
    """Of all files that belong to it."""


@dataclass(frozen=True, slots=True)
class CreatedBackup:
    """The backup is on disk."""

    backup: Backup
    copied_bytes: int
    """That had to be copied for it; the rest was there from earlier backups."""
    duration: timedelta
    backups_kept: int
    """That the directory holds now."""


@dataclass(frozen=True, slots=True)
class Stats:
    """Figures about the server. Counters begin at zero with the process."""

    version: str
    start_time: datetime
    server_time: datetime
    wall_clock_offset: timedelta
    not_ready_reason: str
    """Why the server promises nothing at the moment; empty while all is well."""
    open_keys: OpenKeys
    waiters: int
    calls_in_flight: int
    namespaces: tuple[NamespaceFigures, ...]
    storage: Mapping[str, float]
    last_backup: Backup | None = None
    """The last one that is known."""
