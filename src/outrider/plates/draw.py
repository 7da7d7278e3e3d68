"""Draws a `PlateSpec` to pixels.

The mark is laid out by the 2001 regulations' gaps (11 mm between characters, 33 between groups,
19 between lines) and squeezed sideways only where it would not fit the plate.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from outrider.plates.damage import bent, lay_covers
from outrider.plates.glyphs import CAR, Contours, glyph_outlines, glyph_width_mm
from outrider.plates.spec import (
    WHITE,
    Band,
    CharBox,
    PlateImage,
    PlateSpec,
    Rgb,
    RgbImage,
)

SHIFT: Final = 4
"""Sub-pixel bits of OpenCV's polygon filling."""
MIN_EDGE_MM: Final = 8.0


@dataclass(frozen=True, slots=True)
class _Placed:
    """A character with its origin and sideways squeeze on the plate, mm."""

    character: str
    x_mm: float
    y_mm: float
    squeeze: float


def draw_plate(spec: PlateSpec, px_per_mm: float) -> PlateImage:
    """Draw a plate at a scale (px per mm; about 2 is ample for a camera model).

    Raises KeyError for a character that is not 0-9 or A-Z and ValueError for a plate below 8 px.
    """
    width, height = round(spec.width_mm * px_per_mm), round(spec.height_mm * px_per_mm)
    if min(width, height) < 8:
        raise ValueError(f"plate of {width}x{height} px: px_per_mm={px_per_mm} is too small")
    rgb = np.empty((height, width, 3), np.uint8)
    rgb[:] = spec.background
    _draw_band(rgb, spec, px_per_mm)
    placed = _layout(spec)
    coverage = _ink_coverage(placed, spec, px_per_mm, (height, width))
    _lay_ink(rgb, coverage, spec, px_per_mm)
    _draw_border(rgb, spec, px_per_mm)
    _draw_supplier(rgb, spec, px_per_mm)
    _draw_bolts(rgb, spec, px_per_mm)
    if spec.dirt:
        _lay_dirt(rgb, spec)
    lay_covers(rgb, spec, px_per_mm)
    if spec.bend:
        rgb = bent(rgb, spec)
    return PlateImage(rgb, tuple(_box(p, spec, px_per_mm) for p in placed))


def _width_mm(character: str, spec: PlateSpec) -> float:
    if spec.face is None:
        return glyph_width_mm(character, spec.glyphs)
    return spec.face.width_mm(character, spec.glyphs)


def _line_width_mm(line: str, spec: PlateSpec) -> float:
    width, pending = 0.0, 0.0
    for character in line:
        if character == " ":
            pending = spec.group_gap_mm
            continue
        width += pending + _width_mm(character, spec)
        pending = spec.gap_mm
    return width


def _layout(spec: PlateSpec) -> list[_Placed]:
    """Characters with their places, lines centred on the plate beside the band."""
    left = spec.band.width_mm if spec.band else 0.0
    room = spec.width_mm - left - 2 * MIN_EDGE_MM
    lines = len(spec.lines)
    block = lines * spec.glyphs.height_mm + (lines - 1) * spec.line_gap_mm
    y = (spec.height_mm - block) / 2 + spec.shift_mm[1]
    placed: list[_Placed] = []
    for line in spec.lines:
        width = _line_width_mm(line, spec)
        squeeze = min(1.0, room / width) if width else 1.0
        x = left + MIN_EDGE_MM + (room - width * squeeze) / 2
        slack = (room - width * squeeze) / 2
        x += float(np.clip(spec.shift_mm[0], -slack, slack))
        placed += _place_line(line, spec, x, y, squeeze)
        y += spec.glyphs.height_mm + spec.line_gap_mm
    return placed


def _place_line(line: str, spec: PlateSpec, x: float, y: float, squeeze: float) -> list[_Placed]:
    placed: list[_Placed] = []
    pending = 0.0
    for character in line:
        if character == " ":
            pending = spec.group_gap_mm
            continue
        x += pending * squeeze
        placed.append(_Placed(character, x, y, squeeze))
        x += _width_mm(character, spec) * squeeze
        pending = spec.gap_mm
    return placed


def _box(placed: _Placed, spec: PlateSpec, k: float) -> CharBox:
    width = _width_mm(placed.character, spec) * placed.squeeze
    x, y = placed.x_mm, placed.y_mm
    return CharBox(placed.character, x * k, y * k, (x + width) * k, (y + spec.glyphs.height_mm) * k)


def _fill(
    mask: RgbImage, shape: Contours, scale: tuple[float, float], at: tuple[float, float]
) -> None:
    """Fill one shape anti-aliased: `scale` px per mm in x and y, `at` its origin in px."""
    step = 1 << SHIFT
    points = [np.round((contour * scale + at - 0.5) * step).astype(np.int32) for contour in shape]
    cv2.fillPoly(mask, points, (255,), cv2.LINE_AA, SHIFT)


def _ink_coverage(
    placed: list[_Placed], spec: PlateSpec, k: float, shape: tuple[int, int]
) -> RgbImage:
    mask = np.zeros(shape, np.uint8)
    for p in placed:
        for outline in _outlines(p.character, spec):
            _fill(mask, outline, (k * p.squeeze, k), (p.x_mm * k, p.y_mm * k))
    if spec.separator:
        _draw_separators(mask, placed, spec, k)
    return mask


def _outlines(character: str, spec: PlateSpec) -> tuple[Contours, ...]:
    if spec.face is None:
        return glyph_outlines(character, spec.glyphs)
    return spec.face.outlines(character, spec.glyphs)


def _draw_separators(mask: RgbImage, placed: list[_Placed], spec: PlateSpec, k: float) -> None:
    """A dot, a dash or two seals, one above the other, in each gap between groups of a line."""
    for one, after in itertools.pairwise(placed):
        left = one.x_mm + _width_mm(one.character, spec) * one.squeeze
        gap = after.x_mm - left
        if one.y_mm != after.y_mm or gap <= 1.3 * spec.gap_mm * one.squeeze:
            continue
        x, y = (left + gap / 2) * k, (one.y_mm + spec.glyphs.height_mm / 2) * k
        across = gap * k * 0.5
        if spec.separator == "dash":
            half = max(1, round(spec.glyphs.stroke_mm * k * 0.4))
            ends = (
                (round(x - across / 2), round(y) - half),
                (round(x + across / 2), round(y) + half),
            )
            cv2.rectangle(mask, *ends, (255,), -1)
            continue
        seals = spec.separator == "seals"
        radius = max(
            1, round(min(across * (0.9 if seals else 0.4), spec.glyphs.height_mm * k * 0.22))
        )
        reach = spec.glyphs.height_mm * k * 0.26 if seals else 0.0
        for offset in (-reach, reach) if seals else (0.0,):
            at = (round(x), round(y + offset))
            cv2.circle(mask, at, radius, (140 if seals else 255,), -1, cv2.LINE_AA)


def _blend(rgb: RgbImage, coverage: npt.NDArray[np.uint8], colour: Rgb) -> None:
    alpha = coverage[..., None].astype(np.uint16)
    ink = np.asarray(colour, np.uint16)
    rgb[:] = ((rgb * (255 - alpha) + ink * alpha) // 255).astype(np.uint8)


def _lay_ink(rgb: RgbImage, coverage: RgbImage, spec: PlateSpec, k: float) -> None:
    """The characters, with a lit upper-left and dark lower-right edge where they stand proud."""
    if spec.relief:
        reach = max(1, round(2.5 * k * spec.relief))
        shadow = np.asarray(np.roll(coverage, (reach, reach), (0, 1)) // 2, np.uint8)
        _blend(rgb, shadow, (40, 40, 40))
    _blend(rgb, coverage, spec.ink)
    if spec.relief:
        inner = cv2.erode(coverage, np.ones((3, 3), np.uint8))
        lit = cv2.subtract(inner, np.roll(inner, (reach, reach), (0, 1)))
        lit[:reach, :] = 0
        light = np.asarray(spec.ink) // 2 + 110
        _blend(rgb, (lit * (0.6 * spec.relief)).astype(np.uint8), _as_rgb(light))


def _as_rgb(values: npt.NDArray[np.int_]) -> Rgb:
    r, g, b = (int(np.clip(v, 0, 255)) for v in values)
    return r, g, b


def _draw_band(rgb: RgbImage, spec: PlateSpec, k: float) -> None:
    if spec.band is None:
        return
    band, height = spec.band, rgb.shape[0]
    width = round(band.width_mm * k)
    rgb[:, :width] = spec.background if band.kind == "oval" else band.colour
    if band.kind == "eu":
        _draw_stars(rgb, width, height, k)
    elif band.kind in {"flag", "uk"}:
        _draw_flag(rgb, width, height)
    if band.kind == "oval":
        _draw_oval(rgb, band, spec.ink, k)
    elif band.kind not in {"green", "plain"}:
        _draw_letters(rgb, band.letters, (width / 2, height * 0.78), 0.72 * width, WHITE)


def _draw_oval(rgb: RgbImage, band: Band, ink: Rgb, k: float) -> None:
    """The oval of the distinguishing sign, as dark as the characters beside it."""
    middle = (band.width_mm * k / 2, rgb.shape[0] / 2)
    axes = (max(2, round(band.width_mm * k * 0.42)), max(2, round(band.width_mm * k * 0.28)))
    centre = (round(middle[0]), round(middle[1]))
    cv2.ellipse(rgb, centre, axes, 0, 0, 360, ink, max(1, round(2 * k)), cv2.LINE_AA)
    _draw_letters(rgb, band.letters, middle, 0.5 * band.width_mm * k, ink)


def _draw_stars(rgb: RgbImage, width: int, height: int, k: float) -> None:
    for step in range(12):
        angle = np.pi * step / 6
        x = width / 2 + width * 0.3 * np.cos(angle)
        y = height * 0.32 + width * 0.3 * np.sin(angle)
        cv2.circle(rgb, (round(x), round(y)), max(1, round(2 * k)), (250, 210, 30), -1, cv2.LINE_AA)


def _draw_flag(rgb: RgbImage, width: int, height: int) -> None:
    """A union flag, simplified to its crosses: it is 30 mm wide."""
    x0, x1, y0, y1 = (round(v) for v in (width * 0.1, width * 0.9, height * 0.14, height * 0.42))
    flag = rgb[y0:y1, x0:x1]
    flag[:] = (20, 40, 120)
    h, w = flag.shape[:2]
    thick = max(1, h // 8)
    for colour, line in (((240, 240, 240), 2 * thick), ((200, 20, 40), thick)):
        cv2.line(flag, (0, 0), (w, h), colour, max(1, line // 2), cv2.LINE_AA)
        cv2.line(flag, (0, h), (w, 0), colour, max(1, line // 2), cv2.LINE_AA)
        cv2.line(flag, (w // 2, 0), (w // 2, h), colour, line)
        cv2.line(flag, (0, h // 2), (w, h // 2), colour, line)


def _draw_letters(
    rgb: RgbImage, letters: str, middle: tuple[float, float], width_px: float, colour: Rgb
) -> None:
    """Small letters in the plate's own face, `width_px` wide in all (two letters' size at most)."""
    places = max(2, len(letters))
    scale = width_px / (places * 1.2 * CAR.width_mm)
    x = middle[0] - len(letters) * 0.6 * CAR.width_mm * scale
    y = middle[1] - CAR.height_mm * scale / 2
    mask = np.zeros(rgb.shape[:2], np.uint8)
    for index, letter in enumerate(letters):
        for outline in glyph_outlines(letter, CAR):
            _fill(mask, outline, (scale, scale), (x + index * 1.2 * CAR.width_mm * scale, y))
    _blend(rgb, mask, colour)


def _draw_border(rgb: RgbImage, spec: PlateSpec, k: float) -> None:
    if not spec.border_mm:
        return
    height, width = rgb.shape[:2]
    inset = max(1, round(3.0 * k))
    thick = max(1, round(spec.border_mm * k))
    cv2.rectangle(rgb, (inset, inset), (width - 1 - inset, height - 1 - inset), spec.ink, thick)


def _draw_supplier(rgb: RgbImage, spec: PlateSpec, k: float) -> None:
    if not spec.supplier:
        return
    height, width = rgb.shape[:2]
    scale = 6.0 * k / 22.0
    (w, _), _ = cv2.getTextSize(spec.supplier, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    at = ((width - w) // 2, height - max(1, round(3.5 * k)))
    cv2.putText(rgb, spec.supplier, at, cv2.FONT_HERSHEY_SIMPLEX, scale, spec.ink, 1, cv2.LINE_AA)


def _draw_bolts(rgb: RgbImage, spec: PlateSpec, k: float) -> None:
    for bolt in spec.bolts:
        centre = (round(bolt.x_mm * k), round(bolt.y_mm * k))
        radius = max(1, round(bolt.radius_mm * k))
        cv2.circle(rgb, centre, radius, bolt.colour, -1, cv2.LINE_AA)
        rim = _as_rgb(np.asarray(bolt.colour) * 2 // 3)
        cv2.circle(rgb, centre, radius, rim, max(1, radius // 5), cv2.LINE_AA)


def _lay_dirt(rgb: RgbImage, spec: PlateSpec) -> None:
    """Blotches and a film that is thicker towards the lower edge."""
    rng = np.random.default_rng(spec.seed)
    height, width = rgb.shape[:2]
    coarse = rng.random((5, 14), np.float32)
    cloud = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    grain = cv2.resize(rng.random((24, 96), np.float32), (width, height))
    film = np.clip(cloud * 0.7 + grain * 0.5 - 0.55, 0, 1)
    film *= np.linspace(0.6, 1.4, height, dtype=np.float32)[:, None]
    alpha = np.clip(film * spec.dirt * 1.6, 0, 0.9)
    _blend(rgb, (alpha * 255).astype(np.uint8), (92, 80, 66))
