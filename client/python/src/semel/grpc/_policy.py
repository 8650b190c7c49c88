"""What is configured of an interceptor, and what it makes of a call: key, fingerprint, and what its status says. Decides only."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeAlias, TypedDict

import grpc

from semel import _adapters
from semel import _errors as errors
from semel._aio.attempt import Attempt as AioAttempt
from semel._attempts import AttemptFacts
from semel._durations import Duration
from semel._error_policy import ErrorPolicy
from semel._fingerprints import fingerprint
from semel._http.key_header import MalformedKey, key_of_header
from semel._http.policy import KeyPart
from semel._keys import key_of
from semel._sync.attempt import Attempt
from semel.grpc._answers import Refused, refused

_log = logging.getLogger("semel")

StatusPolicy: TypeAlias = Callable[[grpc.StatusCode], bool | errors.Verdict]
"""From the status of a call to what it says about the effect: True, store: it is replayed. False, retry: it did not happen, and
another attempt may run. Unknown(), leave open: nobody knows. Any other Verdict is taken as well."""

_attempt: ContextVar[Attempt | AioAttempt | None] = ContextVar("semel_attempt", default=None)

# They speak of the moment, or of who asks: the same call may be answered otherwise a little later.
_RETRIED = frozenset(
    {
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.PERMISSION_DENIED,
    }
)
# What a method hands on of a call of its own that broke, and what gRPC makes of its mistakes.
_LEFT_OPEN = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.DATA_LOSS,
    }
)


@dataclass(frozen=True, slots=True)
class KeyedCall:
    """A call that carries a key, for functions of the program."""

    method: str
    """Such as /bank.v1.Payments/Pay."""
    metadata: Sequence[tuple[str, str | bytes]]
    request: Any
    """The message."""


class InterceptorOptions(TypedDict, total=False):
    """What the interceptors take by name. Lengths of time: a timedelta, or a number of seconds.

    metadata_key: of the metadata with the key (idempotency-key).
    required: methods, such as /bank.v1.Payments/Pay, that are refused without a key.
    off: methods whose keys are ignored.
    prefix: the first part of each key in Semel.
    scope: a function of the KeyedCall that answers more parts of the key, beside the method. **Put the user in here**: else
        one user who guesses another's key reads the other's response.
    fingerprint: a function of the KeyedCall that answers what it asks for, at most 64 bytes. Absent: the SHA-256 of the
        message, serialized deterministically.
    wait: how long a duplicate waits for the first call before it is refused (0).
    lease: how long this process may fall silent before another takes over. It is renewed while the method runs.
    retention: how long the response is replayed. Absent: the namespace's result_retention.
    namespace: instead of the client's.
    store_status: takes the place of the whole rule which statuses are stored; see StatusPolicy. Absent: OK and those that
        blame the request; RESOURCE_EXHAUSTED, ABORTED, UNAUTHENTICATED and PERMISSION_DENIED are retried; UNAVAILABLE,
        DEADLINE_EXCEEDED, CANCELLED, UNKNOWN, INTERNAL and DATA_LOSS are left open. A method that knows better raises
        semel.Retryable, Final or Release.
    on_error: what an exception of the method says about its effect; see semel.ErrorPolicy.
    """

    metadata_key: str
    required: Collection[str]
    off: Collection[str]
    prefix: str
    scope: Callable[[KeyedCall], Sequence[KeyPart]] | None
    fingerprint: Callable[[KeyedCall], bytes] | None
    wait: Duration
    lease: Duration | None
    retention: Duration | None
    namespace: str | None
    store_status: StatusPolicy
    on_error: ErrorPolicy | None


def default_status_policy(code: grpc.StatusCode) -> bool | errors.Verdict:
    """The rule of who gives none."""
    return errors.Unknown() if code in _LEFT_OPEN else code not in _RETRIED


@dataclass(frozen=True)
class Policy:
    """InterceptorOptions, complete."""

    metadata_key: str = "idempotency-key"
    required: frozenset[str] = frozenset()
    off: frozenset[str] = frozenset()
    prefix: str = ""
    scope: Callable[[KeyedCall], Sequence[KeyPart]] | None = None
    fingerprint: Callable[[KeyedCall], bytes] | None = None
    wait: Duration = 0.0
    lease: Duration | None = None
    retention: Duration | None = None
    namespace: str | None = None
    store_status: StatusPolicy = default_status_policy
    on_error: ErrorPolicy | None = None


def policy_of(options: InterceptorOptions) -> Policy:
    """Raises TypeError for a wrong name, ConfigurationError for a wrong value."""
    given: dict[str, Any] = dict(options)
    for name in ("required", "off"):
        if name in given:
            given[name] = _methods(name, given[name])
    policy = Policy(**given)
    if policy.metadata_key != policy.metadata_key.lower() or policy.metadata_key.endswith("-bin"):
        raise errors.ConfigurationError("metadata_key is lower case, and does not end in -bin")
    return policy


def _methods(name: str, methods: Collection[str]) -> frozenset[str]:
    if isinstance(methods, str) or any(not method.startswith("/") for method in methods):
        raise errors.ConfigurationError(f"{name} takes several methods, each such as /bank.v1.Payments/Pay")
    return frozenset(methods)


def metadata_key_of(policy: Policy, method: str, metadata: Sequence[tuple[str, Any]]) -> str | Refused | None:
    """The caller's key; None: the call passes untouched."""
    if method in policy.off:
        return None
    values = [value for name, value in metadata if name == policy.metadata_key]
    try:
        key = key_of_header(values)
    except MalformedKey as error:
        return refused("KEY_MALFORMED", grpc.StatusCode.INVALID_ARGUMENT, f"{policy.metadata_key}: {error}")
    if key is None and method in policy.required:
        return refused(
            "KEY_MISSING", grpc.StatusCode.INVALID_ARGUMENT, f"the metadata {policy.metadata_key} is required"
        )
    return key


def key_in_semel(policy: Policy, call: KeyedCall, key: str) -> str:
    """Prefix, method, what the scope adds, and the caller's key. Raises KeyPartError where a part is empty."""
    more = policy.scope(call) if policy.scope is not None else ()
    if isinstance(more, (str, bytes)):
        raise TypeError("scope answers several parts: return a list, such as [user_id]")
    prefix = (policy.prefix,) if policy.prefix else ()
    return key_of(*prefix, call.method, *more, key)


def fingerprint_of(policy: Policy, call: KeyedCall) -> bytes:
    """What the call asks for. Raises ConfigurationError for requests that are neither messages nor bytes."""
    if policy.fingerprint is not None:
        return policy.fingerprint(call)
    if isinstance(call.request, bytes):
        return fingerprint(call.request)
    serialize = getattr(call.request, "SerializeToString", None)
    if serialize is None:
        kind = type(call.request).__name__
        raise errors.ConfigurationError(f"{kind} is no message of protobuf: give the interceptor a fingerprint")
    # Maps have no order on the wire: without this, a retry of the same request might read as another one.
    return fingerprint(serialize(deterministic=True))


def verdict_of(policy: Policy, status: Refused, attempt: AttemptFacts) -> errors.Verdict | None:
    """What a status says about the effect; None: it is stored."""
    said = policy.store_status(status.code)
    if isinstance(said, errors.Verdict):
        return said
    if said:
        return None
    # Once effects began, or the method was told to stop, a status alone does not say that nothing happened.
    if attempt.effects_began or attempt.lost:
        return errors.Unknown()
    return errors.Retryable(f"GRPC_{status.code.name}", status.message)


def asked_of(
    policy: Policy, call: KeyedCall, key: str, of_client: ErrorPolicy | None
) -> tuple[str, dict[str, Any]] | Refused:
    """The key in Semel, and what attempt() of a client takes beside it and the codec; the refusal where none can be made.

    of_client: the client's error policy.
    """
    try:
        return key_in_semel(policy, call, key), begin_options(policy, fingerprint_of(policy, call), of_client)
    except (errors.KeyPartError, errors.FingerprintError) as error:
        _log.exception("%s: a call has no key or no fingerprint, and is refused", call.method)
        kind = type(error).__name__
        return refused("REFUSED", grpc.StatusCode.INTERNAL, f"the server can make no key of the call ({kind})")


def begin_options(policy: Policy, fingerprint: bytes, of_client: ErrorPolicy | None) -> dict[str, Any]:
    """What attempt() of a client takes beside the key and the codec."""
    return {
        "namespace": policy.namespace,
        "fingerprint": fingerprint,
        "lease": policy.lease,
        "wait": policy.wait,
        "retention": policy.retention,
        "on_error": _adapters.error_policy(policy.on_error, of_client),
    }


def current_attempt() -> Attempt | AioAttempt | None:
    """The attempt that this call runs as: its token, what came before it, checkpoint(). None where it carries no key."""
    return _attempt.get()


def set_attempt(attempt: Attempt | AioAttempt) -> Callable[[], None]:
    """For current_attempt(), until the function that is returned is called."""
    token = _attempt.set(attempt)
    return lambda: _attempt.reset(token)
