"""What is put into a page, whatever it is."""

import pytest

from outrider.centre.pages.layout import said, when_us


@pytest.mark.parametrize("at_us", [-62_135_647_200_000_000, 2**62, -(2**62)])
def test_an_instant_that_no_calendar_has_spoils_no_page(at_us: int) -> None:
    """One paper with such a day would shut all who decide out of their inbox."""
    assert when_us(at_us) == "no day of the calendar"


def test_what_the_trail_says_is_told_in_words() -> None:
    """No sign of a program stands before an auditor."""
    facts = {"marks": ["RS21TLN", "CK70LED"], "forces": {"northshire": 2}, "exact": False}
    assert said(facts) == "marks RS21TLN, CK70LED, forces northshire 2, exact no"
    assert said(None) == "none"
