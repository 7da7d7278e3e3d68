"""The insider detector over a planted year: what it must find, and whom it must leave alone."""

from dataclasses import replace

from outrider.bench.insider import measure
from outrider.centre.governance.detector import Pattern, flags
from outrider.centre.search.record import Asked, Stage

_DAY_US = 86_400_000_000


def _asked(number: int, **facts: object) -> Asked:
    return Asked(
        Stage.ASKED, f"d-{number}", 20_400 * _DAY_US + number * 5 * _DAY_US, "dc-1", "northshire",
        "cid", "search", "serious", "policing-purpose", f"CR/{number}/26", "words that say why",
        "", "", {"kind": "mark", **facts}, {},
    )  # fmt: skip


def test_one_mark_is_one_however_it_is_typed() -> None:
    """In small letters, with spaces, O for 0, or with a character left out of a part of it."""
    ways = ("PO68NBR", "po68 nbr", "P068NBR", "po68-nbr", "PO68NBR")
    typed = [_asked(n, marks=[way]) for n, way in enumerate(ways)]
    assert [flag.pattern for flag in flags(typed)] == [Pattern.SAME_MARK]
    parts = [replace(_asked(n, pattern="PO68NB?"), person="dc-2") for n in range(5)]
    assert [flag.pattern for flag in flags(parts)] == [Pattern.SAME_MARK]


def test_the_marks_of_one_household_are_seen_together() -> None:
    """By turns, each asked for on few days; under one case it is work."""
    marks = ("AB12CDE", "XY65ZZZ")
    turns = [_asked(n, marks=[marks[n % 2]]) for n in range(6)]
    assert [flag.pattern for flag in flags(turns)] == [Pattern.SAME_PERSON]
    assert flags([replace(one, case="CR/1/26") for one in turns]) == []


def test_planted_misuse_is_found_and_few_honest_people_are_flagged() -> None:
    """Each pattern by its name; a seed that no limit was chosen on."""
    for one in measure(people=150, planted=6, seed=77):
        assert one.recall >= 0.65, one
        assert one.false_flags <= 0.12 * one.honest_people, one
