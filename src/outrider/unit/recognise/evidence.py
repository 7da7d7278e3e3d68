"""The pictures kept of a pass: the plate, and the scene that it was read in, of the same frame."""

from dataclasses import dataclass

import cv2
import numpy as np

from outrider.records import Corners, Frame, Image, Pictures, Role
from outrider.unit.recognise.detect import box_of

PATCH_LIMIT_BYTES = 3 * 1024
OVERVIEW_LIMIT_BYTES = 25 * 1024
OVERVIEW_WIDTH_PX = 640

_PATCH_WIDTH_PX = 256
_MARGIN = 0.15  # of the plate's box, on each side
_QUALITIES = (85, 70, 55, 42, 32, 24)


@dataclass(frozen=True, slots=True)
class KeptViews:
    """Small copies of what a frame showed, so that the frame itself need not be kept.

    patch, overview: uint8, H x W (grey) or H x W x 3 (RGB), upright as in the frame.
    """

    patch: Image
    overview: Image


class FrameViews:
    """Makes the small copies of one frame; the overview once, shared by all of its plates."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._overview: Image | None = None

    def of(self, corners: Corners) -> KeptViews:
        """Return the plate with a margin, at most 256 px wide, and the frame, at most 640."""
        if self._overview is None:
            colour = self._frame.colour
            whole = self._frame.image if colour is None else colour
            self._overview = _shrunk(whole, OVERVIEW_WIDTH_PX)
        return KeptViews(
            _shrunk(_plate(self._frame.image, corners), _PATCH_WIDTH_PX), self._overview
        )


def encode(views: KeptViews) -> Pictures:
    """Return the views as JPEG: the patch within 3 KB, the overview within 25 KB."""
    return {
        Role.PATCH: jpeg_within(views.patch, PATCH_LIMIT_BYTES),
        Role.OVERVIEW: jpeg_within(views.overview, OVERVIEW_LIMIT_BYTES),
    }


def jpeg_within(image: Image, limit_bytes: int) -> bytes:
    """Return the picture as JPEG of at most limit_bytes: lower quality first, then smaller."""
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if image.ndim == 3 else image
    while True:
        for quality in _QUALITIES:
            done, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
            if done and len(data) <= limit_bytes:
                return data.tobytes()
        height, width = bgr.shape[:2]
        if min(height, width) <= 8:
            raise ValueError(f"no JPEG of {width} x {height} px fits {limit_bytes} bytes")
        bgr = cv2.resize(bgr, (width * 3 // 4, height * 3 // 4), interpolation=cv2.INTER_AREA)


def _plate(image: Image, corners: Corners) -> Image:
    height, width = image.shape[:2]
    x0, y0, x1, y1 = box_of(corners)
    pad_x, pad_y = (x1 - x0) * _MARGIN + 2, (y1 - y0) * _MARGIN + 2
    left, right = np.clip([x0 - pad_x, x1 + pad_x], 0, width).round().astype(int)
    top, bottom = np.clip([y0 - pad_y, y1 + pad_y], 0, height).round().astype(int)
    left, top = min(left, width - 1), min(top, height - 1)
    return image[top : max(bottom, top + 1), left : max(right, left + 1)]


def _shrunk(image: Image, width_px: int) -> Image:
    """Return a copy no wider than width_px; never a view that would keep the frame alive."""
    height, width = image.shape[:2]
    if width <= width_px:
        return image.copy()
    to = (width_px, max(1, round(height * width_px / width)))
    return np.asarray(cv2.resize(image, to, interpolation=cv2.INTER_AREA), np.uint8)
