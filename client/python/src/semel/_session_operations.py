"""Operations of one Session stream: which wait to be sent, which for an answer. Decides only; who has the stream does the rest.

What waits is put together into messages as the stream's limits allow. Begins that wait for their key have room of their own, so
that they do not keep out the reports which they wait for.
"""

from __future__ import annotations

import enum
import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from semel import _methods as methods
from semel._durations import to_wire
from semel._methods import Method
from semel._refusals import Refusal
from semel.v1 import idempotency_service_pb2 as service

MAX_MESSAGE_BYTES = (4 << 20) - 1024
"""Of one message, beneath the 4 MiB that gRPC takes."""
_OVERHEAD = 64  # what an operation takes in its message beside its request: tags, lengths, the id, the timeout
# That nobody waits any longer is told as a courtesy: the server has their timeouts. Of more at once than this nothing is said.
_MAX_CANCELLED = 4096
_OPERATIONS_TAG = b"\x0a"  # of SessionRequest.operations: field 1, with a length

Reply = Any | Refusal
Done = Callable[[Reply], None]
"""Gets the answer's message, or why there is none."""

# The calls that a stream carries, and what they are called in its messages.
NAMES: dict[Method[Any, Any], str] = {
    methods.BEGIN: "begin",
    methods.COMPLETE: "complete",
    methods.LOOKUP: "lookup",
    methods.RENEW: "renew",
    methods.RELEASE: "release",
    methods.CHECKPOINT: "checkpoint",
}


class Cancelled(enum.Enum):
    """What cancel() found."""

    TOO_LATE = enum.auto()
    UNSENT = enum.auto()
    SENT = enum.auto()


@dataclass(slots=True)
class _Operation:
    name: str
    encoded: bytes
    waits: bool
    done: Done | None
    sent: bool = False


class SessionOperations:
    """Of one client; they outlive the stream they are sent on."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self._operations: dict[int, _Operation] = {}
        self._prompt: deque[int] = deque()  # unsent, in order; ids of the cancelled stay until their turn
        self._patient: deque[int] = deque()  # the same of begins that wait for their key
        self._cancelled: list[int] = []  # to be told
        self._max_operations = 1
        self._max_unanswered = 2
        self._unanswered = 0
        self._waiting = 0  # of these, begins that wait
        self._unsent = 0

    def set_limits(self, limits: service.SessionLimits) -> None:
        """Of a new stream."""
        self._max_operations = max(limits.max_operations, 1)
        self._max_unanswered = max(limits.max_unanswered, 2)

    @property
    def has_unsent(self) -> bool:
        """Something waits to be sent."""
        return self._unsent > 0

    @property
    def due(self) -> int:
        """Sent, unanswered, and not waiting for a key."""
        return self._unanswered - self._waiting

    def has_room_for(self, message: Any) -> bool:
        """Whether one more would be sent before any answer comes."""
        if self._unsent + self._unanswered >= self._max_unanswered:
            return False
        return not _waits(message) or len(self._patient) + self._waiting < self._max_unanswered // 2

    def add(self, name: str, message: Any, timeout: float, done: Done) -> int:
        """Its id. The message is encoded as it is now. It must fit; see fits()."""
        number = next(self._ids)
        operation = service.SessionRequest.Operation(id=number, timeout=to_wire(timeout), **{name: message})
        waits = _waits(message)
        self._operations[number] = _Operation(name, operation.SerializeToString(), waits, done)
        (self._patient if waits else self._prompt).append(number)
        self._unsent += 1
        return number

    def cancel(self, number: int) -> Cancelled:
        """TOO_LATE: its `done` was called, or will be."""
        operation = self._operations.get(number)
        if operation is None or operation.done is None:
            return Cancelled.TOO_LATE
        operation.done = None
        if not operation.sent:
            del self._operations[number]
            self._unsent -= 1
            return Cancelled.UNSENT
        if len(self._cancelled) < _MAX_CANCELLED:
            self._cancelled.append(number)
        return Cancelled.SENT

    def take_message(self) -> bytes | None:
        """The next message, with as much as it and the limits allow; None: there is nothing to be sent now."""
        parts: list[bytes] = []
        if self._cancelled:
            parts.append(service.SessionRequest(cancelled=self._cancelled).SerializeToString())
            self._cancelled = []
        size = sum(map(len, parts))
        # The encoding of a repeated field is that of its elements one after the other (protobuf.dev, "Encoding").
        size, count = self._append(self._prompt, parts, size, 0, self._max_unanswered)
        self._append(self._patient, parts, size, count, self._max_unanswered // 2)
        return b"".join(parts) if parts else None

    def _append(self, queue: deque[int], parts: list[bytes], size: int, count: int, most: int) -> tuple[int, int]:
        while queue:
            operation = self._operations.get(queue[0])
            if operation is None:  # cancelled
                queue.popleft()
                continue
            of_queue = self._waiting if operation.waits else self._unanswered
            if count >= self._max_operations or self._unanswered >= self._max_unanswered or of_queue >= most:
                break
            if parts and size + len(operation.encoded) + _OVERHEAD > MAX_MESSAGE_BYTES:
                break
            queue.popleft()
            parts += (_OPERATIONS_TAG, _varint(len(operation.encoded)), operation.encoded)
            size += len(operation.encoded) + _OVERHEAD
            count += 1
            operation.sent, operation.encoded = True, b""
            self._unsent -= 1
            self._unanswered += 1
            self._waiting += operation.waits
        return size, count

    def answered(self, number: int) -> tuple[str, Done | None]:
        """The name of that operation, and who waits for its answer: None where nobody does, or does any longer."""
        operation = self._operations.get(number)
        if operation is None or not operation.sent:
            return "", None
        del self._operations[number]
        self._unanswered -= 1
        self._waiting -= operation.waits
        return operation.name, operation.done

    def take(self, *, sent: bool) -> list[Done]:
        """The stream is over: none of those that were sent, or of those that were not, gets an answer."""
        taken = [number for number, operation in self._operations.items() if operation.sent is sent]
        waiting = [self._operations.pop(number).done for number in taken]
        if sent:
            self._cancelled = []
            self._unanswered = self._waiting = 0
        else:
            self._unsent = 0
            self._prompt.clear()
            self._patient.clear()
        return [done for done in waiting if done is not None]


def fits(message: Any) -> bool:
    """Whether a message can carry it. What cannot goes by itself: no server takes that either, but it says so."""
    size: int = message.ByteSize()
    return size + _OVERHEAD <= MAX_MESSAGE_BYTES


def _waits(message: Any) -> bool:
    return type(message) is service.BeginRequest and message.HasField("wait") and _positive(message.wait)


def _positive(wait: Any) -> bool:
    return bool(wait.seconds > 0 or wait.nanos > 0)


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)
