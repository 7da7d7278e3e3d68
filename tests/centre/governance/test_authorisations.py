"""Older reads: asked by one, given by another of higher rank, in a case, for a time."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from outrider.centre.access.people import Person, Rank, Role
from outrider.centre.access.purpose import PurposeCode, PurposeFault, checked_purpose
from outrider.centre.access.scope import Action
from outrider.centre.access.why_not import Denied
from outrider.centre.governance.authorisations import MOST_WAITING
from outrider.centre.governance.break_glass import LASTS
from outrider.centre.governance.desk import Desk
from outrider.centre.governance.papers import NotAllowed
from outrider.centre.search.record import Stage, read_back
from outrider.centre.store import open_store
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.columns import from_us
from outrider.centre.store.records import ConflictError
from outrider.clock import RecordedClock
from tests.centre.access import makers
from tests.centre.access.makers import CASE, DAY_US, NOW, NOW_US, POLICY
from tests.centre.store.conftest import cluster, shared_database, url

__all__ = ["cluster", "shared_database", "url"]
FROM_US = NOW_US - 300 * DAY_US
DAY_NS = 86_400 * 10**9


@dataclass
class Place:
    store: CentreStore
    clock: RecordedClock
    desk: Desk


@pytest.fixture
def place(url: str) -> Iterator[Place]:
    clock = makers.clock()
    store = open_store(url, clock)
    decider = makers.decider()
    decider._clock = clock
    yield Place(store, clock, Desk(store, clock, decider))
    store.close()


def who(name: str, *roles: Role, rank: Rank = Rank.CONSTABLE, team: str = "cid-1") -> Person:
    return Person(name, "northshire", frozenset(roles), rank, team, POLICY)


ANALYST = who("dc-1234", Role.ANALYST)
SUPT = who("supt-1", Role.SENIOR_OFFICER, rank=Rank.SUPERINTENDENT)
PURPOSE = makers.purpose()


def ask(place: Place, person: Person = ANALYST, marks: tuple[str, ...] = ("AB12 CDE",)) -> str:
    asked = place.desk.authorisations.ask(person, PURPOSE, FROM_US, timedelta(hours=24), marks)
    return asked.paper_id


def test_asked_given_used_and_over(place: Place) -> None:
    """From the request to the last instant in which it may be used."""
    name = ask(place)
    with pytest.raises(Denied, match="has been given"):
        place.desk.decide(ANALYST, Action.SEARCH, PURPOSE, authorisation=name)
    assert [kept.paper_id for kept in place.desk.authorisations.inbox(SUPT)] == [name]
    place.desk.authorisations.give(SUPT, name, "needed and proportionate here")
    assert place.desk.authorisations.inbox(SUPT) == []
    scope = place.desk.decide(
        ANALYST, Action.SEARCH, PURPOSE, since=from_us(FROM_US), authorisation=name
    )
    assert scope.bounds.marks == frozenset({"AB12CDE"})
    assert scope.bounds.not_before_us == FROM_US
    assert scope.authorisation_id == name
    place.clock.advance_to(DAY_NS)
    with pytest.raises(Denied, match="time is over"):
        place.desk.decide(ANALYST, Action.SEARCH, PURPOSE, authorisation=name)


def test_it_serves_nobody_else_and_no_other_case(place: Place) -> None:
    """It is its asker's, in its case."""
    name = ask(place)
    place.desk.authorisations.give(SUPT, name, "needed and proportionate here")
    other, other_case = replace(ANALYST, person_id="dc-9"), replace(PURPOSE, case="CR/46/26")
    with pytest.raises(Denied, match="somebody else"):
        place.desk.decide(other, Action.SEARCH, PURPOSE, authorisation=name)
    with pytest.raises(Denied, match="another case"):
        place.desk.decide(ANALYST, Action.SEARCH, other_case, authorisation=name)


@pytest.mark.parametrize(
    ("decider", "why"),
    [
        (replace(SUPT, person_id="dc-1234"), "himself"),
        (who("insp-1", Role.SENIOR_OFFICER, rank=Rank.INSPECTOR), "superintendent"),
        (who("supt-2", Role.ANALYST, rank=Rank.SUPERINTENDENT), "senior officer"),
        (replace(SUPT, person_id="supt-3", force="southshire"), "of the force that asked"),
    ],
)
def test_who_may_not_give_it(place: Place, decider: Person, why: str) -> None:
    """Not oneself, not without the rank, not without the role, not from another force."""
    name = ask(place)
    for decide in (place.desk.authorisations.give, place.desk.authorisations.refuse):
        with pytest.raises(NotAllowed, match=why):
            decide(decider, name, "needed and proportionate here")


def test_a_superintendent_does_not_decide_for_one_of_equal_rank(place: Place) -> None:
    """Whoever gives it is of higher rank than whoever asks."""
    name = ask(place, replace(ANALYST, rank=Rank.SUPERINTENDENT))
    with pytest.raises(NotAllowed, match="higher rank"):
        place.desk.authorisations.give(SUPT, name, "needed and proportionate here")


def test_nobody_decides_in_a_case_of_his_own(place: Place) -> None:
    """Whoever has searched in a case has a part in it."""
    name = ask(place)
    place.desk.decide(SUPT, Action.SEARCH, PURPOSE)
    assert place.desk.authorisations.inbox(SUPT) == []
    with pytest.raises(NotAllowed, match="case of his own"):
        place.desk.authorisations.give(SUPT, name, "needed and proportionate here")


def test_taken_back_it_serves_no_more(place: Place) -> None:
    """Revoked by whoever could have given it."""
    name = ask(place)
    place.desk.authorisations.give(SUPT, name, "needed and proportionate here")
    with pytest.raises(NotAllowed):
        place.desk.authorisations.revoke(ANALYST, name, "no longer")
    place.desk.authorisations.revoke(SUPT, name, "the suspect was found")
    with pytest.raises(Denied, match="taken back"):
        place.desk.decide(ANALYST, Action.SEARCH, PURPOSE, authorisation=name)


def test_two_who_decide_at_once_do_not_both(place: Place) -> None:
    """The second is told that the first has decided."""
    name = ask(place)
    kept = place.desk.authorisations._to_decide(SUPT, name, "three words here")
    place.desk.authorisations.refuse(SUPT, name, "not needed for this")
    with pytest.raises(ConflictError):
        place.desk.authorisations._papers.change(kept, kept.content, state="given", by="supt-1")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"marks": ()}, "either marks or an area"),
        ({"area": makers.AREA}, "either marks or an area"),
        ({"marks": ("!",)}, "one of them is none"),
        ({"lasts": timedelta(days=29)}, "28 days"),
        ({"purpose": makers.purpose(PurposeCode.VOLUME)}, "serious"),
        ({"person": who("aud", Role.AUDITOR)}, "only investigators"),
        ({"reads_from_us": -62_135_647_200_000_000}, "from 1970 to today"),
        ({"reads_from_us": NOW_US + 1_000_000}, "from 1970 to today"),
    ],
)
def test_what_cannot_be_asked_for(place: Place, changes: dict[str, object], why: str) -> None:
    """No mark and no area, both, too long, for a purpose that no rule knows."""
    asked: dict[str, object] = {
        "person": ANALYST, "purpose": PURPOSE, "reads_from_us": FROM_US,
        "lasts": timedelta(hours=24), "marks": ("AB12CDE",),
    }  # fmt: skip
    with pytest.raises((NotAllowed, ValueError), match=why):
        place.desk.authorisations.ask(**(asked | changes))  # type: ignore[arg-type]


def test_nobody_fills_the_inbox_of_those_who_decide(place: Place) -> None:
    """Twenty wait of one person; another's is taken all the same."""
    for _ in range(MOST_WAITING):
        name = ask(place)
    with pytest.raises(NotAllowed, match="have those decided first"):
        ask(place)
    ask(place, who("dc-99", Role.INVESTIGATOR))
    place.desk.authorisations.refuse(SUPT, name, "not needed for this")
    ask(place)


def test_glass_is_broken_and_reviewed(place: Place) -> None:
    """For two hours, for its own person and case; reviewed by a supervisor of another team."""
    purpose = makers.purpose(PurposeCode.LIFE_AT_RISK)
    name = place.desk.glass.break_it(ANALYST, purpose).paper_id
    scope = place.desk.decide(
        ANALYST, Action.SEARCH, purpose, since=from_us(FROM_US), break_glass=name
    )
    assert scope.break_glass_id == name
    own = who("sgt-1", Role.SUPERVISOR, rank=Rank.SERGEANT)
    with pytest.raises(NotAllowed, match="another team"):
        place.desk.glass.review(own, name, True, "a child was missing")
    place.clock.advance_to(round(LASTS.total_seconds() * 10**9))
    with pytest.raises(Denied, match="over"):
        place.desk.decide(ANALYST, Action.SEARCH, purpose, break_glass=name)
    other = replace(own, team="ops-2")
    place.desk.glass.review(other, name, True, "a child was missing")
    assert place.desk.glass.to_review() == []


def test_whoever_owes_a_review_breaks_no_more_glass(place: Place) -> None:
    """An overdue review bars the next time."""
    purpose = makers.purpose(PurposeCode.LIFE_AT_RISK)
    place.desk.glass.break_it(ANALYST, purpose)
    place.clock.advance_to(4 * DAY_NS)
    with pytest.raises(NotAllowed, match="overdue"):
        place.desk.glass.break_it(ANALYST, purpose)


def test_denials_are_in_the_trail(place: Place) -> None:
    """With who, why and the code; and no mark."""
    with pytest.raises(Denied):
        place.desk.decide(ANALYST, Action.SEARCH, PURPOSE, since=NOW - timedelta(days=91))
    found = [read for row in place.store.audit() if (read := read_back(row.event))]
    assert [(one.stage, one.outcome) for one in found] == [(Stage.DENIED, {"code": "too-old"})]


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        (("serious", "CR/45/26", "trace the car that left", "because"), "authority"),
        (("because", "CR/45/26", "trace the car that left", ""), "purpose"),
        (("serious", "x", "trace the car that left", ""), "case"),
        (("serious", "CR/45/26", "test test test test", ""), "different words"),
        (("serious", "CR/45/26", "why", ""), "words"),
        (("serious", "CR/45/26", "trace the\x00 car that left", ""), "control"),
    ],
)
def test_a_purpose_is_typed_and_checked(typed: tuple[str, str, str, str], fault: str) -> None:
    """Code and authority are choices; the case has a form; words say something."""
    with pytest.raises(PurposeFault, match=fault):
        checked_purpose(*typed)
    assert checked_purpose("serious", " cr/45/26 ", makers.WORDS).case == CASE
