"""Which keys a doubtful mark is looked up under: no more than may be, and each told rightly."""

from collections.abc import Iterator
from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from outrider.unit.hotlist.candidates import doubts, edits
from outrider.vrm import MAX_LENGTH
from tests.unit.hotlist.makers import text

FOLDED = "023456789ABCDEFGHJKLMNPQRSTUVWXYZ1"
_marks = st.text(st.sampled_from(FOLDED), min_size=5, max_size=MAX_LENGTH)


def _distinct(mark: str) -> int:
    """Return how many marks one character away there are: a count, not a list of them."""
    shorter = sum(1 for _ in groupby(mark))
    longer = len(mark) * (len(FOLDED) - 1) + len(FOLDED) if len(mark) < MAX_LENGTH else 0
    return shorter + longer


@given(_marks)
def test_an_edit_is_one_character_more_or_fewer_and_says_which(mark: str) -> None:
    """Every such mark is there, none else, and doing what the difference says gives it."""
    found = edits(mark)
    assert len(found) == _distinct(mark)
    for key, change in found.items():
        assert change.probability_listed == 0.0
        after = mark[change.place :]
        assert after.startswith(change.read)
        assert key == mark[: change.place] + change.listed + after[len(change.read) :]
        assert len(change.read) + len(change.listed) == 1


def test_a_short_mark_is_not_edited() -> None:
    """Of four characters one is too much; of five it may be."""
    assert edits("AB12") == {}
    assert edits("AB123")


def _options() -> Iterator[tuple[int, list[tuple[str, float]]]]:
    """Yield five doubts for each of seven places, each with a probability of its own."""
    for place in range(7):
        yield place, [(c, 0.2 + 0.01 * place + 0.001 * n) for n, c in enumerate("RSTUV")]


def test_only_the_likeliest_doubts_are_looked_up() -> None:
    """24 keys at most, so that a hopeless read costs no more than another."""
    read = text("AB12CDE", dict(_options()))
    found = doubts(read, "AB12CDE", 0.2)
    assert len(found) == 24
    every = sorted((p for _, options in _options() for _, p in options), reverse=True)
    assert sorted((d.probability_listed for d in found.values()), reverse=True) == every[:24]


def test_a_doubt_counts_from_the_least_probability_on() -> None:
    """At the setting itself it counts; the same drawing as was read is no doubt."""
    read = text("AB12CDO", {0: [("R", 0.2)], 1: [("8", 0.19)], 6: [("0", 0.5), ("Q", 0.3)]})
    found = doubts(read, "AB12CD0", 0.2)
    assert {(d.place, d.read, d.listed) for d in found.values()} == {(0, "A", "R"), (6, "O", "Q")}
    assert set(found) == {"RB12CD0", "AB12CDQ"}
