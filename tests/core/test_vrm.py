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
        ("131OY12", Family.IRISH),
        ("12XX345", Family.UNKNOWN),
        ("08CD123", Family.IRISH),
        ("ZV12345", Family.IRISH),
        ("BMN123A", Family.ISLE_OF_MAN),
        ("MAN123A", Family.ISLE_OF_MAN),
        ("1234MN", Family.ISLE_OF_MAN),
        ("123MAN", Family.ISLE_OF_MAN),
        ("J12345", Family.JERSEY),
        ("J123456", Family.JERSEY),
        ("JSY1234", Family.JERSEY),
        ("1234", Family.GUERNSEY),
        ("54321", Family.GUERNSEY),
        ("G12345", Family.GIBRALTAR),
        ("G1234A", Family.GIBRALTAR),
        ("123X456", Family.DIPLOMATIC),
        ("X12345", Family.UNKNOWN),
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


@pytest.mark.parametrize("text", ["rs21tın", "straße", "ſx21abc", "ﬁ12abc", "ＲＳ２１ＴＬＮ"])
def test_letters_that_become_others_in_upper_case_are_refused(text: str) -> None:
    """A dotless i is no I, and a sharp s not two letters: no other mark is looked up for it."""
    with pytest.raises(vrm.VrmError):
        vrm.normalise(text)


def test_a_refused_text_is_named() -> None:
    """The error says which text it was and what a mark is made of."""
    with pytest.raises(vrm.VrmError, match="'A!1' is no registration mark: 1 to 9 letters"):
        vrm.normalise("A!1")


@given(MARKS)
def test_every_reading_folds_to_the_same_key(mark: str) -> None:
    """A legal reading is the same drawing: grammar never replaces any other character."""
    readings = vrm.legal_readings(mark, NOW)
    assert {vrm.fold(reading) for reading in readings} <= {vrm.fold(mark)}
    strange = [one for one in readings if vrm.family(one, NOW) is Family.UNKNOWN]
    assert strange in ([], [mark])


@pytest.mark.parametrize("mark", ["J12345", "J1234", "J101234", "G12345", "10101", "01234"])
def test_a_mark_of_a_known_family_is_among_its_own_readings(mark: str) -> None:
    """Jersey's J12345 is never only Northern Ireland's JI2345."""
    assert mark in vrm.legal_readings(mark, NOW)


def test_where_two_families_fit_both_readings_are_given() -> None:
    """J12345 is Jersey's, JI2345 Northern Ireland's, drawn alike: nobody can tell which."""
    assert set(vrm.legal_readings("J12345", NOW)) == {"J12345", "JI2345"}
    assert set(vrm.legal_readings("JI2345", NOW)) == {"J12345", "JI2345"}
    assert set(vrm.legal_readings("A1000", NOW)) == {"A1000", "A1OOO"}


def test_a_mark_of_elsewhere_is_not_taken_for_the_only_legal_one() -> None:
    """X12345 fits no family here and may be foreign; it stands beside XI2345, not under it."""
    assert set(vrm.legal_readings("X12345", NOW)) == {"X12345", "XI2345"}
    assert vrm.legal_readings("XI2345", NOW) == ("XI2345",)
    assert vrm.legal_readings("J1Z1234", NOW) == ("JIZ1234",)


def test_grammar_resolves_zero_and_one() -> None:
    """In a current mark O/0 and I/1 follow from their places."""
    assert vrm.legal_readings("ABO2CDE", NOW) == ("AB02CDE",)
    assert vrm.legal_readings("0B12CDE", NOW) == ("OB12CDE",)
    assert vrm.legal_readings("ABI5CDO", NOW) == ("AB15CDO",)


def test_look_alikes_go_both_ways() -> None:
    """If B is taken for 8, then 8 is taken for B."""
    for char, others in vrm.LOOK_ALIKES.items():
        assert all(char in vrm.LOOK_ALIKES[other] for other in others)
