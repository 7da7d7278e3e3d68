"""Letter shapes from installed fonts: foreign plates' faces, and lettering that is no plate.

Fonts are installed on the training machine only (Debian's `fonts-*` packages: README.md); nothing
of them is shipped. Without any, the built faces alone are drawn and no lettering.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from PIL import ImageFont

from outrider.plates.glyphs import Contours, GlyphStyle

FONTS_DIR: Final = Path("/usr/share/fonts")
FAMILIES: Final = (
    "dejavu", "liberation", "roboto", "open-sans", "lato", "bebas", "opendin", "league-spartan",
    "cabin", "dosis", "freefont", "cantarell", "inter", "routed-gothic", "b612", "lobster",
    "quicksand", "ubuntu-title", "play",
)  # fmt: skip
UPRIGHT_ONLY: Final = ("italic", "oblique", "lobster", "script", "symbol", "math")
DRAWN_PX: Final = 120

Mask = npt.NDArray[np.uint8]


@lru_cache(maxsize=1)
def fonts() -> tuple[Path, ...]:
    """Every installed font of the families named above, in the order of their names."""
    found = sorted(p for p in FONTS_DIR.rglob("*") if p.suffix.lower() in {".ttf", ".otf"})
    return tuple(p for p in found if any(name in str(p).lower() for name in FAMILIES))


@lru_cache(maxsize=1)
def plate_fonts() -> tuple[Path, ...]:
    """Fonts that could stand on a plate: upright ones, no script, not thin."""
    thin = ("thin", "light", "hair")
    return tuple(p for p in fonts() if not any(w in p.name.lower() for w in (*UPRIGHT_ONLY, *thin)))


@lru_cache(maxsize=256)
def opened(path: Path, size_px: int) -> ImageFont.FreeTypeFont:
    """The font at a size; raises OSError where FreeType cannot open it."""
    return ImageFont.truetype(str(path), size_px, layout_engine=ImageFont.Layout.BASIC)


def text_mask(path: Path, text: str, size_px: int) -> Mask:
    """Coverage of a text's ink, uint8, cut to its extent; 1 x 1 where there is none."""
    mask, _ = opened(path, size_px).getmask2(text, mode="L")
    width, height = mask.size
    if not (width and height):
        return np.zeros((1, 1), np.uint8)
    drawn = np.asarray(mask, np.uint8).reshape(height, width)
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    if not len(rows):
        return np.zeros((1, 1), np.uint8)
    return np.ascontiguousarray(drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


class FontFace:
    """A font's capitals and digits as a plate's face, all brought to one height."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def outlines(self, character: str, style: GlyphStyle) -> tuple[Contours, ...]:
        """Filled shapes in mm at the style's height."""
        shape, _ = _unit_shape(self._path, character)
        return (tuple(contour * style.height_mm for contour in shape),)

    def width_mm(self, character: str, style: GlyphStyle) -> float:
        """Width of the ink in mm at the style's height."""
        return _unit_shape(self._path, character)[1] * style.height_mm


@lru_cache(maxsize=8192)
def _unit_shape(path: Path, character: str) -> tuple[Contours, float]:
    """Contours of a character of height 1 and its width."""
    mask = text_mask(path, character, DRAWN_PX)
    height, width = mask.shape
    framed = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    ink = np.asarray(framed > 127, np.uint8)
    lines, _ = cv2.findContours(ink, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    shapes = tuple((line.reshape(-1, 2).astype(np.float64) - 0.5) / height for line in lines)
    return shapes, width / height
