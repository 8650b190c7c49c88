"""Whether streams come through to the server, as far as is known: what transport "auto" goes by.

Where a stream does not open while calls of their own are answered, something on the way does not take streams. It is left
alone for a while then, longer each time. Where calls are not answered either, nothing is learned. Times are those of
time.monotonic().
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import grpc

FIRST_REST = 300.0
LONGEST_REST = 3600.0
# "Unavailable" may pass, and often comes with a restart of the server: only so many in a row count as a refusal.
_UNAVAILABLE_IN_A_ROW = 5


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """How one stream ended."""

    code: grpc.StatusCode
    message: str
    was_open: bool
    """The server's first message had come."""
    began: float


class StreamTrial:
    """Of one client."""

    def __init__(self) -> None:
        self._rests_until = -math.inf
        self._next_rest = FIRST_REST
        self._answered = -math.inf  # when the latest answered call began
        self._unavailable = 0  # in a row

    def may_open(self, now: float) -> bool:
        """Whether to open a stream now."""
        return now >= self._rests_until

    def call_answered(self, began: float) -> None:
        """A call of its own that began then was answered."""
        self._answered = max(self._answered, began)

    def stream_ended(self, end: StreamEnd, now: float) -> None:
        """A stream that opened says that streams come through; one that did not may say the opposite."""
        if end.was_open:
            self._unavailable = 0
            self._next_rest = FIRST_REST
        elif self._refused(end):
            self._unavailable = 0
            self._rests_until = now + self._next_rest
            self._next_rest = min(self._next_rest * 2, LONGEST_REST)

    def _refused(self, end: StreamEnd) -> bool:
        if end.code is grpc.StatusCode.UNIMPLEMENTED:
            return True  # an older server, or a proxy that knows no such path
        if self._answered < end.began:
            return False
        if end.code is not grpc.StatusCode.UNAVAILABLE:
            return True
        self._unavailable += 1
        return self._unavailable >= _UNAVAILABLE_IN_A_ROW
