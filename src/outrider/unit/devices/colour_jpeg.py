"""A camera's grey picture and its smaller colours as one JPEG, the grey untouched by the colours.

A JPEG holds brightness and colour apart, the colour at half the size, as the camera gives them.
Through RGB they would be mixed: where the coarse yellow of a plate lies over its black characters
no such colour exists, and the characters would come back brighter than they were. So the planes
are encoded as they are (ffmpeg's encoder, by PyAV), and a replay reads the same grey as before.
"""

from fractions import Fraction
from typing import Any, cast

import av
import cv2
import numpy as np

from outrider.records import Image

_FINEST = 1  # of ffmpeg's scale: a mean error of 0.8 grey levels, OpenCV's quality 95 has 1.0


class ColourJpeg:
    """Encodes pictures of one size. One thread owns it."""

    def __init__(self, width_px: int, height_px: int) -> None:
        """Prepare; both sides are even, as a camera's are."""
        self.size = (width_px, height_px)
        self._encoder = cast(Any, av.CodecContext.create("mjpeg", "w"))  # typed too narrowly
        self._encoder.width, self._encoder.height = width_px, height_px
        self._encoder.pix_fmt = "yuvj420p"
        self._encoder.time_base = Fraction(1, 25)
        self._encoder.thread_count = 1  # several would keep a picture back
        self._encoder.qmin = self._encoder.qmax = _FINEST
        self._given = 0

    def encode(self, grey: Image, colour: Image) -> bytes:
        """Return a JPEG of a grey picture (uint8 H x W) and its colours (uint8 h x w x 3, RGB)."""
        width, height = self.size
        small = cv2.cvtColor(colour, cv2.COLOR_RGB2YCrCb)
        halves = cv2.resize(small, (width // 2, height // 2), interpolation=cv2.INTER_LINEAR)
        planes = np.concatenate([grey.ravel(), halves[..., 2].ravel(), halves[..., 1].ravel()])
        frame = av.VideoFrame.from_ndarray(
            planes.reshape(height * 3 // 2, width), format="yuvj420p"
        )
        frame.pts = self._given
        self._given += 1
        return b"".join(bytes(packet) for packet in self._encoder.encode(frame))
