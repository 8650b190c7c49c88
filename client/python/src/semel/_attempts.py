"""One ownership of a key: what this process knows of it, and what the function that does the side effect sees."""

from __future__ import annotations

import time

from semel._answers import Acquired, Previous
from semel._calls import Calls
from semel._errors import TokenStale
from semel._lease import HeldLease
from semel._retry import Steps


class Owned:
    """An attempt that this process owns."""

    __slots__ = ("acquired", "effects_began", "ended", "happened", "key", "lease", "namespace", "recorded")

    def __init__(self, namespace: str, key: str, acquired: Acquired, lease: HeldLease) -> None:
        self.namespace = namespace
        self.key = key
        self.acquired = acquired
        self.lease = lease
        self.effects_began = False
        self.ended = False
        """Nothing more is to be reported."""
        self.happened = False
        """Its owner said that the effect did."""
        self.recorded = False
        """The service took a report, or a release."""

    @property
    def number(self) -> int:
        """1 for the first attempt on the key."""
        return self.acquired.attempt


class AttemptFacts:
    """One ownership of a key, as the function that does the side effect sees it."""

    __slots__ = ("_owned",)

    def __init__(self, owned: Owned) -> None:
        self._owned = owned

    @property
    def namespace(self) -> str:
        """Who the key belongs to."""
        return self._owned.namespace

    @property
    def key(self) -> str:
        """The key."""
        return self._owned.key

    @property
    def token(self) -> int:
        """Fencing token: hand it to what you write to, and let that refuse smaller ones.

        It is what stops a slow owner that lost its lease without noticing (Kleppmann, "How to do distributed locking",
        2016).
        """
        return self._owned.acquired.token

    @property
    def number(self) -> int:
        """1 for the first attempt on the key."""
        return self._owned.acquired.attempt

    @property
    def previous(self) -> Previous:
        """How the attempt before this one ended.

        ABANDONED: it fell silent half way. Look whether its effect happened before doing it again.
        """
        return self._owned.acquired.previous

    @property
    def previous_checkpoint(self) -> bytes:
        """The last checkpoint of earlier attempts; empty where there is none."""
        return self._owned.acquired.checkpoint

    @property
    def effects_began(self) -> bool:
        """This attempt declared so."""
        return self._owned.effects_began

    @property
    def lost(self) -> bool:
        """True once another attempt took over, or once the lease went by without a renewal, so that one may have.

        Never becomes false again. Stop working: do not begin what cannot be taken back. Asks the clock too, so it is the
        thing to look at before each step that cannot be taken back.
        """
        return self._owned.lease.is_lost(time.monotonic())


def checkpoint(calls: Calls, owned: Owned, data: bytes, effects_began: bool) -> Steps[None]:
    """Saves progress, and may declare that effects began."""
    # Before the call: a lost reply does not tell whether effects may begin.
    owned.effects_began = owned.effects_began or effects_began
    try:
        yield from calls.checkpoint(owned.key, owned.acquired.token, data, effects_began, owned.namespace, None)
    except TokenStale:
        owned.lease.mark_lost()
        raise
