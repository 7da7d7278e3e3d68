"""What the command line names as a source of frames or of positions.

picamera2[:NUMBER]  v4l2:DEVICE  video:PATH  pictures:DIR  drive:DIR  render:SEED
gpsd[:HOST:PORT]    nmea:FILE   fixed:LATITUDE,LONGITUDE
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from outrider.sources import SourceError

FRAME_SOURCES = (
    "picamera2[:NUMBER], v4l2:DEVICE, video:PATH, pictures:DIR, drive:DIR or render:SEED"
)
POSITION_SOURCES = "gpsd[:HOST:PORT], nmea:FILE or fixed:LATITUDE,LONGITUDE"
_DEFAULT_HOST = "127.0.0.1"
_DEFAULT_PORT = 2947
_MAX_PORT = 65_535
_MAX_SEED = 2**63 - 1


class FileKind(StrEnum):
    """What a source on disk is."""

    VIDEO = "video"
    PICTURES = "pictures"
    DRIVE = "drive"


@dataclass(frozen=True, slots=True)
class CameraSpec:
    """A camera on this machine; number is its place among those that libcamera lists."""

    number: int = 0


@dataclass(frozen=True, slots=True)
class DeviceSpec:
    """A camera of Linux's own drivers, such as /dev/video0."""

    path: Path


@dataclass(frozen=True, slots=True)
class FileSpec:
    """A video, a folder of pictures, or a recorded drive."""

    kind: FileKind
    path: Path


@dataclass(frozen=True, slots=True)
class RenderSpec:
    """A rendered drive; the same seed gives the same drive."""

    seed: int


FrameSpec = CameraSpec | DeviceSpec | FileSpec | RenderSpec


@dataclass(frozen=True, slots=True)
class GpsdSpec:
    """A running gpsd."""

    host: str = _DEFAULT_HOST
    port: int = _DEFAULT_PORT


@dataclass(frozen=True, slots=True)
class NmeaSpec:
    """A recorded NMEA log."""

    path: Path


@dataclass(frozen=True, slots=True)
class FixedSpec:
    """A surveyed mount, in degrees WGS 84."""

    latitude_deg: float
    longitude_deg: float


PositionSpec = GpsdSpec | NmeaSpec | FixedSpec


def parse_frame_source(text: str) -> FrameSpec:
    """Return what `--source` names. Raises SourceError saying what is wrong and allowed."""
    kind, _, rest = text.partition(":")
    if kind == "picamera2":
        return CameraSpec(_whole(rest, 63, text, FRAME_SOURCES) if rest else 0)
    if kind == "v4l2":
        return DeviceSpec(_device(rest, text))
    if kind == "render":
        return RenderSpec(_whole(rest, _MAX_SEED, text, FRAME_SOURCES))
    if kind in set(FileKind):
        path = _existing(rest, text, FRAME_SOURCES)
        if path.is_fifo():
            raise _refused(text, f"{path} is a pipe; a file is needed", FRAME_SOURCES)
        return FileSpec(FileKind(kind), path)
    raise _refused(text, f"{kind!r} is not known", FRAME_SOURCES)


def parse_position_source(text: str) -> PositionSpec:
    """Return what `--gps` names. Raises SourceError saying what is wrong and allowed."""
    kind, _, rest = text.partition(":")
    if kind == "gpsd":
        return _gpsd(rest, text) if rest else GpsdSpec()
    if kind == "nmea":
        return NmeaSpec(_existing(rest, text, POSITION_SOURCES))
    if kind == "fixed":
        return _fixed(rest, text)
    raise _refused(text, f"{kind!r} is not known", POSITION_SOURCES)


def _gpsd(rest: str, text: str) -> GpsdSpec:
    host, colon, port = rest.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")  # an IPv6 address stands in brackets
    if not colon or not host:
        raise _refused(text, "a host and a port are needed", POSITION_SOURCES)
    number = _whole(port, _MAX_PORT, text, POSITION_SOURCES)
    if number == 0:
        raise _refused(text, "port 0 is none", POSITION_SOURCES)
    return GpsdSpec(host, number)


def _fixed(rest: str, text: str) -> FixedSpec:
    try:
        latitude_deg, longitude_deg = (float(part) for part in rest.split(","))
    except ValueError as error:
        why = "two numbers with a comma between are needed, such as 53.4808,-2.2426"
        raise _refused(text, why, POSITION_SOURCES) from error
    if not (abs(latitude_deg) <= 90 and abs(longitude_deg) <= 180):  # NaN fails both
        why = "latitude must lie in -90..90 and longitude in -180..180"
        raise _refused(text, why, POSITION_SOURCES)
    return FixedSpec(latitude_deg, longitude_deg)


def _existing(rest: str, text: str, allowed: str) -> Path:
    if not rest:
        raise _refused(text, "a path is needed after the colon", allowed)
    path = Path(rest)
    if not path.exists():
        raise _refused(text, f"{path} does not exist", allowed)
    return path


def _device(rest: str, text: str) -> Path:
    """Return a device's path; one that is not plugged in now may come later."""
    path = Path(rest)
    if not path.is_absolute() or (path.exists() and not path.is_char_device()):
        why = "a device is needed, such as /dev/video0 or a name in /dev/v4l/by-id"
        raise _refused(text, why, FRAME_SOURCES)
    return path


def _whole(digits: str, limit: int, text: str, allowed: str) -> int:
    if not (digits.isascii() and digits.isdigit()) or int(digits[:20]) > limit:
        raise _refused(text, f"{digits!r} is not a whole number of 0..{limit}", allowed)
    return int(digits)


def _refused(text: str, why: str, allowed: str) -> SourceError:
    return SourceError(f"{text!r}: {why}. Allowed: {allowed}")
