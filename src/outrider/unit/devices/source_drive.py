"""A recorded drive as a source of frames (see drive_format for what is on disk)."""

import logging
import threading
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from outrider.drive.format import (
    TRACK_FILE,
    TRUTH_FILE,
    DriveHeader,
    FrameLine,
    read_header,
    read_lines,
)
from outrider.records import ComponentHealth, Frame, Image, Level, Part
from outrider.sources import FrameSource, SourceError
from outrider.unit.devices.picture_files import PictureError, read_grey
from outrider.unit.devices.source_pictures import why
from outrider.unit.devices.source_video import VideoSource

log = logging.getLogger(__name__)

Views = tuple[Image, Image | None]
"""A frame's picture in grey, and its smaller copy in colour where it has one."""


class DriveSource(FrameSource):
    """The frames of a recorded drive, with the instants that were recorded.

    A picture that is missing or cannot be read is named in the log and counted as skipped. Raises
    SourceError for a folder that holds no drive.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._header = read_header(folder)
        self._given = 0
        self._unreadable = 0
        self._first_unreadable = ""

    @property
    def header(self) -> DriveHeader:
        """Where the drive comes from."""
        return self._header

    @property
    def track(self) -> Path | None:
        """The drive's fixes, if it has any."""
        path = self._folder / TRACK_FILE
        return path if path.is_file() else None

    @property
    def truth(self) -> Path | None:
        """What really passed, if somebody wrote it down."""
        path = self._folder / TRUTH_FILE
        return path if path.is_file() else None

    @property
    def live(self) -> bool:
        """False: a recording waits for its reader."""
        return False

    @property
    def source_id(self) -> str:
        """`drive:` and the drive's id."""
        return f"drive:{self._header.drive_id}"

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        """Yield the frames in order. Raises SourceError for a damaged index or no frame at all."""
        skipped = 0
        for index, (line, image) in enumerate(self._pictures(stop)):
            if image is None:
                skipped += 1 + line.skipped
                continue
            yield Frame(index, line.mono_ns, image[0], skipped + line.skipped, image[1])
            self._given += 1
            skipped = 0
        if not self._given and not stop.is_set():
            raise SourceError(f"{self._folder}: the drive holds no frame that can be read")

    def _pictures(self, stop: threading.Event) -> Iterator[tuple[FrameLine, Views | None]]:
        if self._header.video is not None:
            yield from self._of_video(self._folder / self._header.video, stop)
            return
        for line in read_lines(self._folder):
            if stop.is_set():
                return
            yield line, self._picture(line)

    def _picture(self, line: FrameLine) -> Views | None:
        if line.file is None:
            self._note_unreadable("a frame without a file")
            return None
        try:
            return read_grey(self._folder / line.file)
        except (OSError, PictureError) as error:
            self._note_unreadable(f"{line.file}: {why(error)}")
            return None

    def _of_video(
        self, path: Path, stop: threading.Event
    ) -> Iterator[tuple[FrameLine, Views | None]]:
        video = VideoSource(path)
        try:
            for line, frame in zip_longest(read_lines(self._folder), video.frames(stop)):
                if line is None or stop.is_set():
                    return
                if frame is None:
                    self._note_unreadable(f"{path.name} ends before frame {self._given}")
                yield line, None if frame is None else (frame.image, frame.colour)
        finally:
            video.close()

    def _note_unreadable(self, what: str) -> None:
        self._unreadable += 1
        self._first_unreadable = self._first_unreadable or what
        log.error("camera: %s: %s cannot be read; left out", self._folder, what)

    def close(self) -> None:
        """Do nothing: no file is held open between frames."""

    def health(self) -> ComponentHealth:
        """Return a warning that names the first unreadable picture, if there is one."""
        counts = {"frames": self._given, "unreadable": self._unreadable}
        if self._unreadable:
            detail = f"{self._folder}: {self._unreadable} pictures cannot be read, first "
            return ComponentHealth(
                Part.CAMERA, Level.WARNING, detail + self._first_unreadable, counts
            )
        return ComponentHealth(Part.CAMERA, Level.OK, f"drive {self._header.drive_id}", counts)
