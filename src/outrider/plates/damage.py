"""What befalls plates on the road: dents, creases, folded corners, and things that hide a part.

No cover hides half of a character (but of the narrow 1 and I): a mark that cannot be read off the
plate must not be learnt from it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from outrider.plates.spec import BLACK, Cover, PlateSpec, Rgb, RgbImage

Rng = np.random.Generator
Grid = npt.NDArray[np.float32]

BEND_SHARE: Final = 0.12
COVER_SHARE: Final = 0.12
MOST_HIDDEN_MM: Final = 17.0
"""Width of a cover over the mark: a third of a character."""
MOST_BOW_MM: Final = 9.0
"""How far a dent seems to move a point of the plate, seen from a car."""
BEHIND: Final[Rgb] = (52, 52, 54)


def damaged(rng: Rng, spec: PlateSpec) -> PlateSpec:
    """The plate, now and then bent or partly hidden."""
    bend = float(rng.uniform(0.2, 1.0)) if rng.random() < BEND_SHARE else 0.0
    covers = (_cover(rng, spec),) if rng.random() < COVER_SHARE else ()
    return replace(spec, bend=bend, covers=covers, seed=int(rng.integers(1 << 31)))


def _cover(rng: Rng, spec: PlateSpec) -> Cover:
    kind = rng.random()
    x = float(rng.uniform(0.08, 0.92)) * spec.width_mm
    if kind < 0.35 and len(spec.lines) == 1:
        return _hitch(rng, spec)
    if kind < 0.7:
        return _tape(rng, spec, x)
    y = float(rng.uniform(0.1, 0.9)) * spec.height_mm
    size = rng.uniform(7.0, MOST_HIDDEN_MM, 2)
    turn = float(rng.uniform(0, 180))
    return Cover("blob", x, y, float(size[0]), float(size[1]), turn, _grey(rng, 40, 130))


def _hitch(rng: Rng, spec: PlateSpec) -> Cover:
    """A tow ball in front of the lower edge: at most the lower third of two characters."""
    across = float(rng.uniform(48.0, 60.0))
    y = spec.height_mm * float(rng.uniform(0.86, 1.05))
    x = spec.width_mm * float(rng.normal(0.5, 0.08))
    return Cover("hitch", x, y, across, across, 0.0, _grey(rng, 15, 190))


def _tape(rng: Rng, spec: PlateSpec, x: float) -> Cover:
    """A strip: upright over part of a character, or along the plate's edge."""
    grey = _grey(rng, 15, 200)
    choices: tuple[Rgb, ...] = (spec.background, spec.background, BLACK, grey)
    colour = choices[int(rng.integers(4))]
    if rng.random() < 0.6:
        wide = float(rng.uniform(6.0, MOST_HIDDEN_MM))
        turn = float(rng.normal(0, 8))
        return Cover("tape", x, spec.height_mm / 2, wide, spec.height_mm * 1.2, turn, colour)
    y = spec.height_mm * float(rng.choice([0.04, 0.1, 0.9, 0.96]))
    wide = spec.width_mm * float(rng.uniform(0.3, 1.1))
    return Cover("tape", x, y, wide, float(rng.uniform(8, 16)), float(rng.normal(0, 2)), colour)


def _grey(rng: Rng, low: float, high: float) -> Rgb:
    level = int(rng.uniform(low, high))
    return level, level, level


def lay_covers(rgb: RgbImage, spec: PlateSpec, px_per_mm: float) -> None:
    """Draw what hides parts of the plate, in place."""
    for cover in spec.covers:
        centre = (round(cover.x_mm * px_per_mm), round(cover.y_mm * px_per_mm))
        half = tuple(max(1, round(v * px_per_mm / 2)) for v in (cover.width_mm, cover.height_mm))
        if cover.kind == "hitch":
            _draw_hitch(rgb, centre, half[0], cover.colour)
        elif cover.kind == "blob":
            axes = (half[0], half[1])
            cv2.ellipse(rgb, centre, axes, cover.turn_deg, 0, 360, cover.colour, -1, cv2.LINE_AA)
        else:
            size = (cover.width_mm * px_per_mm, cover.height_mm * px_per_mm)
            strip = cv2.boxPoints((centre, size, cover.turn_deg))
            cv2.fillConvexPoly(rgb, np.round(strip).astype(np.int32), cover.colour, cv2.LINE_AA)


def _draw_hitch(rgb: RgbImage, centre: tuple[int, int], radius: int, colour: Rgb) -> None:
    neck = max(1, radius // 2)
    below = (centre[0] + neck, rgb.shape[0])
    cv2.rectangle(rgb, (centre[0] - neck, centre[1]), below, colour, -1)
    cv2.circle(rgb, centre, radius, colour, -1, cv2.LINE_AA)
    light = tuple(min(255, c + 70) for c in colour)
    glint = (centre[0] - radius // 3, centre[1] - radius // 3)
    cv2.circle(rgb, glint, max(1, radius // 4), light, -1, cv2.LINE_AA)


def bent(rgb: RgbImage, spec: PlateSpec) -> RgbImage:
    """Bow, crease or fold the picture; slopes towards or away from the light are shaded."""
    rng = np.random.default_rng((spec.seed, 1))
    height, width = rgb.shape[:2]
    x = np.linspace(0, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    lift = _lift(x, y, rng) * np.float32(rng.choice([-1.0, 1.0]) * spec.bend)
    reach_px = MOST_BOW_MM * height / spec.height_mm
    from_x = np.asarray(x * (width - 1) + lift * rng.uniform(-0.6, 0.6) * reach_px, np.float32)
    from_y = np.asarray(y * (height - 1) - lift * reach_px, np.float32)
    across = np.asarray(np.gradient(lift, axis=1) * width, np.float32)
    moved = cv2.remap(
        rgb, from_x, from_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=BEHIND
    )
    light = 1 + np.clip(across * rng.uniform(0.04, 0.14), -0.45, 0.45)
    return np.asarray(np.clip(moved * light[..., None], 0, 255), np.uint8)


def _lift(x: Grid, y: Grid, rng: Rng) -> Grid:
    """How far each point stands off the plane, 0..1, 0 at the corners (but a folded one)."""
    kind = rng.random()
    if kind < 0.45:
        return np.asarray(4 * x * (1 - x) + 0 * y, np.float32)
    at = float(rng.uniform(0.15, 0.85))
    if kind < 0.8:
        crease = at + float(rng.normal(0, 0.06)) * (y - 0.5)
        return np.asarray(np.minimum(x / crease, (1 - x) / (1 - crease)), np.float32)
    corner_x = x if rng.random() < 0.5 else 1 - x
    corner_y = y if rng.random() < 0.5 else 1 - y
    reach = float(rng.uniform(0.1, 0.2))
    return np.asarray(np.clip(1 - corner_x / reach - corner_y * 0.8, 0, 1), np.float32)
