"""Positions out of an NMEA log, replayed against a recording's clock or from the start of a run."""

import re
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from outrider.clock import Clock, ClockQuality, UtcStamp, is_believable
from outrider.drive.nmea_text import NmeaLog
from outrider.outside import unwaiting
from outrider.records import ComponentHealth, Fix, Level, Part, Position
from outrider.sources import SourceError
from outrider.unit.gnss.track import GnssTrack, TrackLimits
from outrider.unit.ports import PositionSource

MAX_FIXES = 200_000
"""A log of more fixes than this (two days at one a second) is refused."""
_MARK = re.compile(r"# mono_ns=(\d{1,19})")


_DOUBT = (
    "its date {day} cannot be: the receiver's weeks have rolled over, or the log is older than"
    " 2026; no time is taken from it, and it is laid on the recording's begin (see --start)"
)


class NmeaPositions(PositionSource):
    """Every fix of a log, read when it is opened: the same instant gives the same position.

    utc_at_zero_ns: UTC at the zero of the clock that the instants are of (a recording's header).
    Without it the log starts when `start` is called, whatever its date. Instants marked by a
    recorder go before both. Raises SourceError for a log that cannot be read or holds no fix.
    """

    def __init__(self, path: Path, clock: Clock, utc_at_zero_ns: int | None = None) -> None:
        self._path = path
        self._clock = clock
        self._log = NmeaLog()
        self._marked = False
        self._date_doubt = ""
        self._doubtful_zero_ns: int | None = None
        self._fixes = self._read(utc_at_zero_ns)
        self._refused = 0
        self._aligned = utc_at_zero_ns is not None or self._marked
        self._track = self._track_of(0)

    @property
    def first(self) -> Fix:
        """The log's first fix."""
        return self._fixes[0]

    def start(self, stop: threading.Event) -> None:
        """Lay the log's first fix on now, unless the log's place in time is known."""
        if not self._aligned:
            self._aligned = True
            self._track = self._track_of(self._clock.mono_ns() - self._fixes[0].mono_ns)

    def at(self, mono_ns: int) -> Position:
        """Return the position at an instant."""
        return self._track.at(mono_ns)

    def latest(self) -> Fix | None:
        """Return the newest fix that was true by now."""
        return self._track.latest(self._clock.mono_ns())

    def close(self) -> None:
        """Do nothing: the log was read whole."""

    def health(self) -> ComponentHealth:
        """Return a warning with the place of the first fault if the log is not whole."""
        counts = {
            "fixes": len(self._fixes),
            "unreadable": self._log.unreadable,
            "out_of_order": self._refused,
        }
        if self._date_doubt:
            return ComponentHealth(
                Part.GPS, Level.WARNING, f"{self._path}: {self._date_doubt}", counts
            )
        if self._log.unreadable:
            detail = f"{self._path}: {self._log.unreadable} sentences cannot be read: "
            return ComponentHealth(
                Part.GPS, Level.WARNING, detail + self._log.first_unreadable, counts
            )
        return ComponentHealth(Part.GPS, Level.OK, f"replaying {self._path}", counts)

    def _read(self, utc_at_zero_ns: int | None) -> list[Fix]:
        try:
            with open(self._path, encoding="ascii", errors="replace", opener=unwaiting) as lines:
                fixes = list(self._limited(self._timed(lines, utc_at_zero_ns)))
        except OSError as error:
            raise SourceError(f"{self._path}: cannot be read: {error.strerror}") from error
        if not fixes:
            raise SourceError(f"{self._path}: {self._why_no_fix()}")
        return fixes

    def _why_no_fix(self) -> str:
        hint = "an NMEA log with valid RMC sentences is needed"
        if self._log.unreadable:
            hint += f"; {self._log.unreadable} sentences refused: {self._log.first_unreadable}"
        return f"holds no fix: {hint}"

    def _timed(self, lines: Iterable[str], utc_at_zero_ns: int | None) -> Iterator[Fix]:
        for mark_ns, group in _by_mark(lines):
            for fix in self._log.fixes(group):
                self._marked = self._marked or mark_ns is not None
                yield self._placed(fix, mark_ns, utc_at_zero_ns)

    def _placed(self, fix: Fix, mark_ns: int | None, utc_at_zero_ns: int | None) -> Fix:
        """Return a fix on the recording's clock; one whose date cannot be takes its time there."""
        doubtful = not is_believable(fix.utc_ns)
        if doubtful and self._doubtful_zero_ns is None:
            self._doubtful_zero_ns = fix.utc_ns
            day = UtcStamp(fix.utc_ns, ClockQuality.FREE_RUNNING, 0).iso_ms()[:10]
            self._date_doubt = _DOUBT.format(day=day)
        zero_ns = self._doubtful_zero_ns if doubtful else utc_at_zero_ns
        mono_ns = fix.utc_ns - (zero_ns or 0) if mark_ns is None else mark_ns
        utc_ns = self._clock.stamp(mono_ns).utc_ns if doubtful else fix.utc_ns
        return replace(fix, mono_ns=mono_ns, utc_ns=utc_ns)

    def _limited(self, fixes: Iterator[Fix]) -> Iterator[Fix]:
        for count, fix in enumerate(fixes, start=1):
            if count > MAX_FIXES:
                raise SourceError(f"{self._path}: more than {MAX_FIXES:,} fixes; cut the log")
            yield fix

    def _track_of(self, shift_ns: int) -> GnssTrack:
        track = GnssTrack(TrackLimits(capacity=MAX_FIXES))
        for fix in self._fixes:
            track.add(replace(fix, mono_ns=fix.mono_ns + shift_ns))
        self._refused = track.refused
        return track


def _by_mark(lines: Iterable[str]) -> Iterator[tuple[int | None, list[str]]]:
    """Yield the lines in groups, each with the mark that it begins with, if it has one."""
    mark_ns, group = None, list[str]()
    for line in lines:
        mark = _MARK.match(line)
        if mark:
            yield mark_ns, group
            mark_ns, group = int(mark[1]), []
        group.append(line)
    yield mark_ns, group
