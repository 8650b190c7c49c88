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
from collections.abc import Iterator

import grpc

from semel._errors import CallError, TokenStale, Unavailable

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
)
# Of exceptions that cause each other: enough for any library, and an end where somebody made a ring of them.
_MAX_CAUSES = 32


def leaves_unknown(error: BaseException) -> bool:
    """Whether the exception, what caused it, or one of its group is a timeout, a broken connection or a cancellation."""
    return any(_is_one(each) for each in _with_causes(error))


def _is_one(error: BaseException) -> bool:
    if not isinstance(error, Exception):
        return True  # KeyboardInterrupt, SystemExit, CancelledError, GeneratorExit: whoever ended it did not ask the effect
    if isinstance(error, grpc.RpcError):
        code = getattr(error, "code", None)
        return code is None or code() in _CODES
    if isinstance(error, _NEVER_SENT):
        return False
    if isinstance(error, CallError) and error.fn_ran:
        return (
            True  # of a run within this one, or of a report: an effect has happened, whatever was wrong with its record
        )
    if isinstance(error, _TYPES):
        return True
    return any(_NAMES.search(kind.__name__) for kind in type(error).__mro__)


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    waiting: list[BaseException] = [error]
    seen: set[int] = set()
    while waiting and len(seen) < _MAX_CAUSES:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        if each.__cause__ is not None:
            waiting.append(each.__cause__)
        elif each.__context__ is not None and not each.__suppress_context__:
            waiting.append(each.__context__)
        waiting.extend(getattr(each, "exceptions", ()))  # of an exception group
