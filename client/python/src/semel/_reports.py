"""Ends an attempt with a result of its own, attributes and all, where OpenAttempt.complete takes values of the codec."""

from __future__ import annotations

from semel._aio.attempt import OpenAttempt as AsyncOpenAttempt
from semel._lesser_report import Recorded
from semel._outcomes import Result
from semel._sync.attempt import OpenAttempt


def report(attempt: OpenAttempt, result: Result) -> Recorded:
    """Records it, or what the service takes of it. Raises LeaseLost, and CallError with `fn_ran`."""
    return attempt._connection.perform(attempt._run.report(attempt._owned, result))


async def report_async(attempt: AsyncOpenAttempt, result: Result) -> Recorded:
    """As report()."""
    attempt._guard.disarm()
    return await attempt._connection.perform(attempt._run.report(attempt._owned, result))
