"""A video file as a source of frames, decoded by PyAV.

PyAV and not OpenCV: it tells the container's own time stamp of each picture (so that a variable
frame rate keeps its instants), and a damaged packet from the end of the file. It is on every
Raspberry Pi OS with a camera already, as picamera2 stands on it.
"""

import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.stream import Disposition
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from outrider.clock import is_believable
from outrider.records import ComponentHealth, Frame, Image, Level, Part
from outrider.sources import FrameSource, SourceError
from outrider.unit.devices.picture_files import COLOUR_WIDTH_PX, MAX_PIXELS

log = logging.getLogger(__name__)

NS_PER_S = 1_000_000_000
_USUAL_RATE_HZ = 25.0


class VideoSource(FrameSource):
    """Grey frames of a video file; mono_ns is the time in the video, from 0 at its first picture.

    A picture that cannot be decoded is counted as skipped on the next frame; what the file asks
    for by its rotation is done; what it holds beside (a second track, a second clip joined to the
    first) is said in the health. Raises SourceError for a file that is not there, is no video, is
    too large to be decoded, or gives no picture at all.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._container = _opened(path)
        self._stream = _track_of(self._container, path)
        self._remarks = _remarks(self._container)
        for remark in self._remarks:
            log.warning("camera: %s: %s", path, remark)
        self._instants = _Instants(self._stream)
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
        reported = 0
        for picture in self._pictures(stop):
            image, colour = views_of(picture)
            skipped, reported = self._damaged - reported, self._damaged
            yield Frame(self._given, self._instants.of(picture), image, skipped, colour)
            self._given += 1
        if not self._given and not stop.is_set():
            raise SourceError(
                f"{self._path}: no picture of it can be decoded{self._damage()}; is it whole?"
            )

    def _pictures(self, stop: threading.Event) -> Iterator[VideoFrame]:
        stream = self._stream
        stream.thread_type = "AUTO"
        stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}  # it may change on the way
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

    @property
    def created_utc_ns(self) -> int | None:
        """When the recording began by the container's own word, or None; ns since 1970."""
        return _created_ns(self._container.metadata.get("creation_time", ""))

    @property
    def written_utc_ns(self) -> int:
        """When the recording began if the file was last written at its end; ns since 1970."""
        long_ns = round((self._container.duration or 0) * NS_PER_S / av.time_base)
        return self._path.stat().st_mtime_ns - long_ns

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
        joins = self._instants.joins
        counts = {"frames": self._given, "damaged": self._damaged, "joins": joins}
        said = [f"{self._path}{self._damage()}", *self._remarks]
        if joins:
            said.append(f"{joins} clips are joined on; the time between them is not known")
        level = Level.WARNING if self._damaged or len(said) > 1 else Level.OK
        return ComponentHealth(Part.CAMERA, level, "; ".join(said), counts)


def _opened(path: Path) -> InputContainer:
    try:
        container = av.open(str(path), mode="r", metadata_errors="replace")
    except FileNotFoundError as error:
        raise SourceError(f"{path}: there is no such file") from error
    except (av.error.FFmpegError, OSError) as error:
        raise SourceError(f"{path}: cannot be opened as a video: {error.strerror}") from error
    except Exception as error:
        why = type(error).__name__
        raise SourceError(f"{path}: cannot be opened as a video: damaged ({why})") from error
    return container


def _track_of(container: InputContainer, path: Path) -> VideoStream:
    tracks = _tracks(container)
    if not tracks:
        container.close()
        raise SourceError(f"{path}: holds no video stream")
    coded: VideoCodecContext | None = tracks[0].codec_context
    if coded is None:  # PyAV's types do not say so: FFmpeg knows no decoder for what it says it is
        container.close()
        raise SourceError(f"{path}: is damaged, or of a kind that cannot be decoded")
    if coded.width * coded.height > MAX_PIXELS:
        container.close()
        raise SourceError(
            f"{path}: is {coded.width} x {coded.height}, more than {MAX_PIXELS // 1_000_000} "
            "megapixels: make it smaller"
        )
    return tracks[0]


def _tracks(container: InputContainer) -> list[VideoStream]:
    """Return the video tracks; a cover picture is none."""
    cover = Disposition.attached_pic
    return [one for one in container.streams.video if not one.disposition & cover]


def _remarks(container: InputContainer) -> list[str]:
    more = len(_tracks(container)) - 1
    if not more:
        return []
    return [f"the first of {more + 1} video tracks is read: split the others off to read them"]


def _created_ns(text: str) -> int | None:
    try:
        at = datetime.fromisoformat(text)
        utc_ns = round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * NS_PER_S)
    except (ValueError, OverflowError):
        return None
    return utc_ns if is_believable(utc_ns) else None


def views_of(picture: VideoFrame) -> tuple[Image, Image | None]:
    """Return a picture upright: uint8 H x W, full range, and smaller in RGB where it has colour."""
    turns = round(picture.rotation / 90)  # anticlockwise, as numpy turns
    grey = np.asarray(picture.to_ndarray(format="gray"), dtype=np.uint8)
    if picture.format.name.startswith("gray"):
        return _turned(grey, turns), None
    width_px = min(picture.width, COLOUR_WIDTH_PX)
    height_px = max(1, round(picture.height * width_px / picture.width))
    rgb = picture.to_ndarray(format="rgb24", width=width_px, height=height_px)
    return _turned(grey, turns), _turned(np.asarray(rgb, dtype=np.uint8), turns)


def _turned(image: Image, turns: int) -> Image:
    return np.ascontiguousarray(np.rot90(image, turns)) if turns % 4 else image


class _Instants:
    """Time in the video of each picture, in ns: by its own stamp, else by the frame rate.

    Stamps that go back begin a clip that was joined on (transport streams put end to end): its
    pictures follow the last one, a frame later. joins: how often.
    """

    def __init__(self, stream: VideoStream) -> None:
        self._frame_ns = round(NS_PER_S / float(stream.average_rate or _USUAL_RATE_HZ))
        self._first_ns: int | None = None
        self._last_ns: int | None = None
        self._last_stamp_ns: int | None = None
        self.joins = 0

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
            if self._last_stamp_ns is not None and stamp_ns < self._last_stamp_ns:
                self.joins += 1
                self._first_ns = stamp_ns - self._last_ns - self._frame_ns
            instant_ns = max(stamp_ns - self._first_ns, self._last_ns + 1)
        self._last_ns = instant_ns
        self._last_stamp_ns = self._last_stamp_ns if stamp_ns is None else stamp_ns
        return instant_ns

    @staticmethod
    def _stamp_ns(picture: VideoFrame) -> int | None:
        if picture.pts is None or picture.time_base is None:
            return None
        return round(picture.pts * picture.time_base * NS_PER_S)
