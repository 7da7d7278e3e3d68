"""Keeps a rendered drive as a recorded one, and picks its best single picture."""

from dataclasses import dataclass
from pathlib import Path
from threading import Event

import cv2

from outrider.clock import ClockQuality
from outrider.drive.format import (
    FRAMES_FILE,
    HEADER_FILE,
    PICTURES_FOLDER,
    TRACK_FILE,
    TRUTH_FILE,
    DriveHeader,
    FrameLine,
    header_text,
    line_text,
)
from outrider.drive.nmea_text import MONO_MARK, epoch
from outrider.drive.truth import DriveTruth, PlateSighting, VehiclePass, to_json
from outrider.records import Image
from outrider.rendered.settings import RenderSettings
from outrider.rendered.source import RenderedDrive
from outrider.sources import SourceError

_HERO_PX = 20.0


def write_drive(drive: RenderedDrive, folder: Path, *, jpeg_quality: int = 90) -> None:
    """Write a rendered drive as a recorded one, pictures in grey as JPEG, as replays read them.

    Raises SourceError where the folder already holds a drive or cannot be written.
    """
    try:
        (folder / PICTURES_FOLDER).mkdir(parents=True)
        (folder / TRACK_FILE).write_text(_track_text(drive), encoding="ascii")
        (folder / TRUTH_FILE).write_text(to_json(drive.truth()), encoding="utf-8")
        _write_frames(drive, folder, jpeg_quality)
        (folder / HEADER_FILE).write_text(header_text(_header(drive)), encoding="utf-8")
    except OSError as error:
        raise SourceError(
            f"{folder}: the drive cannot be written there: {error.strerror}; name a new folder"
        ) from error


def _write_frames(drive: RenderedDrive, folder: Path, jpeg_quality: int) -> None:
    form = [cv2.IMWRITE_JPEG_QUALITY, jpeg_quality]
    with (folder / FRAMES_FILE).open("x", encoding="utf-8") as lines:
        for frame in drive.frames(Event()):
            name = f"{PICTURES_FOLDER}/{frame.index:05d}.jpg"
            colour = frame.image.ndim == 3
            grey = cv2.cvtColor(frame.image, cv2.COLOR_RGB2GRAY) if colour else frame.image
            (folder / name).write_bytes(cv2.imencode(".jpg", grey, form)[1].tobytes())
            lines.write(line_text(FrameLine(frame.mono_ns, file=name)))


def _track_text(drive: RenderedDrive) -> str:
    return "".join(
        f"{MONO_MARK}{fix.mono_ns}\n" + epoch(fix).replace("\r\n", "\n") for fix in drive.track()
    )


def _header(drive: RenderedDrive) -> DriveHeader:
    settings = drive.settings
    return DriveHeader(
        drive_id=f"render-{settings.seed}-{settings.width_px}x{settings.height_px}",
        recorded_by="outrider.rendered",
        description=f"{drive.truth().note} Drawn with {settings}.",
        unit_id="rendered",
        camera_id=f"pinhole-{settings.focal_mm:g}mm",
        source_id=drive.source_id,
        utc_at_zero_ns=drive.utc_at_zero_ns,
        clock_quality=ClockQuality.RECORDED,
        clock_error_s=0.0,
        width_px=settings.width_px,
        height_px=settings.height_px,
    )


@dataclass(frozen=True, slots=True)
class HeroPicture:
    """One frame to show, and the plates in it."""

    frame: int
    image: Image
    plates: tuple[tuple[VehiclePass, PlateSighting], ...]


def hero_picture(settings: RenderSettings | None = None) -> HeroPicture:
    """Return the frame of a drive that shows the most plates large, and its plates' truth."""
    drive = RenderedDrive(settings or RenderSettings())
    truth = drive.truth()
    frame = max(range(truth.frame_count), key=lambda index: _worth(truth, index))
    return HeroPicture(frame, drive.picture(frame), tuple(_shown(truth, frame)))


def _shown(truth: DriveTruth, frame: int) -> list[tuple[VehiclePass, PlateSighting]]:
    return [(one, seen) for one in truth.passes for seen in one.sightings if seen.frame == frame]


def _worth(truth: DriveTruth, frame: int) -> float:
    day = 1.0 if frame < 0.3 * truth.frame_count else 0.0
    plates = [seen for _, seen in _shown(truth, frame) if seen.hidden == 0.0]
    return day + sum(min(seen.height_px / _HERO_PX, 1.2) for seen in plates)
