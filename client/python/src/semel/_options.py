"""How a client connects, how long it tries, and what it asks for where a call does not say."""

from __future__ import annotations

import os
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypedDict

import grpc

from semel._addresses import checked_address
from semel._arguments import check_codec, check_on_error, checked_duration
from semel._codecs import Codec, StandardCodec
from semel._durations import Duration, seconds
from semel._error_policy import ErrorPolicy
from semel._errors import ConfigurationError
from semel._retry import Retry
from semel._telemetry import Telemetry
from semel._version import __version__

_DEFAULT_ADDRESS = "localhost:7420"
_LONGEST_KEEPALIVE = 86_400.0
_TIMES = ("call_timeout", "try_timeout", "complete_timeout", "keepalive_time", "keepalive_timeout")

Transport = Literal["auto", "unary", "stream"]
Token = str | Callable[[], str] | Callable[[], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Tls:
    """Files in PEM, read once when the client is made."""

    ca_file: str | os.PathLike[str] | None = None
    """What the server's certificate must be signed by. None: the roots that gRPC brings along."""
    cert_file: str | os.PathLike[str] | None = None
    """What this client shows to the server, with what lies between it and the CA."""
    key_file: str | os.PathLike[str] | None = None
    """The private key of cert_file; both or neither."""


class ConnectOptions(TypedDict, total=False):
    """What Client(address, ...) takes by name. Lengths of time: a timedelta, or a number of seconds.

    namespace: who the keys belong to. Absent: the environment's SEMEL_NAMESPACE; neither is an error.
    owner: what this process calls itself, for people, at most 128 bytes. Absent: host:pid.
    lease: how long an owner may stay silent, 10 ms to the namespace's lease_max. Absent: the namespace's default.
    tls: encrypts the connection. Absent: not encrypted, unless `credentials` do.
    credentials: of gRPC, for what `tls` cannot say; one or the other.
    token: sent with every call as `authorization: Bearer TOKEN`. Text, or a function that is asked at each try, also on
        the thread that keeps leases alive. Refused without `tls` or `credentials`: it is not sent in the open.
    authority: the name that the server's certificate must have, and that calls name as their host. Absent: the address's.
    call_timeout: of a call with all its tries (10 s). The time that a begin was asked to wait comes on top.
    try_timeout: of one try: what a lost reply costs where the connection does not break (2 s).
    complete_timeout: of the report of run() and attempt() (30 s). Longer, because the effect has happened: giving up means
        that it is not recorded.
    retry: how often, with which pauses, on which budget.
    codec: how values become stored results. Absent: bytes, text, else JSON.
    on_error: what an exception of a function says about its effect. Absent: default_policy.
    telemetry: spans and metrics; see semel.otel.
    transport: semel.aio.Client only: how single calls go to the server, those of run() too. "auto": by themselves until
        calls overlap; then a stream is opened beside them, on which calls that wait at the same time share messages, and
        takes over once it has proven to come through. "unary": each by itself. "stream": over the stream, and only so; an
        error where it does not come through. Answers, errors, timeouts and retries are the same either way. A stream
        carries the token that was asked for when it was opened.
    keepalive_time: while a call is under way and nothing has come for so long, the server is pinged (30 s). 0: never.
    keepalive_timeout: no answer to that for so long breaks the connection, and calls are tried again (10 s).
    user_agent: what the program calls itself towards the server's logs. Absent: semel-python/VERSION.
    """

    namespace: str | None
    owner: str | None
    lease: Duration | None
    tls: Tls | None
    credentials: grpc.ChannelCredentials | None
    token: Token | None
    authority: str | None
    call_timeout: Duration
    try_timeout: Duration
    complete_timeout: Duration
    retry: Retry
    codec: Codec
    on_error: ErrorPolicy | None
    telemetry: Telemetry | None
    transport: Transport
    keepalive_time: Duration
    keepalive_timeout: Duration
    user_agent: str | None


@dataclass(frozen=True)
class Options:
    """ConnectOptions, complete."""

    address: str
    namespace: str = ""
    owner: str = ""
    lease: Duration | None = None
    credentials: grpc.ChannelCredentials | None = field(default=None, repr=False)
    token: Token | None = field(default=None, repr=False)
    authority: str | None = None
    call_timeout: float = 10.0
    try_timeout: float = 2.0
    complete_timeout: float = 30.0
    retry: Retry = field(default_factory=Retry)
    codec: Codec = field(default_factory=StandardCodec)
    on_error: ErrorPolicy | None = None
    telemetry: Telemetry | None = None
    transport: Transport = "auto"
    keepalive_time: float = 30.0
    keepalive_timeout: float = 10.0
    user_agent: str = f"semel-python/{__version__}"

    def channel_arguments(self) -> list[tuple[str, Any]]:
        """How gRPC's channel is to behave."""
        arguments: list[tuple[str, Any]] = [
            ("grpc.primary_user_agent", self.user_agent),
            # gRPC's own pause between connection attempts grows to two minutes: far longer than a restart of the server.
            ("grpc.initial_reconnect_backoff_ms", 50),
            ("grpc.min_reconnect_backoff_ms", 5000),  # how long one attempt may take
            ("grpc.max_reconnect_backoff_ms", 1000),
            ("grpc.use_local_subchannel_pool", 1),  # close() closes the connection, whoever else speaks to that address
        ]
        if self.keepalive_time > 0:
            arguments += [
                ("grpc.keepalive_time_ms", int(self.keepalive_time * 1000)),
                ("grpc.keepalive_timeout_ms", int(self.keepalive_timeout * 1000)),
                ("grpc.keepalive_permit_without_calls", 0),
                # Else a begin that waits is pinged twice and then no more: it has no data to send.
                ("grpc.http2.max_pings_without_data", 0),
            ]
        if self.authority:
            arguments += [
                ("grpc.default_authority", self.authority),
                ("grpc.ssl_target_name_override", self.authority),
            ]
        return arguments


def complete(address: str | None, given: ConnectOptions, *, needs_namespace: bool) -> Options:
    """The options with what the environment and the defaults say. Raises ConfigurationError; TypeError for a wrong name."""
    named: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    tls = named.pop("tls", None)
    _check_types(named, tls)
    for name in _TIMES:
        if name in named:
            named[name] = seconds(named[name])
    address = checked_address(address or os.environ.get("SEMEL_ADDRESS") or _DEFAULT_ADDRESS)
    options = Options(address=address, **named)
    options = replace(
        options,
        namespace=options.namespace or os.environ.get("SEMEL_NAMESPACE", ""),
        owner=options.owner or f"{socket.gethostname()}:{os.getpid()}",
    )
    if needs_namespace and not options.namespace:
        raise ConfigurationError("namespace is empty, and so is SEMEL_NAMESPACE: set one")
    if options.transport not in ("auto", "unary", "stream"):
        raise ConfigurationError('transport must be "auto", "unary" or "stream"')
    _check_times(options)
    _check_retry(options.retry)
    return _with_credentials(options, tls)


def _check_types(named: dict[str, Any], tls: object) -> None:
    for name in ("namespace", "owner", "authority", "user_agent"):
        if not isinstance(named.get(name, ""), str):
            raise ConfigurationError(f"{name} is text, and not {named[name]!r}")
    for name in (*_TIMES, "lease"):
        if name in named:
            checked_duration(name, named[name])
    if tls is not None and not isinstance(tls, Tls):
        raise ConfigurationError(f"tls is a semel.Tls, such as Tls(ca_file='ca.pem'), and not {tls!r}")
    if not isinstance(named.get("retry", Retry()), Retry):
        raise ConfigurationError(f"retry is a semel.Retry, such as Retry(max_tries=5), and not {named['retry']!r}")
    check_codec(named.get("codec"))
    check_on_error(named.get("on_error"))


def _check_times(options: Options) -> None:
    for name in ("call_timeout", "try_timeout", "complete_timeout", "keepalive_timeout"):
        if not getattr(options, name) > 0:
            raise ConfigurationError(f"{name} must be above zero")
    if not 0 <= options.keepalive_time <= _LONGEST_KEEPALIVE:
        raise ConfigurationError("keepalive_time must be between 0 and 24 h")
    if options.keepalive_timeout > _LONGEST_KEEPALIVE:
        raise ConfigurationError("keepalive_timeout must be at most 24 h")


def _check_retry(retry: Retry) -> None:
    if retry.max_tries < 1:
        raise ConfigurationError("retry.max_tries must be at least 1")
    if not 0 <= retry.initial_backoff <= retry.max_backoff:
        raise ConfigurationError("retry.initial_backoff must not be negative, nor above max_backoff")
    if not retry.multiplier >= 1:
        raise ConfigurationError("retry.multiplier must be at least 1")
    if not (retry.budget >= 0 and retry.budget_per_success >= 0):
        raise ConfigurationError("retry.budget and retry.budget_per_success must not be negative")


def _with_credentials(options: Options, tls: Tls | None) -> Options:
    if tls is not None and options.credentials is not None:
        raise ConfigurationError("tls and credentials exclude each other")
    if tls is not None:
        options = replace(options, credentials=_credentials(tls))
    if options.token is not None and options.credentials is None:
        raise ConfigurationError("token would be sent in the open: set tls")
    return options


def _credentials(tls: Tls) -> grpc.ChannelCredentials:
    if (tls.cert_file is None) != (tls.key_file is None):
        raise ConfigurationError("tls.cert_file and tls.key_file belong together: give both or neither")
    return grpc.ssl_channel_credentials(
        root_certificates=_pem("tls.ca_file", tls.ca_file),
        private_key=_pem("tls.key_file", tls.key_file),
        certificate_chain=_pem("tls.cert_file", tls.cert_file),
    )


def _pem(option: str, file: str | os.PathLike[str] | None) -> bytes | None:
    if file is None:
        return None
    try:
        contents = Path(file).read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{option} cannot be read: {error}") from error
    if b"-----BEGIN " not in contents:
        raise ConfigurationError(f"{option} is not PEM: {os.fspath(file)}")
    return contents
