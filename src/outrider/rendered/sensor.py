"""What the camera makes of the scene: motion blur, glare, vignette, rain, noise."""

import cv2
import numpy as np
from numpy.typing import NDArray

from outrider.rendered.settings import Effects

Image = NDArray[np.uint8]
Rgba = NDArray[np.uint8]
_TILE = 512
_FINER = 8  # a blur's line is drawn this many times finer than the picture


def smear(layer: Rgba, move_px: tuple[float, float]) -> Rgba:
    """Blur a layer along its motion during the exposure, centred on the middle of it."""
    length = float(np.hypot(*move_px))
    if length < 0.6:
        return layer
    size = 2 * (int(np.ceil(length / 2)) + 1) + 1
    kernel = np.zeros((size * _FINER, size * _FINER), np.float32)
    half = np.array(move_px) * _FINER / 2
    middle = size * _FINER / 2
    ends = [[round(v) for v in (middle + sign * half).tolist()] for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], (1.0,), _FINER)
    small = np.asarray(cv2.resize(kernel, (size, size), interpolation=cv2.INTER_AREA))
    small = small + small[::-1, ::-1]
    smeared = cv2.filter2D(layer, -1, small / small.sum(), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(smeared, np.uint8)


class Sensor:
    """The camera's own marks on a picture of one size."""

    def __init__(self, seed: int, width_px: int, height_px: int, effects: Effects) -> None:
        rng = np.random.default_rng([seed, 6])
        self._effects = effects
        self._size = (width_px, height_px)
        self._vignette = _vignette(width_px, height_px)
        noise = rng.standard_normal((height_px + _TILE, width_px + _TILE), np.float32)
        coarse = cv2.GaussianBlur(noise, (0, 0), 1.1)
        self._noise = np.clip(noise * 20 + coarse * 16 + 128, 0, 255).astype(np.uint8)
        self._streaks = _rain(rng, width_px, height_px + _TILE)

    def expose(self, picture: Image, frame: int, strength: float) -> Image:
        """Return the picture as the sensor gives it; strength: noise in levels."""
        if self._effects.rain:
            picture = self._rained(picture, frame)
        if self._effects.vignette:
            picture = np.asarray(cv2.multiply(picture, self._vignette, scale=1 / 255), np.uint8)
        if self._effects.noise and strength > 0:
            picture = self._noisy(picture, frame, strength)
        return picture

    def _noisy(self, picture: Image, frame: int, strength: float) -> Image:
        width, height = self._size
        x, y = (frame * 197) % _TILE, (frame * 331) % _TILE
        x2 = (x + frame * 89 % (_TILE - 8) + 4) % _TILE
        rows = self._noise[y : y + height]
        grey = rows[:, x : x + width]
        colours = cv2.merge([grey, rows[:, x2 : x2 + width], grey])
        part = strength / 25.0
        return np.asarray(cv2.addWeighted(picture, 1.0, colours, part, -128.0 * part), np.uint8)

    def _rained(self, picture: Image, frame: int) -> Image:
        y = _TILE - (frame * 173) % _TILE
        streaks = self._streaks[y : y + self._size[1]]
        paler = cv2.convertScaleAbs(picture, alpha=0.92, beta=6)
        return np.asarray(cv2.add(paler, streaks), np.uint8)


def _vignette(width: int, height: int) -> Image:
    x = np.linspace(-1, 1, width)[None, :]
    y = np.linspace(-1, 1, height)[:, None] * height / width
    fall = 1.0 / (1.0 + 0.055 * (x**2 + y**2)) ** 2  # about cos^4 of a 12 mm lens
    grey = np.clip(255 * fall, 0, 255).astype(np.uint8)
    return np.asarray(cv2.merge([grey, grey, grey]), np.uint8)


def _rain(rng: np.random.Generator, width: int, height: int) -> Image:
    streaks = np.zeros((height, width), np.uint8)
    for _ in range(width * height // 5200):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        length = int(rng.integers(14, 46))
        level = int(rng.integers(12, 44))
        cv2.line(streaks, (x, y), (x - length // 7, y + length), (level,), 1)
    soft = cv2.GaussianBlur(streaks, (0, 0), 0.8)
    return np.asarray(cv2.merge([soft, soft, soft]), np.uint8)


class Glare:
    """Light that lamps throw into the lens."""

    def __init__(self) -> None:
        at = np.linspace(-1, 1, 257)
        radius = np.hypot(at[None, :], at[:, None])
        halo = np.exp(-((radius / 0.085) ** 2)) + 0.30 * np.exp(-radius / 0.16) * (radius < 1)
        star = np.exp(-np.abs(at[None, :]) / 0.30) * np.exp(-((at[:, None] / 0.012) ** 2)) * 0.35
        shape = (halo + star) * np.clip(1.6 * (1 - radius), 0, 1)
        self._shape = np.clip(shape, 0, 1).astype(np.float32)

    def add(
        self,
        picture: Image,
        centre: tuple[float, float],
        radius_px: float,
        colour: tuple[float, float, float],
    ) -> None:
        """Add one lamp's halo to the picture, in place; colour in levels at its middle."""
        size = int(np.clip(2 * radius_px, 3, 1200)) | 1
        x0, y0 = round(centre[0]) - size // 2, round(centre[1]) - size // 2
        left, top = max(0, -x0), max(0, -y0)
        right, bottom = min(size, picture.shape[1] - x0), min(size, picture.shape[0] - y0)
        if right <= left or bottom <= top:
            return
        shape = cv2.resize(self._shape, (size, size), interpolation=cv2.INTER_AREA)
        cut = np.asarray(shape)[top:bottom, left:right]
        halo = cv2.merge([cv2.convertScaleAbs(cut, alpha=level) for level in colour])
        part = picture[y0 + top : y0 + bottom, x0 + left : x0 + right]
        cv2.add(part, halo, dst=part)
