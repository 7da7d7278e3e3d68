"""A line that breaks: a TCP proxy that cuts every connection again and again."""

import contextlib
import socket
import threading
from collections.abc import Iterator

_CHUNK_BYTES = 1 << 16


class CuttingProxy:
    """Passes bytes both ways between a port of its own and another one; counts the cuts."""

    def __init__(self, target_port: int, cut_every_s: float | None) -> None:
        """Listen on a free port of this machine. cut_every_s: None for never."""
        self._target = ("127.0.0.1", target_port)
        self._cut_every_s = cut_every_s
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.cut_connections = 0
        self.bytes_up = 0
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._ended = threading.Event()

    @contextlib.contextmanager
    def running(self) -> Iterator["CuttingProxy"]:
        """Serve while the block runs."""
        threads = [threading.Thread(target=self._accept, daemon=True)]
        if self._cut_every_s is not None:
            threads.append(threading.Thread(target=self._cut_for_ever, daemon=True))
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._ended.set()
            self._listener.close()
            self.cut()

    def cut(self) -> None:
        """Break every connection, as a lost link does: with a reset, whatever was under way."""
        with self._lock:
            ends, self._open = self._open, set()
        for end in ends:
            with contextlib.suppress(OSError):  # gone by itself meanwhile
                end.shutdown(socket.SHUT_RDWR)
        self.cut_connections += len(ends) // 2

    def _cut_for_ever(self) -> None:
        while not self._ended.wait(self._cut_every_s):
            self.cut()

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
            except OSError:
                continue  # the listener was closed, or the centre is not there: the client retries
            with self._lock:
                self._open |= {client, server}
            for source, sink in ((client, server), (server, client)):
                ends = (source, sink, sink is server)
                threading.Thread(target=self._pump, args=ends, daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, is_up: bool) -> None:
        with contextlib.suppress(OSError):  # cut: both ends are let go of below
            while data := source.recv(_CHUNK_BYTES):
                sink.sendall(data)
                with self._lock:
                    self.bytes_up += len(data) if is_up else 0
        with self._lock:
            self._open -= {source, sink}
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
