"""The letters, each as the strokes it is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from outrider.plates.glyph_strokes import (
    Contours,
    GlyphMeasures,
    Points,
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


def _a(f: GlyphMeasures) -> list[Contours]:
    reach = level_cut(f.g, f.w / 2, f.h)
    top = reach * 0.9
    bar_mm = f.h * 0.63
    inner = f.w * 0.2
    return [
        diagonal(f.w / 2 - top * 0.15, 0, reach, f.h, f.s),
        diagonal(f.w / 2 + top * 0.15, 0, f.w - reach, f.h, f.s),
        bar(inner, bar_mm, f.w - inner, bar_mm + f.s * 0.93),
    ]


def _b(f: GlyphMeasures) -> list[Contours]:
    up_q = min(f.q * 0.9, (f.mid - f.top) / 2)
    low_q = min(f.q * 0.9, (f.low - f.mid) / 2)
    upper = round_box(f.left, f.top, f.right - 0.04 * f.w, f.mid, (0, up_q, up_q, 0))
    lower = round_box(f.left, f.mid, f.right, f.low, (0, low_q, low_q, 0))
    return [bar(0, 0, f.s, f.h), looped(upper, f.g), looped(lower, f.g)]


def _c_line(f: GlyphMeasures, lower_end: float) -> Points:
    end = max(f.h * f.g.terminal, f.top + f.q + 0.5)
    return joined(
        (f.right, end),
        arc(f.right - f.q, f.top + f.q, f.q, f.q, 0, -90),
        arc(f.left + f.q, f.top + f.q, f.q, f.q, 270, 180),
        arc(f.left + f.q, f.low - f.q, f.q, f.q, 180, 90),
        arc(f.right - f.q, f.low - f.q, f.q, f.q, 90, 0),
        (f.right, min(lower_end, f.low - f.q - 0.5)),
    )


def _c(f: GlyphMeasures) -> list[Contours]:
    return [stroked(_c_line(f, f.h * (1 - f.g.terminal)), f.g)]


def _d(f: GlyphMeasures) -> list[Contours]:
    q = f.q * 0.95
    body = round_box(f.left, f.top, f.right, f.low, (0, q, q, 0))
    return [bar(0, 0, f.s, f.h), looped(body, f.g)]


def _e(f: GlyphMeasures) -> list[Contours]:
    return [*_f(f), bar(0, f.h - f.s, f.w, f.h)]


def _f(f: GlyphMeasures) -> list[Contours]:
    return [
        bar(0, 0, f.s, f.h),
        bar(0, 0, f.w * 0.98, f.s),
        bar(0, f.mid - f.left, f.w * 0.86, f.mid + f.left),
    ]


def _g(f: GlyphMeasures) -> list[Contours]:
    bar_mm = f.h * 0.48
    return [
        stroked(_c_line(f, f.h * 0.6), f.g),
        bar(f.w * 0.48, bar_mm, f.w, bar_mm + f.s * 0.95),
        bar(f.w - f.s, bar_mm, f.w, f.h * 0.75),
    ]


def _h(f: GlyphMeasures) -> list[Contours]:
    return [
        bar(0, 0, f.s, f.h),
        bar(f.w - f.s, 0, f.w, f.h),
        bar(0, f.mid - f.left, f.w, f.mid + f.left),
    ]


def _j(f: GlyphMeasures) -> list[Contours]:
    line = joined(
        (f.right, 0),
        arc(f.right - f.q, f.low - f.q, f.q, f.q, 0, 90),
        arc(f.left + f.q, f.low - f.q, f.q, f.q, 90, 180),
        (f.left, f.h * (0.97 - f.g.terminal)),
    )
    return [stroked(line, f.g)]


def _k(f: GlyphMeasures) -> list[Contours]:
    reach = level_cut(f.g, f.w * 0.6, f.h * 0.55)
    return [
        bar(0, 0, f.s, f.h),
        diagonal(f.w - reach, 0, f.s * 0.55, f.h * 0.62, f.s),
        diagonal(f.w * 0.44, f.h * 0.36, f.w - reach * 0.9, f.h, f.s),
    ]


def _l(f: GlyphMeasures) -> list[Contours]:
    return [bar(0, 0, f.s, f.h), bar(0, f.h - f.s, f.w * 0.97, f.h)]


def _m(f: GlyphMeasures) -> list[Contours]:
    low = f.h * f.g.m_depth
    stem = f.s * 0.93
    reach = f.s * 0.62
    return [
        bar(0, 0, stem, f.h),
        bar(f.w - stem, 0, f.w, f.h),
        diagonal(reach, 0, f.w / 2, low, f.s * 0.86),
        diagonal(f.w - reach, 0, f.w / 2, low, f.s * 0.86),
    ]


def _n(f: GlyphMeasures) -> list[Contours]:
    stem = f.s * 0.96
    reach = f.s * 0.62
    return [
        bar(0, 0, stem, f.h),
        bar(f.w - stem, 0, f.w, f.h),
        diagonal(reach, 0, f.w - reach, f.h, f.s * 0.93),
    ]


def _p(f: GlyphMeasures) -> list[Contours]:
    rim = f.h * 0.56
    q = min(f.q * 0.9, (rim - f.top) / 2)
    return [
        bar(0, 0, f.s, f.h),
        looped(round_box(f.left, f.top, f.right, rim, (0, q, q, 0)), f.g),
    ]


def _q(f: GlyphMeasures) -> list[Contours]:
    return [oval(f), diagonal(f.w * 0.57, f.h * 0.66, f.w * 0.92, f.h * 1.0, f.s * 0.8)]


def _r(f: GlyphMeasures) -> list[Contours]:
    reach = level_cut(f.g, f.w * 0.3, f.h * 0.45)
    return [*_p(f), diagonal(f.w * 0.52, f.h * 0.5, f.w - reach, f.h, f.s)]


def _s(f: GlyphMeasures) -> list[Contours]:
    up_q = min(f.q, (f.mid - f.top) / 2)
    low_q = min(f.q, (f.low - f.mid) / 2)
    end = max(f.h * f.g.terminal * 0.95, f.top + up_q + 0.5)
    line = joined(
        (f.right - 0.03 * f.w, end),
        arc(f.right - 0.03 * f.w - up_q, f.top + up_q, up_q, up_q, 0, -90),
        arc(f.left + up_q, f.top + up_q, up_q, up_q, 270, 180),
        arc(f.left + up_q, f.mid - up_q, up_q, up_q, 180, 90),
        arc(f.right - low_q, f.mid + low_q, low_q, low_q, -90, 0),
        arc(f.right - low_q, f.low - low_q, low_q, low_q, 0, 90),
        arc(f.left + low_q, f.low - low_q, low_q, low_q, 90, 180),
        (f.left, min(f.h * (1 - f.g.terminal), f.low - low_q - 0.5)),
    )
    return [stroked(line, f.g)]


def _t(f: GlyphMeasures) -> list[Contours]:
    return [
        bar(0, 0, f.w, f.s),
        bar(f.w / 2 - f.left, 0, f.w / 2 + f.left, f.h),
    ]


def _u(f: GlyphMeasures) -> list[Contours]:
    line = joined(
        (f.left, 0),
        arc(f.left + f.q, f.low - f.q, f.q, f.q, 180, 90),
        arc(f.right - f.q, f.low - f.q, f.q, f.q, 90, 0),
        (f.right, 0),
    )
    return [stroked(line, f.g)]


def _v(f: GlyphMeasures) -> list[Contours]:
    reach = level_cut(f.g, f.w / 2, f.h)
    return [
        diagonal(reach, 0, f.w / 2 - 0.01 * f.w, f.h, f.s),
        diagonal(f.w - reach, 0, f.w / 2 + 0.01 * f.w, f.h, f.s),
    ]


def _w(f: GlyphMeasures) -> list[Contours]:
    stroke = f.s * 0.8
    reach = stroke * 0.52
    apex, foot = f.h * f.g.w_apex, f.w * 0.26
    return [
        diagonal(reach, 0, foot, f.h, stroke),
        diagonal(f.w - reach, 0, f.w - foot, f.h, stroke),
        diagonal(f.w / 2, apex, foot, f.h, stroke),
        diagonal(f.w / 2, apex, f.w - foot, f.h, stroke),
    ]


def _x(f: GlyphMeasures) -> list[Contours]:
    reach = level_cut(f.g, f.w * 0.7, f.h)
    return [
        diagonal(reach, 0, f.w - reach, f.h, f.s),
        diagonal(f.w - reach, 0, reach, f.h, f.s),
    ]


def _y(f: GlyphMeasures) -> list[Contours]:
    fork = f.h * 0.56
    reach = level_cut(f.g, f.w * 0.36, fork)
    x0, x1 = f.w / 2 - f.left, f.w / 2 + f.left
    return [
        bar(x0, fork - f.s * 0.5, x1, f.h),
        diagonal(reach, 0, f.w / 2, fork + f.s * 0.3, f.s),
        diagonal(f.w - reach, 0, f.w / 2, fork + f.s * 0.3, f.s),
    ]


def _z(f: GlyphMeasures) -> list[Contours]:
    reach = level_cut(f.g, f.w * 0.6, f.h - f.s)
    return [
        bar(0, 0, f.w, f.s),
        bar(0, f.h - f.s, f.w, f.h),
        diagonal(f.w - reach, f.s * 0.6, reach, f.h - f.s * 0.6, f.s * 0.97),
    ]


def _capital_i(f: GlyphMeasures) -> list[Contours]:
    if not f.g.slab:
        return [bar(0, 0, f.s, f.h)]
    wide = glyph_width_mm("I", f.g)
    x, bar_mm = (wide - f.s) / 2, f.s * 0.8
    return [bar(x, 0, x + f.s, f.h), bar(0, 0, wide, bar_mm), bar(0, f.h - bar_mm, wide, f.h)]


LETTERS: Final[dict[str, Callable[[GlyphMeasures], list[Contours]]]] = {
    "A": _a, "B": _b, "C": _c, "D": _d, "E": _e, "F": _f, "G": _g, "H": _h, "I": _capital_i,
    "J": _j, "K": _k, "L": _l, "M": _m, "N": _n, "O": lambda f: [oval(f)], "P": _p, "Q": _q,
    "R": _r, "S": _s, "T": _t, "U": _u, "V": _v, "W": _w, "X": _x, "Y": _y, "Z": _z,
}  # fmt: skip
