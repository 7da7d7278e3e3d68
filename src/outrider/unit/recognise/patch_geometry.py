"""Where a plate lies in the patch that the reader sees: the one place that says so.

The reader is trained on patches cut by this module and is given patches cut by it, so that the
two cannot drift apart. Coordinates are continuous: a pixel (x, y) covers [x, x+1) x [y, y+1).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from outrider.records import Corners, Image

PATCH_W_PX = 128
PATCH_H_PX = 64
MARGIN_X = 0.06
"""Margin left and right of the plate, as a part of the plate's width."""
MARGIN_Y = 0.12
"""Margin above and below the plate, as a part of the plate's height."""

_SHRINK_FROM = 2.0  # bilinear sampling aliases where a patch pixel spans more source pixels


def patch_corners() -> Corners:
    """Return where the plate's corners TL, TR, BR, BL lie in the patch: float32 4 x 2, px."""
    left = PATCH_W_PX * MARGIN_X / (1 + 2 * MARGIN_X)
    top = PATCH_H_PX * MARGIN_Y / (1 + 2 * MARGIN_Y)
    right, bottom = PATCH_W_PX - left, PATCH_H_PX - top
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def homography(corners: Corners) -> NDArray[np.float64]:
    """Return the 3 x 3 map from picture to patch, continuous coordinates.

    corners: 4 x 2, px, TL, TR, BR, BL in the plate's reading frame. Raises ValueError where they
    span no area, so that no map exists.
    """
    quad = np.ascontiguousarray(corners, np.float32).reshape(4, 2)
    if abs(cv2.contourArea(quad)) < 1.0:
        raise ValueError(f"plate corners span no area: {quad.tolist()}")
    return np.asarray(cv2.getPerspectiveTransform(quad, patch_corners()), np.float64)


def cut_patch(grey: Image, corners: Corners) -> Image:
    """Return the plate as a flat patch: uint8 PATCH_H_PX x PATCH_W_PX.

    grey: uint8 H x W, the full-resolution picture. What lies outside it repeats its edge. A plate
    much larger than the patch is shrunk by area first. Raises ValueError as homography does.
    """
    quad = np.asarray(corners, np.float64).reshape(4, 2)
    homography(quad.astype(np.float32))
    region, origin = _region(grey, quad)
    factor = _shrink_factor(quad)
    if factor > 1:
        height, width = region.shape
        size = (max(1, round(width / factor)), max(1, round(height / factor)))
        region = np.asarray(cv2.resize(region, size, interpolation=cv2.INTER_AREA), np.uint8)
        quad = (quad - origin) * (np.array(size) / (width, height))
    else:
        quad = quad - origin
    return _warp(region, homography(quad.astype(np.float32)))


def _region(grey: Image, quad: NDArray[np.float64]) -> tuple[Image, NDArray[np.float64]]:
    """Return the part of the picture around the plate, margins included, and its top left."""
    height, width = grey.shape
    low, high = quad.min(axis=0), quad.max(axis=0)
    pad = (high - low) * 0.25 + 4
    x0, y0 = np.floor(np.clip(low - pad, 0, (width - 2, height - 2))).astype(int)
    x1, y1 = np.ceil(np.clip(high + pad, (x0 + 2, y0 + 2), (width, height))).astype(int)
    return grey[y0:y1, x0:x1], np.array([x0, y0], np.float64)


def _shrink_factor(quad: NDArray[np.float64]) -> float:
    """Return by how much to shrink first; 1 where sampling alone does not alias."""
    sides = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1)
    across = max(sides[0], sides[2]) * (1 + 2 * MARGIN_X) / PATCH_W_PX
    down = max(sides[1], sides[3]) * (1 + 2 * MARGIN_Y) / PATCH_H_PX
    factor = float(min(across, down))
    return factor if factor >= _SHRINK_FROM else 1.0


def _warp(region: Image, to_patch: NDArray[np.float64]) -> Image:
    """Sample the region; OpenCV's pixel centres are whole numbers, ours lie at a half."""
    shift = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    matrix = np.linalg.inv(shift) @ to_patch @ shift
    size = (PATCH_W_PX, PATCH_H_PX)
    patch = cv2.warpPerspective(
        region, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(patch, np.uint8)
