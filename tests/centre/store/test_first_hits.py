"""A hit that comes before its read, or without it, is found in every search: once."""

from dataclasses import replace

import pytest

from outrider.centre.demo.unit_journal import UnitJournal
from outrider.centre.store import queries
from outrider.centre.store.bounds import Bounds
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.columns import to_us
from outrider.centre.store.questions import Question, Sighting
from outrider.records import Hit, Role
from outrider.vrm import fold
from tests.centre.store.makers import CENTRE, EXPOSED, open_all, send, send_pictures
from tests.unit.journal import makers

ALL = Bounds(0, 2**62, None, None, None, coarse=False)


def _unit() -> tuple[UnitJournal, Hit]:
    """Return a journal: a read, then two hits of it on two lists."""
    unit = UnitJournal("unit-7", CENTRE.public)
    hit = makers.hit(1)
    unit.add(*makers.pictured(hit.read))
    unit.add(*makers.pictured(hit))
    unit.add(*makers.pictured(replace(hit, hit_id=makers.hit(2).hit_id)))
    return unit, hit


def _found(store: CentreStore, hit: Hit) -> list[Sighting]:
    question = Question(0, to_us(EXPOSED) * 2, (fold(hit.read.text.vrm),))
    with store.searching(ALL) as session:
        assert session.one("SELECT sum(reads) FROM activity") == (1,)
        return queries.sightings(session, ALL, question, 10, None)


def test_a_hit_without_its_read_is_found_by_its_mark(store: CentreStore) -> None:
    """As a read, with its place and unit; its picture is the hit's."""
    unit, hit = _unit()
    send(store, unit, unit.rows[1:2])
    send_pictures(store, unit, unit.rows[1:2])
    open_all(store)
    (one,) = _found(store, hit)
    assert one.read_id == hit.read.read_id
    (opened,) = store.find(one.read_id)
    assert isinstance(opened.record, Hit)
    assert store.picture(opened.sealed.epoch_id, opened.sealed.row.seq, Role.PATCH) is not None


@pytest.mark.parametrize("batches", [[[1], [0], [2]], [[0], [1], [2]], [[0, 1, 2]], [[1, 2], [0]]])
def test_hit_first_then_its_read_is_one_read(store: CentreStore, batches: list[list[int]]) -> None:
    """And so are both in one batch, and a second hit of it on another list."""
    unit, hit = _unit()
    for batch in batches:
        send(store, unit, [unit.rows[n] for n in batch])
        open_all(store)
        assert [one.read_id for one in _found(store, hit)] == [hit.read.read_id]
    assert len(store.find(hit.read.read_id)) == 1


def test_no_hit_hides_a_read_that_says_otherwise(store: CentreStore) -> None:
    """A unit that sends one identifier with two marks is found by both."""
    hit = makers.hit(1)
    other = replace(hit.read, text=replace(hit.read.text, vrm="ZZ99ZZZ"))
    lying = UnitJournal("unit-7", CENTRE.public)
    lying.add(hit)
    lying.add(other)
    send(store, lying, lying.rows[:1])
    open_all(store)
    send(store, lying, lying.rows[1:])
    open_all(store)
    with store.searching(ALL) as session:
        assert sorted(session.rows("SELECT mark FROM sighting")) == sorted(
            [(hit.read.text.vrm,), ("ZZ99ZZZ",)]
        )
