"""The calls of IdempotencyService as sequences of steps: what is sent, how often, and what its answer means."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar

import grpc

from semel import _from_wire as read
from semel import _methods as methods
from semel import _to_wire as write
from semel._answers import BeginAnswer, Completed, Record
from semel._arguments import checked_duration, checked_key
from semel._batches import Item, in_messages, item
from semel._durations import Duration, from_wire, seconds, to_wire
from semel._errors import CallError, FieldViolation, ResultTooLarge
from semel._options import Options
from semel._outcomes import Failure, Report, Result
from semel._refusals import refused_here
from semel._requests import BeginRequest, CompleteRequest, RenewRequest
from semel._retry import BeforeTry, Call, RetryBudget, Steps, tried
from semel.v1 import idempotency_service_pb2 as service

A = TypeVar("A")
R = TypeVar("R")

# More than any namespace may allow (never above 3 MiB), and about as much as a message carries.
_MAX_RESULT_BYTES = 3 << 20
# Many times what any server takes of a field, and so little that all of them fit in a message.
_MAX_FIELD_BYTES = 128 << 10
# To lose one of these is worse than one more request: they do not take from the retry budget.
_REPORTS = frozenset({methods.COMPLETE, methods.RELEASE, methods.RENEW, methods.BATCH_COMPLETE, methods.BATCH_RENEW})


class _Waiting(BeforeTry):
    """A try after a lost reply waits for what is left, not from the beginning."""

    def __init__(self, message: service.BeginRequest, wait: float) -> None:
        self._message = message
        self._wait = wait
        self._waited_enough = 0.0

    def __call__(self, now: float) -> None:
        super().__call__(now)
        if not self._waited_enough:
            self._waited_enough = now + self._wait  # the first one asks for exactly what the caller asked for
        else:
            self._message.wait.CopyFrom(to_wire(max(0.0, self._waited_enough - now)))


class Calls:
    """Of one client. Every call here may be repeated: it carries an attempt id or a token, or changes nothing."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self._budget = RetryBudget(options.retry)

    def namespace(self, given: str | None) -> str:
        """The one of the call, else the client's."""
        return self.options.namespace if given is None else given

    def begin(self, request: BeginRequest, namespace: str | None, timeout: Duration | None) -> Steps[BeginAnswer]:
        """Asks for ownership of a key."""
        answer, _ = yield from self.begin_noting(request, namespace, timeout)
        return answer

    def begin_noting(
        self, request: BeginRequest, namespace: str | None, timeout: Duration | None
    ) -> Steps[tuple[BeginAnswer, float]]:
        """The answer, and a moment before the server gave it, from which an acquired lease safely counts."""
        message = write.begin(request, self.namespace(namespace), self.options.owner, self.options.lease)
        wait = seconds(request.wait)
        before = _Waiting(message, wait) if wait > 0 else BeforeTry()
        call = self._call("Begin", request.key, methods.BEGIN, message, timeout, max(0.0, wait))
        answer = yield from self._tried(call, before)
        return read.begun(answer), before.sent_at

    def complete(self, request: CompleteRequest, namespace: str | None, timeout: Duration | None) -> Steps[Completed]:
        """Reports how an attempt ended."""
        message = _complete(request, self.namespace(namespace))
        call = self._call("Complete", request.key, methods.COMPLETE, message, timeout)
        return read.completed((yield from self._tried(call)))

    def lookup(self, key: str, namespace: str | None, timeout: Duration | None) -> Steps[Record | None]:
        """Reads a key."""
        message = service.LookupRequest(namespace=self.namespace(namespace), key=checked_key(key))
        call = self._call("Lookup", key, methods.LOOKUP, message, timeout)
        return read.looked_up((yield from self._tried(call)))

    def renew(self, request: RenewRequest, namespace: str | None, timeout: Duration | None) -> Steps[timedelta]:
        """Extends a lease."""
        message = write.renew(request, self.namespace(namespace))
        answer = yield from self._tried(self._call("Renew", request.key, methods.RENEW, message, timeout))
        return from_wire(answer.lease)

    def release(self, key: str, token: int, namespace: str | None, timeout: Duration | None) -> Steps[None]:
        """Gives a key back."""
        message = service.ReleaseRequest(namespace=self.namespace(namespace), key=checked_key(key), token=token)
        yield from self._tried(self._call("Release", key, methods.RELEASE, message, timeout))

    def checkpoint(
        self,
        key: str,
        token: int,
        data: bytes,
        effects_began: bool,
        namespace: str | None,
        timeout: Duration | None,
    ) -> Steps[timedelta]:
        """Saves an attempt's progress."""
        message = service.CheckpointRequest(
            namespace=self.namespace(namespace),
            key=checked_key(key),
            token=token,
            data=data,
            effects_began=effects_began,
        )
        answer = yield from self._tried(self._call("Checkpoint", key, methods.CHECKPOINT, message, timeout))
        return from_wire(answer.lease_remaining)

    def batch_begin(
        self, requests: Sequence[BeginRequest], namespace: str | None, timeout: Duration | None
    ) -> Steps[list[BeginAnswer | CallError]]:
        """Many begins at once."""
        space, owner, lease = self.namespace(namespace), self.options.owner, self.options.lease
        items = [item(request, lambda request: write.begin(request, space, owner, lease)) for request in requests]
        return self._batch("BatchBegin", methods.BATCH_BEGIN, service.BatchBeginRequest, items, read.begun, timeout)

    def batch_complete(
        self, requests: Sequence[CompleteRequest], namespace: str | None, timeout: Duration | None
    ) -> Steps[list[Completed | CallError]]:
        """Many completes at once."""
        space = self.namespace(namespace)
        items = [item(request, lambda request: _complete(request, space)) for request in requests]
        return self._batch(
            "BatchComplete", methods.BATCH_COMPLETE, service.BatchCompleteRequest, items, read.completed, timeout
        )

    def batch_renew(
        self, requests: Sequence[RenewRequest], namespace: str | None, timeout: Duration | None
    ) -> Steps[list[timedelta | CallError]]:
        """Many renews at once."""
        space = self.namespace(namespace)
        items = [item(request, lambda request: write.renew(request, space)) for request in requests]
        return self._batch("BatchRenew", methods.BATCH_RENEW, service.BatchRenewRequest, items, _renewed, timeout)

    def _batch(
        self,
        name: str,
        method: methods.Method[Any, Any],
        message: Callable[..., Any],
        items: Sequence[Item],
        read_one: Callable[[Any], A],
        timeout: Duration | None,
    ) -> Steps[list[A | CallError]]:
        def send(requests: list[Any], left: float) -> Steps[list[A | CallError]]:
            call = self._call(name, f"{len(requests)} keys", method, message(requests=requests), left)
            answer = yield from self._tried(call)
            return read.items(answer.items, len(requests), read_one)

        return in_messages(items, self._total(timeout), send)

    def _total(self, timeout: Duration | None) -> float:
        return self.options.call_timeout if timeout is None else seconds(checked_duration("timeout", timeout))

    def _call(
        self,
        name: str,
        key: str,
        method: methods.Method[Any, R],
        message: Any,
        timeout: Duration | None,
        wait: float = 0.0,
    ) -> Call[R]:
        total = self._total(timeout)
        per_try = self.options.try_timeout + wait
        return Call(f"{name} of {key}", method, message, total + wait, per_try, budgeted=method not in _REPORTS)

    def _tried(self, call: Call[R], before: BeforeTry | None = None) -> Steps[R]:
        return tried(call, self.options.retry, self._budget, self.options.address, before or BeforeTry())


def read_renewals(answer: service.BatchRenewResponse, expected: int) -> list[timedelta | CallError]:
    """The lengths granted, or the errors, in order."""
    return read.items(answer.items, expected, _renewed)


def _renewed(answer: service.RenewResponse) -> timedelta:
    return from_wire(answer.lease)


def _complete(request: CompleteRequest, namespace: str) -> service.CompleteRequest:
    check_sizes(request.outcome)
    try:
        return write.complete(request, namespace)
    except UnicodeError as error:
        raise refused_here(FieldViolation("request", f"has to be UTF-8: {error}")) from error


def check_sizes(outcome: Report) -> None:
    """What the server could only refuse as a message too large, without saying which field it was, is said here."""
    if isinstance(outcome, Result):
        _check_fields(
            ("result.content_type", len(outcome.content_type)),
            ("result.attributes", _size(outcome.attributes)),
        )
        if len(outcome.payload) > _MAX_RESULT_BYTES:
            raise ResultTooLarge(
                f"the result has {len(outcome.payload)} bytes, more than the {_MAX_RESULT_BYTES} that can be stored: "
                "complete with Result(omitted=True) instead",
                code=grpc.StatusCode.INVALID_ARGUMENT,
                reason="RESULT_TOO_LARGE",
                metadata={"limit": str(_MAX_RESULT_BYTES), "size": str(len(outcome.payload))},
            )
    elif isinstance(outcome, Failure):
        _check_fields(
            ("failure.reason", len(outcome.reason)),
            ("failure.message", len(outcome.message)),
            ("failure.details", len(outcome.details)),
        )


def _size(attributes: Mapping[str, str]) -> int:
    return sum(len(name) + len(value) for name, value in attributes.items())


def _check_fields(*sizes: tuple[str, int]) -> None:
    wrong = tuple(
        FieldViolation(field, f"has {size} bytes, more than any server takes")
        for field, size in sizes
        if size > _MAX_FIELD_BYTES
    )
    if wrong:
        raise refused_here(*wrong)
