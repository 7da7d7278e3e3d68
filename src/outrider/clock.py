"""The one place that reads a clock.

Order and durations come from the monotonic clock. Time of day is an estimate laid over it: an
offset, what it rests on, and how wrong it may be. A step of the system's clock moves neither.
"""

import ctypes
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol

NS_PER_S = 1_000_000_000
_DRIFT_S_PER_S = 50e-6  # a Raspberry Pi's crystal, with temperature (data sheet: +-50 ppm)
_FREE_RUNNING_ERROR_S = 7 * 86_400.0  # a Pi without a battery starts where it stopped
_NTP_ERROR_S = 0.1
WEEKS_NS = 1024 * 7 * 86_400 * NS_PER_S
"""After so long the week number of a GPS signal begins again: an old receiver is wrong by it."""
_ERA_BEGINS_NS = 1_767_225_600 * NS_PER_S  # 2026-01-01, before the first unit
_LEAST_ERROR_S = 0.001  # what a record tells: nothing is exact


def is_believable(utc_ns: int) -> bool:
    """Return whether a time of day can be: it lies in the 1,024 weeks from 2026 on.

    In just these each week number stands for one week, so that a receiver whose weeks have rolled
    over, early or late, always gives a date outside, as does a clock that was never set.
    """
    return _ERA_BEGINS_NS <= utc_ns < _ERA_BEGINS_NS + WEEKS_NS


def rolled_into_era(utc_ns: int) -> int:
    """Return the instant moved by whole 1,024 weeks to where it is believable."""
    return _ERA_BEGINS_NS + (utc_ns - _ERA_BEGINS_NS) % WEEKS_NS


class ClockQuality(StrEnum):
    """What the time of day rests on, best first."""

    GPS = "gps"
    NTP = "ntp"
    RECORDED = "recorded"
    FREE_RUNNING = "free-running"


@dataclass(frozen=True, slots=True)
class UtcStamp:
    """An instant of the day: UTC in ns since 1970, what it rests on, and its likely error in s."""

    utc_ns: int
    quality: ClockQuality
    error_s: float

    @property
    def utc(self) -> datetime:
        """The instant as an aware datetime, cut to the microsecond."""
        return datetime.fromtimestamp(self.utc_ns // 1000 / 1e6, tz=UTC)

    def iso_ms(self) -> str:
        """Return the instant as ISO 8601 in UTC to the millisecond, as on the wire."""
        ms = (self.utc_ns + 500_000) // 1_000_000
        text = datetime.fromtimestamp(ms // 1000, tz=UTC).strftime("%Y-%m-%dT%H:%M:%S")
        return f"{text}.{ms % 1000:03d}Z"


class Clock(Protocol):
    """Monotonic time, and the time of day of a monotonic instant."""

    def mono_ns(self) -> int:
        """Return the monotonic time now, in ns."""
        ...

    def stamp(self, mono_ns: int) -> UtcStamp:
        """Return the time of day at a monotonic instant."""
        ...

    def observe(self, utc_ns: int, mono_ns: int, quality: ClockQuality, error_s: float) -> None:
        """Take in that the time of day was utc_ns at mono_ns, to within error_s."""
        ...


@dataclass(frozen=True, slots=True)
class _Anchor:
    utc_ns: int
    mono_ns: int
    quality: ClockQuality
    error_s: float

    def error_at(self, mono_ns: int) -> float:
        return self.error_s + abs(mono_ns - self.mono_ns) / NS_PER_S * _DRIFT_S_PER_S


class SystemClock:
    """The machine's monotonic clock with the best-known time of day laid over it.

    An observation replaces the anchor when its error is no larger than the anchor's has grown to.
    Without one, the system's own wall clock is read once at start, as NTP if the kernel says that
    it is synchronised, else as free-running; it is read again only while nothing better is known.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._anchor = self._from_system()

    def mono_ns(self) -> int:
        """Return the monotonic time now, in ns."""
        return time.monotonic_ns()

    def stamp(self, mono_ns: int) -> UtcStamp:
        """Return the time of day at a monotonic instant, with its error grown by drift."""
        with self._lock:
            if self._anchor.quality is ClockQuality.FREE_RUNNING:
                self._adopt_synchronised_system_clock()
            anchor = self._anchor
        utc_ns = anchor.utc_ns + (mono_ns - anchor.mono_ns)
        return UtcStamp(utc_ns, anchor.quality, anchor.error_at(mono_ns))

    def observe(self, utc_ns: int, mono_ns: int, quality: ClockQuality, error_s: float) -> None:
        """Take in an observation if it can be, and is at least as good as what is known."""
        if not is_believable(utc_ns):
            return
        with self._lock:
            if error_s <= self._anchor.error_at(mono_ns):
                self._anchor = _Anchor(utc_ns, mono_ns, quality, error_s)

    def _adopt_synchronised_system_clock(self) -> None:
        now = self._from_system()
        if now.quality is ClockQuality.NTP:
            self._anchor = now

    @staticmethod
    def _from_system() -> _Anchor:
        mono_ns = time.monotonic_ns()
        utc_ns = time.time_ns()  # noqa: TID251 - the one reading of the wall clock
        if not is_believable(utc_ns):
            return _Anchor(utc_ns, mono_ns, ClockQuality.FREE_RUNNING, WEEKS_NS / NS_PER_S)
        if _kernel_says_synchronised():
            return _Anchor(utc_ns, mono_ns, ClockQuality.NTP, _NTP_ERROR_S)
        return _Anchor(utc_ns, mono_ns, ClockQuality.FREE_RUNNING, _FREE_RUNNING_ERROR_S)


class RecordedClock:
    """The clock of a recording: monotonic time is the recording's, UTC follows from its start.

    quality and error_s (s): how well that start is known; what rests on nothing is FREE_RUNNING.
    """

    def __init__(
        self,
        utc_at_zero_ns: int,
        error_s: float = _LEAST_ERROR_S,
        quality: ClockQuality = ClockQuality.RECORDED,
    ) -> None:
        self._utc_at_zero_ns = utc_at_zero_ns
        self._error_s = max(error_s, _LEAST_ERROR_S)
        self._quality = quality
        self._mono_ns = 0

    def advance_to(self, mono_ns: int) -> None:
        """Move the recording's present forward; it never goes back."""
        self._mono_ns = max(self._mono_ns, mono_ns)

    def mono_ns(self) -> int:
        """Return the recording's present, in ns from its start."""
        return self._mono_ns

    def stamp(self, mono_ns: int) -> UtcStamp:
        """Return the time of day that the recording gives for the instant."""
        return UtcStamp(self._utc_at_zero_ns + mono_ns, self._quality, self._error_s)

    def observe(self, utc_ns: int, mono_ns: int, quality: ClockQuality, error_s: float) -> None:
        """Ignore observations: a recording's time is fixed, so that replays are identical."""


class _Timex(ctypes.Structure):
    # struct timex of <sys/timex.h>; only `modes` (0: read only) is set and the rest is room.
    _fields_ = (("modes", ctypes.c_uint), ("room", ctypes.c_byte * 252))


def _kernel_says_synchronised() -> bool:
    """Return whether adjtimex(2) says that the clock is disciplined: not TIME_ERROR."""
    time_error = 5
    adjtimex = getattr(ctypes.CDLL(None), "adjtimex", None)
    if adjtimex is None:
        return False
    state = int(adjtimex(ctypes.byref(_Timex(modes=0))))
    return 0 <= state < time_error


_SAID_IN = ((172_800, 86_400, "days"), (7_200, 3_600, "h"), (120, 60, "min"), (1, 1, "s"))


def said_duration(seconds: float) -> str:
    """Return a duration as a person says it: `7 days`, `90 s`, `20 ms`, `-1.5 h`."""
    for least, unit_s, name in _SAID_IN:
        if abs(seconds) >= least:
            return f"{_rounded(seconds / unit_s)} {name}"
    return f"{_rounded(seconds * 1000)} ms"


def _rounded(number: float) -> str:
    return f"{number:.3g}" if abs(number) < 999.5 else f"{number:,.0f}"
