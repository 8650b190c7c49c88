"""One ownership of a key, in blocking code."""

from __future__ import annotations

import threading
from typing import Any

from semel._answers import Completed
from semel._attempts import AttemptFacts, Owned, checkpoint
from semel._calls import Calls
from semel._error_policy import failure_of
from semel._errors import Final, Retryable
from semel._outcomes import Outcome
from semel._running import Run
from semel._sync.connection import Connection


class Attempt(AttemptFacts):
    """Handed to the function of Client.run; valid until that function returns. Thread-safe."""

    __slots__ = ("_calls", "_connection", "lost_event")

    lost_event: threading.Event
    """Set when `lost` becomes true, on the thread that notices it. For waiting; `lost` also asks the clock."""

    def __init__(self, owned: Owned, calls: Calls, connection: Connection) -> None:
        super().__init__(owned)
        self._calls = calls
        self._connection = connection
        self.lost_event = threading.Event()
        owned.lease.call_when_lost(self.lost_event.set)

    def checkpoint(self, data: bytes, *, effects_began: bool = False) -> None:
        """Saves up to 64 KiB for the next attempt, should this one be abandoned or fail. Replaces the one before it.

        With `effects_began` the side effect counts as impossible to take back from here on: if this attempt falls silent,
        or ends with an exception that is not a Retryable or Final, the key is in doubt until somebody finds out, whatever
        the namespace's policy says. Go on only if this returns. Safe to call again after any error.

        Raises TokenStale (another attempt took over: `lost` is true), KeyNotFound, NotInProgress and CallError.
        """
        self._connection.perform(checkpoint(self._calls, self._owned, data, effects_began))


class OpenAttempt(Attempt):
    """What Client.attempt hands out: an Attempt that its owner ends. Of one thread, but for `lost` and checkpoint()."""

    __slots__ = ("_run",)

    def __init__(self, owned: Owned, calls: Calls, connection: Connection, run: Run) -> None:
        super().__init__(owned, calls, connection)
        self._run = run

    @property
    def ended(self) -> bool:
        """complete(), fail() or release() ended it; nothing is renewed any more."""
        return self._owned.ended

    @property
    def recorded(self) -> bool:
        """The service knows how it ended; also by an exception that left the block. False: it was left open, or may be."""
        return self._owned.recorded

    def complete(self, value: Any = None) -> Outcome[Any]:
        """Reports that the effect happened, and what it left behind: a value for the codec, or a semel.Result as it is.

        What the server refuses of it is left out and the rest recorded, so that the effect stays done. Safe to call again
        after Unavailable. Raises LeaseLost, and CallError with `fn_ran`.
        """
        return self._connection.perform(self._run.completed(self._owned, value))

    def fail(self, verdict: Retryable | Final) -> Completed:
        """Reports that the effect did not happen. `made_final`: it was the last attempt that the namespace allows."""
        return self._connection.perform(self._run.report(self._owned, failure_of(verdict))).completed

    def release(self) -> None:
        """Gives the key back: "I did nothing, let another try now". Raises TokenStale, NotInProgress, CallError."""
        self._connection.perform(self._run.release(self._owned))
