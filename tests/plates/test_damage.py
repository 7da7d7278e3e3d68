"""Dents and covers change how a plate looks, never what its mark is."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from outrider.plates.damage import damaged, lay_covers
from outrider.plates.draw import draw_plate
from outrider.plates.spec import BLACK, SILVER, Band, PlateSpec, one_line, two_line

SEEDS = st.integers(0, 2**32 - 1)
PLATES = (one_line("AB23 CDE"), two_line("AB23", "CDE"))


def _damaged(seed: int, plain: PlateSpec) -> PlateSpec:
    return damaged(np.random.default_rng(seed), plain)


@settings(max_examples=80)
@given(SEEDS, st.sampled_from(PLATES))
def test_no_cover_hides_a_character(seed: int, plain: PlateSpec) -> None:
    """Half of every character's place stays in sight."""
    spec = replace(_damaged(seed, plain), bend=0.0)
    characters = draw_plate(spec, 0.6).characters
    covers = tuple(replace(cover, colour=(255, 255, 255)) for cover in spec.covers)
    hidden = np.zeros((round(plain.height_mm * 0.6), round(plain.width_mm * 0.6), 3), np.uint8)
    lay_covers(hidden, replace(spec, covers=covers), 0.6)
    for box in characters:
        rows = slice(round(box.y0_px), round(box.y1_px))
        columns = slice(round(box.x0_px), round(box.x1_px))
        assert (hidden[rows, columns] > 0).mean() < 0.5


@settings(max_examples=60)
@given(SEEDS, st.sampled_from(PLATES), st.floats(0.1, 1.0))
def test_a_dent_moves_no_character_far(seed: int, plain: PlateSpec, bend: float) -> None:
    """However badly a plate is bent, the ink's top and foot stay within 10 mm of where they were.

    Silver on black, because what shows behind a bent edge is dark.
    """
    old = replace(plain, background=BLACK, ink=SILVER, seed=seed)
    flat, bent = draw_plate(old, 1.0), draw_plate(replace(old, bend=bend), 1.0)
    assert bent.rgb.shape == flat.rgb.shape
    ink = np.nonzero((bent.rgb.min(axis=2) > 90).any(axis=1))[0]
    assert abs(ink[0] - min(box.y0_px for box in flat.characters)) <= 10
    assert abs(ink[-1] - max(box.y1_px for box in flat.characters)) <= 10


def test_damage_is_rare_and_of_every_kind() -> None:
    """Of a thousand plates most are whole; dents, tow balls, tape and blobs all come up."""
    specs = [_damaged(seed, PLATES[0]) for seed in range(1000)]
    whole = [spec for spec in specs if not spec.bend and not spec.covers]
    assert 650 < len(whole) < 900
    assert {cover.kind for spec in specs for cover in spec.covers} == {"hitch", "tape", "blob"}


def test_the_same_seed_bends_the_same_way() -> None:
    """A drawn plate is a function of its specification alone."""
    spec = replace(PLATES[0], bend=0.8, seed=11)
    assert np.array_equal(draw_plate(spec, 0.6).rgb, draw_plate(spec, 0.6).rgb)
    other = draw_plate(replace(spec, seed=12), 0.6).rgb
    assert not np.array_equal(draw_plate(spec, 0.6).rgb, other)


def test_the_oval_of_the_sign_is_no_character() -> None:
    """Letters in an oval stand beside the mark: they are drawn, and in no character's box."""
    spec = replace(PLATES[0], band=Band("oval", "GB", 62.0))
    image = draw_plate(spec, 1.0)
    assert "".join(box.character for box in image.characters) == "AB23CDE"
    assert min(box.x0_px for box in image.characters) >= 62
    assert (image.rgb[:, :62].min(axis=2) < 80).mean() > 0.02
