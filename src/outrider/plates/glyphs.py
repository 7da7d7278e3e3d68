"""Vector glyphs of the GB registration mark, built from the standard's measures.

A character is 79 x 50 mm with a 14 mm stroke (motorcycle 64 x 44 with 10); ``1`` and ``I`` are
the stroke alone (Road Vehicles (Display of Registration Marks) Regulations 2001, schedule 2).
The shapes are our own: each is a few strokes whose proportions are fields of `GlyphStyle`, so
that older and foreign faces are the same drawing with other numbers.

Coordinates are millimetres, x right and y down, from the character's top left.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from outrider.plates.glyph_digits import DIGITS
from outrider.plates.glyph_letters import LETTERS
from outrider.plates.glyph_strokes import Contours, Points, measures_of
from outrider.plates.glyph_style import CAR, MOTORCYCLE, PRE_2001, GlyphStyle, glyph_width_mm

__all__ = [
    "CAR",
    "CHARACTERS",
    "MOTORCYCLE",
    "PRE_2001",
    "Contours",
    "GlyphStyle",
    "glyph_outlines",
    "glyph_width_mm",
]

_SHAPES: Final = DIGITS | LETTERS
CHARACTERS: Final = "".join(sorted(_SHAPES))


@lru_cache(maxsize=4096)
def glyph_outlines(character: str, style: GlyphStyle) -> tuple[Contours, ...]:
    """Filled shapes of one character, mm; a shape's contours are filled even-odd, shapes united.

    Raises KeyError for a character other than 0-9 and A-Z.
    """
    shapes = _SHAPES[character](measures_of(style))
    box_mm = np.array([glyph_width_mm(character, style), style.height_mm])
    clipped = [tuple(np.clip(c, 0.0, box_mm) for c in shape) for shape in shapes]
    if not style.slant:
        return tuple(clipped)
    return tuple(tuple(_sheared(c, style) for c in shape) for shape in clipped)


def _sheared(contour: Points, style: GlyphStyle) -> Points:
    moved = contour.copy()
    moved[:, 0] += style.slant * (style.height_mm / 2 - contour[:, 1])
    return moved
