import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outrider.plates.draw import draw_plate
from outrider.plates.marks import FAMILIES
from outrider.plates.spec import (
    BLACK,
    SILVER,
    Band,
    PlateSpec,
    RgbImage,
    motorcycle,
    one_line,
    two_line,
)
from outrider.plates.style import random_spec


def _ink_share(rgb: RgbImage, box: tuple[float, float, float, float]) -> float:
    x0, y0, x1, y1 = (round(v) for v in box)
    return float((rgb[y0:y1, x0:x1].mean(axis=2) < 100).mean())


def test_characters_lie_in_their_boxes_in_reading_order() -> None:
    """Each box holds ink, the gaps between hold none, and the boxes spell the mark."""
    image = draw_plate(one_line("AB12 CDE"), 2.0)
    assert "".join(c.character for c in image.characters) == "AB12CDE"
    for box in image.characters:
        assert _ink_share(image.rgb, (box.x0_px, box.y0_px, box.x1_px, box.y1_px)) > 0.25
    for a, b in zip(image.characters, image.characters[1:], strict=False):
        gap = (a.x1_px + 2, a.y0_px, b.x0_px - 2, a.y1_px)
        assert _ink_share(image.rgb, gap) == 0.0


def test_layout_follows_the_regulations() -> None:
    """Gaps of 11 and 33 mm and characters of 50 x 79 mm on an ordinary plate."""
    boxes = draw_plate(one_line("AB23 CDE"), 2.0).characters
    assert boxes[1].x0_px - boxes[0].x1_px == pytest.approx(22.0)
    assert boxes[4].x0_px - boxes[3].x1_px == pytest.approx(66.0)
    assert boxes[0].x1_px - boxes[0].x0_px == pytest.approx(100.0)
    assert boxes[0].y1_px - boxes[0].y0_px == pytest.approx(158.0)


def test_second_line_stands_below_the_first() -> None:
    """Two-line plates read top line first, 19 mm (motorcycle 13 mm) apart."""
    for spec, gap in ((two_line("AB12", "CDE"), 19.0), (motorcycle("AB12", "CDE"), 13.0)):
        boxes = draw_plate(spec, 2.0).characters
        assert boxes[4].y0_px - boxes[0].y1_px == pytest.approx(2 * gap)


def test_silver_on_black_is_lighter_than_its_ground() -> None:
    """A pre-1980 plate has light ink on a dark ground."""
    image = draw_plate(PlateSpec(("ABC 123D",), background=BLACK, ink=SILVER), 2.0)
    box = image.characters[0]
    inside = image.rgb[round(box.y0_px) : round(box.y1_px), round(box.x0_px) : round(box.x1_px)]
    assert inside.max() > 180
    assert image.rgb[2:8].mean() < 40


def test_a_band_moves_the_mark_aside() -> None:
    """No character stands on the national band."""
    image = draw_plate(PlateSpec(("AB12 CDE",), band=Band("uk", "UK")), 2.0)
    assert min(c.x0_px for c in image.characters) >= 88


def test_too_small_a_scale_is_refused() -> None:
    """A plate of a few pixels is an error that says so."""
    with pytest.raises(ValueError, match="too small"):
        draw_plate(one_line("AB12 CDE"), 0.05)


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.sampled_from(sorted(FAMILIES)))
def test_any_random_plate_is_drawn_whole(seed: int, family: str) -> None:
    """Whatever style is drawn, the boxes spell the mark and lie on the plate; the seed decides."""
    rng = np.random.default_rng(seed)
    spec = random_spec(rng, mix={family: 1.0})
    image = draw_plate(spec, 0.6)
    height, width = image.rgb.shape[:2]
    assert "".join(c.character for c in image.characters) == spec.mark
    assert all(0 <= c.x0_px < c.x1_px <= width for c in image.characters)
    assert all(c.y0_px < c.y1_px for c in image.characters)
    again = random_spec(np.random.default_rng(seed), mix={family: 1.0})
    assert np.array_equal(image.rgb, draw_plate(again, 0.6).rgb)
    assert height == round(spec.height_mm * 0.6)
