"""Lists that are kept at the centre: who may do what, and when it takes effect."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from outrider.centre.access.people import Person, Rank, Role
from outrider.centre.governance import kept_lists
from outrider.centre.governance.kept_lists import KeptLists
from outrider.centre.governance.list_entry import IN_FORCE, OVER, REFUSED, WAITS, WITHDRAWN
from outrider.centre.governance.papers import NotAllowed
from outrider.centre.store.centre_store import CentreStore
from outrider.clock import RecordedClock
from outrider.records import Response, VehicleOfInterest

TODAY = date(2026, 11, 21)
ONE = Person("lst-1", "northshire", frozenset({Role.LIST_OWNER}), Rank.STAFF, "lists")
TWO = replace(ONE, person_id="lst-2")
OTHER = replace(ONE, person_id="lst-9", force="eastshire")
WORDS = "reported by the keeper"
MILD = VehicleOfInterest(
    "AB12CDE", "stolen overnight", Response.ASSESS, owner="lists", source_reference="CR/1/26",
    weed_date=TODAY + timedelta(days=30),
)  # fmt: skip
STOP = replace(MILD, vrm="CD34EFG", response=Response.STOP)


@pytest.fixture
def lists(store: CentreStore, clock: RecordedClock) -> KeptLists:
    return KeptLists(store, clock)


def _marks(lists: KeptLists, name: str = "stolen") -> set[str]:
    return {kept.content.shown.vrm for kept in lists.entries(name)}


def test_a_grave_entry_waits_for_somebody_else_of_the_force(lists: KeptLists) -> None:
    """A mild one stands at once; a stop after a second person, never the same, never another's."""
    (mild,) = lists.add(ONE, "stolen", [MILD], WORDS)
    (stop,) = lists.add(ONE, "stolen", [STOP], WORDS)
    assert (mild.state, stop.state) == (IN_FORCE, WAITS)
    assert _marks(lists) == {"AB12CDE"}
    (batch,) = lists.waiting(TWO)
    with pytest.raises(NotAllowed, match="himself"):
        lists.confirm(ONE, batch.batch, "looked at its source")
    with pytest.raises(NotAllowed, match="of this name waits"):
        lists.confirm(OTHER, batch.batch, "looked at its source")
    analyst = replace(TWO, roles=frozenset({Role.ANALYST}))
    with pytest.raises(NotAllowed, match="list's owner"):
        lists.confirm(analyst, batch.batch, "looked at its source")
    with pytest.raises(ValueError, match="words"):
        lists.confirm(TWO, batch.batch, "ok")
    lists.confirm(TWO, batch.batch, "looked at its source")
    assert _marks(lists) == {"AB12CDE", "CD34EFG"}
    kept = lists.get(ONE, stop.paper_id)
    assert (kept.content.by, kept.content.confirmed_by) == ("lst-1", "lst-2")
    assert lists.waiting(TWO) == []


def test_what_is_refused_or_taken_back_never_stands(lists: KeptLists) -> None:
    """A refused entry; and one that whoever asked takes back."""
    for person in (TWO, ONE):
        (stop,) = lists.add(ONE, "stolen", [STOP], WORDS)
        (batch,) = lists.waiting(ONE)
        lists.refuse(person, batch.batch, "its source does not say so")
        assert lists.get(ONE, stop.paper_id).state == REFUSED
    assert _marks(lists) == set()


def test_a_change_leaves_the_old_in_force_until_it_is_confirmed(lists: KeptLists) -> None:
    """To a stop, and away from one: both are grave; nothing else is done with it meanwhile."""
    (kept,) = lists.add(ONE, "stolen", [MILD], WORDS)
    stronger = replace(MILD, response=Response.STOP)
    assert lists.change(ONE, kept.paper_id, stronger, WORDS).content.entry == MILD
    with pytest.raises(NotAllowed, match="a change of it waits"):
        lists.withdraw(ONE, [kept.paper_id], WORDS)
    (batch,) = lists.waiting(TWO)
    lists.refuse(TWO, batch.batch, "an assessment will do")
    assert lists.get(ONE, kept.paper_id).state == IN_FORCE
    lists.change(ONE, kept.paper_id, stronger, WORDS)
    lists.confirm(TWO, lists.waiting(TWO)[0].batch, "looked at its source")
    assert lists.entries("stolen")[0].content.shown.response is Response.STOP
    assert lists.change(ONE, kept.paper_id, MILD, WORDS).content.wanted is not None
    milder = lists.add(ONE, "stolen", [replace(MILD, vrm="EF56GHJ")], WORDS)[0]
    done = lists.change(ONE, milder.paper_id, replace(milder.content.shown, priority=1), WORDS)
    assert (done.state, done.content.shown.priority) == (IN_FORCE, 1)


def test_one_is_withdrawn_at_once_and_several_by_two(lists: KeptLists, store: CentreStore) -> None:
    """All of a bulk, or nothing; each withdrawal stands in the trail, without a mark."""
    some = [replace(MILD, vrm=f"AB1{n}CDE") for n in range(5)]
    kept = lists.add(ONE, "stolen", some, WORDS)
    lists.withdraw(ONE, [kept[0].paper_id], "the keeper has it back")
    assert len(_marks(lists)) == 4
    ids = [one.paper_id for one in kept[1:4]]
    lists.withdraw(ONE, ids, "the whole operation is over")
    assert len(_marks(lists)) == 4
    (batch,) = lists.waiting(TWO)
    assert len(batch.entries) == 3
    with pytest.raises(NotAllowed, match="himself"):
        lists.confirm(ONE, batch.batch, "the operation is over")
    lists.confirm(TWO, batch.batch, "asked the operation's head")
    assert _marks(lists) == {"AB14CDE"}
    assert lists.get(ONE, ids[0]).state == WITHDRAWN
    told = [row.event for row in store.audit(0, 100)]
    last = [one for one in told if '"state":"withdrawn"' in one.subject]
    assert [(one.actor, one.justification) for one in last] == [
        ("lst-1", "the keeper has it back"), *[("lst-2", "asked the operation's head")] * 3,
    ]  # fmt: skip
    assert not any("AB1" in f"{one.subject} {one.justification}" for one in told)


def test_a_file_with_one_grave_entry_waits_as_a_whole(lists: KeptLists) -> None:
    """Nothing half: its mild entries wait with it."""
    lists.add(ONE, "stolen", [MILD, STOP], WORDS)
    assert _marks(lists) == set()
    lists.confirm(TWO, lists.waiting(TWO)[0].batch, "looked at its source")
    assert len(_marks(lists)) == 2


def test_a_file_with_one_fault_is_not_taken(lists: KeptLists, store: CentreStore) -> None:
    """Nothing of it stands, and no list begins by it."""
    with pytest.raises(ValueError, match="owner"):
        lists.add(ONE, "stolen", [MILD, replace(STOP, owner="")], WORDS)
    assert (lists.lists(), _marks(lists), store.audit(0, 10)) == ({}, set(), [])


def test_a_force_sees_and_changes_its_own_lists_only(lists: KeptLists) -> None:
    """Another's entry has no name here, and another's list takes no entry."""
    (kept,) = lists.add(ONE, "stolen", [MILD], WORDS)
    assert lists.of_force(OTHER) == []
    with pytest.raises(NotAllowed):
        lists.get(OTHER, kept.paper_id)
    with pytest.raises(NotAllowed):
        lists.withdraw(OTHER, [kept.paper_id], WORDS)
    with pytest.raises(NotAllowed, match="another force's"):
        lists.add(OTHER, "stolen", [replace(MILD, vrm="X1")], WORDS)
    with pytest.raises(ValueError, match="list"):
        lists.add(OTHER, "../x", [MILD], WORDS)


def test_an_entry_ends_by_itself(lists: KeptLists, clock: RecordedClock) -> None:
    """It is published no more, and then written down as over; what waited for it goes with it."""
    (kept,) = lists.add(ONE, "stolen", [MILD], WORDS)
    lists.change(ONE, kept.paper_id, STOP, WORDS)
    clock.advance_to(31 * 86_400 * 10**9)
    assert _marks(lists) == set()
    assert lists.end_overdue("centre") == 1
    assert lists.get(ONE, kept.paper_id).state == OVER
    assert lists.waiting(TWO) == []
    assert lists.end_overdue("centre") == 0


def test_what_waited_too_long_is_not_confirmed(lists: KeptLists, clock: RecordedClock) -> None:
    """Its end came meanwhile: it is refused instead."""
    lists.add(ONE, "stolen", [STOP], WORDS)
    clock.advance_to(31 * 86_400 * 10**9)
    (batch,) = lists.waiting(TWO)
    with pytest.raises(ValueError, match="refuse it"):
        lists.confirm(TWO, batch.batch, "looked at its source")
    lists.refuse(TWO, batch.batch, "its end has come")


def test_a_force_has_so_many_entries_and_no_more(
    lists: KeptLists, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No entry falls out of a list because there are too many; larger lists come from a file."""
    monkeypatch.setattr(kept_lists, "MOST_ENTRIES", 2)
    lists.add(ONE, "stolen", [MILD], WORDS)
    with pytest.raises(ValueError, match="larger lists"):
        lists.add(ONE, "other", [STOP, replace(STOP, vrm="X1")], WORDS)


def test_two_who_change_one_entry_at_once(lists: KeptLists) -> None:
    """The second is told; a batch of which one entry has changed takes effect nowhere."""
    kept = lists.add(ONE, "stolen", [MILD, replace(MILD, vrm="X1")], WORDS)
    stale = KeptLists.get(lists, ONE, kept[0].paper_id)
    lists.withdraw(TWO, [kept[0].paper_id], WORDS)
    with pytest.raises(NotAllowed, match="not in force"):
        lists.withdraw(ONE, [one.paper_id for one in kept], WORDS)
    assert stale.state == IN_FORCE
    assert _marks(lists) == {"X1"}
