"""What is put into a page, whatever it is."""

import pytest

from outrider.centre.pages.layout import Layout, said, when_us
from outrider.centre.search.answers import Misread, SilentCamera


@pytest.mark.parametrize("at_us", [-62_135_647_200_000_000, 2**62, -(2**62)])
def test_an_instant_that_no_calendar_has_spoils_no_page(at_us: int) -> None:
    """One paper with such a day would shut all who decide out of their inbox."""
    assert when_us(at_us) == "no day of the calendar"


def test_what_the_trail_says_is_told_in_words() -> None:
    """No sign of a program stands before an auditor."""
    facts = {"marks": ["RS21TLN", "CK70LED"], "forces": {"northshire": 2}, "exact": False}
    assert said(facts) == "marks RS21TLN, CK70LED, forces northshire 2, exact no"
    assert said(None) == "none"


def test_a_unit_whose_review_is_overdue_is_amber_among_the_blind_spots_too() -> None:
    """A silent camera and a misreading unit; one that is not told is not."""
    spots = {
        "words": "", "likely_misread": None, "missing_rows": 0, "look_alikes": (),
        "silent_in_all": 2,
        "silent": (
            SilentCamera("mast-1", "a", "f", "silent", None),
            SilentCamera(None, None, "f", "gap", None),
        ),
        "misreads": (Misread("mast-1", 1, 1, 0.5), Misread("mast-2", 1, 1, 0.5)),
    }  # fmt: skip
    source = '{% from "parts.html" import blindness %}{{ blindness(blind, overdue) }}'
    template = Layout()._environment.from_string(source)
    html = template.render(blind=spots, overdue=frozenset({"mast-1"}))
    assert html.count("review overdue") == 2
    lines = html.split("<li>")
    assert all(("review overdue" in line) is ("mast-1" in line) for line in lines)


def test_what_was_typed_in_lines_comes_back_in_lines() -> None:
    """A form that is refused shows them as typed; markup and unseen characters as text."""
    source = '{% from "parts.html" import area %}{{ area("a", "A", value) }}'
    html = (
        Layout()._environment.from_string(source).render(value="AB12CDE\r\n</textarea>\u202e\nX1")
    )
    typed = html.split("<textarea")[1].split(">", 1)[1].split("</textarea>")[0]
    assert typed == "AB12CDE\n&lt;/textarea&gt;⟨U+202E⟩\nX1"
