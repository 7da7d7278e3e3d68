"""A boot loader on a pseudo-terminal (STK500 version 1), for the real avrdude to write to."""

import os
import pty
import select
import threading
import tty

_IN_SYNC, _OK, _END = 0x14, 0x10, 0x20
_SIGNATURE = bytes((0x1E, 0x95, 0x0F))
_FIXED = {0x30: 0, 0x41: 1, 0x42: 20, 0x45: 5, 0x50: 0, 0x51: 0, 0x55: 2, 0x75: 0, 0x56: 4}
"""Arguments after the command byte; 0x64 (write page) has its length among them."""


class BootLoader:
    """Takes STK500 commands; `flash` is what was written."""

    def __init__(self) -> None:
        self._near, self._far = pty.openpty()
        tty.setraw(self._far)
        self.port = os.ttyname(self._far)
        self.flash = bytearray(b"\xff" * 32768)
        self._address = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="boot-loader")
        self._thread.start()

    def close(self) -> None:
        """End."""
        self._stop.set()
        self._thread.join()
        os.close(self._near)
        os.close(self._far)

    def _serve(self) -> None:
        while not self._stop.is_set():
            if select.select([self._near], [], [], 0.05)[0]:
                self._command(self._take(1)[0])

    def _take(self, count: int) -> bytes:
        data = b""
        while len(data) < count and not self._stop.is_set():
            if select.select([self._near], [], [], 0.05)[0]:
                data += os.read(self._near, count - len(data))
        return data.ljust(count, b"\0")

    def _answer(self, data: bytes = b"") -> None:
        os.write(self._near, bytes((_IN_SYNC,)) + data + bytes((_OK,)))

    def _command(self, command: int) -> None:
        if command == 0x64:
            self._write_page()
        elif command == 0x74:
            self._read_page()
        else:
            arguments = self._take(_FIXED.get(command, 0))
            self._take(1)
            self._simple(command, arguments)

    def _simple(self, command: int, arguments: bytes) -> None:
        if command == 0x55:
            self._address = 2 * int.from_bytes(arguments, "little")
        if command == 0x75:
            self._answer(_SIGNATURE)
        elif command in (0x41, 0x56):
            self._answer(b"\x00" if command == 0x56 else b"\x03")
        else:
            self._answer()

    def _write_page(self) -> None:
        head = self._take(3)
        size = int.from_bytes(head[:2], "big")
        self.flash[self._address : self._address + size] = self._take(size)
        self._take(1)
        self._answer()

    def _read_page(self) -> None:
        head = self._take(3)
        size = int.from_bytes(head[:2], "big")
        self._take(1)
        self._answer(bytes(self.flash[self._address : self._address + size]))
