"""Keeps the leases of one blocking client alive, on one thread, however many there are."""

from __future__ import annotations

import atexit
import logging
import math
import queue
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from semel import _methods as methods
from semel import _to_wire as write
from semel._calls import read_renewals
from semel._errors import CallError, ClientClosed
from semel._lease import HeldLease, LeaseSchedule, try_timeout
from semel._refusals import Refusal
from semel._retry import Try
from semel._sync.connection import Connection

_log = logging.getLogger("semel")


class _Ended(NamedTuple):
    """A renewal that was answered, or was not in time."""

    due: Sequence[HeldLease]
    sent_at: float
    call: Any


class LeaseKeeper:
    """Thread-safe. Its thread is started by the first lease: a client that only looks up needs none."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        # What wakes the thread: a renewal that has ended, or, as None, a schedule to look at. Never blocks who puts it there.
        self._wakes: queue.SimpleQueue[_Ended | None] = queue.SimpleQueue()
        self._lock = threading.RLock()
        # Guarded by _lock.
        self._schedule = LeaseSchedule()
        self._thread: threading.Thread | None = None
        self._looks_at = math.inf  # when the thread will look at the schedule by itself
        self._stopping = False

    def hold(self, lease: HeldLease) -> None:
        """Renews it from now on."""
        with self._lock:
            if self._stopping:
                raise ClientClosed("the client is closed")
            self._schedule.hold(lease)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="semel-lease-keeper", daemon=True)
                self._thread.start()
                # A thread that the interpreter stops while it ends would take the lock with it, and whoever wants it would hang.
                atexit.register(self._end_with_the_program)
            elif lease.due_at is not None and lease.due_at < self._looks_at:
                self._wakes.put(None)

    def expect_end(self, lease: HeldLease) -> None:
        """The outcome is being reported."""
        if self._connection.forked:
            return
        with self._lock:
            lease.end_expected = True

    def drop(self, lease: HeldLease) -> None:
        """Forgets it. In a forked child there is nothing to forget: the thread is the parent's, and so may be the lock."""
        if self._connection.forked:
            return
        with self._lock:
            self._schedule.drop(lease)

    def stop(self) -> None:
        """Ends the thread, and waits for it. The connection is closed by now, which ends a renewal that is under way."""
        if self._connection.forked:
            return
        with self._lock:
            self._stopping = True
            thread = self._thread
        self._wakes.put(None)
        if thread is not None and thread is not threading.current_thread():
            thread.join()
            atexit.unregister(self._end_with_the_program)

    def _end_with_the_program(self) -> None:
        self._connection.close()
        self.stop()

    def _work(self) -> None:
        while not self._stopping:
            with self._lock:
                now = time.monotonic()
                due = self._schedule.take_due(now)
                at = self._schedule.next_due()
                self._looks_at = math.inf if at is None else at
            if due:
                self._renew(due)
            else:
                self._await(None if at is None else max(0.0, at - now))

    def _await(self, timeout: float | None) -> None:
        """Until a renewal has ended, or it is time to look at the schedule."""
        try:
            ended = self._wakes.get(timeout=timeout)
        except queue.Empty:
            return
        if ended is not None:
            self._apply(ended.due, self._answers(ended), ended.sent_at)

    def _renew(self, due: Sequence[HeldLease]) -> None:
        """Does not wait for the answer: where one does not come, the other leases must not lapse meanwhile."""
        message = write.renew_all((lease.namespace, lease.key, lease.token) for lease in due)
        sent_at = time.monotonic()
        # Waiting for the connection, rather than failing while there is none: the lease is what there is time for.
        try:
            call = self._connection.start(Try(methods.BATCH_RENEW, message, try_timeout(due)))
        except Exception as error:  # noqa: BLE001 - of the caller's token function, say: leases must not end for it
            self._apply(due, self._failed(due, error), sent_at)
        else:
            call.add_done_callback(lambda call: self._wakes.put(_Ended(due, sent_at, call)))

    def _answers(self, ended: _Ended) -> Sequence[timedelta | CallError] | CallError:
        try:
            answer = self._connection.answer(ended.call)
            return answer.error() if type(answer) is Refusal else read_renewals(answer, len(ended.due))
        except Exception as error:  # noqa: BLE001 - leases must not end for it
            return self._failed(ended.due, error)

    def _failed(self, due: Sequence[HeldLease], error: Exception) -> CallError:
        if isinstance(error, CallError):
            return error
        if not self._connection.closed:
            _log.warning("%d leases could not be renewed", len(due), exc_info=error)
        return CallError(f"the leases could not be renewed: {error}")

    def _apply(
        self, due: Sequence[HeldLease], answers: Sequence[timedelta | CallError] | CallError, sent_at: float
    ) -> None:
        with self._lock:
            lost = self._schedule.apply(due, answers, sent_at, time.monotonic())
        for lease in lost:
            lease.mark_lost()
