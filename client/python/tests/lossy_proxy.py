"""A proxy that passes requests on, and loses answers: when told so, it cuts the connection once the server has answered.

Or it lets a request hang, for as long as its client has patience, while others on the same connection pass.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from types import TracebackType

# As RFC 9113 has them.
_PREFACE = 24
_FRAME_HEADER = 9
_DATA = 0
_HEADERS = 1  # the frame with which a request and an answer begin
_CHUNK = 65536


class LossyProxy:
    """Listens on `address`, from the with on."""

    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        self._target = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = "{}:{}".format(*self._listener.getsockname())
        self._lock = threading.Lock()
        self._to_cut = 0
        self._to_pass = 0
        self._to_hang = 0
        self.lost = 0
        self.hung = 0
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._spawn(self._accept)

    def lose_answers(self, count: int, *, after: int = 0) -> None:
        """Loses the next `count` answers, after passing on so many."""
        with self._lock:
            self._to_cut, self._to_pass = count, after

    def let_hang(self, count: int) -> None:
        """The next `count` requests begin, and the server waits in vain for what they ask."""
        with self._lock:
            self._to_hang = count

    def cut_all(self) -> None:
        """Breaks every connection there is."""
        for each in self._sockets:
            _shut(each)

    def __enter__(self) -> LossyProxy:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _shut(self._listener)
        self.cut_all()
        for thread in self._threads:
            thread.join()
        for each in (self._listener, *self._sockets):
            each.close()

    def _spawn(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._sockets.append(client)
            try:
                server = socket.create_connection(self._target)
            except OSError:
                _shut(client)  # the server is not there: neither is what is behind this proxy
                continue
            self._sockets.append(server)
            self._spawn(self._pass_requests, client, server)
            self._spawn(self._pass_answers, server, client)

    def _pass_requests(self, client: socket.socket, server: socket.socket) -> None:
        requests = _Requests(self._is_to_hang)
        while data := _received(client):
            if not _sent(server, requests.passed(data)):
                break
        _shut(server)

    def _pass_answers(self, server: socket.socket, client: socket.socket) -> None:
        held = bytearray()
        while data := _received(server):
            held += data
            whole = self._whole_frames(held)
            if whole is None:
                break  # lost, with the connection
            if not _sent(client, bytes(held[:whole])):
                break
            del held[:whole]
        _shut(client)
        _shut(server)

    def _whole_frames(self, held: bytearray) -> int | None:
        """How many bytes of whole frames there are; None: among them begins an answer that is to be lost."""
        at = 0
        while frame := _first_frame(held, at):
            # An answer has headers and trailers: only headers, which do not end the stream, begin one.
            begins = frame[3] == _HEADERS and not frame[4] & 1
            if begins and self._is_to_be_lost():
                return None
            at += len(frame)
        return at

    def _is_to_hang(self) -> bool:
        with self._lock:
            if not self._to_hang:
                return False
            self._to_hang -= 1
            self.hung += 1
            return True

    def _is_to_be_lost(self) -> bool:
        with self._lock:
            if self._to_pass:
                self._to_pass -= 1
                return False
            if not self._to_cut:
                return False
            self._to_cut -= 1
            self.lost += 1
            return True


class _Requests:
    """Of one connection. Only what a request asks is held back, not its head, which others refer to (RFC 7541)."""

    def __init__(self, is_to_hang: Callable[[], bool]) -> None:
        self._is_to_hang = is_to_hang
        self._held = bytearray()
        self._preface_left = _PREFACE
        self._latest = 0  # stream
        self._hanging: set[int] = set()

    def passed(self, data: bytes) -> bytes:
        """What goes on to the server, now that this has come."""
        preface, data = data[: self._preface_left], data[self._preface_left :]
        self._preface_left -= len(preface)
        self._held += data
        passed = bytearray(preface)
        while frame := _first_frame(self._held):
            del self._held[: len(frame)]
            if self._passes(frame):
                passed += frame
        return bytes(passed)

    def _passes(self, frame: bytes) -> bool:
        stream = int.from_bytes(frame[5:_FRAME_HEADER], "big")
        if frame[3] == _HEADERS and stream > self._latest:
            self._latest = stream
            if self._is_to_hang():
                self._hanging.add(stream)
        return frame[3] != _DATA or stream not in self._hanging


def _first_frame(held: bytearray, at: int = 0) -> bytes:
    """Empty where it is not all there yet."""
    end = at + _FRAME_HEADER + int.from_bytes(held[at : at + 3], "big")
    return b"" if len(held) < max(end, at + _FRAME_HEADER) else bytes(held[at:end])


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(_CHUNK)
    except OSError:
        return b""


def _sent(connection: socket.socket, data: bytes) -> bool:
    try:
        connection.sendall(data)
    except OSError:
        return False
    return True


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it is shut already
        connection.shutdown(socket.SHUT_RDWR)
