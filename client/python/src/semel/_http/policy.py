"""What is configured of an HTTP adapter, for all of its routes or for one."""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeAlias, TypedDict
from uuid import UUID

from semel._durations import Duration
from semel._error_policy import ErrorPolicy
from semel._errors import ConfigurationError, Unknown, Verdict

KeyPart: TypeAlias = str | int | UUID
StatusPolicy: TypeAlias = Callable[[int], bool | Verdict]
"""From the status of a response to what it says about the effect: True, store: it happened, or will not. False, retry: it did
not, and another attempt may run. Unknown(), leave open: nobody knows. Any other Verdict is taken as well."""

_MAX_BODY = 1 << 20
_OF_ONE_CONNECTION = frozenset(
    ("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade")
)
_NEVER_KEPT = _OF_ONE_CONNECTION | {"set-cookie", "date", "server", "content-length"}
_ALWAYS_KEPT = frozenset({"content-encoding"})  # without it the body cannot be read
_FIRST_SERVER_ERROR = 500
# They speak of who asks, or of the moment: the same request may be answered otherwise a little later.
_RETRIED = frozenset({401, 403, 408, 425, 429})
# A gateway's: what stands behind the handler may have done it.
_LEFT_OPEN = frozenset({502, 504})


class Mode(enum.Enum):
    """Whether a route takes keys."""

    REQUIRED = "required"
    """A request without one is refused with 400."""
    OPTIONAL = "optional"
    """A request without one passes untouched."""
    OFF = "off"
    """The header is ignored."""


def default_status_policy(status: int) -> bool | Verdict:
    """The rule of who gave none; see client/http.md."""
    if status in _LEFT_OPEN:
        return Unknown()
    return status < _FIRST_SERVER_ERROR and status not in _RETRIED


class HttpOptions(TypedDict, total=False):
    """What HTTP adapters take by name, for all routes and, but for `header`, for each. Lengths of time: timedelta or seconds.

    header: the request's header with the key (Idempotency-Key). Cloud Tasks: X-CloudTasks-TaskName.
    methods: others pass untouched (POST, PATCH).
    prefix: the first part of each key in Semel, where a namespace serves several programs.
    scope: a function of the framework's request that answers more parts of the key, beside method and route. **Put the
        user in here**: else one user who guesses another's key reads the other's response.
    fingerprint: a function of the framework's request that answers what the request asks for, at most 64 bytes, instead of
        the fingerprint of method, path, query, content type and body.
    leave_out: JSON Pointers into a JSON body of what may differ between repetitions, such as /sent_at.
    max_body: bytes of a request's body, which is held in memory; above: 413 (1 MiB).
    wait: how long a duplicate waits for the first request before it is refused with 409 (0).
    lease: how long this process may fall silent before another takes over. It is renewed while the handler runs.
    retention: how long the response is replayed. Absent: the namespace's result_retention.
    namespace: instead of the client's.
    headers: of a response, that are stored and replayed beside Content-Encoding (Content-Type, Content-Language, Location,
        ETag, Link). Never Set-Cookie, Date, Server or Connection.
    store_status: takes the place of the whole rule which responses are stored; see StatusPolicy. Absent: all below 500 but
        401, 403, 408, 425 and 429, which are retried as the others are, while 502 and 504 are left open.
    on_error: what an exception of the handler says about its effect; see semel.ErrorPolicy.
    """

    header: str
    methods: Collection[str]
    prefix: str
    scope: Callable[[Any], Sequence[KeyPart]] | None
    fingerprint: Callable[[Any], bytes] | None
    leave_out: Sequence[str]
    max_body: int
    wait: Duration
    lease: Duration | None
    retention: Duration | None
    namespace: str | None
    headers: Collection[str]
    store_status: StatusPolicy
    on_error: ErrorPolicy | None


@dataclass(frozen=True)
class Policy:
    """HttpOptions, complete."""

    mode: Mode = Mode.OPTIONAL
    header: str = "Idempotency-Key"
    methods: frozenset[str] = frozenset({"POST", "PATCH"})
    prefix: str = ""
    scope: Callable[[Any], Sequence[KeyPart]] | None = None
    fingerprint: Callable[[Any], bytes] | None = None
    leave_out: tuple[str, ...] = ()
    max_body: int = _MAX_BODY
    wait: Duration = 0.0
    lease: Duration | None = None
    retention: Duration | None = None
    namespace: str | None = None
    headers: frozenset[str] = _ALWAYS_KEPT | {"content-type", "content-language", "location", "etag", "link"}
    store_status: StatusPolicy = default_status_policy
    on_error: ErrorPolicy | None = None

    def applies_to(self, method: str) -> bool:
        """Whether requests with this method may carry a key."""
        return self.mode is not Mode.OFF and method in self.methods


_NAMES = frozenset(field.name for field in fields(Policy)) - {"mode"}


def policy_of(options: HttpOptions, base: Policy | None = None, mode: Mode | None = None) -> Policy:
    """The options on top of a policy. Raises TypeError for a wrong name, ConfigurationError for a wrong value."""
    base = Policy() if base is None else base
    wrong = set(options) - _NAMES
    if wrong:
        raise TypeError(f"no such option: {', '.join(sorted(wrong))}")
    given: dict[str, Any] = dict(options)
    if "methods" in given:
        given["methods"] = frozenset(method.upper() for method in _several("methods", given["methods"]))
    if "headers" in given:
        given["headers"] = _ALWAYS_KEPT | {name.lower() for name in _several("headers", given["headers"])}
    if "leave_out" in given:
        given["leave_out"] = tuple(_several("leave_out", given["leave_out"]))
    policy = replace(base, mode=base.mode if mode is None else mode, **given)
    never = policy.headers & _NEVER_KEPT
    if never:
        raise ConfigurationError(
            f"{', '.join(sorted(never))} of a response must not be replayed: take it out of headers"
        )
    if policy.max_body < 0:
        raise ConfigurationError("max_body must not be negative")
    if not policy.header:
        raise ConfigurationError("header must not be empty")
    for pointer in policy.leave_out:
        if not pointer.startswith("/"):
            raise ConfigurationError(f"leave_out takes JSON Pointers, which begin with a slash: {pointer!r}")
    return policy


def _several(name: str, value: Collection[str]) -> Collection[str]:
    if isinstance(value, str):
        raise ConfigurationError(f"{name} takes several: write ({value!r},)")
    return value
