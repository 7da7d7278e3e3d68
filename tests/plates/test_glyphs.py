import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from outrider.plates.glyphs import (
    CAR,
    CHARACTERS,
    MOTORCYCLE,
    GlyphStyle,
    glyph_outlines,
    glyph_width_mm,
)

SAME_DRAWING = ({"0", "O"}, {"1", "I"})


def _mask(character: str, style: GlyphStyle = CAR, k: float = 2.0) -> NDArray[np.bool_]:
    mask = np.zeros((round(style.height_mm * k), round(style.width_mm * k)), np.uint8)
    for shape in glyph_outlines(character, style):
        cv2.fillPoly(mask, [np.round(c * k).astype(np.int32) for c in shape], (255,))
    return mask > 0


@pytest.mark.parametrize("style", [CAR, MOTORCYCLE])
def test_glyphs_fill_their_cell_and_stay_in_it(style: GlyphStyle) -> None:
    """Every character reaches all four sides of its cell, give or take 2 mm, and none beyond."""
    for character in CHARACTERS:
        points = np.concatenate([c for shape in glyph_outlines(character, style) for c in shape])
        low, high = points.min(axis=0), points.max(axis=0)
        assert (low >= -1e-9).all(), character
        assert (low <= 2.0).all(), character
        size = np.array([glyph_width_mm(character, style), style.height_mm])
        assert (high <= size + 1e-9).all(), character
        assert (high >= size - 2.0).all(), character


def test_only_o_zero_and_i_one_are_drawn_alike() -> None:
    """No two characters share more than 94 % of their ink but O/0 and I/1, which are the same."""
    masks = {character: _mask(character) for character in CHARACTERS}
    for a in CHARACTERS:
        for b in CHARACTERS:
            if a >= b:
                continue
            overlap = (masks[a] & masks[b]).sum() / (masks[a] | masks[b]).sum()
            if {a, b} in SAME_DRAWING:
                assert overlap == 1.0
            else:
                assert overlap < 0.94, (a, b, overlap)


def test_nine_is_six_turned() -> None:
    """9 is 6 rotated by half a turn, as the standard draws it."""
    turned = _mask("6")[::-1, ::-1]
    assert (turned == _mask("9")).mean() > 0.96


def test_strokes_have_the_standards_width() -> None:
    """The stem of a car plate's letter is 14 mm, of a motorcycle's 10 mm."""
    for style, stroke in ((CAR, 14.0), (MOTORCYCLE, 10.0)):
        row = _mask("F", style, k=4.0)[-20]
        assert row.sum() / 4.0 == pytest.approx(stroke, abs=0.5)


def test_a_slant_leans_to_the_right() -> None:
    """A slanted face moves the top right and the foot left."""
    upright = np.concatenate([c for s in glyph_outlines("H", CAR) for c in s])
    leaning = np.concatenate([c for s in glyph_outlines("H", GlyphStyle(slant=0.2)) for c in s])
    moved = leaning[:, 0] - upright[:, 0]
    assert moved[upright[:, 1] < 5].min() > 6
    assert moved[upright[:, 1] > 74].max() < -6


def test_unknown_character_is_refused() -> None:
    """A character that no plate bears is an error, not an empty drawing."""
    with pytest.raises(KeyError):
        glyph_outlines("%", CAR)
