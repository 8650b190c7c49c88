"""Which exceptions leave open whether the effect happened.

The request may have arrived, and only its answer was lost. To take that for a failure would be to pay twice, so doubt goes
one way: what only looks like a lost answer counts as one. No library is imported for it: classes are known by their names.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import http.client
import re
import socket
import ssl
from collections.abc import Iterator

import grpc

from semel._database_errors import lost_its_database
from semel._errors import CallError, ClientClosed, NotCompleted, TokenStale, Unavailable

_TYPES: tuple[type[BaseException], ...] = (
    TimeoutError,
    asyncio.TimeoutError,  # of its own until Python 3.11, as the next
    concurrent.futures.TimeoutError,
    concurrent.futures.CancelledError,
    concurrent.futures.BrokenExecutor,
    ConnectionError,
    EOFError,  # asyncio.IncompleteReadError too
    http.client.HTTPException,
    Unavailable,
    TokenStale,
    ClientClosed,
)
# There was no connection, so nothing was sent over it: a failure like any other, though the first is a ConnectionError.
_NEVER_SENT = (ConnectionRefusedError, socket.gaierror)
# As the classes of requests, urllib3, httpx, aiohttp, redis, pymongo, botocore, psycopg, ... are called.
_NAMES = re.compile(
    r"time(d)?out|connect(ion)?(closed|reset|lost|aborted)?error|disconnect|connection(closed|lost|reset|failure)"
    r"|incompleteread|readerror|writeerror|remoteprotocolerror|protocolerror|networkerror|transporterror"
    r"|chunkedencodingerror|clientpayloaderror|autoreconnect|httpclienterror|brokenpipe|cancelled",
    re.IGNORECASE,
)
_CODES = (
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.DATA_LOSS,
)
# Bad Gateway and Gateway Timeout: what stood behind it may have done it.
_GATEWAY_STATUSES = (502, 504)
# Of exceptions that cause each other: enough for any library, and an end where somebody made a ring of them.
_MAX_CAUSES = 32


def leaves_unknown(error: BaseException) -> bool:
    """Whether the exception, what caused it, or one of its group is a timeout, a broken connection or a cancellation.

    Also a call of Semel itself of which that is not known, or an effect within this one that is not known to be recorded.
    """
    return any(_is_one(each) or _lost_its_answer(each) for each in _with_causes(error))


def _is_one(error: BaseException) -> bool:
    if not isinstance(error, Exception):
        return True  # KeyboardInterrupt, SystemExit, CancelledError, GeneratorExit: whoever ended it did not ask the effect
    if isinstance(error, grpc.RpcError):
        code = getattr(error, "code", None)
        return code is None or code() in _CODES
    if isinstance(error, _NEVER_SENT):
        return False
    if isinstance(error, _TYPES):
        return True
    if isinstance(error, CallError):
        # A run within this one has had an effect, whatever was wrong with its record; or nobody knows what a call has done.
        return error.fn_ran or error.outcome_unknown or error.code in _CODES
    return lost_its_database(error) or any(_NAMES.search(kind.__name__) for kind in type(error).__mro__)


def _lost_its_answer(error: BaseException) -> bool:
    """Of an exchange that was under way: TLS broke, a gateway gave up on who stands behind it, or an attempt was left."""
    if isinstance(error, ssl.SSLError):
        return not isinstance(error, ssl.SSLCertVerificationError)  # which comes before anything is sent
    return isinstance(error, NotCompleted) or _status_of(error) in _GATEWAY_STATUSES


def _status_of(error: BaseException) -> object:
    """Of an error that is an HTTP response, or has one: as those of httpx, requests, urllib, aiohttp and werkzeug."""
    response = getattr(error, "response", None)
    for place, name in ((response, "status_code"), (response, "status"), (error, "code"), (error, "status")):
        status = getattr(place, name, None)
        if isinstance(status, int):
            return status
    return None


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    waiting: list[BaseException] = [error]
    seen: set[int] = set()
    while waiting and len(seen) < _MAX_CAUSES:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        # Also where it was raised "from None", or from another one: that hides what happened, and does not undo it.
        waiting.extend(cause for cause in (each.__cause__, each.__context__) if cause is not None)
        waiting.extend(getattr(each, "exceptions", ()))  # of an exception group
