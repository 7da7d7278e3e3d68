"""Vector glyphs of the GB registration mark, built from the standard's measures.

A character is 79 x 50 mm with a 14 mm stroke (motorcycle 64 x 44 with 10); ``1`` and ``I`` are
the stroke alone (Road Vehicles (Display of Registration Marks) Regulations 2001, schedule 2).
The shapes are our own: each is a few strokes whose proportions are fields of `GlyphStyle`, so
that older and foreign faces are the same drawing with other numbers.

Coordinates are millimetres, x right and y down, from the character's top left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import hypot
from typing import Final

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]
Contours = tuple[Points, ...]
"""One filled shape: its contours, even-odd (an outer one, and a hole if there is one)."""

ARC_STEPS: Final = 8


@dataclass(frozen=True, slots=True)
class GlyphStyle:
    """Measures of a face: lengths in mm, the rest as parts of the width or height."""

    height_mm: float = 79.0
    width_mm: float = 50.0
    stroke_mm: float = 14.0
    corner: float = 0.42
    """Outer corner radius of round letters, part of the width (0.5 is a half circle)."""
    slant: float = 0.0
    """Sideways shear: mm of x for each mm of height."""
    waist: float = 0.48
    """Height of the middle stroke of B, E, P, R, 3, 8 (part of the height, at its centre)."""
    terminal: float = 0.29
    """Where the open ends of C, G, S, 2, 3 ... are cut, part of the height from top or bottom."""
    m_depth: float = 0.66
    """How far down M's middle reaches."""
    w_apex: float = 0.32
    """How far from the top W's middle stays."""
    flag: float = 0.0
    """Length of the flag of ``1``, part of the width; 0 is the plain GB stroke."""
    slab: bool = False
    """``1`` and ``I`` stand on a foot (and ``I`` has a top), as abroad."""
    flat_three: bool = False
    """``3`` with a flat top and a diagonal."""
    zero_mark: float = 0.0
    """Length of a slash through ``0``, part of its width; 0 for none."""

    @property
    def half(self) -> float:
        """Half the stroke, mm."""
        return self.stroke_mm / 2


CAR: Final = GlyphStyle()
MOTORCYCLE: Final = GlyphStyle(height_mm=64.0, width_mm=44.0, stroke_mm=10.0)
PRE_2001: Final = GlyphStyle(width_mm=57.0, corner=0.36)


def _arc(cx: float, cy: float, rx: float, ry: float, start_deg: float, end_deg: float) -> Points:
    """Points of an elliptic arc; 0 deg is right, 90 deg down."""
    angle = np.radians(np.linspace(start_deg, end_deg, ARC_STEPS + 1))
    return np.stack([cx + rx * np.cos(angle), cy + ry * np.sin(angle)], axis=1)


def _path(*parts: Points | tuple[float, float]) -> Points:
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


def _stroke(line: Points, g: GlyphStyle) -> Contours:
    """An open stroke with square ends along a smooth line."""
    left, right = _sides(line, g.half, closed=False)
    return (np.concatenate([left, right[::-1]]),)


def _loop(line: Points, g: GlyphStyle) -> Contours:
    """A closed stroke: outer and inner contour."""
    return _sides(line, g.half, closed=True)


def _rect(x0: float, y0: float, x1: float, y1: float) -> Contours:
    return (np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float64),)


def _slope(x_top: float, y_top: float, x_low: float, y_low: float, stroke: float) -> Contours:
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


def _across(g: GlyphStyle, dx: float, dy: float) -> float:
    """Half the level cut through a diagonal that runs dx over dy."""
    return g.half * hypot(dx, dy) / dy


def _round_rect(
    x0: float, y0: float, x1: float, y1: float, radius: tuple[float, float, float, float]
) -> Points:
    """Closed centre line with corner radii TL, TR, BR, BL (each cut to what fits)."""
    room = min(x1 - x0, y1 - y0) / 2
    tl, tr, br, bl = (max(0.01, min(r, room)) for r in radius)
    return _path(
        _arc(x0 + tl, y0 + tl, tl, tl, 180, 270),
        _arc(x1 - tr, y0 + tr, tr, tr, 270, 360),
        _arc(x1 - br, y1 - br, br, br, 0, 90),
        _arc(x0 + bl, y1 - bl, bl, bl, 90, 180),
    )


@dataclass(frozen=True, slots=True)
class _Frame:
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


def _frame(g: GlyphStyle) -> _Frame:
    w, h, s = g.width_mm, g.height_mm, g.stroke_mm
    q = max(g.corner * w - s / 2, 0.6 * s / 2)
    q = min(q, (w - s) / 2)
    return _Frame(g, w, h, s, s / 2, w - s / 2, s / 2, h - s / 2, q, g.waist * h)


def _oval(f: _Frame) -> Contours:
    return _loop(_round_rect(f.left, f.top, f.right, f.low, (f.q,) * 4), f.g)


def _zero(f: _Frame) -> list[Contours]:
    shapes = [_oval(f)]
    if f.g.zero_mark:
        reach = f.g.zero_mark * f.w / 2
        shapes.append(_slope(f.w / 2 + reach, f.h * 0.25, f.w / 2 - reach, f.h * 0.75, f.s * 0.5))
    return shapes


def _one(f: _Frame) -> list[Contours]:
    wide = glyph_width_mm("1", f.g)
    if wide == f.s:
        return [_rect(0, 0, f.s, f.h)]
    x = (wide - f.s) / 2 if f.g.slab else wide - f.s
    shapes = [_rect(x, 0, x + f.s, f.h)]
    reach = f.g.flag * f.w
    if reach:
        shapes.append(_slope(x + f.left, 0, x - reach / 2, reach, f.s * 0.9))
    if f.g.slab:
        shapes.append(_rect(0, f.h - f.s * 0.8, wide, f.h))
    return shapes


def _capital_i(f: _Frame) -> list[Contours]:
    if not f.g.slab:
        return [_rect(0, 0, f.s, f.h)]
    wide = glyph_width_mm("I", f.g)
    x, bar = (wide - f.s) / 2, f.s * 0.8
    return [_rect(x, 0, x + f.s, f.h), _rect(0, 0, wide, bar), _rect(0, f.h - bar, wide, f.h)]


def _two(f: _Frame) -> list[Contours]:
    end = f.h * f.g.terminal
    t = np.linspace(0, 1, 10)[:, None]
    start, pull, foot = (
        np.array([f.right, f.h * 0.29]),
        np.array([f.right, f.h * 0.45]),
        np.array([f.s * 0.72, f.h - f.s * 0.9]),
    )
    down = (1 - t) ** 2 * start + 2 * t * (1 - t) * pull + t**2 * foot
    line = _path(
        (f.left, end),
        _arc(f.left + f.q, f.top + f.q, f.q, f.q, 180, 270),
        _arc(f.right - f.q, f.top + f.q, f.q, f.q, 270, 360),
        down,
    )
    return [_stroke(line, f.g), _rect(0, f.h - f.s, f.w, f.h)]


def _three(f: _Frame) -> list[Contours]:
    end, g = f.h * f.g.terminal, f.g
    low_q = min(f.q, (f.low - f.mid) / 2)
    bottom = _path(
        (f.w * 0.32, f.mid),
        _arc(f.right - low_q, f.mid + low_q, low_q, low_q, 270, 360),
        _arc(f.right - f.q, f.low - f.q, f.q, f.q, 0, 90),
        _arc(f.left + f.q, f.low - f.q, f.q, f.q, 90, 180),
        (f.left, f.h - end),
    )
    if g.flat_three:
        return [
            _stroke(bottom, g),
            _rect(f.s * 0.1, 0, f.w * 0.96, f.s),
            _slope(f.w * 0.8, f.s * 0.6, f.w * 0.45, f.mid + f.left, f.s),
        ]
    x = f.right - 0.03 * f.w
    up_q = min(f.q, (f.mid - f.top) / 2)
    top = _path(
        (f.left + 0.03 * f.w, end),
        _arc(f.left + 0.03 * f.w + f.q, f.top + f.q, f.q, f.q, 180, 270)
        if f.top + f.q < end
        else _arc(f.left + f.q, end, f.q, end - f.top, 180, 270),
        _arc(x - up_q, f.top + up_q, up_q, up_q, 270, 360),
        _arc(x - up_q, f.mid - up_q, up_q, up_q, 0, 90),
        (f.w * 0.32, f.mid),
    )
    return [_stroke(top, g), _stroke(bottom, g)]


def _four(f: _Frame) -> list[Contours]:
    bar = f.h * 0.62
    x = f.w * 0.69
    return [
        _slope(x - f.left * 0.35, 0, f.s * 0.55, bar + f.s * 0.5, f.s * 0.9),
        _rect(0, bar, f.w, bar + f.s * 0.95),
        _rect(x - f.left, 0, x + f.left, f.h),
    ]


def _five(f: _Frame) -> list[Contours]:
    rim = f.h * 0.43
    q = min(f.q, (f.low - rim) / 2)
    bowl = _path(
        (f.left, rim),
        _arc(f.right - q, rim + q, q, q, 270, 360),
        _arc(f.right - f.q, f.low - f.q, f.q, f.q, 0, 90),
        _arc(f.left + f.q, f.low - f.q, f.q, f.q, 90, 180),
        (f.left, f.h * (1 - f.g.terminal)),
    )
    return [
        _rect(f.w * 0.04, 0, f.w * 0.94, f.s),
        _rect(f.w * 0.04, 0, f.w * 0.04 + f.s, rim + f.left),
        _stroke(bowl, f.g),
    ]


def _six(f: _Frame) -> list[Contours]:
    rim = f.h * 0.45
    q = min(f.q, (f.low - rim) / 2)
    bowl = _round_rect(f.left, rim, f.right, f.low, (q, q, f.q, f.q))
    x = f.right - f.w * 0.02
    back = _path(
        (f.left, f.h * 0.75),
        _arc(f.left + f.q, f.top + f.q, f.q, f.q, 180, 270),
        _arc(x - f.q, f.top + f.q, f.q, f.q, 270, 360),
        (x, max(f.h * f.g.terminal * 0.93, f.top + f.q + 1)),
    )
    return [_loop(bowl, f.g), _stroke(back, f.g)]


def _turned(f: _Frame, shapes: list[Contours]) -> list[Contours]:
    """Rotated by half a turn (9 from 6)."""
    return [tuple(np.array([f.w, f.h]) - c for c in shape) for shape in shapes]


def _seven(f: _Frame) -> list[Contours]:
    foot = f.w * 0.36
    reach = _across(f.g, f.w * 0.5, f.h)
    return [_rect(0, 0, f.w, f.s), _slope(f.w - reach, f.s * 0.5, foot, f.h, f.s)]


def _eight(f: _Frame) -> list[Contours]:
    inset = 0.035 * f.w
    up_q = min(f.q, (f.mid - f.top) / 2)
    low_q = min(f.q, (f.low - f.mid) / 2)
    return [
        _loop(_round_rect(f.left + inset, f.top, f.right - inset, f.mid, (up_q,) * 4), f.g),
        _loop(_round_rect(f.left, f.mid, f.right, f.low, (low_q,) * 4), f.g),
    ]


def _a(f: _Frame) -> list[Contours]:
    reach = _across(f.g, f.w / 2, f.h)
    top = reach * 0.9
    bar = f.h * 0.63
    inner = f.w * 0.2
    return [
        _slope(f.w / 2 - top * 0.15, 0, reach, f.h, f.s),
        _slope(f.w / 2 + top * 0.15, 0, f.w - reach, f.h, f.s),
        _rect(inner, bar, f.w - inner, bar + f.s * 0.93),
    ]


def _b(f: _Frame) -> list[Contours]:
    up_q = min(f.q * 0.9, (f.mid - f.top) / 2)
    low_q = min(f.q * 0.9, (f.low - f.mid) / 2)
    upper = _round_rect(f.left, f.top, f.right - 0.04 * f.w, f.mid, (0, up_q, up_q, 0))
    lower = _round_rect(f.left, f.mid, f.right, f.low, (0, low_q, low_q, 0))
    return [_rect(0, 0, f.s, f.h), _loop(upper, f.g), _loop(lower, f.g)]


def _c_line(f: _Frame, lower_end: float) -> Points:
    end = max(f.h * f.g.terminal, f.top + f.q + 0.5)
    return _path(
        (f.right, end),
        _arc(f.right - f.q, f.top + f.q, f.q, f.q, 0, -90),
        _arc(f.left + f.q, f.top + f.q, f.q, f.q, 270, 180),
        _arc(f.left + f.q, f.low - f.q, f.q, f.q, 180, 90),
        _arc(f.right - f.q, f.low - f.q, f.q, f.q, 90, 0),
        (f.right, min(lower_end, f.low - f.q - 0.5)),
    )


def _c(f: _Frame) -> list[Contours]:
    return [_stroke(_c_line(f, f.h * (1 - f.g.terminal)), f.g)]


def _d(f: _Frame) -> list[Contours]:
    q = f.q * 0.95
    body = _round_rect(f.left, f.top, f.right, f.low, (0, q, q, 0))
    return [_rect(0, 0, f.s, f.h), _loop(body, f.g)]


def _e(f: _Frame) -> list[Contours]:
    return [*_f(f), _rect(0, f.h - f.s, f.w, f.h)]


def _f(f: _Frame) -> list[Contours]:
    return [
        _rect(0, 0, f.s, f.h),
        _rect(0, 0, f.w * 0.98, f.s),
        _rect(0, f.mid - f.left, f.w * 0.86, f.mid + f.left),
    ]


def _g(f: _Frame) -> list[Contours]:
    bar = f.h * 0.48
    return [
        _stroke(_c_line(f, f.h * 0.6), f.g),
        _rect(f.w * 0.48, bar, f.w, bar + f.s * 0.95),
        _rect(f.w - f.s, bar, f.w, f.h * 0.75),
    ]


def _h(f: _Frame) -> list[Contours]:
    return [
        _rect(0, 0, f.s, f.h),
        _rect(f.w - f.s, 0, f.w, f.h),
        _rect(0, f.mid - f.left, f.w, f.mid + f.left),
    ]


def _j(f: _Frame) -> list[Contours]:
    line = _path(
        (f.right, 0),
        _arc(f.right - f.q, f.low - f.q, f.q, f.q, 0, 90),
        _arc(f.left + f.q, f.low - f.q, f.q, f.q, 90, 180),
        (f.left, f.h * (0.97 - f.g.terminal)),
    )
    return [_stroke(line, f.g)]


def _k(f: _Frame) -> list[Contours]:
    reach = _across(f.g, f.w * 0.6, f.h * 0.55)
    return [
        _rect(0, 0, f.s, f.h),
        _slope(f.w - reach, 0, f.s * 0.55, f.h * 0.62, f.s),
        _slope(f.w * 0.44, f.h * 0.36, f.w - reach * 0.9, f.h, f.s),
    ]


def _l(f: _Frame) -> list[Contours]:
    return [_rect(0, 0, f.s, f.h), _rect(0, f.h - f.s, f.w * 0.97, f.h)]


def _m(f: _Frame) -> list[Contours]:
    low = f.h * f.g.m_depth
    stem = f.s * 0.93
    reach = f.s * 0.62
    return [
        _rect(0, 0, stem, f.h),
        _rect(f.w - stem, 0, f.w, f.h),
        _slope(reach, 0, f.w / 2, low, f.s * 0.86),
        _slope(f.w - reach, 0, f.w / 2, low, f.s * 0.86),
    ]


def _n(f: _Frame) -> list[Contours]:
    stem = f.s * 0.96
    reach = f.s * 0.62
    return [
        _rect(0, 0, stem, f.h),
        _rect(f.w - stem, 0, f.w, f.h),
        _slope(reach, 0, f.w - reach, f.h, f.s * 0.93),
    ]


def _p(f: _Frame) -> list[Contours]:
    rim = f.h * 0.56
    q = min(f.q * 0.9, (rim - f.top) / 2)
    return [
        _rect(0, 0, f.s, f.h),
        _loop(_round_rect(f.left, f.top, f.right, rim, (0, q, q, 0)), f.g),
    ]


def _q(f: _Frame) -> list[Contours]:
    return [_oval(f), _slope(f.w * 0.57, f.h * 0.66, f.w * 0.92, f.h * 1.0, f.s * 0.8)]


def _r(f: _Frame) -> list[Contours]:
    reach = _across(f.g, f.w * 0.3, f.h * 0.45)
    return [*_p(f), _slope(f.w * 0.52, f.h * 0.5, f.w - reach, f.h, f.s)]


def _s(f: _Frame) -> list[Contours]:
    up_q = min(f.q, (f.mid - f.top) / 2)
    low_q = min(f.q, (f.low - f.mid) / 2)
    end = max(f.h * f.g.terminal * 0.95, f.top + up_q + 0.5)
    line = _path(
        (f.right - 0.03 * f.w, end),
        _arc(f.right - 0.03 * f.w - up_q, f.top + up_q, up_q, up_q, 0, -90),
        _arc(f.left + up_q, f.top + up_q, up_q, up_q, 270, 180),
        _arc(f.left + up_q, f.mid - up_q, up_q, up_q, 180, 90),
        _arc(f.right - low_q, f.mid + low_q, low_q, low_q, -90, 0),
        _arc(f.right - low_q, f.low - low_q, low_q, low_q, 0, 90),
        _arc(f.left + low_q, f.low - low_q, low_q, low_q, 90, 180),
        (f.left, min(f.h * (1 - f.g.terminal), f.low - low_q - 0.5)),
    )
    return [_stroke(line, f.g)]


def _t(f: _Frame) -> list[Contours]:
    return [
        _rect(0, 0, f.w, f.s),
        _rect(f.w / 2 - f.left, 0, f.w / 2 + f.left, f.h),
    ]


def _u(f: _Frame) -> list[Contours]:
    line = _path(
        (f.left, 0),
        _arc(f.left + f.q, f.low - f.q, f.q, f.q, 180, 90),
        _arc(f.right - f.q, f.low - f.q, f.q, f.q, 90, 0),
        (f.right, 0),
    )
    return [_stroke(line, f.g)]


def _v(f: _Frame) -> list[Contours]:
    reach = _across(f.g, f.w / 2, f.h)
    return [
        _slope(reach, 0, f.w / 2 - 0.01 * f.w, f.h, f.s),
        _slope(f.w - reach, 0, f.w / 2 + 0.01 * f.w, f.h, f.s),
    ]


def _w(f: _Frame) -> list[Contours]:
    stroke = f.s * 0.8
    reach = stroke * 0.52
    apex, foot = f.h * f.g.w_apex, f.w * 0.26
    return [
        _slope(reach, 0, foot, f.h, stroke),
        _slope(f.w - reach, 0, f.w - foot, f.h, stroke),
        _slope(f.w / 2, apex, foot, f.h, stroke),
        _slope(f.w / 2, apex, f.w - foot, f.h, stroke),
    ]


def _x(f: _Frame) -> list[Contours]:
    reach = _across(f.g, f.w * 0.7, f.h)
    return [
        _slope(reach, 0, f.w - reach, f.h, f.s),
        _slope(f.w - reach, 0, reach, f.h, f.s),
    ]


def _y(f: _Frame) -> list[Contours]:
    fork = f.h * 0.56
    reach = _across(f.g, f.w * 0.36, fork)
    x0, x1 = f.w / 2 - f.left, f.w / 2 + f.left
    return [
        _rect(x0, fork - f.s * 0.5, x1, f.h),
        _slope(reach, 0, f.w / 2, fork + f.s * 0.3, f.s),
        _slope(f.w - reach, 0, f.w / 2, fork + f.s * 0.3, f.s),
    ]


def _z(f: _Frame) -> list[Contours]:
    reach = _across(f.g, f.w * 0.6, f.h - f.s)
    return [
        _rect(0, 0, f.w, f.s),
        _rect(0, f.h - f.s, f.w, f.h),
        _slope(f.w - reach, f.s * 0.6, reach, f.h - f.s * 0.6, f.s * 0.97),
    ]


_SHAPES: Final[dict[str, Callable[[_Frame], list[Contours]]]] = {
    "0": _zero, "1": _one, "2": _two, "3": _three, "4": _four, "5": _five, "6": _six,
    "7": _seven, "8": _eight, "9": lambda f: _turned(f, _six(f)), "A": _a, "B": _b, "C": _c,
    "D": _d, "E": _e, "F": _f, "G": _g, "H": _h, "I": _capital_i, "J": _j, "K": _k, "L": _l,
    "M": _m, "N": _n, "O": lambda f: [_oval(f)], "P": _p, "Q": _q, "R": _r, "S": _s, "T": _t,
    "U": _u, "V": _v, "W": _w, "X": _x, "Y": _y, "Z": _z,
}  # fmt: skip

CHARACTERS: Final = "".join(sorted(_SHAPES))


def glyph_width_mm(character: str, style: GlyphStyle) -> float:
    """Advance width of a character without the gap: narrow for ``1`` and ``I``."""
    if character == "1":
        return max(
            style.stroke_mm * (2.4 if style.slab else 1.0),
            style.flag * style.width_mm + style.stroke_mm,
        )
    if character == "I":
        return style.stroke_mm * (2.4 if style.slab else 1.0)
    return style.width_mm


@lru_cache(maxsize=4096)
def glyph_outlines(character: str, style: GlyphStyle) -> tuple[Contours, ...]:
    """Filled shapes of one character, mm; a shape's contours are filled even-odd, shapes united.

    Raises KeyError for a character other than 0-9 and A-Z.
    """
    shapes = _SHAPES[character](_frame(style))
    box_mm = np.array([glyph_width_mm(character, style), style.height_mm])
    clipped = [tuple(np.clip(c, 0.0, box_mm) for c in shape) for shape in shapes]
    if not style.slant:
        return tuple(clipped)
    return tuple(tuple(_sheared(c, style) for c in shape) for shape in clipped)


def _sheared(contour: Points, style: GlyphStyle) -> Points:
    moved = contour.copy()
    moved[:, 0] += style.slant * (style.height_mm / 2 - contour[:, 1])
    return moved
