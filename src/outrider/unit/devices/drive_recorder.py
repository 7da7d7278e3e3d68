"""Records a drive while it is read: the frames as they come, the fixes as they are reported.

Written as it goes, so that a recorder that is killed leaves a drive that can be replayed up to
then: pictures before the line that names them, lines whole or not at all.
"""

import logging
import queue
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType

import cv2

from outrider.clock import Clock
from outrider.drive.format import (
    FRAMES_FILE,
    HEADER_FILE,
    PICTURES_FOLDER,
    TRACK_FILE,
    DriveHeader,
    FrameLine,
    header_text,
    line_text,
)
from outrider.drive.nmea_text import MONO_MARK, epoch
from outrider.records import ComponentHealth, Fix, Frame, Level
from outrider.sources import FrameSource, SourceError
from outrider.unit.devices.colour_jpeg import ColourJpeg
from outrider.unit.ports import PositionSource

log = logging.getLogger(__name__)

_QUEUE_FRAMES = 16
_JPEG_QUALITY = 95
_LIVE_END_S = 5.0


class DriveRecorder:
    """Writes a drive into a new folder. Owned by one thread; a context manager.

    zero_mono_ns: the instant of the unit's clock that is 0 on the drive's. Raises SourceError
    where the folder already holds a drive or cannot be written.
    """

    def __init__(self, folder: Path, header: DriveHeader, zero_mono_ns: int) -> None:
        self._folder = folder
        self._zero_mono_ns = zero_mono_ns
        self._number = 0
        self._in_colour: ColourJpeg | None = None
        self._last_fix_ns = -1
        try:
            (folder / PICTURES_FOLDER).mkdir(parents=True, exist_ok=True)
            self._lines = (folder / FRAMES_FILE).open("x", encoding="utf-8")
            self._track = (folder / TRACK_FILE).open("x", encoding="ascii")
            self.describe(header)
        except OSError as error:
            raise _not_there(folder, error) from error

    def __enter__(self) -> "DriveRecorder":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def describe(self, header: DriveHeader) -> None:
        """Write the header, in place of the last one. Raises OSError where the disk is full."""
        new = self._folder / f"{HEADER_FILE}.new"
        new.write_text(header_text(header), encoding="utf-8")
        new.replace(self._folder / HEADER_FILE)

    def frame(self, frame: Frame) -> None:
        """Keep a frame. Raises OSError where the disk takes no more."""
        name = f"{PICTURES_FOLDER}/{self._number:08d}.jpg"
        (self._folder / name).write_bytes(self._encoded(frame))
        line = FrameLine(frame.mono_ns - self._zero_mono_ns, frame.skipped, name)
        self._lines.write(line_text(line))
        self._lines.flush()
        self._number += 1

    def _encoded(self, frame: Frame) -> bytes:
        """Return the picture as JPEG, in colour where the camera gives any."""
        image, colour = frame.image, frame.colour
        sides = image.shape[:2]
        if image.ndim == 2 and colour is not None and not any(side % 2 for side in sides):
            if self._in_colour is None or self._in_colour.size != sides[::-1]:
                self._in_colour = ColourJpeg(sides[1], sides[0])
            return self._in_colour.encode(image, colour)
        form = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
        picture = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        return cv2.imencode(".jpg", picture, form)[1].tobytes()

    def fix(self, fix: Fix) -> None:
        """Keep a fix, once; one that is no newer than the last, or before the drive, is left."""
        mono_ns = fix.mono_ns - self._zero_mono_ns
        if mono_ns <= self._last_fix_ns:
            return
        self._last_fix_ns = mono_ns
        sentences = epoch(fix).replace("\r\n", "\n")
        self._track.write(f"{MONO_MARK}{mono_ns}\n{sentences}")
        self._track.flush()

    def close(self) -> None:
        """Close the files; may be called twice."""
        self._lines.close()
        self._track.close()


def _not_there(folder: Path, error: OSError) -> SourceError:
    return SourceError(
        f"{folder}: a drive cannot be recorded there: {error.strerror}; "
        "name a new folder on a disk with room"
    )


class RecordingSource(FrameSource):
    """Gives the frames of another source, and has them recorded on a thread of its own.

    A live source is never held up: frames that the disk cannot take in time are left out of the
    recording, counted, and a warning. A file waits. A disk that fails ends the recording alone.
    header: its picture size and time of day are filled in here, the time of day once more at the
    end, when the clock knows it best.
    """

    def __init__(
        self,
        source: FrameSource,
        positions: PositionSource,
        clock: Clock,
        folder: Path,
        header: DriveHeader,
    ) -> None:
        """Make the folder. Raises SourceError where it cannot be, or holds a drive already."""
        try:
            (folder / PICTURES_FOLDER).mkdir(parents=True)
        except OSError as error:
            raise _not_there(folder, error) from error
        self._source = source
        self._positions = positions
        self._clock = clock
        self._folder = folder
        self._header = header
        self._queue: queue.Queue[Frame | None] = queue.Queue(_QUEUE_FRAMES)
        self._left_out = 0
        self._failure = ""

    @property
    def live(self) -> bool:
        """Whether the source is live."""
        return self._source.live

    @property
    def source_id(self) -> str:
        """Name of the source."""
        return self._source.source_id

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        """Yield the source's frames. Raises SourceError where nothing can be recorded there."""
        writer: threading.Thread | None = None
        try:
            for frame in self._source.frames(stop):
                if writer is None:
                    writer = self._started(frame)
                self._record(frame)
                yield frame
        finally:
            if writer is not None:
                self._end(writer)

    def _end(self, writer: threading.Thread) -> None:
        """Let the writer write what waits; a disk that hangs holds up no camera's end."""
        wait_s = _LIVE_END_S if self.live else None
        try:
            self._queue.put(None, timeout=wait_s)
        except queue.Full:
            log.error("camera: recording to %s: the disk takes nothing; left", self._folder)
            return
        writer.join(wait_s)

    def _started(self, first: Frame) -> threading.Thread:
        recorder = DriveRecorder(self._folder, self._header_of(first), first.mono_ns)
        writer = threading.Thread(
            target=self._write, args=(recorder, first), name="record", daemon=True
        )
        writer.start()
        return writer

    def _header_of(self, first: Frame) -> DriveHeader:
        height_px, width_px = first.image.shape[:2]
        at = self._clock.stamp(first.mono_ns)
        return replace(
            self._header,
            width_px=width_px,
            height_px=height_px,
            utc_at_zero_ns=at.utc_ns,
            clock_quality=at.quality,
            clock_error_s=at.error_s,
        )

    def _record(self, frame: Frame) -> None:
        if not self.live:
            self._queue.put(frame)
            return
        try:
            self._queue.put_nowait(frame)
        except queue.Full:
            self._left_out += 1

    def _write(self, recorder: DriveRecorder, first: Frame) -> None:
        with recorder:
            while (frame := self._queue.get()) is not None:
                if self._failure:
                    self._left_out += 1
                    continue
                try:
                    self._write_one(recorder, frame)
                except OSError as error:
                    self._note_failure(error)
            try:
                recorder.describe(self._header_of(first))
            except OSError as error:
                self._note_failure(error)

    def _note_failure(self, error: OSError) -> None:
        self._failure = f"recording to {self._folder} has failed: {error.strerror}"
        log.error("camera: %s; reading goes on", self._failure)

    def _write_one(self, recorder: DriveRecorder, frame: Frame) -> None:
        fix = self._positions.latest()
        if fix is not None:
            recorder.fix(fix)
        recorder.frame(frame)

    def close(self) -> None:
        """Close the source."""
        self._source.close()

    def health(self) -> ComponentHealth:
        """Return the source's health, made a warning where the recording is not whole."""
        health = self._source.health()
        counts = {**health.counts, "not_recorded": self._left_out}
        if health.level in (Level.OK, Level.OFF) and (self._failure or self._left_out):
            detail = self._failure or f"{self._left_out} frames are not in the recording"
            return replace(health, level=Level.WARNING, detail=detail, counts=counts)
        return replace(health, counts=counts)
