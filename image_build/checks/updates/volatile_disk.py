"""A disk whose power can be cut: what was written and not flushed is lost, kept or torn by chance.

It serves a file to QEMU as a network block device. A write is certain only when the guest has
flushed; at a cut each sector of 512 bytes that was still on its way is there or not.
"""

import os
import random
import socket
import struct
import threading
from itertools import islice
from pathlib import Path

SECTOR = 512
_CACHE_SECTORS = 1 << 17  # 64 MiB; what does not fit is written out, the oldest first
_MAGIC, _OPTION_MAGIC, _REPLY_MAGIC = 0x4E42444D41474943, 0x49484156454F5054, 0x3E889045565A9
_REQUEST, _RESPONSE = 0x25609513, 0x67446698
_FLAGS = 1 | 4 | 8  # has flags, flush, force unit access
_EXPORT_NAME, _ABORT, _INFO, _GO = 1, 2, 6, 7
_ACKNOWLEDGED, _HAS_INFO, _UNSUPPORTED = 1, 3, (1 << 31) | 1
_READ, _WRITE, _LEAVE, _FLUSH = 0, 1, 2, 3
_FORCED = 1


class VolatileDisk:
    """A file as a disk with a cache. One guest at a time; `cut` or `close` when it is gone."""

    def __init__(self, image: Path, place: Path) -> None:
        self._file = os.open(image, os.O_RDWR)
        self._size = os.fstat(self._file).st_size
        self._pending: dict[int, bytes] = {}
        self._lock = threading.Lock()
        place.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(place))
        self._listener.listen(1)
        self.uri = f"nbd+unix:///?socket={place}"
        self._thread = threading.Thread(target=self._serve, name="volatile-disk", daemon=True)
        self._thread.start()

    def flush(self) -> None:
        """Make certain what was written."""
        with self._lock:
            self._write_out(self._pending)
            self._pending.clear()

    def cut(self, rng: random.Random) -> tuple[int, int]:
        """Lose the power; return how many sectors were on their way, and how many got there."""
        with self._lock:
            survival = rng.choice((0.0, 0.5, 0.9, 1.0))
            kept = {at: data for at, data in self._pending.items() if rng.random() < survival}
            waiting = len(self._pending)
            self._write_out(kept)
            self._pending.clear()
            return waiting, len(kept)

    def close(self) -> None:
        """Write out what is left, and serve no more."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        self.flush()
        os.close(self._file)

    def _write_out(self, sectors: dict[int, bytes]) -> None:
        for at, data in sectors.items():
            os.pwrite(self._file, data, at * SECTOR)

    def _read(self, at: int, length: int) -> bytes:
        with self._lock:
            data = bytearray(os.pread(self._file, length, at))
            data += bytes(length - len(data))
            if self._pending:
                first = at // SECTOR
                for number in range(first, (at + length) // SECTOR):
                    if (newer := self._pending.get(number)) is not None:
                        place = (number - first) * SECTOR
                        data[place : place + SECTOR] = newer
            return bytes(data)

    def _write(self, at: int, data: bytes) -> None:
        with self._lock:
            first = at // SECTOR
            for number in range(len(data) // SECTOR):
                self._pending.pop(first + number, None)  # the newest is the last
                self._pending[first + number] = data[number * SECTOR : (number + 1) * SECTOR]
            too_many = max(0, len(self._pending) - _CACHE_SECTORS)
            for number in list(islice(self._pending, too_many)):
                os.pwrite(self._file, self._pending.pop(number), number * SECTOR)

    def _serve(self) -> None:
        while True:
            try:
                guest, _ = self._listener.accept()
            except OSError:  # closed
                return
            with guest:
                try:
                    self._greet(guest)
                    self._answer(guest)
                except (ConnectionError, EOFError):
                    continue  # the guest's power was cut

    def _greet(self, guest: socket.socket) -> None:
        guest.sendall(struct.pack(">QQH", _MAGIC, _OPTION_MAGIC, 1))
        _take(guest, 4)
        while True:
            _, option, length = struct.unpack(">QII", _take(guest, 16))
            _take(guest, length)
            if option == _EXPORT_NAME:
                guest.sendall(struct.pack(">QH", self._size, _FLAGS) + bytes(124))
                return
            if option in (_GO, _INFO):
                about = struct.pack(">HQH", 0, self._size, _FLAGS)
                self._reply(guest, option, _HAS_INFO, about)
                self._reply(guest, option, _ACKNOWLEDGED)
                if option == _GO:
                    return
            elif option == _ABORT:
                self._reply(guest, option, _ACKNOWLEDGED)
                raise EOFError
            else:
                self._reply(guest, option, _UNSUPPORTED)

    @staticmethod
    def _reply(guest: socket.socket, option: int, kind: int, data: bytes = b"") -> None:
        guest.sendall(struct.pack(">QIII", _REPLY_MAGIC, option, kind, len(data)) + data)

    def _answer(self, guest: socket.socket) -> None:
        while True:
            magic, flags, kind, handle, at, length = struct.unpack(">IHHQQI", _take(guest, 28))
            if magic != _REQUEST or kind == _LEAVE:
                return
            answer = b""
            if kind == _READ:
                answer = self._read(at, length)
            elif kind == _WRITE:
                self._write(at, _take(guest, length))
            if kind == _FLUSH or flags & _FORCED:
                self.flush()
            guest.sendall(struct.pack(">IIQ", _RESPONSE, 0, handle) + answer)


def _take(guest: socket.socket, length: int) -> bytes:
    """Return so many bytes. Errors: EOFError, ConnectionError."""
    data = bytearray()
    while len(data) < length:
        part = guest.recv(min(1 << 20, length - len(data)))
        if not part:
            raise EOFError
        data += part
    return bytes(data)
