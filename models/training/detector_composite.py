"""Drawn plates in real pictures: the only place where the detector sees a plate's true corners.

A boxed plate of the picture is painted over and a drawn one is put in its place, seen at an angle
and lit as the old one was; others are put where no plate is, so that the plate itself is learnt
and not only the bumper around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from detector_data import (
    Grey,
    Rng,
    Sample,
    Source,
    box_corners,
    cut_view,
    degrade,
    judged,
    moved,
    pick_scene,
    random_view,
)
from detector_rears import covered, paint_rear
from detector_targets import Target, extent
from hard_plates import HardShares, hard_spec
from numpy.typing import NDArray

from outrider.plates.draw import draw_plate

BANK_PX_PER_MM = 0.8
HARD = HardShares(two_line=0.24, black=0.1, short=0.14)
REAR_SHARE = 0.3
OVAL_SHARE = 0.08
EYE_LEVEL_GREY = np.array([0.299, 0.587, 0.114], np.float32)
Corners = NDArray[np.float32]


def plate_bank(count: int, seed: int) -> list[Grey]:
    """Draw ``count`` plates of every style as grey pictures; deterministic in ``seed``."""
    return [_grey_plate(np.random.default_rng((seed, index))) for index in range(count)]


def _grey_plate(rng: Rng) -> Grey:
    """Draw one plate as a camera of uncertain spectral response sees it (infrared included)."""
    rgb = draw_plate(hard_spec(rng, HARD), BANK_PX_PER_MM).rgb
    weights = EYE_LEVEL_GREY if rng.random() < 0.6 else rng.dirichlet((1.2, 1.2, 0.6))
    grey = rgb.astype(np.float32) @ weights.astype(np.float32)
    return np.asarray(np.clip(grey, 0, 255), np.uint8)


def seen_corners(plate: Grey, width_px: float, rng: Rng) -> Corners:
    """Project the plate, turned at random, to corners about the origin, ``width_px`` wide."""
    half = np.array([plate.shape[1], plate.shape[0]], np.float64) / plate.shape[1]
    flat = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], np.float64)
    flat[:, :2] *= half
    yaw = np.radians(np.clip(rng.normal(0, 24), -62, 62))
    pitch = np.radians(np.clip(rng.normal(0, 9), -30, 30))
    roll = np.radians(np.clip(rng.normal(0, 5), -20, 20))
    turned = flat @ _turn(yaw, pitch, roll).T
    depth = float(np.exp(rng.uniform(np.log(4), np.log(30))))
    seen = turned[:, :2] * depth / (depth + turned[:, 2:])
    seen -= (seen.min(axis=0) + seen.max(axis=0)) / 2
    scale = width_px / float(np.ptp(seen[:, 0]))
    return np.asarray(seen * scale, np.float32)


def _turn(yaw: float, pitch: float, roll: float) -> NDArray[np.float64]:
    cy, sy, cp, sp, cr, sr = (f(angle) for angle in (yaw, pitch, roll) for f in (np.cos, np.sin))
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return np.asarray(about_z @ about_x @ about_y)


def paint_over(picture: Grey, corners: Corners) -> tuple[float, float]:
    """Replace a boxed plate by a blend of the rows above and below it, in place.

    Returns the 10th and 92nd percentile of what was there: the old plate's ink and ground.
    """
    left, top, right, bottom = extent(corners)
    pad_x, pad_y = 0.06 * (right - left) + 1, 0.1 * (bottom - top) + 1
    x0, x1 = max(0, int(left - pad_x)), min(picture.shape[1], int(right + pad_x) + 1)
    y0, y1 = max(1, int(top - pad_y)), min(picture.shape[0] - 1, int(bottom + pad_y) + 1)
    if x1 - x0 < 2 or y1 - y0 < 2:
        return 40.0, 190.0
    low, high = np.percentile(picture[y0:y1, x0:x1], (10, 92))
    part = np.linspace(0, 1, y1 - y0, dtype=np.float32)[:, None]
    above, below = (picture[y, x0:x1].astype(np.float32) for y in (y0 - 1, y1))
    picture[y0:y1, x0:x1] = ((1 - part) * above + part * below).astype(np.uint8)
    return float(low), float(high)


def lit(plate: Grey, low: float, high: float, rng: Rng) -> Grey:
    """Bring the plate's ink and ground to about these levels, with a slope of light over it."""
    values = plate.astype(np.float32)
    dark, bright = np.percentile(values, (8, 92))
    spread = max(12.0, high - low) * float(np.exp(rng.normal(0, 0.15)))
    values = low + (values - dark) / max(1.0, bright - dark) * spread + rng.normal(0, 6)
    if rng.random() < 0.3:
        across = np.linspace(-1, 1, plate.shape[1], dtype=np.float32)[None]
        down = np.linspace(-1, 1, plate.shape[0], dtype=np.float32)[:, None]
        values = values * (1 + rng.normal(0, 0.12) * across + rng.normal(0, 0.12) * down)
    return np.asarray(np.clip(values, 0, 255), np.uint8)


def paste(picture: Grey, plate: Grey, corners: Corners, rng: Rng) -> None:
    """Warp the plate onto its corners in the picture, in place, at the picture's sharpness."""
    if rng.random() < 0.4:
        _surround(picture, corners, rng)
    left, top, right, bottom = extent(corners)
    shrink = (right - left) / plate.shape[1]
    if shrink < 0.8:
        plate = np.asarray(
            cv2.resize(plate, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA), np.uint8
        )
    pad = 3
    x0, x1 = max(0, int(left) - pad), min(picture.shape[1], int(right) + pad + 2)
    y0, y1 = max(0, int(top) - pad), min(picture.shape[0], int(bottom) + pad + 2)
    if x1 <= x0 or y1 <= y0:
        return
    matrix = _to_corners(plate, corners - np.array([x0, y0], np.float32))
    size = (x1 - x0, y1 - y0)
    drawn = cv2.warpPerspective(plate, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    solid = np.full_like(plate, 255)
    cover = cv2.warpPerspective(solid, matrix, size).astype(np.float32) / 255
    under = picture[y0:y1, x0:x1]
    mixed = under * (1 - cover) + drawn * cover
    if rng.random() < 0.5:
        mixed = np.asarray(cv2.GaussianBlur(mixed, (0, 0), rng.uniform(0.3, 1.0)), np.float32)
    picture[y0:y1, x0:x1] = np.clip(mixed, 0, 255).astype(np.uint8)


def _to_corners(plate: Grey, corners: Corners) -> NDArray[np.float64]:
    """Homography from pixel centres of the plate to px of the picture (edges to the corners)."""
    high, wide = plate.shape
    edges = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32) - 0.5
    return np.asarray(cv2.getPerspectiveTransform(edges, corners - 0.5))


def _stick_oval(picture: Grey, corners: Corners, rng: Rng) -> None:
    """Stick the oval of the distinguishing sign beside the plate: it is no part of it."""
    light, dark = float(rng.uniform(140, 250)), float(rng.uniform(5, 70))
    oval = ((70, 46), (66, 42), 0.0, 0.0, 360.0)
    shown, cover = np.full((92, 140), light, np.uint8), np.zeros((92, 140), np.uint8)
    cv2.ellipse(cover, *oval, (255,), -1, cv2.LINE_AA)
    cv2.ellipse(shown, *oval, (dark,), 3, cv2.LINE_AA)
    text = "GB" if rng.random() < 0.7 else "UK"
    cv2.putText(shown, text, (24, 66), cv2.FONT_HERSHEY_SIMPLEX, 2.0, (dark,), 7, cv2.LINE_AA)
    tl, tr, _, bl = corners
    across, down = tr - tl, bl - tl
    left = float(-0.36 - rng.uniform(0, 0.1) if rng.random() < 0.5 else 1.01 + rng.uniform(0, 0.1))
    top = float(rng.uniform(-0.25, 0.15))
    wide, high = 0.34, 0.22 * float(np.linalg.norm(across) / max(1.0, float(np.linalg.norm(down))))
    places = ((left, top), (left + wide, top), (left + wide, top + high), (left, top + high))
    quad = np.array([tl + x * across + y * down for x, y in places], np.float32)
    size = (picture.shape[1], picture.shape[0])
    matrix = _to_corners(shown, quad)
    sign = cv2.warpPerspective(shown, matrix, size, flags=cv2.INTER_AREA).astype(np.float32)
    part = cv2.warpPerspective(cover, matrix, size, flags=cv2.INTER_AREA).astype(np.float32) / 255
    picture[:] = (picture * (1 - part) + sign * part).astype(np.uint8)


def _surround(picture: Grey, corners: Corners, rng: Rng) -> None:
    """Draw a holder or recess around the plate, so that its edge is told from the plate's."""
    middle = corners.mean(axis=0)
    grow = np.array([rng.uniform(1.02, 1.25), rng.uniform(1.06, 1.7)], np.float32)
    outline = (corners - middle) * grow + middle + rng.normal(0, 0.5, 2)
    level = float(rng.uniform(5, 90) if rng.random() < 0.7 else rng.uniform(90, 230))
    points = np.round(outline * 16).astype(np.int32)
    cv2.fillConvexPoly(picture, points, (level,), cv2.LINE_AA, 4)


def composite_sample(
    sources: Sequence[Source], bank: Sequence[Grey], size: tuple[int, int], rng: Rng
) -> Sample:
    """Cut a random view of a real scene and give it drawn plates instead of its own, and more."""
    scene = pick_scene(sources, rng)
    matrix = random_view(scene, size, rng)
    picture = cut_view(scene.picture, matrix, size)
    targets: list[Target] = []
    for box in scene.boxes:
        old = judged(moved(box_corners(box), matrix), False, size)
        if old is None:
            continue
        if old.ignored or rng.random() < 0.1:
            targets.append(old)
        else:
            targets += _replace(picture, old.corners, bank, rng)
    if rng.random() < REAR_SHARE:
        targets = _with_rear(picture, targets, bank, rng)
    for _ in range(int(rng.integers(0, 3))):
        targets += _add(picture, targets, bank, rng)
    return degrade(picture, rng), targets


def rear_sample(
    sources: Sequence[Source], bank: Sequence[Grey], size: tuple[int, int], rng: Rng
) -> Sample:
    """Cut a random view of a real scene and put one large vehicle or motorcycle into it."""
    scene = pick_scene(sources, rng)
    picture = cut_view(scene.picture, random_view(scene, size, rng), size)
    targets = _with_rear(picture, [], bank, rng)
    return degrade(picture, rng), targets


def _pick(bank: Sequence[Grey], rng: Rng) -> Grey:
    return bank[int(rng.integers(len(bank)))]


def _replace(picture: Grey, old: Corners, bank: Sequence[Grey], rng: Rng) -> list[Target]:
    """Put a drawn plate where the boxed one was."""
    low, high = paint_over(picture, old)
    left, _, right, _ = extent(old)
    plate = lit(_pick(bank, rng), low, high, rng)
    width = (right - left) * float(rng.uniform(0.8, 1.2))
    if plate.shape[0] > 0.5 * plate.shape[1]:
        width *= 0.7
    corners = seen_corners(plate, width, rng) + old.mean(axis=0)
    return _pasted(picture, plate, corners, rng)


def _add(picture: Grey, others: Sequence[Target], bank: Sequence[Grey], rng: Rng) -> list[Target]:
    """Put a drawn plate at a free place; none if the place chosen is taken."""
    height = float(np.exp(rng.uniform(np.log(8), np.log(70))))
    plate = _pick(bank, rng)
    high = float(rng.uniform(60, 255))
    plate = lit(plate, high * float(rng.uniform(0.05, 0.5)), high, rng)
    corners = seen_corners(plate, height * plate.shape[1] / plate.shape[0], rng)
    tall, wide = picture.shape
    corners += np.array([rng.uniform(0, wide), rng.uniform(0, tall)], np.float32)
    if any(_overlap(corners, other.corners) for other in others):
        return []
    return _pasted(picture, plate, corners, rng)


def _with_rear(
    picture: Grey, others: Sequence[Target], bank: Sequence[Grey], rng: Rng
) -> list[Target]:
    """Put a large vehicle with its plate into the view; what it hides is no longer to be found."""
    square = [plate for plate in bank if plate.shape[0] > 0.5 * plate.shape[1]]
    plate = _pick(square if square and rng.random() < 0.8 else bank, rng)
    tall, wide = picture.shape
    height = float(np.exp(rng.uniform(np.log(9), np.log(70))))
    corners = seen_corners(plate, height * plate.shape[1] / plate.shape[0], rng)
    corners += np.array([rng.uniform(0, wide), rng.uniform(0.1, 1) * tall], np.float32)
    size_mm = (plate.shape[1] / BANK_PX_PER_MM, plate.shape[0] / BANK_PX_PER_MM)
    outline = paint_rear(picture, corners, size_mm, rng)
    kept = []
    for other in others:
        touches, hides = covered(outline, other.corners)
        if not hides:
            kept.append(replace(other, ignored=True) if touches else other)
    high = float(rng.uniform(50, 255))
    plate = lit(plate, high * float(rng.uniform(0.05, 0.5)), high, rng)
    return kept + _pasted(picture, plate, corners, rng)


def _overlap(one: Corners, other: Corners) -> bool:
    a, b = extent(one), extent(other)
    pad = 6.0
    return a[0] < b[2] + pad and b[0] < a[2] + pad and a[1] < b[3] + pad and b[1] < a[3] + pad


def _pasted(picture: Grey, plate: Grey, corners: Corners, rng: Rng) -> list[Target]:
    tall, wide = picture.shape
    target = judged(corners, True, (tall, wide))
    if target is None:
        return []
    if rng.random() < OVAL_SHARE:
        _stick_oval(picture, corners, rng)
    paste(picture, plate, corners, rng)
    return [target]
