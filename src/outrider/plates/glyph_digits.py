"""The digits, each as the strokes it is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from outrider.plates.glyph_strokes import (
    Contours,
    GlyphMeasures,
    arc,
    bar,
    diagonal,
    joined,
    level_cut,
    looped,
    oval,
    round_box,
    stroked,
)
from outrider.plates.glyph_style import glyph_width_mm


def _zero(f: GlyphMeasures) -> list[Contours]:
    shapes = [oval(f)]
    if f.g.zero_mark:
        reach = f.g.zero_mark * f.w / 2
        shapes.append(diagonal(f.w / 2 + reach, f.h * 0.25, f.w / 2 - reach, f.h * 0.75, f.s * 0.5))
    return shapes


def _one(f: GlyphMeasures) -> list[Contours]:
    wide = glyph_width_mm("1", f.g)
    if wide == f.s:
        return [bar(0, 0, f.s, f.h)]
    x = (wide - f.s) / 2 if f.g.slab else wide - f.s
    shapes = [bar(x, 0, x + f.s, f.h)]
    reach = f.g.flag * f.w
    if reach:
        shapes.append(diagonal(x + f.left, 0, x - reach / 2, reach, f.s * 0.9))
    if f.g.slab:
        shapes.append(bar(0, f.h - f.s * 0.8, wide, f.h))
    return shapes


def _two(f: GlyphMeasures) -> list[Contours]:
    end = f.h * f.g.terminal
    t = np.linspace(0, 1, 10)[:, None]
    start, pull, foot = (
        np.array([f.right, f.h * 0.29]),
        np.array([f.right, f.h * 0.45]),
        np.array([f.s * 0.72, f.h - f.s * 0.9]),
    )
    down = (1 - t) ** 2 * start + 2 * t * (1 - t) * pull + t**2 * foot
    line = joined(
        (f.left, end),
        arc(f.left + f.q, f.top + f.q, f.q, f.q, 180, 270),
        arc(f.right - f.q, f.top + f.q, f.q, f.q, 270, 360),
        down,
    )
    return [stroked(line, f.g), bar(0, f.h - f.s, f.w, f.h)]


def _three(f: GlyphMeasures) -> list[Contours]:
    end, g = f.h * f.g.terminal, f.g
    low_q = min(f.q, (f.low - f.mid) / 2)
    bottom = joined(
        (f.w * 0.32, f.mid),
        arc(f.right - low_q, f.mid + low_q, low_q, low_q, 270, 360),
        arc(f.right - f.q, f.low - f.q, f.q, f.q, 0, 90),
        arc(f.left + f.q, f.low - f.q, f.q, f.q, 90, 180),
        (f.left, f.h - end),
    )
    if g.flat_three:
        return [
            stroked(bottom, g),
            bar(f.s * 0.1, 0, f.w * 0.96, f.s),
            diagonal(f.w * 0.8, f.s * 0.6, f.w * 0.45, f.mid + f.left, f.s),
        ]
    x = f.right - 0.03 * f.w
    up_q = min(f.q, (f.mid - f.top) / 2)
    top = joined(
        (f.left + 0.03 * f.w, end),
        arc(f.left + 0.03 * f.w + f.q, f.top + f.q, f.q, f.q, 180, 270)
        if f.top + f.q < end
        else arc(f.left + f.q, end, f.q, end - f.top, 180, 270),
        arc(x - up_q, f.top + up_q, up_q, up_q, 270, 360),
        arc(x - up_q, f.mid - up_q, up_q, up_q, 0, 90),
        (f.w * 0.32, f.mid),
    )
    return [stroked(top, g), stroked(bottom, g)]


def _four(f: GlyphMeasures) -> list[Contours]:
    bar_mm = f.h * 0.62
    x = f.w * 0.69
    return [
        diagonal(x - f.left * 0.35, 0, f.s * 0.55, bar_mm + f.s * 0.5, f.s * 0.9),
        bar(0, bar_mm, f.w, bar_mm + f.s * 0.95),
        bar(x - f.left, 0, x + f.left, f.h),
    ]


def _five(f: GlyphMeasures) -> list[Contours]:
    rim = f.h * 0.43
    q = min(f.q, (f.low - rim) / 2)
    bowl = joined(
        (f.left, rim),
        arc(f.right - q, rim + q, q, q, 270, 360),
        arc(f.right - f.q, f.low - f.q, f.q, f.q, 0, 90),
        arc(f.left + f.q, f.low - f.q, f.q, f.q, 90, 180),
        (f.left, f.h * (1 - f.g.terminal)),
    )
    return [
        bar(f.w * 0.04, 0, f.w * 0.94, f.s),
        bar(f.w * 0.04, 0, f.w * 0.04 + f.s, rim + f.left),
        stroked(bowl, f.g),
    ]


def _six(f: GlyphMeasures) -> list[Contours]:
    rim = f.h * 0.45
    q = min(f.q, (f.low - rim) / 2)
    bowl = round_box(f.left, rim, f.right, f.low, (q, q, f.q, f.q))
    x = f.right - f.w * 0.02
    back = joined(
        (f.left, f.h * 0.75),
        arc(f.left + f.q, f.top + f.q, f.q, f.q, 180, 270),
        arc(x - f.q, f.top + f.q, f.q, f.q, 270, 360),
        (x, max(f.h * f.g.terminal * 0.93, f.top + f.q + 1)),
    )
    return [looped(bowl, f.g), stroked(back, f.g)]


def _turned(f: GlyphMeasures, shapes: list[Contours]) -> list[Contours]:
    """Rotated by half a turn (9 from 6)."""
    return [tuple(np.array([f.w, f.h]) - c for c in shape) for shape in shapes]


def _seven(f: GlyphMeasures) -> list[Contours]:
    foot = f.w * 0.36
    reach = level_cut(f.g, f.w * 0.5, f.h)
    return [bar(0, 0, f.w, f.s), diagonal(f.w - reach, f.s * 0.5, foot, f.h, f.s)]


def _eight(f: GlyphMeasures) -> list[Contours]:
    inset = 0.035 * f.w
    up_q = min(f.q, (f.mid - f.top) / 2)
    low_q = min(f.q, (f.low - f.mid) / 2)
    return [
        looped(round_box(f.left + inset, f.top, f.right - inset, f.mid, (up_q,) * 4), f.g),
        looped(round_box(f.left, f.mid, f.right, f.low, (low_q,) * 4), f.g),
    ]


DIGITS: Final[dict[str, Callable[[GlyphMeasures], list[Contours]]]] = {
    "0": _zero, "1": _one, "2": _two, "3": _three, "4": _four, "5": _five, "6": _six,
    "7": _seven, "8": _eight, "9": lambda f: _turned(f, _six(f)),
}  # fmt: skip
