"""People's requests: their clocks as a table, and who may do which step."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from outrider.centre.access.people import Person, Rank, Role
from outrider.centre.governance.papers import NotAllowed
from outrider.centre.governance.rights import RightsCases
from outrider.centre.governance.rights_case import CLOSED, DECIDED, OPEN, Vehicle
from outrider.centre.governance.rights_clock import (
    STATUTORY,
    Limits,
    Pause,
    Standing,
    due_on,
    standing,
)
from outrider.centre.governance.rights_letter import Collected, Letters, OwnRead, letter_text
from outrider.centre.governance.rights_rules import rules
from outrider.centre.store.centre_store import CentreStore
from outrider.clock import RecordedClock
from tests.centre.access.makers import DAY_US

D = date.fromisoformat
TODAY = D("2026-11-21")
WEEK = (Pause("2026-11-04", "2026-11-11"),)
STILL = (Pause("2026-11-11"),)

# received, pauses, complaint, extended, limits: the day on which it is due
DUE: dict[str, tuple[str, tuple[Pause, ...], bool, bool, Limits, str]] = {
    "a month": ("2026-11-03", (), False, False, STATUTORY, "2026-12-03"),
    "a month that is shorter": ("2026-01-31", (), False, False, STATUTORY, "2026-02-28"),
    "a month of a leap year": ("2028-01-31", (), False, False, STATUTORY, "2028-02-29"),
    "over the year's end": ("2026-12-15", (), False, False, STATUTORY, "2027-01-15"),
    "extended by two": ("2026-11-03", (), False, True, STATUTORY, "2027-02-03"),
    "a week's pause": ("2026-11-03", WEEK, False, False, STATUTORY, "2026-12-10"),
    "a pause that goes on": ("2026-11-03", STILL, False, False, STATUTORY, "2026-12-13"),
    "two pauses": (
        "2026-11-01", (Pause("2026-11-02", "2026-11-04"), *WEEK), False, False, STATUTORY,
        "2026-12-10",
    ),
    "a pause of no day": (
        "2026-11-03", (Pause("2026-11-04", "2026-11-04"),), False, False, STATUTORY, "2026-12-03",
    ),
    "a complaint": ("2026-11-03", (), True, False, STATUTORY, "2026-12-03"),
    "a complaint that takes longer": ("2026-11-03", (), True, True, STATUTORY, "2027-02-03"),
    "another limit": ("2026-11-03", (), False, False, Limits(2, 1, 10), "2027-01-03"),
    "another limit for complaints": ("2026-11-03", (), True, False, Limits(2, 1, 10), "2026-11-13"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("received", "pauses", "complaint", "extended", "limits", "due"), DUE.values(), ids=DUE
)
def test_a_request_is_due_by_its_clock(
    received: str, pauses: tuple[Pause, ...], complaint: bool, extended: bool, limits: Limits,
    due: str,
) -> None:  # fmt: skip
    """Calendar months, two more with reasons, and not the days on which an identity is awaited."""
    found = due_on(
        D(received), pauses, complaint=complaint, extended=extended, limits=limits, today=TODAY
    )
    assert found == D(due)


@pytest.mark.parametrize(
    ("due", "pauses", "expected"),
    [
        ("2026-11-29", (), Standing.IN_TIME),
        ("2026-11-28", (), Standing.SOON),
        ("2026-11-21", WEEK, Standing.SOON),
        ("2026-11-20", (), Standing.OVERDUE),
        ("2026-11-20", STILL, Standing.STANDS_STILL),
    ],
)
def test_how_a_request_stands(due: str, pauses: tuple[Pause, ...], expected: Standing) -> None:
    """Overdue from the day after; soon within a week; still while it is awaited."""
    assert standing(D(due), pauses, TODAY) is expected


ONE = Person("dpo-1", "northshire", frozenset({Role.INFORMATION_RIGHTS}), Rank.STAFF, "rights")
TWO = replace(ONE, person_id="dpo-2")
OWN = Vehicle("AB12 CDE", "2025-03-01", "2026-11-03")
WORDS = "what do you keep of my car"


@pytest.fixture
def cases(store: CentreStore, clock: RecordedClock) -> RightsCases:
    return RightsCases(store, clock, STATUTORY)


def _received(cases: RightsCases) -> str:
    return cases.receive(
        ONE, "subject access", "2026-11-03", "A. Keeper", "1 High Street", WORDS, [OWN]
    ).paper_id


def test_a_request_goes_from_receipt_to_its_letter(cases: RightsCases, store: CentreStore) -> None:
    """Each step by who may do it, in its order; each in the trail, and nobody is named."""
    name = _received(cases)
    with pytest.raises(NotAllowed, match="take it first"):
        cases.decide(ONE, name, "answered", "", "looked it all up")
    cases.take(ONE, name)
    with pytest.raises(NotAllowed, match="identity is not checked"):
        cases.decide(ONE, name, "answered", "", "looked it all up")
    assert cases.grounds(name) is None
    with pytest.raises(NotAllowed, match="does not check"):
        cases.check_identity(ONE, name, "her passport and the logbook")
    cases.check_identity(TWO, name, "her passport and the logbook")
    with pytest.raises(NotAllowed, match="does not answer"):
        cases.take(TWO, name)
    given = cases.grounds(name)
    assert given is not None
    assert (given.asked_by, given.given_by, given.marks) == (
        "dpo-1",
        "dpo-2",
        frozenset({"AB12CDE"}),
    )
    for outcome, told, reasons, fault in (
        ("perhaps", "", "looked it all up", "outcome"),
        ("refused", "", "looked it all up", "why not all is done"),
        ("answered", "", "ok", "for the file"),
    ):
        with pytest.raises(ValueError, match=fault):
            cases.decide(ONE, name, outcome, told, reasons)
    assert cases.decide(ONE, name, "answered", "", "looked it all up").state == DECIDED
    assert cases.send(ONE, name, "by post to the address").state == CLOSED
    assert cases.all(ONE) == []
    assert [kept.paper_id for kept in cases.all(ONE, closed=True)] == [name]
    told_of = [row.event for row in store.audit(0, 100)]
    assert [event.justification for event in told_of] == [
        "subject access: received", "taken", "identity checked", "decided: answered", "sent",
    ]  # fmt: skip
    for event in told_of:
        for word in ("Keeper", "High Street", "AB12", WORDS):
            assert word not in f"{event.subject} {event.justification}"


def test_the_clock_stands_still_while_an_identity_is_awaited(
    cases: RightsCases, clock: RecordedClock
) -> None:
    """And runs again from when it came."""
    name = _received(cases)
    due = cases.due(cases.get(ONE, name).content)
    cases.ask_identity(ONE, name)
    clock.advance_to(60 * DAY_US * 1000)
    case = cases.get(ONE, name).content
    assert cases.standing(case) is Standing.STANDS_STILL
    assert (cases.due(case) - due).days == 60
    with pytest.raises(NotAllowed, match="asked for already"):
        cases.ask_identity(ONE, name)
    cases.check_identity(TWO, name, "her passport and the logbook")
    clock.advance_to(100 * DAY_US * 1000)
    case = cases.get(ONE, name).content
    assert (cases.due(case) - due).days == 60
    assert cases.standing(case) is Standing.OVERDUE
    assert cases.overdue() == 1
    cases.take(ONE, name)
    with pytest.raises(NotAllowed, match="its time is over"):
        cases.extend(ONE, name, "the reads are very many")


def test_more_time_is_taken_once_with_reasons(cases: RightsCases) -> None:
    """Two months; not by somebody else, not twice, not without words."""
    name = _received(cases)
    with pytest.raises(NotAllowed, match="take it first"):
        cases.extend(ONE, name, "the reads are very many")
    cases.take(ONE, name)
    with pytest.raises(ValueError, match="why the request takes longer"):
        cases.extend(ONE, name, "busy")
    cases.extend(ONE, name, "the reads are very many")
    assert cases.due(cases.get(ONE, name).content) == D("2027-02-03")
    with pytest.raises(NotAllowed, match="already"):
        cases.extend(ONE, name, "the reads are very many")


def test_another_force_and_another_role_see_no_request(cases: RightsCases) -> None:
    """Not one of them, and nothing of one."""
    name = _received(cases)
    assert cases.all(replace(ONE, force="eastshire")) == []
    with pytest.raises(NotAllowed):
        cases.get(replace(ONE, force="eastshire"), name)
    with pytest.raises(NotAllowed, match="information rights"):
        cases.get(replace(ONE, roles=frozenset({Role.ANALYST})), name)


def test_one_that_is_taken_back_is_closed(cases: RightsCases) -> None:
    """With when and how; and it opens no read any more."""
    name = _received(cases)
    cases.check_identity(TWO, name, "her passport and the logbook")
    assert cases.get(ONE, name).state == OPEN
    cases.withdraw(ONE, name, "by telephone on Monday")
    given = cases.grounds(name)
    assert given is not None
    assert given.revoked


FAULTS: dict[str, tuple[dict[str, object], str]] = {
    "another kind": ({"kind": "wish"}, "kind: one of"),
    "no name": ({"name": ""}, "person"),
    "no words": ({"words": "hello"}, "three words"),
    "a day that is to come": ({"received": "2026-11-22"}, "not after today"),
    "no day": ({"received": "soon"}, "received"),
    "no vehicle": ({"vehicles": []}, "vehicles"),
    "a vehicle of no time": ({"vehicles": [Vehicle("AB12CDE", "", "")]}, "the first day"),
    "a time that ends before it begins": (
        {"vehicles": [Vehicle("AB12CDE", "2026-02-01", "2026-01-01")]}, "the first day",
    ),
    "no mark": ({"vehicles": [Vehicle("?", "2026-01-01", "2026-02-01")]}, "mark is none"),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "told"), FAULTS.values(), ids=FAULTS)
def test_a_request_that_lacks_something_is_not_taken_in(
    cases: RightsCases, changes: dict[str, object], told: str
) -> None:
    """What it lacks is said."""
    given: dict[str, object] = {
        "kind": "subject access", "received": "2026-11-03", "name": "A", "contact": "1 High Street",
        "words": WORDS, "vehicles": [OWN],
    }  # fmt: skip
    with pytest.raises(ValueError, match=told):
        cases.receive(ONE, **(given | changes))  # type: ignore[arg-type]


def test_a_letter_says_its_law_its_rights_and_nothing_of_outside_as_markup(
    cases: RightsCases,
) -> None:
    """Every kind and outcome; a hostile name is text; a request's braces are no form."""
    for kind in rules().kind:
        kept = cases.receive(
            ONE, kind.name, "2026-11-03", "A\u202eB {x}", "1 High Street\nTown", "{y} {0} {months}",
            [OWN],
        )  # fmt: skip
        found = Collected((OwnRead("AB12CDE", datetime(2026, 7, 1, 12, tzinfo=UTC), "", "n"),), 2)
        for outcome in kind.outcomes:
            text = letter_text(kept.content, outcome, "because of that", found, TODAY, 12)
            assert f"section {kind.section}" in text
            assert "Information Commissioner" in text
            assert "{y} {0} {months}" in text
            assert "\u202e" not in text
            assert ("1 Jul 2026 13:00:00 BST" in text) is kind.reads
            assert ("2 reads may be of another vehicle" in text) is kind.reads


def test_a_long_letter_is_kept_whole(store: CentreStore, clock: RecordedClock) -> None:
    """In several papers; the same letter once; another beside it."""
    letters = Letters(store, clock)
    for text in ("é" * 50_000, "x\n" * 40_000):
        digest = letters.keep(ONE, "case-1", text)
        assert letters.keep(ONE, "case-1", text) == digest
        assert letters.get("case-1", digest) == text
    assert letters.get("case-2", digest) == ""
