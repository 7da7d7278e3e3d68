"""One connection to gpsd, asked through gpsd-py3.

gpsd-py3 0.3 knows no time-out, raises whatever its parsing meets, knows only the last of several
receivers, and gives 0.0 for what a report does not hold. Here the socket has a deadline for every
line, every failure is one of two errors, and gpsd_reports makes what it will of the answer.
"""

import contextlib
import json
import socket
from collections.abc import Iterator

import gpsd

from outrider.clock import Clock, said_duration
from outrider.unit.devices.gpsd_reports import NoReport, Receivers, Report

NS_PER_S = 1_000_000_000
MAX_LINE_BYTES = 65_536
"""gpsd's own limit on a JSON response is 10,240 bytes (GPS_JSON_RESPONSE_MAX); more is not gpsd."""


class GpsdLost(Exception):
    """The connection is of no more use: what happened."""


class GpsdSession:
    """A connection to gpsd. One at a time in a process: gpsd-py3 keeps it in the module.

    Raises GpsdLost when gpsd is not there, or does not answer as gpsd within timeout_s.
    """

    def __init__(self, host: str, port: int, timeout_s: float, clock: Clock) -> None:
        self._where = f"gpsd at {host}:{port}"
        self._clock = clock
        self._receivers = Receivers()
        with _failures_named(self._where):
            connection = socket.create_connection((host, port), timeout_s)
            self._lines = _Lines(connection, timeout_s, clock)
            try:
                self._greet()
            except BaseException:
                self._lines.close()
                raise

    def _greet(self) -> None:
        welcome = json.loads(self._lines.readline())
        if welcome["class"] != "VERSION":
            raise GpsdLost(f"{self._where}: does not answer as gpsd: its greeting is not VERSION")
        self._lines.write('?WATCH={"enable":true}\n')
        for expected in ("DEVICES", "WATCH"):
            answer = json.loads(self._lines.readline())
            if answer["class"] != expected:
                raise GpsdLost(f"{self._where}: does not answer as gpsd: not {expected}")
        gpsd.gpsd_stream = self._lines

    def poll(self) -> Report:
        """Return what gpsd has now. Raises NoReport while it has none, GpsdLost on any failure."""
        with _failures_named(self._where):
            # What it makes of the answer it may keep, and what it raises about it: the line counts.
            with contextlib.suppress(UserWarning, IndexError, KeyError, TypeError):
                gpsd.get_current()
            answer = json.loads(self._lines.last)
            if answer["class"] != "POLL":
                raise ValueError(f"answered {answer['class']}, not POLL")
            return self._receivers.newest(answer["tpv"], self._clock.mono_ns())

    def close(self) -> None:
        """Close the connection; wakes a poll that waits in another thread."""
        self._lines.close()


@contextlib.contextmanager
def _failures_named(where: str) -> Iterator[None]:
    try:
        yield
    except (NoReport, GpsdLost):
        raise
    except OSError as error:
        raise GpsdLost(f"{where}: {error.strerror or error}") from error
    except Exception as error:
        raise GpsdLost(f"{where}: does not answer as gpsd ({type(error).__name__})") from error


class _Lines:
    """The stream that gpsd-py3 writes to and reads from: each line by a deadline, and bounded."""

    def __init__(self, connection: socket.socket, timeout_s: float, clock: Clock) -> None:
        self._socket = connection
        self._timeout_s = timeout_s
        self._clock = clock
        self._rest = b""
        self.last = ""
        """The line that was read last."""

    def write(self, text: str) -> None:
        self._socket.settimeout(self._timeout_s)
        self._socket.sendall(text.encode("ascii"))

    def flush(self) -> None:
        """Do nothing: what is written is sent at once."""

    def readline(self) -> str:
        deadline_ns = self._clock.mono_ns() + round(self._timeout_s * NS_PER_S)
        while b"\n" not in self._rest:
            if len(self._rest) > MAX_LINE_BYTES:
                raise GpsdLost(f"a line of more than {MAX_LINE_BYTES} bytes came: not gpsd")
            self._rest += self._received_by(deadline_ns)
        line, self._rest = self._rest.split(b"\n", 1)
        self.last = line.decode("utf-8", errors="replace")
        return self.last

    def _received_by(self, deadline_ns: int) -> bytes:
        left_s = (deadline_ns - self._clock.mono_ns()) / NS_PER_S
        if left_s <= 0:
            raise TimeoutError(f"no whole line within {said_duration(self._timeout_s)}")
        self._socket.settimeout(left_s)
        received = self._socket.recv(4096)
        if not received:
            raise ConnectionError("gpsd closed the connection")
        return received

    def close(self) -> None:
        with contextlib.suppress(OSError):  # it may be gone already
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
