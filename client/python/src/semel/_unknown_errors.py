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

from semel._database_errors import lost_its_database
from semel._errors import CallError, ClientClosed, TokenStale, Unavailable

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
# Of exceptions that cause each other: enough for any library, and an end where somebody made a ring of them.
_MAX_CAUSES = 32


def leaves_unknown(error: BaseException) -> bool:
    """Whether the exception, what caused it, or one of its group is a timeout, a broken connection or a cancellation.

    Also a call of Semel itself of which that is not known, or an effect within this one that is not known to be recorded.
    """
    return any(_is_one(each) for each in _with_causes(error))


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
