"""Keeps the leases of one blocking client alive, on one thread, however many there are."""

from __future__ import annotations

import atexit
import logging
import math
import threading
import time
from collections.abc import Sequence
from datetime import timedelta

from semel import _methods as methods
from semel import _to_wire as write
from semel._calls import read_renewals
from semel._errors import CallError, ClientClosed
from semel._lease import HeldLease, LeaseSchedule, try_timeout
from semel._refusals import Refusal
from semel._retry import Try
from semel._sync.connection import Connection

_log = logging.getLogger("semel")


class LeaseKeeper:
    """Thread-safe. Its thread is started by the first lease: a client that only looks up needs none."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._changed = threading.Condition()
        # Guarded by _changed.
        self._schedule = LeaseSchedule()
        self._thread: threading.Thread | None = None
        self._looks_at = math.inf  # when the thread will look at the schedule by itself
        self._stopping = False

    def hold(self, lease: HeldLease) -> None:
        """Renews it from now on."""
        with self._changed:
            if self._stopping:
                raise ClientClosed("the client is closed")
            self._schedule.hold(lease)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="semel-lease-keeper", daemon=True)
                self._thread.start()
                # A thread that the interpreter stops while it ends would take the lock with it, and whoever wants it would hang.
                atexit.register(self._end_with_the_program)
            elif lease.due_at is not None and lease.due_at < self._looks_at:
                self._changed.notify()

    def expect_end(self, lease: HeldLease) -> None:
        """The outcome is being reported."""
        if self._connection.forked:
            return
        with self._changed:
            lease.end_expected = True

    def drop(self, lease: HeldLease) -> None:
        """Forgets it. In a forked child there is nothing to forget: the thread is the parent's, and so may be the lock."""
        if self._connection.forked:
            return
        with self._changed:
            self._schedule.drop(lease)

    def stop(self) -> None:
        """Ends the thread, and waits for it. The connection is closed by now, which ends a renewal that is under way."""
        if self._connection.forked:
            return
        with self._changed:
            self._stopping = True
            self._changed.notify()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()
            atexit.unregister(self._end_with_the_program)

    def _end_with_the_program(self) -> None:
        self._connection.close()
        self.stop()

    def _work(self) -> None:
        while True:
            due = self._await_due()
            if due is None:
                return
            sent_at = time.monotonic()
            answers = self._renew(due)
            with self._changed:
                lost = self._schedule.apply(due, answers, sent_at, time.monotonic())
            for lease in lost:
                lease.mark_lost()

    def _await_due(self) -> list[HeldLease] | None:
        with self._changed:
            while not self._stopping:
                now = time.monotonic()
                due = self._schedule.take_due(now)
                if due:
                    return due
                at = self._schedule.next_due()
                self._looks_at = math.inf if at is None else at
                self._changed.wait(None if at is None else at - now)
                self._looks_at = -math.inf  # it is looking
            return None

    def _renew(self, due: Sequence[HeldLease]) -> Sequence[timedelta | CallError] | CallError:
        message = write.renew_all((lease.namespace, lease.key, lease.token) for lease in due)
        # Waiting for the connection, rather than failing while there is none: the lease is what there is time for.
        step = Try(methods.BATCH_RENEW, message, try_timeout(due))
        try:
            answer = self._connection.send(step, wait_for_ready=True)
            return answer.error() if type(answer) is Refusal else read_renewals(answer, len(due))
        except CallError as error:
            return error
        except Exception as error:  # noqa: BLE001 - of the caller's token function, say: leases must not end for it
            if not self._connection.closed:
                _log.warning("%d leases could not be renewed", len(due), exc_info=True)
            return CallError(f"the leases could not be renewed: {error}")
