"""What glyphs are made of: bars, diagonals, and strokes along lines with round corners."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot
from typing import Final

import numpy as np
import numpy.typing as npt

from outrider.plates.glyph_style import GlyphStyle

Points = npt.NDArray[np.float64]
Contours = tuple[Points, ...]
"""One filled shape: its contours, even-odd (an outer one, and a hole if there is one)."""

ARC_STEPS: Final = 8


def arc(cx: float, cy: float, rx: float, ry: float, start_deg: float, end_deg: float) -> Points:
    """Points of an elliptic arc; 0 deg is right, 90 deg down."""
    angle = np.radians(np.linspace(start_deg, end_deg, ARC_STEPS + 1))
    return np.stack([cx + rx * np.cos(angle), cy + ry * np.sin(angle)], axis=1)


def joined(*parts: Points | tuple[float, float]) -> Points:
    """One line through points and arcs; points on top of each other are dropped."""
    points = np.concatenate([np.atleast_2d(np.asarray(p, np.float64)) for p in parts])
    step = np.linalg.norm(np.diff(points, axis=0), axis=1)
    keep = np.concatenate([[True], step > 1e-6])
    return np.asarray(points[keep])


def _sides(line: Points, half: float, closed: bool) -> tuple[Points, Points]:
    """The two edges of a stroke of `half` width to each side of a smooth line."""
    if closed:
        ahead, behind = np.roll(line, -1, axis=0), np.roll(line, 1, axis=0)
    else:
        ahead = np.concatenate([line[1:], line[-1:]])
        behind = np.concatenate([line[:1], line[:-1]])
    along = ahead - behind
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1) * half
    return line + normal, line - normal


def stroked(line: Points, g: GlyphStyle) -> Contours:
    """An open stroke with square ends along a smooth line."""
    left, right = _sides(line, g.half, closed=False)
    return (np.concatenate([left, right[::-1]]),)


def looped(line: Points, g: GlyphStyle) -> Contours:
    """A closed stroke: outer and inner contour."""
    return _sides(line, g.half, closed=True)


def bar(x0: float, y0: float, x1: float, y1: float) -> Contours:
    """An upright rectangle between two opposite corners, mm."""
    return (np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float64),)


def diagonal(x_top: float, y_top: float, x_low: float, y_low: float, stroke: float) -> Contours:
    """A diagonal of `stroke` thickness with level ends, given its centre at both ends."""
    across = stroke * hypot(x_low - x_top, y_low - y_top) / (y_low - y_top) / 2
    return (
        np.array(
            [
                (x_top - across, y_top),
                (x_top + across, y_top),
                (x_low + across, y_low),
                (x_low - across, y_low),
            ],
            np.float64,
        ),
    )


def level_cut(g: GlyphStyle, dx: float, dy: float) -> float:
    """Half the level cut through a diagonal that runs dx over dy."""
    return g.half * hypot(dx, dy) / dy


def round_box(
    x0: float, y0: float, x1: float, y1: float, radius: tuple[float, float, float, float]
) -> Points:
    """Closed centre line with corner radii TL, TR, BR, BL (each cut to what fits)."""
    room = min(x1 - x0, y1 - y0) / 2
    tl, tr, br, bl = (max(0.01, min(r, room)) for r in radius)
    return joined(
        arc(x0 + tl, y0 + tl, tl, tl, 180, 270),
        arc(x1 - tr, y0 + tr, tr, tr, 270, 360),
        arc(x1 - br, y1 - br, br, br, 0, 90),
        arc(x0 + bl, y1 - bl, bl, bl, 90, 180),
    )


@dataclass(frozen=True, slots=True)
class GlyphMeasures:
    """The measures that nearly every glyph needs, once."""

    g: GlyphStyle
    w: float
    h: float
    s: float
    left: float
    right: float
    top: float
    low: float
    q: float
    mid: float


def measures_of(g: GlyphStyle) -> GlyphMeasures:
    """The measures of a face, with a corner radius that its width allows."""
    w, h, s = g.width_mm, g.height_mm, g.stroke_mm
    q = max(g.corner * w - s / 2, 0.6 * s / 2)
    q = min(q, (w - s) / 2)
    return GlyphMeasures(g, w, h, s, s / 2, w - s / 2, s / 2, h - s / 2, q, g.waist * h)


def oval(f: GlyphMeasures) -> Contours:
    """The closed round letter that O, 0 and Q share."""
    return looped(round_box(f.left, f.top, f.right, f.low, (f.q,) * 4), f.g)
