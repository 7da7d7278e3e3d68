"""What a moving car's camera makes of a plate: from a drawing to the patch that the reader sees.

The order is the light's: the plate in its surroundings, lit, shaded and flared; seen askew through
a lens that blurs, by a sensor that clips and is noisy; sharpened and compressed; and at last cut
out at corners that are off as a detector's are, by the run-time's own `cut_patch`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from sensor_model import HALVED_SHARE, exposed, halved

from outrider.plates.spec import RgbImage
from outrider.unit.recognise.patch_contrast import stretch_contrast
from outrider.unit.recognise.patch_geometry import cut_patch

Rng = np.random.Generator
Grey = npt.NDArray[np.float32]
Quad = npt.NDArray[np.float32]

SURROUND_X: Final = 0.22
SURROUND_Y: Final = 0.55
"""What is drawn around the plate, as parts of its width and height."""

MOST_HALVED_PX: Final = 28.0
HARD_HEIGHT_SHARE: Final = 0.3
HARD_HEIGHT_PX: Final = (10.0, 26.0)
STICKER_SHARE: Final = 0.05
"""Of oval signs stuck beside the plate: letters that are no part of the mark."""


@dataclass(frozen=True, slots=True)
class Severity:
    """How bad the pictures are; the defaults are the training's."""

    plate_height_px: tuple[float, float] = (8.0, 80.0)
    corner_noise: float = 0.028
    """Standard deviation of a corner, part of the plate's width and (doubled) of its height."""
    box_share: float = 0.25
    """Share of patches cut at an upright box as people draw them."""
    blur: float = 1.0
    noise: float = 1.0


@dataclass(frozen=True, slots=True)
class Scene:
    """A plate in its surroundings, grey float32 0..255, and where its corners lie in it, px."""

    grey: Grey
    quad: Quad


def scene(rgb: RgbImage, rng: Rng) -> Scene:
    """Put a drawn plate on a car: grey by a random spectral mix, trim, bodywork, light."""
    plate = _spectral_mix(rgb, rng)
    height, width = plate.shape
    pad_x, pad_y = round(width * SURROUND_X), round(height * SURROUND_Y)
    canvas = bodywork(height + 2 * pad_y, width + 2 * pad_x, rng)
    trim = int(rng.integers(0, max(2, height // 6))) if rng.random() < 0.5 else 0
    if trim:
        rows = slice(pad_y - trim, pad_y + height + trim)
        canvas[rows, pad_x - trim : pad_x + width + trim] = rng.uniform(5, 90)
    canvas[pad_y : pad_y + height, pad_x : pad_x + width] = plate
    if rng.random() < STICKER_SHARE:
        _stick_oval(canvas, (pad_x, pad_y), rng)
    quad = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    return Scene(lit(canvas, rng), quad + np.array([pad_x, pad_y], np.float32))


def _stick_oval(canvas: Grey, pad: tuple[int, int], rng: Rng) -> None:
    """Stick a white oval with GB or UK beside the plate, in place; `pad`: what is around that."""
    height, width = canvas.shape
    half = (round(pad[0] * 0.42), round(pad[0] * 0.27))
    left = rng.random() < 0.5
    x = pad[0] - half[0] - 3 if left else width - pad[0] + half[0] + 3
    y = round(height / 2 + rng.uniform(-0.4, 0.4) * (height - 2 * pad[1]))
    light, dark = (float(rng.uniform(150, 250)),), (float(rng.uniform(10, 60)),)
    drawn = np.clip(canvas, 0, 255).astype(np.uint8)
    cv2.ellipse(drawn, (x, y), half, 0, 0, 360, light, -1, cv2.LINE_AA)
    cv2.ellipse(drawn, (x, y), half, 0, 0, 360, dark, 1, cv2.LINE_AA)
    scale = half[1] / 26
    at = (x - round(16 * scale), y + round(10 * scale))
    text = "GB" if rng.random() < 0.7 else "UK"
    thick = max(1, round(2.4 * scale))
    cv2.putText(drawn, text, at, cv2.FONT_HERSHEY_SIMPLEX, scale, dark, thick, cv2.LINE_AA)
    canvas[:] = drawn


def background(rng: Rng) -> Scene:
    """Something that is no plate: bodywork, a grille, stripes, blobs; the target is blank."""
    height, width = (67, 312) if rng.random() < 0.7 else (122, 171)
    plate = bodywork(height, width, rng)
    kind = rng.random()
    if kind < 0.35:
        period = float(rng.uniform(4, 40))
        axis = np.arange(width if kind < 0.2 else height) * (2 * np.pi / period)
        wave = np.sign(np.sin(axis)) if rng.random() < 0.5 else np.sin(axis)
        plate += (wave if kind < 0.2 else wave[:, None]).astype(np.float32) * rng.uniform(10, 80)
    elif kind < 0.6:
        for _ in range(int(rng.integers(1, 7))):
            centre = (int(rng.integers(width)), int(rng.integers(height)))
            axes = (int(rng.integers(2, width // 3)), int(rng.integers(2, height // 2)))
            cv2.ellipse(plate, centre, axes, float(rng.uniform(0, 180)), 0, 360,
                        float(rng.uniform(0, 255)), -1, cv2.LINE_AA)  # fmt: skip
    canvas = cv2.copyMakeBorder(plate, 36, 36, 68, 68, cv2.BORDER_REFLECT_101)
    quad = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    return Scene(lit(np.asarray(canvas, np.float32), rng), quad + np.array([68, 36], np.float32))


def _spectral_mix(rgb: RgbImage, rng: Rng) -> Grey:
    """Grey as the eye sees it, or (infrared, odd white balance) by other weights."""
    weights = np.array([0.299, 0.587, 0.114])
    if rng.random() < 0.35:
        weights = rng.dirichlet((2.0, 2.0, 1.0))
    grey = rgb.reshape(-1, 3).astype(np.float32) @ weights.astype(np.float32)
    return np.ascontiguousarray(grey.reshape(rgb.shape[:2]))


def bodywork(height: int, width: int, rng: Rng) -> Grey:
    """Smooth shades with a few hard edges."""
    coarse = rng.normal(rng.uniform(10, 240), rng.uniform(3, 50), (4, 6)).astype(np.float32)
    canvas = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    for _ in range(int(rng.integers(0, 4))):
        start = (int(rng.integers(width)), int(rng.integers(height)))
        end = (int(rng.integers(width)), start[1] + int(rng.normal(0, height / 6)))
        cv2.line(canvas, start, end, float(rng.uniform(0, 255)), int(rng.integers(1, 8)))
    return np.asarray(np.clip(canvas, 0, 255), np.float32)


def lit(canvas: Grey, rng: Rng) -> Grey:
    """Exposure, fall-off, a shadow's edge, a glint, lamps shining into the lens."""
    height, width = canvas.shape
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    gain = 1 + rng.normal(0, 0.15) * x + rng.normal(0, 0.15) * y
    lit = canvas * gain
    if rng.random() < 0.18:
        lit *= _shadow(x, y, rng)
    if rng.random() < 0.12:
        spot = rng.uniform(-0.9, 0.9, 2)
        near = ((x - spot[0]) ** 2 / rng.uniform(0.02, 0.5)) + ((y - spot[1]) ** 2 / 0.3)
        lit += np.exp(-near).astype(np.float32) * rng.uniform(40, 200)
    if rng.random() < 0.10:
        far = np.hypot(x - rng.choice([-1.2, 1.2]), (y - rng.uniform(-1.5, 1.5)) * 0.5)
        lit = lit * rng.uniform(0.4, 0.9) + np.exp(-1.5 * far) * rng.uniform(50, 220)
    return np.asarray(lit, np.float32)


def _shadow(x: Grey, y: Grey, rng: Rng) -> Grey:
    """A darker half or band with a more or less soft edge."""
    angle = rng.uniform(0, np.pi)
    across = np.cos(angle) * x + np.sin(angle) * y - rng.uniform(-0.7, 0.7)
    if rng.random() < 0.4:
        across = np.abs(across) - rng.uniform(0.05, 0.5)
    edge = np.clip(across / rng.uniform(0.02, 0.3) + 0.5, 0, 1)
    return np.asarray(1 - edge * rng.uniform(0.3, 0.8), np.float32)


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture, uint8 H x W, and the plate's true corners in it, px."""

    seen: npt.NDArray[np.uint8]
    quad: Quad


def shoot(view: Scene, rng: Rng, severity: Severity = Severity()) -> Shot:  # noqa: B008
    """Take the picture; now and then at twice the size, halved by the camera afterwards."""
    plate_h = view.quad[2, 1] - view.quad[0, 1]
    aspect = (view.quad[2, 0] - view.quad[0, 0]) / plate_h
    tall = _height(rng, severity.plate_height_px) * (1.6 if aspect < 2.5 else 1.0)
    twice = tall < MOST_HALVED_PX and severity.noise > 0 and rng.random() < HALVED_SHARE
    tall *= 2 if twice else 1
    quad, size = _pose(tall, aspect, rng)
    picture = _project(view, quad, size, tall / plate_h)
    picture = _optics(picture, tall, aspect, rng, severity)
    seen = exposed(picture, rng, severity.noise)
    return Shot(*halved(seen, quad, rng)) if twice else Shot(seen, quad)


def _height(rng: Rng, span_px: tuple[float, float]) -> float:
    """Plate heights equally frequent in their logarithm, and more where reading becomes hard."""
    low, high = span_px
    if rng.random() < HARD_HEIGHT_SHARE:
        harder = max(low, HARD_HEIGHT_PX[0]), min(high, HARD_HEIGHT_PX[1])
        low, high = harder if harder[0] < harder[1] else span_px
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def cut(shot: Shot, rng: Rng, severity: Severity = Severity()) -> npt.NDArray[np.uint8]:  # noqa: B008
    """The patch uint8 [64, 128] at the corners as a detector gives them, contrast stretched."""
    return stretch_contrast(cut_patch(shot.seen, found_corners(shot.quad, rng, severity)))


def photograph(view: Scene, rng: Rng, severity: Severity = Severity()) -> npt.NDArray[np.uint8]:  # noqa: B008
    """Take the picture and cut the patch: uint8 [64, 128], contrast stretched."""
    return cut(shoot(view, rng, severity), rng, severity)


def _pose(tall: float, aspect: float, rng: Rng) -> tuple[Quad, tuple[int, int]]:
    """Corners in the picture, px, and the picture's size: yaw, pitch, roll, rolling shutter."""
    yaw = rng.normal(0, 0.35) if rng.random() < 0.7 else rng.uniform(-1.05, 1.05)
    pitch, roll = rng.normal(0, 0.15), rng.normal(0, 0.06)
    if rng.random() < 0.15:
        roll = rng.normal(0, 0.22)
    flat = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (aspect / 2, 0.5)
    depth = 1 / rng.uniform(4 * aspect, 20 * aspect)
    along = np.stack(
        [
            flat[:, 0] * np.cos(yaw),
            flat[:, 1] * np.cos(pitch) + flat[:, 0] * np.sin(yaw) * np.sin(pitch),
        ],
        axis=1,
    )
    scale = 1 / (1 + depth * (flat[:, 0] * np.sin(yaw) + flat[:, 1] * np.sin(pitch)))
    points = along * scale[:, None] * tall
    points[:, 0] += points[:, 1] * rng.normal(0, 0.06)
    turn = np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    points = points @ turn.T
    margin = 0.16 * np.ptp(points, axis=0) + 0.22 * tall + 3
    points += margin - points.min(axis=0) + rng.uniform(0, 1, 2)
    size = np.ceil(points.max(axis=0) + margin).astype(int)
    return points.astype(np.float32), (int(size[0]), int(size[1]))


def _project(view: Scene, quad: Quad, size: tuple[int, int], scale: float) -> Grey:
    """The scene in perspective; shrunk by area first, so that nothing aliases."""
    grey, source = view.grey, view.quad
    if scale < 0.6:
        factor = scale * 1.3
        height, width = grey.shape
        small = (max(8, round(width * factor)), max(8, round(height * factor)))
        grey = np.asarray(cv2.resize(grey, small, interpolation=cv2.INTER_AREA), np.float32)
        source = source * np.array([small[0] / width, small[1] / height], np.float32)
    matrix = cv2.getPerspectiveTransform(source - 0.5, quad - 0.5)
    return np.asarray(
        cv2.warpPerspective(grey, matrix, size, borderMode=cv2.BORDER_REPLICATE), np.float32
    )


def _optics(picture: Grey, tall: float, aspect: float, rng: Rng, severity: Severity) -> Grey:
    """Defocus, motion in the direction of travel, a raindrop's smear."""
    sigma = rng.gamma(1.5, 0.02) * tall * severity.blur + rng.uniform(0.2, 0.7)
    picture = _soft(picture, min(sigma, 0.11 * tall + 0.5))
    if rng.random() < 0.3:
        length = min(rng.exponential(0.1) * severity.blur, 0.35) * tall
        angle = rng.normal(0, 0.3) if rng.random() < 0.7 else rng.uniform(0, np.pi)
        picture = _motion(picture, length, angle)
    if rng.random() < 0.08:
        picture = _rain(picture, tall, rng)
    return picture


def _soft(picture: Grey, sigma_px: float) -> Grey:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma_px), np.float32)


def _motion(picture: Grey, length_px: float, angle: float) -> Grey:
    """Smear along a line of `length_px` (sub-pixel) at `angle` radians."""
    reach = int(np.ceil(length_px / 2))
    if reach < 1:
        return picture
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    dx, dy = np.cos(angle) * length_px / 2, np.sin(angle) * length_px / 2
    a = (round((reach - dx) * 16), round((reach - dy) * 16))
    b = (round((reach + dx) * 16), round((reach + dy) * 16))
    cv2.line(kernel, a, b, 1.0, 1, cv2.LINE_8, 4)
    kernel[reach, reach] = max(kernel[reach, reach], 0.5)
    return np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum()), np.float32)


def _rain(picture: Grey, tall: float, rng: Rng) -> Grey:
    """Streaks and drops on the glass: soft, bright or dark."""
    height, width = picture.shape
    veil = np.zeros_like(picture)
    for _ in range(int(rng.integers(1, 8))):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        long = max(1, int(tall * rng.uniform(0.02, 0.3)))
        cv2.ellipse(veil, (x, y), (max(1, long // 4), long), 10.0, 0, 360, 1.0, -1)
    veil = _soft(veil, 0.03 * tall + 0.6)
    soft = _soft(picture, 0.1 * tall + 0.6)
    return np.asarray(picture + veil * (soft + rng.uniform(-40, 80) - picture) * 0.8, np.float32)


def found_corners(quad: Quad, rng: Rng, severity: Severity) -> Quad:
    """The corners as a detector, or a person drawing an upright box, would give them."""
    if rng.random() < severity.box_share:
        (x0, y0), (x1, y1) = quad.min(axis=0), quad.max(axis=0)
        w, h = x1 - x0, y1 - y0
        slack = rng.normal(0.02, 0.035, 2) * w, rng.normal(0.04, 0.08, 2) * h
        if rng.random() < 0.15:
            slack = rng.uniform(0, 0.14, 2) * w, rng.uniform(0, 0.3, 2) * h
        x0, x1, y0, y1 = x0 - slack[0][0], x1 + slack[0][1], y0 - slack[1][0], y1 + slack[1][1]
        return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)
    across = float(np.linalg.norm(quad[1] - quad[0]))
    down = float(np.linalg.norm(quad[3] - quad[0]))
    size = np.array([across, down * 2]) * severity.corner_noise * rng.gamma(2.5, 0.4)
    whole = rng.normal(0, 0.6, (1, 2)) * size
    each = rng.normal(0, 0.7, (4, 2)) * size + rng.normal(0, 0.35)
    middle = quad.mean(axis=0)
    grown = middle + (quad - middle) * (1 + rng.normal(0.0, 0.025, (1, 2)))
    return np.asarray(grown + whole + each, np.float32)
