from datetime import date

import numpy as np
import pytest

from outrider.plates.marks import FAMILIES, ROAD_MIX, random_mark
from outrider.vrm import Family, family, normalise

ISSUED = date(2026, 11, 21)
AS_SAMPLED = {
    "current": {Family.CURRENT},
    "prefix": {Family.PREFIX, Family.Q},
    "suffix": {Family.SUFFIX},
    "dateless": {Family.DATELESS},
    "northern_ireland": {Family.NORTHERN_IRELAND},
}


@pytest.mark.parametrize("name", sorted(AS_SAMPLED))
def test_sampled_marks_are_of_their_family(name: str) -> None:
    """What is sampled as a family is that family to the grammar of the product."""
    rng = np.random.default_rng(4)
    for _ in range(300):
        mark = normalise(FAMILIES[name](rng))
        assert family(mark, ISSUED) in AS_SAMPLED[name], mark


def test_every_mark_fits_the_readers_slots() -> None:
    """No family yields more than nine characters, or fewer than one."""
    rng = np.random.default_rng(5)
    for make in FAMILIES.values():
        for _ in range(300):
            assert 1 <= len(make(rng).replace(" ", "")) <= 9


def test_the_road_mix_is_followed() -> None:
    """Over 4,000 marks each family's share is within 2 points of its weight."""
    rng = np.random.default_rng(6)
    drawn = [random_mark(rng)[0] for _ in range(4000)]
    for name, share in ROAD_MIX.items():
        assert drawn.count(name) / 4000 == pytest.approx(share, abs=0.02)
