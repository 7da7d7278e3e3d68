"""A video file as a source of frames, decoded by PyAV.

PyAV and not OpenCV: it tells the container's own time stamp of each picture (so that a variable
frame rate keeps its instants), and a damaged packet from the end of the file. It is on every
Raspberry Pi OS with a camera already, as picamera2 stands on it.
"""

import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from outrider.records import ComponentHealth, Frame, Image, Level, Part
from outrider.sources import FrameSource, SourceError

log = logging.getLogger(__name__)

NS_PER_S = 1_000_000_000
_USUAL_RATE_HZ = 25.0


class VideoSource(FrameSource):
    """Grey frames of a video file; mono_ns is the time in the video, from 0 at its first picture.

    A picture that cannot be decoded is counted as skipped on the next frame. Raises SourceError
    for a file that is not there, is no video, or gives no picture at all.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._container = _opened(path)
        self._given = 0
        self._damaged = 0
        self._first_damage = ""

    @property
    def live(self) -> bool:
        """False: a file waits for its reader."""
        return False

    @property
    def source_id(self) -> str:
        """`video:` and the file's name."""
        return f"video:{self._path.name}"

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        """Yield the frames to the end of the file. Raises SourceError if none can be decoded."""
        instants = _Instants(self._container.streams.video[0])
        reported = 0
        for picture in self._pictures(stop):
            skipped, reported = self._damaged - reported, self._damaged
            yield Frame(self._given, instants.of(picture), grey_of(picture), skipped)
            self._given += 1
        if not self._given and not stop.is_set():
            raise SourceError(
                f"{self._path}: no picture of it can be decoded{self._damage()}; is it whole?"
            )

    def _pictures(self, stop: threading.Event) -> Iterator[VideoFrame]:
        stream = self._container.streams.video[0]
        stream.thread_type = "AUTO"
        packets = self._container.demux(stream)
        while not stop.is_set():
            try:
                packet = next(packets)
                pictures = stream.decode(packet)
            except (StopIteration, EOFError):  # EOFError: the decoder has given its last picture
                return
            except av.error.InvalidDataError as error:
                self._note_damage(error)
                continue
            except av.error.FFmpegError as error:
                self._note_damage(error)
                return
            yield from pictures

    def _note_damage(self, error: av.error.FFmpegError) -> None:
        self._damaged += 1
        if not self._first_damage:
            self._first_damage = f"picture {self._given + self._damaged}: {error.strerror}"
            log.error("camera: %s: %s", self._path, self._first_damage)

    def _damage(self) -> str:
        return f" ({self._damaged} damaged, first {self._first_damage})" if self._damaged else ""

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def health(self) -> ComponentHealth:
        """Return a warning, with the first damage, if any picture could not be decoded."""
        counts = {"frames": self._given, "damaged": self._damaged}
        level = Level.WARNING if self._damaged else Level.OK
        return ComponentHealth(Part.CAMERA, level, f"{self._path}{self._damage()}", counts)


def _opened(path: Path) -> InputContainer:
    try:
        container = av.open(str(path), mode="r")
    except FileNotFoundError as error:
        raise SourceError(f"{path}: there is no such file") from error
    except (av.error.FFmpegError, OSError) as error:
        raise SourceError(f"{path}: cannot be opened as a video: {error.strerror}") from error
    if not container.streams.video:
        container.close()
        raise SourceError(f"{path}: holds no video stream")
    return container


def grey_of(picture: VideoFrame) -> Image:
    """Return a picture as uint8 H x W, full range."""
    return np.asarray(picture.to_ndarray(format="gray"), dtype=np.uint8)


class _Instants:
    """Time in the video of each picture, in ns: by its own stamp, else by the frame rate."""

    def __init__(self, stream: VideoStream) -> None:
        self._frame_ns = round(NS_PER_S / float(stream.average_rate or _USUAL_RATE_HZ))
        self._first_ns: int | None = None
        self._last_ns: int | None = None

    def of(self, picture: VideoFrame) -> int:
        """Return the instant of the next picture, always after the last one."""
        stamp_ns = self._stamp_ns(picture)
        if self._first_ns is None:
            self._first_ns = stamp_ns or 0
        if self._last_ns is None:
            instant_ns = 0
        elif stamp_ns is None:
            instant_ns = self._last_ns + self._frame_ns
        else:
            instant_ns = max(stamp_ns - self._first_ns, self._last_ns + 1)
        self._last_ns = instant_ns
        return instant_ns

    @staticmethod
    def _stamp_ns(picture: VideoFrame) -> int | None:
        if picture.pts is None or picture.time_base is None:
            return None
        return round(picture.pts * picture.time_base * NS_PER_S)
