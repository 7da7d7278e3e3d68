"""Marks: normalising, folding, grammar."""

import contextlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider import vrm
from outrider.vrm import Family

NOW = date(2026, 11, 21)
MARKS = st.text(alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=9)


@pytest.mark.parametrize(
    ("mark", "family"),
    [
        ("AB12CDE", Family.CURRENT),
        ("LS15EBC", Family.CURRENT),
        ("AB76CDE", Family.CURRENT),
        ("AB27CDE", Family.UNKNOWN),
        ("AB01CDE", Family.UNKNOWN),
        ("P123ABC", Family.PREFIX),
        ("Q123ABC", Family.Q),
        ("ABC123D", Family.SUFFIX),
        ("ABC123", Family.DATELESS),
        ("1234AB", Family.DATELESS),
        ("A1", Family.DATELESS),
        ("AIZ1234", Family.NORTHERN_IRELAND),
        ("1234OI", Family.NORTHERN_IRELAND),
        ("123D456", Family.DIPLOMATIC),
        ("01234", Family.TRADE),
        ("12AB34", Family.MILITARY),
        ("221D12345", Family.IRISH),
        ("BMN123A", Family.ISLE_OF_MAN),
        ("ZZZZZZZ", Family.UNKNOWN),
    ],
)
def test_family_of_each_form(mark: str, family: Family) -> None:
    """Each form of DESIGN's table is recognised, and what fits none is unknown, never an error."""
    assert vrm.family(mark, NOW) is family


@pytest.mark.parametrize(
    ("day", "newest"),
    [
        (date(2026, 11, 21), {26, 76}),
        (date(2027, 2, 28), {26, 76}),
        (date(2027, 3, 1), {27, 76}),
        (date(2027, 9, 1), {27, 77}),
    ],
)
def test_age_identifiers_follow_the_date(day: date, newest: set[int]) -> None:
    """A new age identifier begins on 1 March and 1 September, not with a new release."""
    ages = vrm.age_identifiers(day)
    assert newest == {max(a for a in ages if a < 50), max(ages)}


@given(MARKS, st.sampled_from([" ", "-", "·", ".", "\t"]))
def test_normalise_undoes_spacing_and_case(mark: str, separator: str) -> None:
    """However a mark is typed, its normal form is the same."""
    assert vrm.normalise(separator.join(mark.lower())) == mark


@given(st.text(max_size=12))
def test_normalise_gives_a_mark_or_refuses(text: str) -> None:
    """Any text either becomes upper-case letters and digits or is refused, never anything else."""
    with contextlib.suppress(vrm.VrmError):
        mark = vrm.normalise(text)
        assert mark.isascii()
        assert mark.isalnum()
        assert vrm.normalise(mark) == mark


def test_a_refused_text_is_named() -> None:
    """The error says which text it was and what a mark is made of."""
    with pytest.raises(vrm.VrmError, match="'A!1' is no registration mark: 1 to 9 letters"):
        vrm.normalise("A!1")


@given(MARKS)
def test_every_reading_folds_to_the_same_key(mark: str) -> None:
    """A legal reading is the same drawing: grammar never replaces any other character."""
    readings = vrm.legal_readings(mark, NOW)
    assert {vrm.fold(reading) for reading in readings} <= {vrm.fold(mark)}
    assert all(vrm.family(reading, NOW) is not Family.UNKNOWN for reading in readings)


def test_grammar_resolves_zero_and_one() -> None:
    """In a current mark O/0 and I/1 follow from their places."""
    assert vrm.legal_readings("ABO2CDE", NOW) == ("AB02CDE",)
    assert vrm.legal_readings("0B12CDE", NOW) == ("OB12CDE",)
    assert vrm.legal_readings("ABI5CDO", NOW) == ("AB15CDO",)


def test_look_alikes_go_both_ways() -> None:
    """If B is taken for 8, then 8 is taken for B."""
    for char, others in vrm.LOOK_ALIKES.items():
        assert all(char in vrm.LOOK_ALIKES[other] for other in others)
