"""The calls one by one, and in batches, in blocking code."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from semel._answers import BeginAnswer, Completed, Record
from semel._calls import Calls
from semel._codecs import Codec
from semel._durations import Duration
from semel._error_policy import ErrorPolicy
from semel._errors import CallError
from semel._options import Options
from semel._outcomes import Report
from semel._requests import BeginRequest, CompleteRequest, RenewRequest
from semel._sync.connection import Connection
from semel._sync.keeper import LeaseKeeper


class ManualCalls:
    """What Client is made of. Each call takes another `namespace`, and a `timeout` for it with all its tries."""

    def __init__(self, options: Options) -> None:
        self._calls = Calls(options)
        self._connection = Connection(options)
        self._keeper = LeaseKeeper(self._connection)

    @property
    def codec(self) -> Codec:
        """How values become stored results where a call does not say."""
        return self._calls.options.codec

    @property
    def on_error(self) -> ErrorPolicy | None:
        """What an exception says about its effect where a call does not say; None: default_policy."""
        return self._calls.options.on_error

    def begin(
        self,
        key: str,
        *,
        fingerprint: bytes = b"",
        attempt_id: bytes | None = None,
        lease: Duration | None = None,
        wait: Duration = 0.0,
        owner: str | None = None,
        namespace: str | None = None,
        timeout: Duration | None = None,
    ) -> BeginAnswer:
        """Asks for ownership of a key. The lease is not kept alive: renew() it. See BeginRequest.

        Safe to repeat with the same attempt id; without one, a fresh one is drawn and used for all tries of this call.
        Raises FingerprintMismatch.
        """
        request = BeginRequest(key, fingerprint, attempt_id, lease, wait, owner)
        return self._connection.perform(self._calls.begin(request, namespace, timeout))

    def complete(
        self,
        key: str,
        token: int,
        outcome: Report,
        *,
        retention: Duration | None = None,
        namespace: str | None = None,
        timeout: Duration | None = None,
    ) -> Completed:
        """Reports how an attempt ended: Result (the effect was done) or Failure (it was not).

        Safe to repeat with the same outcome. Accepted after the lease lapsed, also from in doubt, while no other attempt
        acquired the key. Raises KeyNotFound, TokenStale, OutcomeConflict (another outcome is stored), ResultTooLarge
        (nothing changed: complete with Result(omitted=True) instead).
        """
        request = CompleteRequest(key, token, outcome, retention)
        return self._connection.perform(self._calls.complete(request, namespace, timeout))

    def lookup(self, key: str, *, namespace: str | None = None, timeout: Duration | None = None) -> Record | None:
        """Reads a key; None where there is no record. Changes nothing, always safe."""
        return self._connection.perform(self._calls.lookup(key, namespace, timeout))

    def renew(
        self,
        key: str,
        token: int,
        *,
        lease: Duration | None = None,
        namespace: str | None = None,
        timeout: Duration | None = None,
    ) -> timedelta:
        """Extends the lease, counted from now, and answers its length. Safe to repeat.

        Raises KeyNotFound, TokenStale, NotInProgress.
        """
        request = RenewRequest(key, token, lease)
        return self._connection.perform(self._calls.renew(request, namespace, timeout))

    def release(self, key: str, token: int, *, namespace: str | None = None, timeout: Duration | None = None) -> None:
        """Gives the key back: "I did nothing, let another try now". Safe to repeat. Raises TokenStale, NotInProgress."""
        self._connection.perform(self._calls.release(key, token, namespace, timeout))

    def checkpoint(
        self,
        key: str,
        token: int,
        data: bytes,
        *,
        effects_began: bool = False,
        namespace: str | None = None,
        timeout: Duration | None = None,
    ) -> timedelta:
        """Saves up to 64 KiB for the next attempt, and may declare that effects began; see Attempt.checkpoint.

        Answers the time until the lease lapses, which it does not extend. Safe to repeat. Raises KeyNotFound, TokenStale,
        NotInProgress.
        """
        return self._connection.perform(self._calls.checkpoint(key, token, data, effects_began, namespace, timeout))

    def batch_begin(
        self,
        requests: Sequence[BeginRequest],
        *,
        namespace: str | None = None,
        timeout: Duration | None = None,
    ) -> list[BeginAnswer | CallError]:
        """Up to 1,000 begins in one message and one group commit: the answers or errors, in order.

        Items are independent. A batch does not wait, and its leases are not kept alive: batch_renew() them. Give attempt
        ids to be able to repeat it after Unavailable. Raises BatchTooLarge for the whole.

        What does not fit into a message of 4 MiB goes in several, one after another. Where a later one gets no answer, the
        answers so far stand, and its items and all after them have the error, those that were sent with `outcome_unknown`.
        """
        return self._connection.perform(self._calls.batch_begin(requests, namespace, timeout))

    def batch_complete(
        self,
        requests: Sequence[CompleteRequest],
        *,
        namespace: str | None = None,
        timeout: Duration | None = None,
    ) -> list[Completed | CallError]:
        """Up to 1,000 completes in one message and one group commit. As batch_begin()."""
        return self._connection.perform(self._calls.batch_complete(requests, namespace, timeout))

    def batch_renew(
        self,
        requests: Sequence[RenewRequest],
        *,
        namespace: str | None = None,
        timeout: Duration | None = None,
    ) -> list[timedelta | CallError]:
        """Up to 1,000 renews in one message: the lengths granted, or the errors. As batch_begin()."""
        return self._connection.perform(self._calls.batch_renew(requests, namespace, timeout))
