"""One connection to gpsd, asked through gpsd-py3.

gpsd-py3 0.3 knows no time-out, raises whatever its parsing meets, and gives 0.0 for what a report
does not hold. Here the socket has a deadline for every line, every failure is one of two errors,
and what was never reported is None.
"""

import contextlib
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import gpsd

from outrider.clock import Clock
from outrider.records import FixQuality

NS_PER_S = 1_000_000_000
MAX_LINE_BYTES = 65_536
"""gpsd's own limit on a JSON response is 10,240 bytes (GPS_JSON_RESPONSE_MAX); more is not gpsd."""
_EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)
"""A receiver that gives an earlier date has its weeks wrong (1,024-week roll-over) or no date."""
_MOVING_MPS = 0.5  # below this a receiver's course is noise, and gpsd leaves it out
_QUALITIES = {2: FixQuality.FIX_2D, 3: FixQuality.FIX_3D}


class GpsdLost(Exception):
    """The connection is of no more use: what happened."""


class NoReport(Exception):
    """gpsd answers, but has no position: why."""


@dataclass(frozen=True, slots=True)
class Report:
    """A position as gpsd has it now; utc_ns is the receiver's own time of it."""

    utc_ns: int
    latitude_deg: float
    longitude_deg: float
    speed_mps: float
    heading_deg: float | None
    quality: FixQuality
    error_m: float | None


class GpsdSession:
    """A connection to gpsd. One at a time in a process: gpsd-py3 keeps it in the module.

    Raises GpsdLost when gpsd is not there, or does not answer as gpsd within timeout_s.
    """

    def __init__(self, host: str, port: int, timeout_s: float, clock: Clock) -> None:
        self._where = f"gpsd at {host}:{port}"
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
            try:
                response = gpsd.get_current()
            except UserWarning as warning:
                raise NoReport("gpsd has no receiver that sends") from warning
            except IndexError as error:
                raise NoReport("gpsd has heard nothing from the receiver yet") from error
            return report_of(response)

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
    except Exception as error:  # gpsd-py3 raises Exception itself
        raise GpsdLost(f"{where}: does not answer as gpsd ({type(error).__name__})") from error


def report_of(response: Any) -> Report:
    """Return the report in gpsd-py3's response. Raises NoReport where it holds no position."""
    quality = _QUALITIES.get(response.mode)
    if quality is None:
        raise NoReport("the receiver has no fix: it needs a clear view of the sky")
    if not response.time or (response.lat == 0.0 and response.lon == 0.0):
        raise NoReport("the receiver is in the middle of a report")
    at = datetime.fromisoformat(response.time)
    if at < _EARLIEST:
        raise NoReport(f"the receiver gives the date {at:%Y-%m-%d}, which cannot be")
    moving = response.hspeed >= _MOVING_MPS
    error_m = max(response.error.get("x", 0.0), response.error.get("y", 0.0))
    return Report(
        utc_ns=int(at.replace(microsecond=0).timestamp()) * NS_PER_S + at.microsecond * 1000,
        latitude_deg=float(response.lat),
        longitude_deg=float(response.lon),
        speed_mps=float(response.hspeed),
        heading_deg=float(response.track) if moving else None,
        quality=quality,
        error_m=float(error_m) if error_m > 0 else None,
    )


class _Lines:
    """The stream that gpsd-py3 writes to and reads from: each line by a deadline, and bounded."""

    def __init__(self, connection: socket.socket, timeout_s: float, clock: Clock) -> None:
        self._socket = connection
        self._timeout_s = timeout_s
        self._clock = clock
        self._rest = b""

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
        return line.decode("utf-8", errors="replace")

    def _received_by(self, deadline_ns: int) -> bytes:
        left_s = (deadline_ns - self._clock.mono_ns()) / NS_PER_S
        if left_s <= 0:
            raise TimeoutError(f"no whole line within {self._timeout_s:g} s")
        self._socket.settimeout(left_s)
        received = self._socket.recv(4096)
        if not received:
            raise ConnectionError("gpsd closed the connection")
        return received

    def close(self) -> None:
        with contextlib.suppress(OSError):  # it may be gone already
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
