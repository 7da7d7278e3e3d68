"""Whose a read is: by when it was made, not by when it came; a unit may change hands."""

from datetime import datetime

import pytest

from outrider.centre.store import queries
from outrider.centre.store.bounds import Bounds
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.columns import from_us
from outrider.centre.store.filed import Camera, FiledHit
from outrider.centre.store.questions import HitQuestion, Question
from outrider.centre.store.records import ConflictError
from outrider.wire.audit import AuditKind
from tests.centre.store.sightings import BASE_US, DAY_US, HOUR_US, sighting

CAMERA = Camera("unit-7", "front", False)
CHANGE: datetime = from_us(BASE_US - 10 * DAY_US)
FROM_US = (BASE_US - 10 * DAY_US) // HOUR_US * HOUR_US


def seen_by(store: CentreStore, force: str) -> list[int]:
    """Return when the reads were made that a force sees of its own, days before now."""
    bounds = Bounds(0, BASE_US, frozenset({force}), None, coarse=False)
    with store.searching(bounds) as session:
        found = queries.sightings(session, bounds, Question(0, BASE_US), 100, None)
    return sorted((BASE_US - one.at_us) // DAY_US for one in found)


def read(days_ago: int) -> object:
    return sighting(days_ago, BASE_US - days_ago * DAY_US, camera=CAMERA)


def test_reads_of_before_a_change_stay_whose_they_were_though_they_come_later(
    store: CentreStore,
) -> None:
    """The unit docks weeks after it was handed over: each read goes to whose the unit was then."""
    store.set_force("unit-7", "northshire")
    store.file([read(30)])  # type: ignore[list-item]
    assert store.set_force("unit-7", "eastshire", CHANGE) == from_us(FROM_US)
    store.file([read(20), read(5)])  # type: ignore[list-item]
    assert seen_by(store, "northshire") == [20, 30]
    assert seen_by(store, "eastshire") == [5]


def test_what_was_read_since_and_is_filed_changes_hands(store: CentreStore) -> None:
    """The operator says it some days late: reads, hits and counts since then go over."""
    store.set_force("unit-7", "northshire")
    reads = [read(20), read(5)]
    hits = [
        FiledHit(900 + n, bytes([n]) * 16, one, "AB12CDE", "l", "stop", "exact", False)  # type: ignore[arg-type]
        for n, one in enumerate(reads)
    ]
    store.file([*reads, *hits])  # type: ignore[list-item]
    store.set_force("unit-7", "eastshire", CHANGE)
    assert (seen_by(store, "northshire"), seen_by(store, "eastshire")) == ([20], [5])
    for force, days in (("northshire", 20), ("eastshire", 5)):
        bounds = Bounds(0, BASE_US, frozenset({force}), None, coarse=False)
        with store.searching(bounds) as session:
            question = HitQuestion(0, BASE_US)
            assert [
                (BASE_US - h.at_us) // DAY_US for h in queries.hits(session, bounds, question, 9)
            ] == [days]
            busy = queries.busy(session, bounds, None, 0, BASE_US, 0)
        assert sum(one.within for one in busy) == 1


def test_whoever_has_a_unit_first_has_all_that_it_read(store: CentreStore) -> None:
    """Reads of before its force was said are no orphans."""
    store.file([read(40)])  # type: ignore[list-item]
    assert seen_by(store, "northshire") == []
    store.set_force("unit-7", "northshire", from_us(BASE_US))
    assert seen_by(store, "northshire") == [40]


def test_a_change_is_logged_and_none_goes_before_another(store: CentreStore) -> None:
    """In the trail, by whom; a change before one that is on record is refused."""
    store.set_force("unit-7", "northshire")
    store.set_force("unit-7", "eastshire", CHANGE, "operator")
    event = store.audit()[-1].event
    assert (event.kind, event.actor) == (AuditKind.ALTERATION, "operator")
    assert "unit-7: eastshire's from" in event.subject
    with pytest.raises(ConflictError, match="later change"):
        store.set_force("unit-7", "westshire", from_us(FROM_US - DAY_US))
    assert store.forces_of("unit-7") == [
        (from_us(0), "northshire"),
        (from_us(FROM_US), "eastshire"),
    ]
