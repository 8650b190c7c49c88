"""Keeps the leases of one client of asyncio alive, in one task and one for each renewal, however many there are."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Sequence
from datetime import timedelta

from semel import _methods as methods
from semel import _to_wire as write
from semel._aio.connection import Connection
from semel._calls import read_renewals
from semel._errors import CallError, ClientClosed
from semel._lease import HeldLease, LeaseSchedule, try_timeout
from semel._refusals import Refusal
from semel._retry import Try

_log = logging.getLogger("semel")


class LeaseKeeper:
    """Of one event loop. Its task is started by the first lease: a client that only looks up needs none."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._schedule = LeaseSchedule()
        self._task: asyncio.Task[None] | None = None
        self._renewals: set[asyncio.Task[None]] = set()
        self._sooner = asyncio.Event()
        self._looks_at = math.inf  # when the task will look at the schedule by itself

    def hold(self, lease: HeldLease) -> None:
        """Renews it from now on."""
        if self._connection.closed:
            raise ClientClosed("the client is closed")
        self._schedule.hold(lease)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work(), name="semel-lease-keeper")
        elif lease.due_at is not None and lease.due_at < self._looks_at:
            self._sooner.set()

    def expect_end(self, lease: HeldLease) -> None:
        """The outcome is being reported."""
        lease.end_expected = True

    def drop(self, lease: HeldLease) -> None:
        """Forgets it."""
        self._schedule.drop(lease)

    async def stop(self) -> None:
        """Ends the task and the renewals, and waits for them."""
        task, self._task = self._task, None
        if task is not None:
            tasks = [task, *self._renewals]
            for each in tasks:
                each.cancel()
            await asyncio.wait(tasks)

    async def _work(self) -> None:
        while not self._connection.closed:
            due = self._schedule.take_due(time.monotonic())
            if due:
                # By itself: where its answer does not come, the other leases must not lapse meanwhile.
                renewal = asyncio.get_running_loop().create_task(self._renew(due), name="semel-lease-renewal")
                self._renewals.add(renewal)
                renewal.add_done_callback(self._renewals.discard)
            else:
                await self._await_due()

    async def _await_due(self) -> None:
        at = self._schedule.next_due()
        self._sooner.clear()
        self._looks_at = math.inf if at is None else at
        if at is None:
            await self._sooner.wait()
            return
        timer = asyncio.get_running_loop().call_later(max(0.0, at - time.monotonic()), self._sooner.set)
        try:
            await self._sooner.wait()
        finally:
            timer.cancel()

    async def _renew(self, due: Sequence[HeldLease]) -> None:
        sent_at = time.monotonic()
        answers = await self._answers(due)
        lost = self._schedule.apply(due, answers, sent_at, time.monotonic())
        self._sooner.set()  # they are due again
        for lease in lost:
            lease.mark_lost()

    async def _answers(self, due: Sequence[HeldLease]) -> Sequence[timedelta | CallError] | CallError:
        message = write.renew_all((lease.namespace, lease.key, lease.token) for lease in due)
        # Waiting for the connection, rather than failing while there is none: the lease is what there is time for.
        step = Try(methods.BATCH_RENEW, message, try_timeout(due))
        try:
            answer = await self._connection.send(step, wait_for_ready=True)
            return answer.error() if type(answer) is Refusal else read_renewals(answer, len(due))
        except CallError as error:
            return error
        except Exception as error:  # noqa: BLE001 - of the caller's token function, say: leases must not end for it
            if not self._connection.closed:
                _log.warning("%d leases could not be renewed", len(due), exc_info=True)
            return CallError(f"the leases could not be renewed: {error}")
