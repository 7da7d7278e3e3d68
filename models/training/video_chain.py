"""What a recorder's codec leaves of a small plate: H.264, MPEG-4 or MJPEG at low rates.

An encoder takes longer to start than to code a patch, so that many patches are laid on one sheet
and coded together, as a short clip that moves a little; the sheet's last frame is what is seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final, Literal

import av
import numpy as np
import numpy.typing as npt
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext

Rng = np.random.Generator
Bytes = npt.NDArray[np.uint8]

SHEET_W_PX: Final = 640
GAP_PX: Final = 6
CODECS: Final = ("libx264", "mpeg4", "mjpeg")


def through_video(pictures: Sequence[Bytes], rng: Rng) -> list[Bytes]:
    """Return the pictures (uint8 H x W each) after a codec at a random low rate, same sizes."""
    sheet, places = _laid_out(pictures)
    codec = CODECS[int(rng.choice(3, p=[0.6, 0.2, 0.2]))]
    seen = _last_of_clip(sheet, codec, rng)
    return [
        np.ascontiguousarray(seen[y : y + p.shape[0], x : x + p.shape[1]])
        for p, (x, y) in zip(pictures, places, strict=True)
    ]


def _laid_out(pictures: Sequence[Bytes]) -> tuple[Bytes, list[tuple[int, int]]]:
    """Rows of pictures on one sheet, and where each lies."""
    width = max(SHEET_W_PX, max(p.shape[1] for p in pictures) + 2 * GAP_PX)
    places, x, y, tall = [], GAP_PX, GAP_PX, 0
    for picture in pictures:
        if x + picture.shape[1] + GAP_PX > width:
            x, y, tall = GAP_PX, y + tall + GAP_PX, 0
        places.append((x, y))
        x += picture.shape[1] + GAP_PX
        tall = max(tall, picture.shape[0])
    height = y + tall + GAP_PX
    sheet = np.full((height + (-height) % 16, width + (-width) % 16), 110, np.uint8)
    for picture, (x, y) in zip(pictures, places, strict=True):
        sheet[y : y + picture.shape[0], x : x + picture.shape[1]] = picture
    return sheet, places


def _codec(name: str, mode: Literal["r", "w"]) -> VideoCodecContext:
    made = av.CodecContext.create(name, mode)
    assert isinstance(made, VideoCodecContext), f"{name} is no codec of pictures"
    return made


def _last_of_clip(sheet: Bytes, codec: str, rng: Rng) -> Bytes:
    """Code one to three frames that move by a pixel or two; decode the last, which is in place."""
    frames = 1 if codec == "mjpeg" else int(rng.integers(1, 4))
    moves = [tuple(int(v) for v in rng.integers(-2, 3, 2)) for _ in range(frames - 1)] + [(0, 0)]
    encoder = _codec(codec, "w")
    encoder.width, encoder.height = sheet.shape[1], sheet.shape[0]
    encoder.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    encoder.time_base = Fraction(1, 25)
    if codec == "libx264":
        crf = str(int(rng.integers(22, 43)))
        encoder.options = {"crf": crf, "preset": "superfast", "tune": "zerolatency", "bf": "0"}
    else:
        encoder.qmin = encoder.qmax = int(rng.integers(3, 24))
    encoder.thread_count = 1
    decoder = _codec("h264" if codec == "libx264" else codec, "r")
    decoder.thread_count = 1
    packets: list[Packet] = []
    for k, move in enumerate(moves):
        frame = av.VideoFrame.from_ndarray(np.roll(sheet, move, (0, 1)), format="gray")
        frame = frame.reformat(format=encoder.pix_fmt)
        frame.pts = k
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    if encoder.extradata:
        decoder.extradata = encoder.extradata
    shown = [frame for packet in packets for frame in decoder.decode(packet)]
    shown += decoder.decode(None)
    return np.asarray(shown[-1].reformat(format="gray").to_ndarray(), np.uint8)
