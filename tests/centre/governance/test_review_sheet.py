"""A unit's year as measured: reads, hits, answers, ends, wrong entries; and nothing silent."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from outrider.centre.access.people import Role
from outrider.centre.governance.figures import figures_of
from outrider.centre.governance.hit_ends import HitEnds
from outrider.centre.governance.review_sheet import Sheet, sheet_of
from outrider.centre.store import open_store
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.filed import Camera, FiledAnswer, FiledHit
from tests.centre.access import makers
from tests.centre.access.makers import DAY_US, NOW, NOW_US
from tests.centre.store.sightings import sighting

OFFICER = makers.person(Role.INVESTIGATOR)
YEAR = timedelta(days=365)
# days ago, response, the crew's answer, how it ended, what was wrong with the entry
HITS = (
    (10, "stop", "correct", "stopped", ""),
    (20, "stop", "misread", "misread", ""),
    (30, "assess", "correct", "wrong entry", "sold"),
    (40, "assess", "", "", ""),
    (50, "silent", "", "found later", ""),
    (380, "stop", "correct", "stopped", ""),
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CentreStore]:
    """A unit with six hits, five of the year and one of them silent; another unit beside it."""
    opened = open_store(f"sqlite:{tmp_path / 'store'}", makers.clock())
    ends = HitEnds(opened, makers.clock())
    for number, (days, response, answer, end, fault) in enumerate(HITS):
        name, at_us = uuid.uuid4(), NOW_US - days * DAY_US
        read = sighting(10 * number, at_us, camera=Camera("unit-7", "front", False, "northshire"))
        hit = FiledHit(10 * number + 1, name.bytes, read, "AB12CDE", "x", response, "exact", False)
        opened.file([read, hit])
        if answer:
            opened.file([FiledAnswer(10 * number + 2, name.bytes, at_us, answer, "")])
        if end:
            ends.take(OFFICER, str(name), "x", "AB12CDE")
            ends.close(OFFICER, str(name), end, "met on the bridge", fault)
    opened.file([sighting(99, NOW_US - DAY_US, camera=Camera("unit-8", "a", False, "northshire"))])
    yield opened
    opened.close()


def _sheet(store: CentreStore, unit: str) -> Sheet:
    return sheet_of(store, makers.clock(), unit, NOW - YEAR, NOW)


def test_a_sheet_counts_a_units_year_and_how_its_hits_ended(store: CentreStore) -> None:
    """Each figure by itself; last year's hit and the silent one are in none of them."""
    found = _sheet(store, "unit-7")
    assert found.reads == 5
    assert (found.hits, found.right, found.misread, found.unanswered) == (4, 2, 1, 1)
    assert {end: count for end, count in found.ends if count} == {
        "stopped": 1, "misread": 1, "wrong entry": 1, "without an end": 1,
    }  # fmt: skip
    assert {fault: count for fault, count in found.faults if count} == {"sold": 1}
    assert found.lists == (("x", 4),)


def test_a_unit_without_hits_or_reads_has_an_empty_sheet(store: CentreStore) -> None:
    """Not the sheet of all units."""
    for unit, reads in (("unit-8", 1), ("nobody", 0)):
        found = _sheet(store, unit)
        assert (found.reads, found.hits, found.lists) == (reads, 0, ())


def test_a_silent_hit_is_in_no_count_of_one_unit(store: CentreStore) -> None:
    """Nobody finds it out by comparing; in all units' figures it is one of many."""
    assert figures_of(store, NOW - YEAR, NOW, "unit-7").hits == 4
    assert figures_of(store, NOW - YEAR, NOW).hits == 5
