"""What a sensor and its camera's own processing make of the light: from grey levels to bytes.

Exposure down to near black, noise fine and blotched (gain and chroma noise leave blotches in the
grey), sharpening with its halos, interlace, half-size pictures made from whole ones, JPEG.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

Rng = np.random.Generator
Grey = npt.NDArray[np.float32]
Quad = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

DARK_SHARE: Final = 0.10
HALO_SHARE: Final = 0.12
INTERLACE_SHARE: Final = 0.05
HALVED_SHARE: Final = 0.12
JPEG_SHARE: Final = 0.5
MOST_NOISE_PER_CONTRAST: Final = 0.4
"""More noise than this leaves nothing to learn."""
_SHEET_PX: Final = 1200


def exposed(picture: Grey, rng: Rng, noise: float = 1.0) -> Bytes:
    """Grey levels of any range to the camera's bytes; `noise` scales the usual amount."""
    picture, contrast = _exposure(picture, rng)
    amount = rng.gamma(1.2, 3.0) * noise
    if rng.random() < 0.06 * noise:
        amount = rng.uniform(14.0, 34.0)
    most = MOST_NOISE_PER_CONTRAST * contrast
    picture = picture + _grain(picture.shape, rng) * min(amount, 34.0, most)
    picture = _sharpened(picture, rng)
    if rng.random() < INTERLACE_SHARE:
        picture = _interlaced(picture, rng)
    seen = np.clip(picture, 0, 255).astype(np.uint8)
    if rng.random() < JPEG_SHARE:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(20, 96))]
        _, packed = cv2.imencode(".jpg", seen, quality)
        seen = np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), np.uint8)
    return seen


def halved(seen: Bytes, quad: Quad, rng: Rng) -> tuple[Bytes, Quad]:
    """The picture at half its size as cameras and recorders do it: averaged, picked or bilinear."""
    height, width = seen.shape[0] // 2, seen.shape[1] // 2
    how = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_NEAREST)[rng.choice(3, p=[0.5, 0.35, 0.15])]
    small = np.asarray(cv2.resize(seen, (width, height), interpolation=int(how)), np.uint8)
    scale = np.array([width / seen.shape[1], height / seen.shape[0]], np.float32)
    return small, np.asarray(quad * scale, np.float32)


def _exposure(picture: Grey, rng: Rng) -> tuple[Grey, float]:
    """The picture brought to a black and a white level, and how far those lie apart."""
    black, white = np.percentile(picture[::3, ::3], (2, 98))
    dark = rng.random() < DARK_SHARE
    target = (rng.uniform(0.05, 0.22) if dark else rng.uniform(0.15, 1.25)) * 255
    low = rng.uniform(0, 0.35) * target
    picture = low + (picture - black) * (target - low) / max(float(white - black), 25.0)
    if rng.random() < 0.5:
        curve = (np.clip(picture, 0, 400) / 255) ** rng.uniform(0.6, 1.6)
        picture = np.asarray(255 * curve, np.float32)
    return picture, float(target - low)


def _sharpened(picture: Grey, rng: Rng) -> Grey:
    """Mild sharpening often; now and then the strong one that leaves halos."""
    chance = rng.random()
    if chance > 0.35 + HALO_SHARE:
        return picture
    strong = chance > 0.35
    reach = rng.uniform(1.2, 2.6) if strong else rng.uniform(0.7, 1.6)
    amount = rng.uniform(1.2, 3.0) if strong else rng.uniform(0.3, 1.6)
    soft = cv2.GaussianBlur(picture, (0, 0), reach)
    return np.asarray(picture + (picture - soft) * amount, np.float32)


def _interlaced(picture: Grey, rng: Rng) -> Grey:
    """Every second line from an instant later, when all had moved sideways."""
    shift = float(rng.choice([-1.0, 1.0]) * rng.uniform(0.5, 3.0))
    moved = cv2.warpAffine(
        picture,
        np.array([[1, 0, shift], [0, 1, 0]], np.float32),
        (picture.shape[1], picture.shape[0]),
        borderMode=cv2.BORDER_REPLICATE,
    )
    woven = picture.copy()
    woven[1::2] = moved[1::2]
    return woven


@lru_cache(maxsize=1)
def _grain_sheets() -> tuple[Grey, ...]:
    """Sheets of unit noise, fine to blotched; drawing it afresh cost a third of a sample."""
    rng = np.random.default_rng(7)
    fine = rng.standard_normal((_SHEET_PX, _SHEET_PX), np.float32)
    soft = np.asarray(cv2.GaussianBlur(fine, (0, 0), 0.7), np.float32)
    blotched = np.asarray(cv2.GaussianBlur(fine, (0, 0), 1.8), np.float32)
    return fine, soft * np.float32(1.8), blotched * np.float32(3.5) + fine * np.float32(0.4)


def _grain(shape: tuple[int, ...], rng: Rng) -> Grey:
    """A random cut of a noise sheet."""
    sheet = _grain_sheets()[int(rng.choice(3, p=[0.5, 0.32, 0.18]))]
    height, width = shape
    y, x = (int(rng.integers(max(1, _SHEET_PX - n))) for n in shape)
    cut = sheet[y : y + height, x : x + width]
    return np.asarray(cv2.resize(cut, (width, height)) if cut.shape != shape else cut, np.float32)
