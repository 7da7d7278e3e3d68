"""The serial port of the alarm unit: the only place that imports pyserial."""

import errno
import os
from pathlib import Path

import serial

from outrider.clock import Clock
from outrider.unit.alarm.interfaces import PortLostError, SecondOutput
from outrider.unit.alarm.protocol import PROTOCOL_BAUD
from outrider.unit.alarm.serial_alarm import SerialAlarm

_WRITE_LIMIT_S = 0.2
_NO_PORT = "it is no serial port"
_UNPLUGGED = "it was unplugged, or another program reads it too"
_STUCK = f"it took nothing for {_WRITE_LIMIT_S:g} s: it hangs, or this machine is very busy"


class SerialPort:
    """An open serial port with the unit's settings, 8 data bits, no parity, 1 stop bit.

    Opening it raises DTR, which resets an Arduino Nano: expect its HELLO a second later.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._serial = serial.Serial(
                str(path), PROTOCOL_BAUD, timeout=0, write_timeout=_WRITE_LIMIT_S, exclusive=True
            )
        except Exception as error:  # the border: termios.error is no OSError
            raise PortLostError(f"{path}: cannot be opened: {_why(error, _NO_PORT)}") from error

    def fileno(self) -> int:
        """Return the descriptor, for select."""
        return int(self._serial.fileno())

    def read(self) -> bytes:
        """Return what has come. Raises PortLostError where the port is gone."""
        try:
            return bytes(self._serial.read(4096))
        except Exception as error:  # the border: pyserial raises TypeError for a port that is gone
            raise PortLostError(f"{self._path}: gone: {_why(error, _UNPLUGGED)}") from error

    def write(self, data: bytes) -> None:
        """Send. Raises PortLostError where the port is gone or takes nothing for 0.2 s."""
        try:
            self._serial.write(data)
        except serial.SerialTimeoutException as error:
            raise PortLostError(f"{self._path}: cannot be written: {_STUCK}") from error
        except Exception as error:  # the border, as above
            raise PortLostError(
                f"{self._path}: cannot be written: {_why(error, _UNPLUGGED)}"
            ) from error

    def close(self) -> None:
        """Let go of the port."""
        self._serial.close()


def _why(error: Exception, otherwise: str) -> str:
    """Return what the system says; otherwise: the likely cause where pyserial says it itself."""
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EAGAIN:  # of the lock: "try again" is no help to who looks for the cause
        return "another program has it open"
    return os.strerror(number) if number else otherwise


def open_alarm(path: Path, clock: Clock, second: SecondOutput | None = None) -> SerialAlarm:
    """Return the alarm output on a serial port; it opens, and reopens, the port by itself."""
    return SerialAlarm(str(path), lambda: SerialPort(path), clock, second)
