"""A proxy that passes requests on, and loses answers: when told so, it cuts the connection once the server has answered."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType

_FRAME_HEADER = 9
_HEADERS = 1  # the frame with which an answer begins (RFC 9113)
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
        self.lost = 0
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._spawn(self._accept)

    def lose_answers(self, count: int, *, after: int = 0) -> None:
        """Loses the next `count` answers, after passing on so many."""
        with self._lock:
            self._to_cut, self._to_pass = count, after

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
        while data := _received(client):
            if not _sent(server, data):
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
        while len(held) - at >= _FRAME_HEADER:
            end = at + _FRAME_HEADER + int.from_bytes(held[at : at + 3], "big")
            if end > len(held):
                break
            # An answer has headers and trailers: only headers, which do not end the stream, begin one.
            begins = held[at + 3] == _HEADERS and not held[at + 4] & 1
            if begins and self._is_to_be_lost():
                return None
            at = end
        return at

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
