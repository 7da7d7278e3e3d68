"""When a recording began, and how well that is known: no recording's time is certain.

In this order: what `--start` says, a position log whose dates can be, the container's creation
time, the time that the file was written. A drive and a rendered road say it themselves.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from outrider.clock import NS_PER_S, Clock, ClockQuality, is_believable
from outrider.drive.format import DriveHeader
from outrider.records import Fix
from outrider.sources import SourceError
from outrider.unit.devices.source_pictures import PicturesSource
from outrider.unit.devices.source_video import VideoSource

_TYPED_ERROR_S = 60.0  # read off a screen or a label
_LOG_ERROR_S = 10.0  # the log is taken to begin with the recording
_CONTAINER_ERROR_S = 3_600.0  # a camera's clock set by hand, summer time written as UTC
_FILE_ERROR_S = 86_400.0  # at best: a copy is written later than what it is a copy of
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST_AHEAD_NS = 86_400 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Start:
    """UTC in ns at the recording's zero, what it rests on, and its likely error in s."""

    utc_ns: int
    quality: ClockQuality
    error_s: float
    rests_on: str


def start_said(text: str, clock: Clock) -> Start:
    """Return the start that `--start` says (ISO 8601; UTC where it names no zone).

    Raises SourceError for what is no time, or one that cannot be.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        why = "no date and time as 2026-11-21T06:00:00Z"
        raise SourceError(f"--start {text!r}: {why}") from error
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    now_ns = clock.stamp(clock.mono_ns()).utc_ns
    if at < _EARLIEST or at.timestamp() * NS_PER_S > now_ns + _LATEST_AHEAD_NS:
        raise SourceError(f"--start {text!r}: must lie between 2000 and now")
    utc_ns = int(at.replace(microsecond=0).timestamp()) * NS_PER_S + at.microsecond * 1000
    return Start(utc_ns, ClockQuality.RECORDED, _TYPED_ERROR_S, "--start")


def start_of_drive(header: DriveHeader) -> Start:
    """Return the start as a drive's header has it, no better than it was known when recorded."""
    sure = header.clock_quality is not ClockQuality.FREE_RUNNING
    known = sure and is_believable(header.utc_at_zero_ns)
    quality = ClockQuality.RECORDED if known else ClockQuality.FREE_RUNNING
    return Start(header.utc_at_zero_ns, quality, header.clock_error_s, "the drive's header")


def start_of_file(source: VideoSource | PicturesSource, first: Fix | None, clock: Clock) -> Start:
    """Return the start of a recording that does not say it; first: of its log of positions."""
    if first is not None and is_believable(first.utc_ns):
        rests_on = "the position log, taken to begin with the recording"
        return Start(first.utc_ns, ClockQuality.RECORDED, _LOG_ERROR_S, rests_on)
    latest_ns = clock.stamp(clock.mono_ns()).utc_ns + _LATEST_AHEAD_NS
    created_ns = source.created_utc_ns if isinstance(source, VideoSource) else None
    if created_ns is not None and created_ns < latest_ns:
        rests_on = "the container's creation time"
        return Start(created_ns, ClockQuality.RECORDED, _CONTAINER_ERROR_S, rests_on)
    rests_on = "the time that the file was written; --start says it better"
    return Start(source.written_utc_ns, ClockQuality.FREE_RUNNING, _FILE_ERROR_S, rests_on)
