"""Talk to an alarm unit step by step, for technicians' commands: one thread, plain waiting."""

import secrets
import select
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

from outrider.clock import said_duration
from outrider.unit.alarm import messages as m
from outrider.unit.alarm.agreement import check_header
from outrider.unit.alarm.interfaces import BytePort
from outrider.unit.alarm.link import AlarmLink, Answered, Greeted, Refused, Report, Told

T = TypeVar("T")
_ROUND_S = 0.02


class UnitNotHeardError(Exception):
    """The unit did not answer in time, or speaks another protocol."""


class AlarmSession:
    """An open session with a unit. tap is given every byte, with "to" or "from" the unit."""

    def __init__(self, port: BytePort, tap: Callable[[str, bytes], None] | None = None) -> None:
        check_header()
        self._port = port
        self._tap = tap
        self._link = AlarmLink(1 + secrets.randbelow(255), time.monotonic())
        self.silent = False
        """While True nothing is sent, as if the host had died."""

    def __enter__(self) -> Self:
        """Return the session."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of the port."""
        self._port.close()

    def greet(self, timeout_s: float = 5.0) -> m.Hello:
        """Open the session. Raises UnitNotHeardError, PortLostError."""

        def greeted(report: Report) -> m.Hello | None:
            if isinstance(report, Refused):
                raise UnitNotHeardError(report.reason)
            return report.hello if isinstance(report, Greeted) else None

        return self.wait(greeted, timeout_s, "HELLO")

    def command(self, message: m.Message, timeout_s: float = 3.0) -> Answered:
        """Send a command and return its answer. Raises UnitNotHeardError, PortLostError."""

        def answered(report: Report) -> Answered | None:
            return report if isinstance(report, Answered) else None

        self._link.send(message, time.monotonic())
        return self.wait(answered, timeout_s, f"answer to {type(message).__name__}")

    def status(self, timeout_s: float = 2.0) -> m.Status:
        """Return the unit's next status. Raises UnitNotHeardError, PortLostError."""

        def told(report: Report) -> m.Status | None:
            message = report.message if isinstance(report, Told) else None
            return message if isinstance(message, m.Status) else None

        return self.wait(told, timeout_s, "STATUS")

    def wait(self, wanted: Callable[[Report], T | None], timeout_s: float, what: str) -> T:
        """Return what `wanted` makes of the first report that it wants.

        Raises:
            UnitNotHeardError: none came in time.
            PortLostError: the port is gone.
        """
        end_s = time.monotonic() + timeout_s
        while time.monotonic() < end_s:
            for report in self._round():
                found = wanted(report)
                if found is not None:
                    return found
        raise UnitNotHeardError(f"no {what} from the alarm unit within {said_duration(timeout_s)}")

    def idle(self, seconds: float) -> None:
        """Let time pass, with heartbeats unless `silent`."""
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            self._round()

    def _round(self) -> list[Report]:
        select.select([self._port.fileno()], [], [], _ROUND_S)
        data = self._port.read()
        now_s = time.monotonic()
        self._link.receive(data, now_s)
        self._link.tick(now_s)
        out = self._link.take_out()
        if out and not self.silent:
            self._port.write(out)
        if self._tap is not None:
            self._tap("from", data)
            self._tap("to", b"" if self.silent else out)
        return self._link.take_reports()
