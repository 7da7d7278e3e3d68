"""Reads one picture file, bounded: what it is and how large is known before it is decoded.

A picture of some kilobytes may unfold into gigabytes; the unit's memory is for the road.
"""

import io
import struct
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np

from outrider.outside import unwaiting
from outrider.records import Image

MAX_PIXELS = 64_000_000
"""Of a picture or a video's frame: 64 MB as grey, 192 MB in colour."""
MAX_FILE_BYTES = 256 * 1024 * 1024
COLOUR_WIDTH_PX = 728
"""How wide the colour copy of a frame is: no overview is wider."""

_OTHERS = (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif")
_JPEG_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


class PictureError(ValueError):
    """A file that is no picture, or none that is read here; the message says what to do."""


@dataclass(frozen=True, slots=True)
class PictureKind:
    """What a file's first bytes say of it; colour: whether it may hold any."""

    name: str
    width_px: int
    height_px: int
    colour: bool = True


def read_rgb(path: Path) -> Image:
    """Return a picture as uint8 H x W x 3, RGB. Raises OSError or PictureError, saying why."""
    data, kind = _loaded(path)
    if kind.name == "GIF":
        return _first_of_gif(data)
    image = _decoded(data, cv2.IMREAD_COLOR)
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def read_grey(path: Path) -> tuple[Image, Image | None]:
    """Return a picture as uint8 H x W, and a small RGB copy of it where it has colour.

    Raises OSError or PictureError, saying why.
    """
    data, kind = _loaded(path)
    if kind.name == "GIF":
        rgb = _first_of_gif(data)
        return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8), small_colour(rgb)
    grey = _decoded(data, cv2.IMREAD_GRAYSCALE)
    if not kind.colour:
        return grey, None
    half = _decoded(data, cv2.IMREAD_REDUCED_COLOR_2)
    return grey, small_colour(np.asarray(cv2.cvtColor(half, cv2.COLOR_BGR2RGB), np.uint8))


def small_colour(rgb: Image) -> Image:
    """Return an RGB picture no wider than an overview needs it."""
    height_px, width_px = rgb.shape[:2]
    if width_px <= COLOUR_WIDTH_PX:
        return rgb
    size = (COLOUR_WIDTH_PX, max(1, round(height_px * COLOUR_WIDTH_PX / width_px)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def check_pixels(width_px: int, height_px: int) -> None:
    """Refuse a picture of more pixels than are read. Raises PictureError."""
    if not width_px * height_px:
        raise PictureError("is damaged: it says nothing of its size")
    if width_px * height_px > MAX_PIXELS:
        raise PictureError(
            f"is {width_px} x {height_px}, more than {MAX_PIXELS // 1_000_000} megapixels: "
            "make it smaller"
        )


def _loaded(path: Path) -> tuple[bytes, PictureKind]:
    with open(path, "rb", opener=unwaiting) as file:
        data = file.read(MAX_FILE_BYTES + 1)
    if not data:
        raise PictureError("is empty")
    if len(data) > MAX_FILE_BYTES:
        raise PictureError(f"is a file of more than {MAX_FILE_BYTES >> 20} MB: make it smaller")
    kind = kind_of(data)
    check_pixels(kind.width_px, kind.height_px)
    return data, kind


def _decoded(data: bytes, flags: int) -> Image:
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        raise PictureError(f"cannot be decoded: {error.err or 'OpenCV fails'}") from error
    if image is None:
        raise PictureError("is damaged")
    return np.asarray(image, np.uint8)


def _first_of_gif(data: bytes) -> Image:
    try:
        with av.open(io.BytesIO(data), mode="r", format="gif") as container:
            rgb = next(container.decode(video=0)).to_ndarray(format="rgb24")
    except (av.error.FFmpegError, OSError, StopIteration, ValueError, IndexError) as error:
        raise PictureError("is a damaged GIF") from error
    return np.asarray(rgb, np.uint8)


def kind_of(data: bytes) -> PictureKind:
    """Return what a picture is by its first bytes. Raises PictureError for what is not read."""
    try:
        for known in (_jpeg, _png, _gif, _bmp, _webp, _tiff):
            kind = known(data)
            if kind is not None:
                return kind
    except (struct.error, IndexError) as error:
        raise PictureError("is a picture cut short") from error
    if data[4:8] == b"ftyp" and data[8:12] in _OTHERS:
        raise PictureError("is HEIC or AVIF, which is not read: save it as JPEG or PNG")
    raise PictureError("is no JPEG, PNG, GIF, BMP, WebP or TIFF picture")


def _jpeg(data: bytes) -> PictureKind | None:
    if not data.startswith(b"\xff\xd8"):
        return None
    at = 2
    while True:
        while data[at] != 0xFF or data[at + 1] in (0x00, 0xFF):
            at += 1
        marker = data[at + 1]
        if marker in _JPEG_SIZES:
            height, width, parts = struct.unpack_from(">HHB", data, at + 5)
            return PictureKind("JPEG", width, height, parts > 1)
        alone = marker == 0x01 or 0xD0 <= marker <= 0xD8
        at += 2 if alone else 2 + struct.unpack_from(">H", data, at + 2)[0]


def _png(data: bytes) -> PictureKind | None:
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return None
    width, height, _, form = struct.unpack_from(">IIBB", data, 16)
    return PictureKind("PNG", width, height, form not in (0, 4))


def _gif(data: bytes) -> PictureKind | None:
    if not data.startswith((b"GIF87a", b"GIF89a")):
        return None
    return PictureKind("GIF", *struct.unpack_from("<HH", data, 6))


def _bmp(data: bytes) -> PictureKind | None:
    if not data.startswith(b"BM"):
        return None
    if struct.unpack_from("<I", data, 14)[0] == 12:
        return PictureKind("BMP", *struct.unpack_from("<HH", data, 18))
    width, height = struct.unpack_from("<ii", data, 18)
    return PictureKind("BMP", abs(width), abs(height))


def _webp(data: bytes) -> PictureKind | None:
    if not (data.startswith(b"RIFF") and data[8:12] == b"WEBP"):
        return None
    if data[12:16] == b"VP8X":
        width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
    elif data[12:16] == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    else:
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
    return PictureKind("WebP", width, height)


def _tiff(data: bytes) -> PictureKind | None:
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4])
    if order is None:
        return None
    at = struct.unpack_from(f"{order}I", data, 4)[0]
    sides = {256: 0, 257: 0}
    for number in range(struct.unpack_from(f"{order}H", data, at)[0]):
        tag, kind = struct.unpack_from(f"{order}HH", data, at + 2 + 12 * number)
        if tag in sides:
            form = "H" if kind == 3 else "I"
            sides[tag] = struct.unpack_from(f"{order}{form}", data, at + 10 + 12 * number)[0]
    return PictureKind("TIFF", sides[256], sides[257])
