"""The backs of lorries, vans, four-by-fours and motorcycles, around a drawn plate.

Real pictures with boxed plates show few large vehicles; without these the detector takes a square
plate on a flat panel for a notice. Everything is laid out in mm from the plate's centre, x right
and y down, and seen under the plate's own perspective.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from detector_data import Grey, Rng
from detector_targets import extent
from numpy.typing import NDArray

Corners = NDArray[np.float32]
Box = tuple[float, float, float, float]
SUBPIXEL_BITS: Final = 4


class Rear:
    """Paints in mm about a plate whose corners in the picture are given; tells what it covered."""

    def __init__(self, picture: Grey, corners: Corners, size_mm: tuple[float, float]) -> None:
        x, y = size_mm[0] / 2, size_mm[1] / 2
        flat = np.array([[-x, -y], [x, -y], [x, y], [-x, y]], np.float32)
        self._matrix = cv2.getPerspectiveTransform(flat, corners - np.float32(0.5))
        self._picture = picture
        self._near = corners.mean(axis=0)
        self._reach = 14 * float(np.linalg.norm(corners[1] - corners[0]))

    def seen(self, points_mm: NDArray[np.float32]) -> Corners:
        """The picture's points of [N, 2] mm, kept near where the perspective runs away."""
        there = cv2.perspectiveTransform(points_mm[None], self._matrix)[0]
        return np.asarray(np.clip(there, self._near - self._reach, self._near + self._reach))

    def box(self, box: Box, level: float) -> Corners:
        """Fill left, top, right, bottom; returns its corners in the picture."""
        left, top, right, bottom = box
        flat = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
        there = self.seen(flat)
        points = np.round(there * (1 << SUBPIXEL_BITS)).astype(np.int32)
        grey = float(np.clip(level, 0, 255))
        cv2.fillConvexPoly(self._picture, points, (grey,), cv2.LINE_AA, SUBPIXEL_BITS)
        return there

    def both(self, box: Box, level: float) -> None:
        """Fill a box and its mirror image."""
        left, top, right, bottom = box
        self.box(box, level)
        self.box((-right, top, -left, bottom), level)

    def disc(self, x: float, y: float, radius: float, level: float) -> None:
        """Fill a circle."""
        angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        rim = np.stack((x + radius * np.cos(angle), y + radius * np.sin(angle)), 1)
        points = np.round(self.seen(rim.astype(np.float32)) * 16).astype(np.int32)
        cv2.fillPoly(self._picture, [points], (float(level),), cv2.LINE_AA, SUBPIXEL_BITS)


def paint_rear(picture: Grey, corners: Corners, size_mm: tuple[float, float], rng: Rng) -> Corners:
    """Paint a large vehicle or a motorcycle around the plate, in place; returns its outline.

    ``size_mm``: width and height of the plate. The outline is that of its body in the picture.
    """
    rear = Rear(picture, corners, size_mm)
    light = float(rng.uniform(0.35, 1.1))
    kind = rng.random()
    if size_mm[0] < 255.0:
        return _motorcycle(rear, light, rng)
    if kind < 0.5:
        return _lorry(rear, light, rng)
    return _van(rear, light, rng) if kind < 0.75 else _four_by_four(rear, light, rng)


def covered(outline: Corners, box: Corners) -> tuple[bool, bool]:
    """Whether the outline touches the corners' extent, and whether it hides their middle."""
    a, b = extent(outline), extent(box)
    touches = a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
    x, y = box.mean(axis=0)
    return touches, bool(a[0] < x < a[2] and a[1] < y < a[3])


def _lorry(rear: Rear, light: float, rng: Rng) -> Corners:
    """Box doors or a curtain-sider's end, locking rods, lamps, boards, the under-run bar."""
    aside = float(rng.choice([0.0, rng.uniform(-700, 700)]))
    half, tall = rng.uniform(1050, 1280), rng.uniform(1600, 2900)
    foot = float(rng.uniform(-330, -90) if rng.random() < 0.6 else rng.uniform(150, 400))
    body = float(rng.uniform(25, 245)) * light
    rear.box((aside - half * 0.9, -60, aside + half * 0.9, 750), 18 * light)
    outline = rear.box((aside - half, foot - tall, aside + half, foot), body)
    dark = body * float(rng.uniform(0.3, 0.9))
    for x in (0.0, *rng.uniform(150, half * 0.95, int(rng.integers(0, 4)))):
        wide = float(rng.uniform(8, 24))
        rear.box((aside + x - wide, foot - tall, aside + x + wide, foot), dark)
        rear.box((aside - x - wide, foot - tall, aside - x + wide, foot), dark)
    for _ in range(int(rng.integers(0, 5))):
        y = foot - float(rng.uniform(100, tall))
        rear.box((aside - half, y, aside + half, y + float(rng.uniform(10, 90))), dark)
    _lettering(rear, (aside - half * 0.8, foot - tall * 0.8), body, rng)
    _bar_and_lamps(rear, aside, half, light, rng)
    return outline


def _lettering(rear: Rear, at: tuple[float, float], body: float, rng: Rng) -> None:
    """Blocks as of a name on the doors: not a plate."""
    level = float(rng.uniform(0, 255))
    if rng.random() < 0.5 or abs(level - body) < 30:
        return
    tall = float(rng.uniform(80, 320))
    x = at[0]
    for _ in range(int(rng.integers(3, 12))):
        wide = tall * float(rng.uniform(0.3, 0.8))
        rear.box((x, at[1], x + wide * 0.4, at[1] + tall), level)
        rear.box((x, at[1], x + wide, at[1] + tall * 0.25), level)
        x += wide * 1.25


def _bar_and_lamps(rear: Rear, aside: float, half: float, light: float, rng: Rng) -> None:
    low = float(rng.uniform(120, 320))
    if rng.random() < 0.7:
        grey = float(rng.uniform(20, 170)) * light
        rear.box((aside - half * 0.97, low, aside + half * 0.97, low + 110), grey)
    inner, lamp = half * float(rng.uniform(0.55, 0.8)), float(rng.uniform(40, 200)) * light
    for x in (aside + inner, aside - half * 0.95):
        rear.box((x, -60, x + half * 0.95 - inner, 70), lamp)
        rear.box((x, -60, x + (half * 0.95 - inner) * 0.4, 70), lamp * 0.6)
    if rng.random() < 0.45:
        for x in (aside + 260, aside - half * 0.9):
            _hazard_board(rear, (x, 90, x + half * 0.9 - 260, 220), light)
    if rng.random() < 0.4:
        rear.box((-320, -200, 320, 200), float(rng.uniform(10, 90)) * light)


def _hazard_board(rear: Rear, box: Box, light: float) -> None:
    left, top, right, bottom = box
    rear.box(box, 190 * light)
    for x in np.arange(left, right - 60, 130):
        rear.box((float(x), top + 8, float(x) + 60, bottom - 8), 70 * light)


def _van(rear: Rear, light: float, rng: Rng) -> Corners:
    """Two doors with or without windows; the plate on one of them or under them."""
    body = float(rng.uniform(20, 245)) * light
    aside = float(rng.choice([0.0, -420.0, 420.0]))
    outline = rear.box((aside - 920, -1750, aside + 920, 420), body)
    if rng.random() < 0.7:
        pane = float(rng.uniform(5, 90)) * light
        rear.box((aside - 780, -1450, aside - 70, -620), pane)
        rear.box((aside + 70, -1450, aside + 780, -620), pane)
    rear.box((aside - 9, -1750, aside + 9, 300), body * 0.3)
    lamp = float(rng.uniform(30, 190)) * light
    rear.box((aside - 915, -650, aside - 790, 150), lamp)
    rear.box((aside + 790, -650, aside + 915, 150), lamp)
    rear.box((aside - 930, 190, aside + 930, 420), float(rng.uniform(15, 120)) * light)
    if rng.random() < 0.5:
        rear.box((-310, -170, 310, 170), body * float(rng.uniform(0.3, 0.9)))
    return outline


def _four_by_four(rear: Rear, light: float, rng: Rng) -> Corners:
    """A tailgate with a spare wheel, the plate beside it; or the nose of an old one."""
    body = float(rng.uniform(20, 240)) * light
    aside = float(rng.uniform(-550, 550))
    outline = rear.box((aside - 850, -1100, aside + 850, 320), body)
    rear.box((aside - 680, -1000, aside + 680, -480), float(rng.uniform(5, 100)) * light)
    if abs(aside) > 300:
        rear.disc(aside * 1.1, -330, 340, 22 * light)
        rear.disc(aside * 1.1, -330, 190, float(rng.uniform(30, 200)) * light)
    lamp = float(rng.uniform(40, 210)) * light
    for x in (aside - 780, aside + 780):
        rear.disc(x, -150, 55, lamp)
        rear.disc(x, 20, 55, lamp * 0.7)
    rear.box((aside - 880, 170, aside + 880, 330), float(rng.uniform(10, 190)) * light)
    return outline


def _motorcycle(rear: Rear, light: float, rng: Rng) -> Corners:
    """Tyre, mudguard, panniers, the rider's back, a lamp over the plate."""
    coat = float(rng.uniform(10, 130)) * light
    outline = rear.box((-230, -1050, 230, -150), coat)
    rear.disc(0, -1180, 140, float(rng.uniform(10, 240)) * light)
    if rng.random() < 0.4:
        rear.both((160, -330, 480, 130), float(rng.uniform(15, 170)) * light)
    rear.box((-80, -80, 80, 620), 14 * light)
    rear.box((-130, -260, 130, 60), float(rng.uniform(10, 70)) * light)
    rear.box((-70, -240, 70, -150), float(rng.uniform(40, 220)) * light)
    rear.both((140, -150, 200, -100), float(rng.uniform(60, 230)) * light)
    return outline
