"""What exceptions say of the effect, those of libraries too, which are known by their names."""

from __future__ import annotations

import asyncio
import builtins
import concurrent.futures
import http.client
import socket
import sqlite3
import ssl
import sys
import urllib.error
from dataclasses import dataclass
from typing import Any

import grpc
import pytest

import semel
from semel._error_policy import cut, failure_of, reason_of


@dataclass
class Attempt:
    key: str = "order/17"
    number: int = 1
    effects_began: bool = False


def named(*names: str) -> BaseException:
    """Of a class called so, with bases called so, as libraries have them."""
    kind: type[Exception] = Exception
    for name in reversed(names):
        kind = type(name, (kind,), {})
    return kind("text")


class RpcError(grpc.RpcError):
    """As a call of gRPC raises it."""

    def __init__(self, code: grpc.StatusCode) -> None:
        super().__init__(code.name)
        self._code = code

    def code(self) -> grpc.StatusCode:
        return self._code


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError(),
        asyncio.TimeoutError(),
        asyncio.CancelledError(),
        asyncio.IncompleteReadError(b"", 1),
        concurrent.futures.TimeoutError(),
        concurrent.futures.CancelledError(),
        socket.timeout(),  # noqa: UP041 - that it is the same is the test
        ConnectionResetError(),
        BrokenPipeError(),
        http.client.RemoteDisconnected(""),
        http.client.BadStatusLine("x"),
        KeyboardInterrupt(),
        SystemExit(1),
        GeneratorExit(),
        semel.Unavailable("no answer"),
        semel.TokenStale("taken over"),
        semel.Forbidden("not recorded", fn_ran=True),  # of a run within the function
        named("ReadTimeout", "Timeout", "RequestException"),  # requests
        named("ConnectionError", "RequestException"),
        named("ChunkedEncodingError", "RequestException"),
        named("ReadTimeout", "TimeoutException", "TransportError"),  # httpx
        named("RemoteProtocolError", "ProtocolError", "TransportError"),
        named("ServerDisconnectedError", "ClientError"),  # aiohttp
        named("ClientPayloadError", "ClientError"),
        named("ProtocolError", "HTTPError"),  # urllib3
        named("AutoReconnect", "ConnectionFailure"),  # pymongo
        named("EndpointConnectionError", "BotoCoreError"),  # botocore
        named("StatementTimedOut"),
        semel.ClientClosed("while a call was under way"),
        semel.Forbidden("perhaps", outcome_unknown=True),
        semel.CallError("newer than this client", code=grpc.StatusCode.INTERNAL),
        RpcError(grpc.StatusCode.DATA_LOSS),
        RpcError(grpc.StatusCode.UNAVAILABLE),
    ],
    ids=lambda error: type(error).__name__,
)
def test_who_cannot_know_records_nothing(error: BaseException) -> None:
    assert isinstance(semel.default_policy(error, Attempt()), semel.Unknown)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("no"), "VALUE_ERROR"),
        (ZeroDivisionError("no"), "ZERO_DIVISION_ERROR"),
        (named("CardDeclined"), "CARD_DECLINED"),
        (named("HTTPError"), "HTTP_ERROR"),
        (named("OAuth2Refused"), "O_AUTH2_REFUSED"),
        (named("X" * 80), "X" * 64),
        (named("Größe"), "EFFECT_FAILED"),
        (named("_Private"), "PRIVATE"),
        (FileNotFoundError("no"), "FILE_NOT_FOUND_ERROR"),
        (ConnectionRefusedError("no"), "CONNECTION_REFUSED_ERROR"),  # nothing was ever sent, as with the next
        (socket.gaierror(-2, "no such name"), "GAIERROR"),
        (semel.Forbidden("not begun", code=grpc.StatusCode.PERMISSION_DENIED), "FORBIDDEN"),
        (RpcError(grpc.StatusCode.RESOURCE_EXHAUSTED), "RPC_ERROR"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_any_other_error_is_a_retryable_failure(error: BaseException, reason: str) -> None:
    verdict = semel.default_policy(error, Attempt())
    assert isinstance(verdict, semel.Retryable)
    assert (verdict.reason, verdict.message) == (reason, str(error))
    assert reason_of(error) == reason


def wrapped() -> ValueError:
    try:
        try:
            raise TimeoutError
        except TimeoutError:
            raise ValueError("wrapped")  # noqa: B904 - implicitly is the test
    except ValueError as error:
        return error


def test_who_was_refused_a_connection_has_sent_nothing() -> None:
    error = ValueError("the bank is closed")
    error.__cause__ = ConnectionRefusedError()
    assert isinstance(semel.default_policy(error, Attempt()), semel.Retryable)
    error.__cause__.__context__ = TimeoutError()  # but the try before that may have arrived
    assert isinstance(semel.default_policy(error, Attempt()), semel.Unknown)
    assert isinstance(semel.default_policy(ConnectionRefusedError(), Attempt(effects_began=True)), semel.Unknown)


def test_causes_count() -> None:
    assert isinstance(semel.default_policy(wrapped(), Attempt()), semel.Unknown)
    hidden = ValueError("the bank did not answer")
    hidden.__context__, hidden.__suppress_context__ = TimeoutError(), True  # raised "from None"
    assert isinstance(semel.default_policy(hidden, Attempt()), semel.Unknown)
    hidden.__cause__ = KeyError()
    assert isinstance(semel.default_policy(hidden, Attempt()), semel.Unknown)
    ring = ValueError("causes itself")
    ring.__cause__ = ring
    assert isinstance(semel.default_policy(ring, Attempt()), semel.Retryable)


def of_driver(name: str, *args: object, cause: BaseException | None = None, **facts: object) -> BaseException:
    """Of a database driver's class, or of a library's around it."""
    kind = type(name, (type("DatabaseError", (Exception,), {}),), facts)
    error: BaseException = kind(*args)
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        of_driver("OperationalError", "server closed the connection unexpectedly", sqlstate=None),  # psycopg
        of_driver("OperationalError", "SSL SYSCALL error: EOF detected", pgcode=None),  # psycopg2
        of_driver("AdminShutdown", "terminating connection", sqlstate="57P01"),
        of_driver("ConnectionDoesNotExistError", "closed in the middle", sqlstate="08003"),  # asyncpg
        of_driver("OperationalError", 2013, "Lost connection to MySQL server during query"),  # PyMySQL, mysqlclient
        of_driver("OperationalError", 1927, "Connection was killed"),
        of_driver("InterfaceError", 0, ""),
        of_driver("OperationalError", 2055, "Lost connection", sqlstate="HY000"),  # MySQL Connector
        of_driver("OperationalError", "...", cause=of_driver("OperationalError", "closed", sqlstate=None)),  # Django
        of_driver("InterfaceError", "connection already closed"),
        of_driver("DBAPIError", "...", connection_invalidated=True),  # SQLAlchemy
    ],
    ids=lambda error: f"{type(error).__name__} {error.args}",
)
def test_a_database_connection_that_was_lost_leaves_it_open(error: BaseException) -> None:
    assert isinstance(semel.default_policy(error, Attempt()), semel.Unknown)


def no_table() -> BaseException:
    with sqlite3.connect(":memory:") as connection:
        try:
            connection.execute("SELECT * FROM nowhere")
        except sqlite3.OperationalError as error:
            return error
    raise AssertionError


@pytest.mark.parametrize(
    "error",
    [
        of_driver("DeadlockDetected", "deadlock detected", sqlstate="40P01"),
        of_driver("OperationalError", "lock not available", pgcode="55P03"),
        of_driver("OperationalError", 1213, "Deadlock found when trying to get lock"),
        of_driver("OperationalError", 2003, "Can't connect to MySQL server"),
        of_driver("OperationalError", 1205, "Lock wait timeout", sqlstate="HY000"),
        of_driver("OperationalError", "...", cause=of_driver("OperationalError", "deadlock", sqlstate="40P01")),
        of_driver("OperationalError", "no such table", cause=no_table()),  # Django over SQLite
        of_driver("IntegrityError", "duplicate key"),
        no_table(),
    ],
    ids=lambda error: f"{type(error).__name__} {error.args}",
)
def test_what_a_database_refused_is_a_failure(error: BaseException) -> None:
    assert isinstance(semel.default_policy(error, Attempt()), semel.Retryable)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="groups came with Python 3.11")
def test_one_of_a_group_is_enough() -> None:
    group_of: Any = vars(builtins)["ExceptionGroup"]
    group = group_of("some", [ValueError(), group_of("more", [TimeoutError()])])
    assert isinstance(semel.default_policy(group, Attempt()), semel.Unknown)


def test_effects_that_began_leave_a_doubt_unless_the_function_knows() -> None:
    began = Attempt(effects_began=True)
    assert isinstance(semel.default_policy(ValueError(), began), semel.Unknown)
    final = semel.Final("DECLINED")
    assert semel.default_policy(final, began) is final


def test_messages_are_cut_at_a_border() -> None:
    assert cut("x" * 600) == "x" * 512
    assert cut("x" + "€" * 300) == "x" + "€" * 170
    assert cut("bad \ud800 text") == "bad ? text"


class BankError(Exception):
    """Of an HTTP library: what the arguments say is what it has."""

    def __init__(self, **facts: Any) -> None:
        super().__init__("the bank did not like it")
        self.__dict__.update(facts)


@dataclass
class Response:
    status_code: int


def refused(status: int) -> list[BaseException]:
    url = "https://bank.example/"
    return [
        urllib.error.HTTPError(url, status, "", http.client.HTTPMessage(), None),
        BankError(response=Response(status)),  # httpx, requests
        BankError(status=status),  # aiohttp
    ]


@pytest.mark.parametrize("error", refused(502) + refused(504), ids=lambda error: repr(vars(error)))
def test_a_gateway_that_had_no_answer_leaves_it_open(error: BaseException) -> None:
    assert isinstance(semel.default_policy(error, Attempt()), semel.Unknown)


@pytest.mark.parametrize("error", [*refused(400), *refused(503), BankError(response=None)], ids=lambda e: repr(vars(e)))
def test_any_other_response_is_a_failure(error: BaseException) -> None:
    assert isinstance(semel.default_policy(error, Attempt()), semel.Retryable)


@pytest.mark.parametrize("kind", [ssl.SSLError, ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError])
def test_tls_that_breaks_leaves_it_open(kind: type[ssl.SSLError]) -> None:
    assert isinstance(semel.default_policy(kind(8, "EOF occurred"), Attempt()), semel.Unknown)
    assert isinstance(semel.default_policy(ssl.SSLCertVerificationError(1, "expired"), Attempt()), semel.Retryable)


@pytest.mark.parametrize(
    ("given", "recorded"),
    [
        ("CARD_DECLINED", "CARD_DECLINED"),
        ("card declined", "CARD_DECLINED"),
        ("cardDeclined!", "CARD_DECLINED"),
        ("X" * 65, "X" * 64),
        ("x" * 63 + " y", "X" * 63),
        ("51", "EFFECT_FAILED_51"),
        ("", "EFFECT_FAILED"),
        ("ünmöglich", "NM_GLICH"),
        ("€", "EFFECT_FAILED"),
        (51, "EFFECT_FAILED_51"),
    ],
)
def test_reasons_are_mended(given: Any, recorded: str) -> None:
    assert failure_of(semel.Final(given)).reason == recorded
