"""What a run reads: frames, positions and a clock that belong together.

Two kinds of run. *Live*: the monotonic clock is the machine's; a file is played at its own pace so
that it meets a live gpsd. *Recorded*: the clock is the recording's, frames come as fast as they are
taken, and the same recording gives the same reads.
"""

import logging
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from outrider.clock import Clock, ClockQuality, RecordedClock, SystemClock, said_duration
from outrider.records import NO_POSITION, ComponentHealth, Fix, Frame, Level, Part, Position
from outrider.rendered.settings import RenderSettings
from outrider.rendered.source import RenderedDrive
from outrider.sources import FrameSource, SourceError
from outrider.unit.devices.camera_picamera2 import Picamera2Camera
from outrider.unit.devices.camera_v4l2 import V4l2Camera
from outrider.unit.devices.gnss_fixed import FixedPosition
from outrider.unit.devices.gnss_gpsd import GpsdPositions, GpsdSettings
from outrider.unit.devices.gnss_nmea import MAX_FIXES, NmeaPositions
from outrider.unit.devices.paced import PacedSource
from outrider.unit.devices.source_drive import DriveSource
from outrider.unit.devices.source_pictures import PicturesSource
from outrider.unit.devices.source_spec import (
    CameraSpec,
    DeviceSpec,
    FileKind,
    FileSpec,
    FixedSpec,
    FrameSpec,
    GpsdSpec,
    NmeaSpec,
    PositionSpec,
    RenderSpec,
    parse_frame_source,
    parse_position_source,
)
from outrider.unit.devices.source_video import VideoSource
from outrider.unit.gnss.track import GnssTrack, TrackLimits
from outrider.unit.ports import PositionSource
from outrider.unit.run.recording_start import Start, start_of_drive, start_of_file, start_said
from outrider.unit.settings.sections import Settings

log = logging.getLogger(__name__)

_CAMERAS = (CameraSpec, DeviceSpec)


@dataclass(frozen=True, slots=True)
class Inputs:
    """The frames, positions and clock of a run.

    recording: its name, "" for a live one. camera: whether the frames are a camera's.
    """

    source: FrameSource
    positions: PositionSource
    clock: Clock
    recording: str
    camera: bool = False


class NoPositions:
    """Nobody said where the unit is; every read says so too."""

    def start(self, stop: threading.Event) -> None:
        """Do nothing."""

    def at(self, mono_ns: int) -> Position:
        """Return that there is none."""
        return NO_POSITION

    def latest(self) -> Fix | None:
        """Return that there is none."""
        return None

    def close(self) -> None:
        """Do nothing."""

    def health(self) -> ComponentHealth:
        """Return that it is off, and how to turn it on."""
        return ComponentHealth(Part.GPS, Level.OFF, "no position source given (--gps)")


class TrackPositions:
    """Fixes known from the start, such as a rendered drive's."""

    def __init__(self, track: GnssTrack, clock: Clock) -> None:
        self._track = track
        self._clock = clock

    def start(self, stop: threading.Event) -> None:
        """Do nothing."""

    def at(self, mono_ns: int) -> Position:
        """Return the position at an instant."""
        return self._track.at(mono_ns)

    def latest(self) -> Fix | None:
        """Return the newest fix that was true by now."""
        return self._track.latest(self._clock.mono_ns())

    def close(self) -> None:
        """Do nothing."""

    def health(self) -> ComponentHealth:
        """Return that all is well."""
        return ComponentHealth(Part.GPS, Level.OK, "the drive's own track")


class ClockedSource:
    """Moves the recording's clock along with its frames."""

    def __init__(self, source: FrameSource, clock: RecordedClock) -> None:
        self._source = source
        self._clock = clock

    @property
    def live(self) -> bool:
        """Whether the source is live (a recording is not)."""
        return self._source.live

    @property
    def source_id(self) -> str:
        """Name of the source."""
        return self._source.source_id

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        """Yield the source's frames."""
        for frame in self._source.frames(stop):
            self._clock.advance_to(frame.mono_ns)
            yield frame

    def health(self) -> ComponentHealth:
        """Return the source's health."""
        return self._source.health()

    def close(self) -> None:
        """Close the source."""
        self._source.close()


def open_inputs(
    source_text: str,
    gps_text: str | None,
    settings: Settings,
    *,
    start: str | None = None,
    late_is_dropped: bool = False,
) -> Inputs:
    """Return what `--source` and `--gps` name. Raises SourceError, saying what to do.

    start: when a video or pictures began, as `--start` says it. late_is_dropped: play a recording
    as a camera would give it, the newest frame winning.
    """
    frame_spec = parse_frame_source(source_text)
    if gps_text is None:
        gps_text = settings.gps.source or ("gpsd" if isinstance(frame_spec, _CAMERAS) else None)
    position_spec = parse_position_source(gps_text) if gps_text else None
    live = isinstance(position_spec, GpsdSpec) or late_is_dropped
    if start is not None and (live or not _says_no_time(frame_spec)):
        raise SourceError("--start is for a video or pictures that are not played with gpsd")
    if isinstance(frame_spec, _CAMERAS):
        return _of_camera(frame_spec, position_spec, settings)
    if live:
        return _played(frame_spec, position_spec, settings, late_is_dropped)
    return _recorded(frame_spec, position_spec, start)


def _says_no_time(spec: FrameSpec) -> bool:
    return isinstance(spec, FileSpec) and spec.kind is not FileKind.DRIVE


def _of_camera(
    spec: CameraSpec | DeviceSpec, position_spec: PositionSpec | None, settings: Settings
) -> Inputs:
    clock = SystemClock()
    camera: FrameSource = (
        V4l2Camera(settings.camera, clock, spec.path)
        if isinstance(spec, DeviceSpec)
        else Picamera2Camera(settings.camera, clock, spec.number)
    )
    positions = _positions(position_spec, settings, clock)
    return Inputs(camera, positions, clock, "", camera=True)


def _played(
    spec: FileSpec | RenderSpec,
    position_spec: PositionSpec | None,
    settings: Settings,
    late_is_dropped: bool,
) -> Inputs:
    clock = SystemClock()
    source = PacedSource(_open_file(spec), clock, late_is_dropped=late_is_dropped)
    return Inputs(source, _positions(position_spec, settings, clock), clock, "")


def _positions(spec: PositionSpec | None, settings: Settings, clock: Clock) -> PositionSource:
    if spec is None:
        return NoPositions()
    if isinstance(spec, GpsdSpec):
        asked = GpsdSettings(
            host=spec.host, port=spec.port, stale_after_s=settings.gps.stale_after_s
        )
        return GpsdPositions(clock, asked)
    if isinstance(spec, FixedSpec):
        return FixedPosition(spec.latitude_deg, spec.longitude_deg, clock)
    return NmeaPositions(spec.path, clock)


def _recorded(
    spec: FileSpec | RenderSpec, position_spec: PositionSpec | None, said: str | None
) -> Inputs:
    source = _open_file(spec)
    start = _start_of(source, position_spec, said)
    clock = RecordedClock(start.utc_ns, start.error_s, start.quality)
    level = logging.INFO if start.quality is ClockQuality.RECORDED else logging.WARNING
    within = said_duration(clock.stamp(0).error_s)
    log.log(level, "clock: the time rests on %s: within %s", start.rests_on, within)
    positions = _recorded_positions(source, position_spec, clock)
    return Inputs(ClockedSource(source, clock), positions, clock, source.source_id)


def _open_file(
    spec: FileSpec | RenderSpec,
) -> RenderedDrive | VideoSource | PicturesSource | DriveSource:
    if isinstance(spec, RenderSpec):
        return RenderedDrive(RenderSettings(seed=spec.seed))
    if spec.kind is FileKind.VIDEO:
        return VideoSource(spec.path)
    if spec.kind is FileKind.PICTURES:
        return PicturesSource(spec.path)
    return DriveSource(spec.path)


def _start_of(
    source: RenderedDrive | VideoSource | PicturesSource | DriveSource,
    position_spec: PositionSpec | None,
    said: str | None,
) -> Start:
    if isinstance(source, RenderedDrive):
        return Start(source.utc_at_zero_ns, ClockQuality.RECORDED, 0.0, "the rendered drive")
    if isinstance(source, DriveSource):
        return start_of_drive(source.header)
    now = SystemClock()
    if said is not None:
        return start_said(said, now)
    first = None
    if isinstance(position_spec, NmeaSpec):
        first = NmeaPositions(position_spec.path, RecordedClock(0), utc_at_zero_ns=0).first
    return start_of_file(source, first, now)


def _recorded_positions(
    source: FrameSource, spec: PositionSpec | None, clock: RecordedClock
) -> PositionSource:
    if isinstance(spec, FixedSpec):
        return FixedPosition(spec.latitude_deg, spec.longitude_deg, clock)
    if isinstance(spec, NmeaSpec):
        return NmeaPositions(spec.path, clock, utc_at_zero_ns=clock.stamp(0).utc_ns)
    if isinstance(source, RenderedDrive):
        return TrackPositions(track_of(source.track()), clock)
    if isinstance(source, DriveSource) and source.track is not None:
        return NmeaPositions(source.track, clock, utc_at_zero_ns=source.header.utc_at_zero_ns)
    if isinstance(spec, GpsdSpec):
        raise SourceError("gpsd gives the present: it has no place in a replay; use nmea:FILE")
    return NoPositions()


def track_of(fixes: Iterable[Fix]) -> GnssTrack:
    """Return a track that holds all of the fixes."""
    track = GnssTrack(TrackLimits(capacity=MAX_FIXES))
    for fix in fixes:
        track.add(fix)
    return track
