"""The calls of AdminService as sequences of steps."""

from __future__ import annotations

from typing import Any, TypeVar

from semel import _admin_wire as read
from semel import _methods as methods
from semel import _to_wire as write
from semel._answers import CreatedBackup, KeysPage, Resolved, State, Stats
from semel._arguments import checked_duration, checked_key
from semel._durations import Duration, seconds
from semel._from_wire import WIRE_STATES
from semel._options import Options
from semel._outcomes import Report, Result
from semel._requests import Absent
from semel._retry import BeforeTry, Call, RetryBudget, Steps, tried
from semel.v1 import admin_service_pb2 as admin
from semel.v1 import record_pb2

R = TypeVar("R")

_SAFE = "it is safe to repeat"


class AdminCalls:
    """Of one admin client."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self._budget = RetryBudget(options.retry)

    def list_keys(
        self, namespace: str | None, prefix: str, state: State | None, page_size: int, page_token: str
    ) -> Steps[KeysPage]:
        """A page of keys."""
        message = admin.ListKeysRequest(
            namespace=self._namespace(namespace),
            key_prefix=prefix,
            state=record_pb2.STATE_UNSPECIFIED if state is None else WIRE_STATES[state],
            page_size=page_size,
            page_token=page_token,
        )
        return read.keys_page((yield from self._tried("ListKeys", methods.LIST_KEYS, message, _SAFE)))

    def resolve_key(
        self,
        key: str,
        resolution: Report | Absent,
        *,
        reason: str,
        actor: str,
        namespace: str | None,
        attempt: int,
        retention: Duration | None,
    ) -> Steps[Resolved]:
        """Settles a key in doubt."""
        message = write.resolve(
            self._namespace(namespace),
            key,
            resolution,
            reason=reason,
            actor=actor,
            attempt=attempt,
            retention=retention,
        )
        # An outcome that ends the key stands until it is forgotten: who resolves it again in the same way changes nothing.
        # A key that may be acquired again can be in doubt about another attempt by then.
        ends = isinstance(resolution, Result) or (not isinstance(resolution, Absent) and not resolution.retryable)
        advice = _SAFE if attempt > 0 or ends else None
        return read.resolved((yield from self._tried(f"ResolveKey of {key}", methods.RESOLVE_KEY, message, advice)))

    def delete_key(self, key: str, *, reason: str, actor: str, namespace: str | None) -> Steps[State]:
        """Makes Semel forget a key. Another attempt may have begun after a first try, so it is not repeated."""
        message = admin.DeleteKeyRequest(
            namespace=self._namespace(namespace), key=checked_key(key), reason=reason, actor=actor
        )
        return read.deleted((yield from self._tried(f"DeleteKey of {key}", methods.DELETE_KEY, message, advice=None)))

    def get_stats(self) -> Steps[Stats]:
        """Figures about the server."""
        message = admin.GetStatsRequest()
        return read.stats((yield from self._tried("GetStats", methods.GET_STATS, message, _SAFE)))

    def create_backup(self, *, reason: str, actor: str, timeout: Duration) -> Steps[CreatedBackup]:
        """Backs up all that was acknowledged before. One more try would make one more backup, so it is not repeated."""
        message = admin.CreateBackupRequest(reason=reason, actor=actor)
        whole = seconds(checked_duration("timeout", timeout))
        call = Call("CreateBackup", methods.CREATE_BACKUP, message, whole, per_try=whole, advice=None)
        return read.created_backup((yield from self._perform(call)))

    def _namespace(self, given: str | None) -> str:
        return self.options.namespace if given is None else given

    def _tried(self, what: str, method: methods.Method[Any, R], message: Any, advice: str | None) -> Steps[R]:
        call = Call(what, method, message, self.options.call_timeout, self.options.try_timeout, advice)
        return self._perform(call)

    def _perform(self, call: Call[R]) -> Steps[R]:
        return tried(call, self.options.retry, self._budget, self.options.address, BeforeTry())
