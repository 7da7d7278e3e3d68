"""The measures of a face, and those of the GB standard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


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
