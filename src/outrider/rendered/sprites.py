"""Paints what stands beside the road, and the far country under the sky."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from outrider.rendered.paint import (
    Canvas,
    Paint,
    Rgba,
    box,
    ellipse,
    levels,
    lighter,
    poly,
)  # fmt: skip

Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class Sprite:
    """A flat painting that stands on the ground and faces the camera."""

    width_m: float
    height_m: float
    chain: list[Rgba]


def _sprite(canvas: Canvas, width_m: float, height_m: float) -> Sprite:
    return Sprite(width_m, height_m, levels(canvas.rgba()))


def make_sprites(seed: int) -> dict[str, Sprite]:
    """Paint the set of a drive."""
    rng = np.random.default_rng([seed, 3])
    greens: tuple[Paint, ...] = (
        (78, 104, 40),
        (98, 116, 44),
        (62, 94, 46),
        (148, 120, 44),
        (168, 100, 38),
    )
    sprites = {f"tree{i}": tree(rng, green, 7.0 + i, i) for i, green in enumerate(greens)}
    sprites |= {f"hedge{i}": hedge(rng, greens[i % 3]) for i in range(4)}
    sprites |= {f"house{i}": house(rng, i) for i in range(3)}
    sprites["pole"] = pole()
    sprites["sign"] = speed_sign()
    sprites["post"] = marker_post()
    return sprites


def _leaves(
    canvas: Canvas, rng: Rng, green: Paint, blobs: NDArray[np.float64], size_m: float
) -> None:
    """Dab leaves over blobs (x, y, half width, half height), lighter towards the upper left."""
    sheet = canvas.rgba()
    low, high = blobs[:, 1].min() - 0.5, blobs[:, 1].max() + 0.5
    for depth, shade in ((1.0, 0.42), (0.96, 0.60), (0.88, 0.82), (0.72, 1.02), (0.50, 1.20)):
        for x, y, half_w, half_h in blobs:
            count = int(1.5 * depth * half_w * half_h / size_m**2) + 6
            angle, reach = rng.uniform(0, 2 * np.pi, count), np.sqrt(rng.uniform(0, 1, count))
            shift = (1 - depth) * 0.55
            xs = x - shift * half_w + depth * half_w * reach * np.cos(angle)
            ys = y + shift * half_h + depth * half_h * reach * np.sin(angle)
            part = np.clip((ys - low) / (high - low), 0, 1)
            tone = shade * (0.80 + 0.32 * part) + rng.normal(0, 0.12, count)
            canvas.dab(sheet, xs, ys, size_m * rng.uniform(0.6, 1.35, count), green, tone)
    canvas.pixels[:] = sheet
    canvas.pixels[..., 3] /= 255.0


def tree(rng: Rng, green: Paint, height_m: float, kind: int) -> Sprite:
    """Paint a broad-leaved tree, or (kind 2) a tall narrow one."""
    width = height_m * (0.5 if kind == 2 else 0.95)
    canvas = Canvas(-width / 2, width, height_m, 46.0)
    bark: Paint = (70.0, 58.0, 46.0)
    trunk = 0.03 * height_m
    canvas.fill(
        poly(
            (-trunk, 0), (trunk, 0), (trunk * 0.6, height_m * 0.5), (-trunk * 0.6, height_m * 0.5)
        ),
        bark,
    )
    for lean in (-0.22, 0.2):
        fork, tip, out = height_m * 0.25, height_m * 0.6, lean * width
        canvas.fill(poly((-0.06, fork), (0.08, fork), (out + 0.05, tip), (out, tip)), bark)
    count = 19
    turn = rng.uniform(0, 2 * np.pi, count)
    reach = np.sqrt(rng.uniform(0, 1, count))
    blobs = np.stack([
        0.33 * width * reach * np.cos(turn),
        height_m * (0.60 + 0.24 * reach * np.sin(turn)),
        rng.uniform(0.10, 0.19, count) * width, rng.uniform(0.07, 0.14, count) * height_m,
    ], axis=1)  # fmt: skip
    _leaves(canvas, rng, green, blobs[np.argsort(-blobs[:, 1])], 0.11)
    return _sprite(canvas, width, height_m)


def hedge(rng: Rng, green: Paint) -> Sprite:
    """Paint a length of hedge with grass at its foot."""
    width, height = 6.4, 2.3
    canvas = Canvas(-width / 2, width, height, 60.0)
    canvas.fill(box(-2.9, 0.1, 2.9, 1.5, 0.4), lighter(green, -0.55))
    xs = np.linspace(-2.5, 2.5, 11)
    blobs = np.stack([
        xs + rng.normal(0, 0.1, 11), rng.uniform(0.85, 1.25, 11),
        rng.uniform(0.6, 1.0, 11), rng.uniform(0.5, 0.85, 11),
    ], axis=1)  # fmt: skip
    _leaves(canvas, rng, lighter(green, -0.14), blobs, 0.07)
    for x in rng.uniform(-3.1, 3.1, 130):
        tall = rng.uniform(0.15, 0.5)
        blade = poly((x - 0.03, 0), (x + 0.03, 0), (x + rng.normal(0, 0.08), tall))
        canvas.fill(blade, lighter((124.0, 132.0, 62.0), float(rng.normal(0, 0.15))))
    return _sprite(canvas, width, height)


def house(rng: Rng, kind: int) -> Sprite:
    """Paint a cottage or farmhouse: gable, roof, chimney, windows."""
    wall: Paint = ((168.0, 92.0, 70.0), (222.0, 212.0, 190.0), (176.0, 164.0, 140.0))[kind % 3]
    roof: Paint = ((92.0, 76.0, 72.0), (118.0, 70.0, 54.0), (88.0, 90.0, 96.0))[kind % 3]
    width, height = 12.0, 8.0
    canvas = Canvas(-width / 2, width, height, 40.0)
    canvas.fill(box(-5, 0, 5, 4.6), wall)
    canvas.fill(box(2.2, 0, 5, 4.6), lighter(wall, -0.22))
    canvas.fill(poly((2.2, 4.6), (5, 4.6), (3.6, 6.9)), lighter(wall, -0.22))
    canvas.fill(poly((-5.4, 4.4), (2.1, 4.4), (3.6, 7.1), (-4.2, 7.1)), roof)
    for y in np.arange(4.6, 7.0, 0.22):
        canvas.line(poly((-5.3, y), (3.4, y)), 0.05, lighter(roof, -0.2), opacity=0.5)
    canvas.line(poly((2.15, 4.4), (3.6, 7.1), (5.25, 4.4)), 0.22, lighter(roof, 0.25))
    for x in (-3.6, 2.4):
        canvas.fill(box(x, 6.5, x + 0.8, 7.8), lighter(wall, -0.3))
        canvas.fill(box(x + 0.2, 7.8, x + 0.6, 8.0), (150.0, 84.0, 62.0))
    for x in (-4.3, -2.1, 0.2):
        for y in (0.9, 3.0):
            canvas.fill(box(x, y, x + 1.1, y + 1.2), (236.0, 236.0, 230.0))
            canvas.fill(box(x + 0.09, y + 0.09, x + 1.01, y + 1.11), (58.0, 70.0, 80.0))
            canvas.line(poly((x + 0.55, y), (x + 0.55, y + 1.2)), 0.08, (236.0, 236.0, 230.0))
    canvas.fill(box(-0.9, 0, 0.0, 2.0), (44.0, 74.0, 66.0))
    for x in rng.uniform(-5.3, 5.3, 26):
        canvas.fill(ellipse(x, rng.uniform(0.1, 0.5), 0.5, 0.45, 10),
                    lighter((70.0, 92.0, 44.0), float(rng.normal(0, 0.15))))  # fmt: skip
    return _sprite(canvas, width, height)


def pole() -> Sprite:
    """Paint a telegraph pole."""
    canvas = Canvas(-1.0, 2.0, 8.2, 50.0)
    canvas.fill(poly((-0.11, 0), (0.11, 0), (0.08, 8.1), (-0.08, 8.1)), (98.0, 82.0, 64.0))
    canvas.fill(poly((0.03, 0), (0.11, 0), (0.08, 8.1), (0.02, 8.1)), (66.0, 54.0, 42.0))
    for y in (7.3, 7.75):
        canvas.fill(box(-0.85, y, 0.85, y + 0.10), (90.0, 74.0, 58.0))
        for x in (-0.75, -0.35, 0.35, 0.75):
            canvas.fill(box(x - 0.04, y + 0.10, x + 0.04, y + 0.25), (206.0, 206.0, 200.0))
    return _sprite(canvas, 2.0, 8.2)


def speed_sign() -> Sprite:
    """Paint a 40 mph sign (TSRGD 2016, diagram 670)."""
    canvas = Canvas(-0.45, 0.9, 2.9, 150.0)
    canvas.fill(box(-0.04, 0, 0.04, 2.4), (120.0, 122.0, 124.0))
    canvas.fill(ellipse(0, 2.45, 0.38, 0.38, 48), (196.0, 22.0, 30.0))
    canvas.fill(ellipse(0, 2.45, 0.29, 0.29, 48), (240.0, 240.0, 238.0))
    ink: Paint = (16.0, 16.0, 18.0)
    four = poly(
        (-0.06, 2.28), (-0.06, 2.62), (-0.11, 2.62), (-0.23, 2.40), (-0.23, 2.36),
        (0.0, 2.36), (0.0, 2.40), (-0.19, 2.40), (-0.105, 2.55), (-0.105, 2.28),
    )  # fmt: skip
    canvas.fill(four, ink)
    canvas.fill(ellipse(0.12, 2.45, 0.095, 0.175, 32), ink)
    canvas.fill(ellipse(0.12, 2.45, 0.045, 0.125, 32), (240.0, 240.0, 238.0))
    return _sprite(canvas, 0.9, 2.9)


def marker_post() -> Sprite:
    """Paint a verge marker post with its red reflector."""
    canvas = Canvas(-0.12, 0.24, 1.05, 200.0)
    canvas.fill(box(-0.07, 0, 0.07, 1.0, 0.03), (232.0, 232.0, 228.0))
    canvas.fill(box(-0.07, 0.60, 0.07, 0.86), (24.0, 24.0, 26.0))
    canvas.fill(box(-0.04, 0.64, 0.04, 0.82), (206.0, 26.0, 26.0))
    return _sprite(canvas, 0.24, 1.05)


def clouds(rng: Rng, height: int, width: int) -> NDArray[np.float32]:
    """Return cloud cover 0..1, flat at the foot and joining at its left and right ends."""
    total = np.zeros((height, width), np.float32)
    for octave, weight in ((5, 1.0), (9, 0.6), (18, 0.33), (38, 0.18), (76, 0.1)):
        coarse = rng.standard_normal((max(3, octave // 2), octave), np.float32)
        coarse = np.concatenate([coarse, coarse, coarse], axis=1)
        wide = cv2.resize(coarse, (3 * width, height), interpolation=cv2.INTER_CUBIC)
        total += weight * wide[:, width : 2 * width]
    return np.asarray(1.0 / (1.0 + np.exp(-4.5 * (total - 0.3))), np.float32)


def hills(rng: Rng, height: int, width: int) -> list[tuple[NDArray[np.float32], Paint, float]]:
    """Return ridges, farthest first: cover 0..1 of each, its colour, and how far it is (m)."""
    x = np.linspace(0, 2 * np.pi, width, endpoint=False)
    rows = np.arange(height)[:, None]
    ridges = []
    for base, rough, colour, far_m in (
        (0.34, 0.14, (88.0, 112.0, 104.0), 900.0),
        (0.20, 0.09, (84.0, 108.0, 72.0), 520.0),
        (0.10, 0.044, (64.0, 88.0, 50.0), 300.0),
    ):
        line = np.full(width, base)
        for wave in (2, 3, 5, 9, 17):
            line += rough / wave**0.8 * np.sin(wave * x + rng.uniform(0, 2 * np.pi))
        woods = np.convolve(rng.standard_normal(width + 8), np.ones(9) / 9, "valid")
        line += 0.024 * np.clip(woods * 2.2, -0.4, 2.5) * (np.sin(4 * x + base * 60) > -0.2)
        top = height * (1 - np.clip(line, 0.005, 0.9))
        cover = np.clip(rows - top[None, :], 0, 1).astype(np.float32)
        ridges.append((cover[int(top.min()) :], colour, far_m))
    return ridges
