"""Marks by other countries' patterns are such as the reader can hold and are all met."""

import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from outrider.plates.european import COMMON, PATTERNS, european


@given(st.integers(0, 2**32 - 1))
def test_a_mark_has_a_countrys_pattern_and_fits_the_reader(seed: int) -> None:
    """Letters where the pattern has letters, digits where digits, at most nine of them."""
    mark = european(np.random.default_rng(seed))
    shape = re.sub(r"[A-Z]", "A", re.sub(r"[0-9]", "9", mark))
    assert shape in {pattern for patterns in PATTERNS.values() for pattern in patterns}
    assert 2 <= len(mark.replace(" ", "")) <= 9


def test_every_pattern_fits_and_every_common_country_has_one() -> None:
    """No pattern is longer than nine characters, and none that is drawn often is unknown."""
    longest = max(
        len(pattern.replace(" ", "")) for patterns in PATTERNS.values() for pattern in patterns
    )
    assert longest <= 9
    assert set(COMMON) <= set(PATTERNS)
