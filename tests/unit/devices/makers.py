"""Recordings made for the tests: drawn pictures, never real ones."""

import struct
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from outrider.clock import ClockQuality
from outrider.drive.format import DriveHeader
from outrider.records import Frame, Image

SIZE_PX = (64, 48)
MS = 1_000_000


def picture(number: int) -> Image:
    """Return a grey picture whose level tells its number (0..20) through any codec."""
    return np.full(SIZE_PX[::-1], 20 + 10 * number, np.uint8)


def number_of(image: Image) -> int:
    """Return the number that a picture was made with."""
    return round((float(image.mean()) - 20) / 10)


def frame(number: int, skipped: int = 0) -> Frame:
    """Return a frame, 40 ms after the one before."""
    return Frame(number, number * 40 * MS, picture(number), skipped)


def write_pictures(folder: Path, names: list[str]) -> Path:
    """Write a picture under each name, numbered in the order given."""
    folder.mkdir(exist_ok=True)
    for number, name in enumerate(names):
        cv2.imwrite(str(folder / name), picture(number))
    return folder


def write_avi(path: Path, count: int) -> tuple[bytearray, list[int]]:
    """Write a video of PNG pictures; return its bytes, and where each picture's chunk begins."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("png", rate=25)
        stream.width, stream.height = SIZE_PX
        stream.pix_fmt = "gray"
        for number in range(count):
            made = av.VideoFrame.from_ndarray(picture(number), format="gray")
            made.pts = number
            container.mux(stream.encode(made))
        container.mux(stream.encode(None))
    data = bytearray(path.read_bytes())
    return data, [at for at in range(len(data)) if data.startswith(b"00dc", at)][:count]


def write_video(path: Path, instants_ms: list[int], created: str | None = None) -> Path:
    """Write a video with a picture at each instant; created: the container's creation time."""
    with av.open(str(path), "w") as container:
        if created is not None:
            container.metadata["creation_time"] = created
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height = SIZE_PX
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        stream.codec_context.gop_size = 1
        for number, instant_ms in enumerate(instants_ms):
            made = av.VideoFrame.from_ndarray(picture(number), format="gray")
            made.pts = instant_ms
            made.time_base = Fraction(1, 1000)
            container.mux(stream.encode(made))
        container.mux(stream.encode(None))
    return path


def turn_video(path: Path, clockwise_deg: int) -> Path:
    """Have a video's display matrix (ISO 14496-12, tkhd) ask for it to be turned."""
    cos, sin = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}[clockwise_deg]
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    sides = (cos << 16, sin << 16, 0, -sin << 16, cos << 16, 0, 0, 0, 1 << 30)
    data[at : at + 36] = struct.pack(">9i", *sides)
    path.write_bytes(data)
    return path


def write_scene(path: Path, image: Image, tracks: int = 1) -> Path:
    """Write a video of two pictures of an RGB scene, in so many video tracks."""
    with av.open(str(path), "w") as container:
        streams = [container.add_stream("mpeg4", rate=25) for _ in range(tracks)]
        for stream in streams:
            stream.height, stream.width = image.shape[:2]
            stream.pix_fmt = "yuv420p"
            stream.codec_context.bit_rate = 4_000_000
        for stream in streams:
            for _ in range(2):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
            container.mux(stream.encode(None))
    return path


def header(**changed: object) -> DriveHeader:
    """Return the header of a drive."""
    values: dict[str, object] = {
        "drive_id": "test-drive",
        "recorded_by": "the test",
        "description": "drawn",
        "unit_id": "unit-1",
        "camera_id": "camera-1",
        "source_id": "test",
        "utc_at_zero_ns": 1_795_240_800_000_000_000,
        "clock_quality": ClockQuality.GPS,
        "clock_error_s": 0.1,
        "width_px": SIZE_PX[0],
        "height_px": SIZE_PX[1],
    }
    return DriveHeader(**{**values, **changed})  # type: ignore[arg-type]
