"""Cancels the work of an attempt whose lease is lost, and tells that apart from every other cancellation."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import grpc

from semel._errors import LeaseLost
from semel._lease import HeldLease

if TYPE_CHECKING:
    from types import TracebackType


class CancelOnLoss:
    """A block of a task, as asyncio.timeout is one: where the lease is lost, it is cancelled and raises LeaseLost."""

    def __init__(self, lease: HeldLease) -> None:
        self._lease = lease
        self.lost_event = asyncio.Event()
        self._armed = False
        self._cancelled = False

    def __enter__(self) -> CancelOnLoss:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("an attempt needs a task to run in")
        self._task = task
        self._loop = asyncio.get_running_loop()
        self._cancelling_before = _cancelling(task)
        self._armed = True
        self._lease.call_when_lost(self._noticed)
        return self

    def disarm(self) -> None:
        """The work is over: its report is not to be cancelled."""
        self._armed = False

    def _noticed(self) -> None:
        # The owner may have looked from another thread, or from the task itself, which must not cancel itself half way.
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._lost)

    def _lost(self) -> None:
        self.lost_event.set()
        if self._armed:
            self._cancelled = True
            self._task.cancel("the lease of the attempt was lost")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._armed = False
        if not self._cancelled:
            return
        by_others = _uncancel(self._task) > self._cancelling_before
        if isinstance(error, asyncio.CancelledError) and not by_others:
            raise LeaseLost(
                f"{self._lease.key}: the lease was lost while the work went on: it was cancelled, and nothing is reported",
                code=grpc.StatusCode.ABORTED,
                reason="LEASE_LOST",
                fn_ran=True,
            ) from error


def _cancelling(task: asyncio.Task[object]) -> int:
    cancelling = getattr(task, "cancelling", None)  # from Python 3.11 on
    return cancelling() if cancelling is not None else 0


def _uncancel(task: asyncio.Task[object]) -> int:
    uncancel = getattr(task, "uncancel", None)  # from Python 3.11 on; before, cancellations were not counted
    return uncancel() if uncancel is not None else 0
