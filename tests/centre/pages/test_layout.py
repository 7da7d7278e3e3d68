"""What is put into a page, whatever it is."""

import pytest

from outrider.centre.pages.layout import when_us


@pytest.mark.parametrize("at_us", [-62_135_647_200_000_000, 2**62, -(2**62)])
def test_an_instant_that_no_calendar_has_spoils_no_page(at_us: int) -> None:
    """One paper with such a day would shut all who decide out of their inbox."""
    assert when_us(at_us) == "no day of the calendar"
