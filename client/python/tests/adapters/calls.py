"""HTTP requests of tests, over sockets, with headers exactly as they are given."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from semeld import PATIENCE

T = TypeVar("T")


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def problem(self) -> str:
        """NAME of a problem's type."""
        assert self.headers["content-type"] == "application/problem+json", (self.status, self.headers, self.body)
        details = json.loads(self.body)
        assert details["status"] == self.status
        assert details["title"]
        assert details["detail"]
        return str(details["type"]).removeprefix("urn:semel:problem:")

    @property
    def details(self) -> dict[str, Any]:
        """All members of a problem."""
        assert self.problem
        return dict(json.loads(self.body))

    @property
    def replayed(self) -> bool:
        return self.headers.get("idempotency-replayed") == "true"


def request(
    address: str,
    path: str,
    *,
    key: str | None = None,
    body: bytes | Any = b"{}",
    content_type: str = "application/json",
    headers: Sequence[tuple[str, str]] = (),
    method: str = "POST",
    chunks: Iterable[bytes] | None = None,
) -> Reply:
    """One request on a connection of its own. `body`: bytes, or a value that is sent as JSON."""
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    connection = http.client.HTTPConnection(address, timeout=PATIENCE)
    try:
        connection.putrequest(method, path)
        connection.putheader("Content-Type", content_type)
        if key is not None:
            connection.putheader("Idempotency-Key", key)
        for name, value in headers:
            connection.putheader(name, value)
        if chunks is None:
            connection.putheader("Content-Length", str(len(payload)))
            connection.endheaders(payload)
        else:
            connection.putheader("Transfer-Encoding", "chunked")
            connection.endheaders(chunks, encode_chunked=True)
        answer = connection.getresponse()
        return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def at_once(count: int, call: Callable[[], T]) -> list[T]:
    """So many calls at the same time, each on a thread of its own."""
    with ThreadPoolExecutor(count) as pool:
        return [each.result(PATIENCE) for each in [pool.submit(call) for _ in range(count)]]


WHOLE = b'{"cents":500,"sent_at":"now"}'


def sent_in_part(address: str, path: str, key: str) -> Reply:
    """The first 14 bytes of WHOLE, and then the connection is closed in this direction."""
    connection = http.client.HTTPConnection(address, timeout=PATIENCE)
    try:
        connection.putrequest("POST", path)
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Idempotency-Key", key)
        connection.putheader("Content-Length", str(len(WHOLE)))
        connection.endheaders(WHOLE[:14])
        connection.sock.shutdown(socket.SHUT_WR)
        answer = connection.getresponse()
        return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()
