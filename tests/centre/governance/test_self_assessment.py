"""The twelve principles: each check as a table, well and not well by the centre's own facts."""

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from outrider.centre.access.people import Person, Rank, Role
from outrider.centre.governance.acceptance import Acceptance
from outrider.centre.governance.code_of_practice import (
    Checked,
    SelfAssessments,
    principles,
)
from outrider.centre.governance.hit_ends import HitEnds
from outrider.centre.governance.papers import NotAllowed
from outrider.centre.governance.register import Entry, Need, Register
from outrider.centre.governance.reviews import Completion
from outrider.centre.governance.self_checks import CHECKS, run_checks
from outrider.centre.governance.self_facts import Given, facts_of, trail_facts
from outrider.centre.search.record import SCHEMA
from outrider.centre.store import open_store
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.filed import Camera, FiledAnswer, FiledHit
from outrider.clock import RecordedClock
from outrider.wire.audit import AuditKind, new_event
from outrider.wire.signing import SigningIdentity
from tests.centre.access.makers import DAY_US, NOW, NOW_US
from tests.centre.store.sightings import sighting

OPERATOR = Person("adm-1", "northshire", frozenset({Role.ADMINISTRATOR}), Rank.STAFF, "systems")
OFFICER = replace(OPERATOR, person_id="dc-1", roles=frozenset({Role.INVESTIGATOR}))
ENTRY = Entry(
    "unit-1", "fixed", "northshire", {Need.SERIOUS.value: "stolen cars leave here"}, "DPIA 7",
    "the council agreed to it", "2027-06-01",
)  # fmt: skip


class Centre:
    """A store, and what is given to the checks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = RecordedClock(NOW_US * 1000)
        self.store: CentreStore = open_store(f"sqlite:{folder / 'store'}", self.clock)
        self.given = Given(
            self.store, self.clock, 12, "write to us", "<p>all about it</p>", "1", [], 0, [], [],
            None,
        )  # fmt: skip

    def found(self, check: str, kind: str = "fixed") -> Checked:
        trail = trail_facts(self.given, lambda text: None)
        return Checked(check, *CHECKS[check](facts_of(self.given, kind, trail)))

    def change(self, **changes: object) -> None:
        self.given = replace(self.given, **changes)  # type: ignore[arg-type]

    def enter(self, **changes: object) -> None:
        entry = replace(ENTRY, **changes)  # type: ignore[arg-type]
        Register(self.store, self.clock).put(OPERATOR, entry)

    def pass_days(self, days: float) -> None:
        self.clock.advance_to(round(days * DAY_US * 1000))

    def hit(self, days: float, answer: str = "") -> str:
        at_us = NOW_US - round(days * DAY_US)
        camera = Camera("unit-1", "front", False, "northshire")
        read = sighting(round(days * 10), at_us, camera=camera)
        name = uuid.uuid4()
        hit = FiledHit(
            round(days * 10) + 1, name.bytes, read, "AB12CDE", "x", "stop", "exact", False
        )
        self.store.file([read, hit])
        if answer:
            self.store.file([FiledAnswer(round(days * 10) + 2, name.bytes, at_us, answer, "")])
        return str(name)

    def end(self, hit: str, end: str, fault: str = "") -> None:
        ends = HitEnds(self.store, self.clock)
        ends.take(OFFICER, hit, "x", "AB12CDE")
        ends.close(OFFICER, hit, end, "stopped by the bridge", fault)

    def repository(self, days: float) -> None:
        until = (NOW + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
        path = self.folder / "lists" / "metadata" / "timestamp.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"signed": {"expires": until}}))
        self.change(repository=self.folder / "lists")


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    made = Centre(tmp_path)
    yield made
    made.store.close()


def _enrol(centre: Centre) -> None:
    centre.store.add_ticket("unit-2", bytes(32), NOW + timedelta(days=1))
    centre.store.enrol("unit-2", bytes(32), SigningIdentity.generate().public, bytes(32), NOW)


def _accept(centre: Centre) -> None:
    Acceptance(centre.store, centre.clock, "1").accept("dc-1", "1")


def _searches(centre: Centre, decision: str) -> None:
    subject = {
        "schema": SCHEMA, "stage": "answered", "decision": decision, "force": "n", "team": "t",
        "action": "search", "purpose": "serious", "authority": "x", "case": "C", "words": "w",
        "authorisation": "", "break_glass": "", "facts": {}, "outcome": {},
    }  # fmt: skip
    at = centre.clock.stamp(centre.clock.mono_ns())
    event = new_event(AuditKind.CONSULTATION, at, "dc-1", json.dumps(subject), "why")
    centre.store.append_audit([event])


def _disclose(centre: Centre) -> None:
    at = centre.clock.stamp(centre.clock.mono_ns())
    centre.store.append_audit([new_event(AuditKind.DISCLOSURE, at, "a", "b", "why", "CPS")])


def _erase(centre: Centre, days: float) -> None:
    at = centre.clock.stamp(centre.clock.mono_ns())
    centre.store.append_audit([new_event(AuditKind.ERASURE, at, "centre", "1 row")])
    centre.hit(360)
    centre.pass_days(days)


def _wrong(centre: Centre, days: float) -> None:
    centre.end(centre.hit(1), "wrong entry", "sold")
    centre.pass_days(days)


def _hits(centre: Centre, ended: int) -> None:
    centre.enter()
    for number in range(3):
        name = centre.hit(20 + number)
        if number < ended:
            centre.end(name, "stopped")


def _answered(centre: Centre, wrong: int, count: int = 20) -> None:
    centre.enter()
    for number in range(count):
        centre.hit(20 + number, "misread" if number < wrong else "correct")


def _later(centre: Centre, days: float) -> None:
    centre.enter()
    centre.pass_days(days)


def _told(centre: Centre) -> None:
    _enrol(centre)
    centre.change(public_page="<p>unit-2 stands by the bridge</p>")


Doing = Callable[[Centre], object]
CASES: list[tuple[str, str, Doing, bool | None]] = [
    ("needs entered", "nothing there", lambda c: None, None),
    ("needs entered", "each is entered", lambda c: c.enter(), True),
    ("needs entered", "a unit that was never entered", _enrol, False),
    ("needs entered", "of the other kind", lambda c: c.enter(kind="mobile"), None),
    ("reviews in time", "in time", lambda c: c.enter(), True),
    ("reviews in time", "overdue", lambda c: _later(c, 300), False),
    ("impact assessments", "of this year", lambda c: c.enter(), True),
    ("impact assessments", "of before", lambda c: _later(c, 367), False),
    ("public page", "there", lambda c: None, True),
    ("public page", "not there", lambda c: c.change(public_page=""), False),
    ("public page", "names a unit", _told, False),
    ("contact published", "there", lambda c: None, True),
    ("contact published", "not there", lambda c: c.change(contact=""), False),
    ("owners named", "by whoever entered it", lambda c: c.enter(), True),
    ("requests in time", "none late", lambda c: None, True),
    ("requests in time", "one late", lambda c: c.change(requests_overdue=1), False),
    ("rules of use accepted", "by nobody", lambda c: None, None),
    ("rules of use accepted", "by somebody", _accept, True),
    ("nothing kept too long", "nothing old", lambda c: c.hit(300), True),
    ("nothing kept too long", "something old", lambda c: c.hit(400), False),
    ("erasure runs", "nothing was due", lambda c: None, None),
    ("erasure runs", "something was", lambda c: c.hit(400), False),
    ("erasure runs", "last night", lambda c: _erase(c, 1), True),
    ("erasure runs", "a week ago, and something is due", lambda c: _erase(c, 15), False),
    ("searches have decisions", "no search", lambda c: None, None),
    ("searches have decisions", "each", lambda c: _searches(c, "d-1"), True),
    ("searches have decisions", "one without", lambda c: _searches(c, ""), False),
    ("disclosures have recipients", "none yet", lambda c: None, None),
    ("disclosures have recipients", "one", _disclose, True),
    ("clocks right", "nothing sent", lambda c: c.enter(), None),
    ("certificates hold", "none", lambda c: c.enter(), None),
    ("audit trail sound", "no row", lambda c: None, None),
    ("audit trail sound", "rows", _disclose, True),
    ("searches reviewed", "no review", lambda c: None, None),
    (
        "searches reviewed",
        "none late",
        lambda c: c.change(reviews=[Completion("t", 1, 2, 0)]),
        True,
    ),
    (
        "searches reviewed",
        "one late",
        lambda c: c.change(reviews=[Completion("t", 1, 2, 1)]),
        False,
    ),
    ("audit witnessed outside", "by nobody", lambda c: None, False),
    ("misreads few", "no answer", lambda c: c.enter(), None),
    ("misreads few", "too few answers", lambda c: _answered(c, 0, 4), None),
    ("misreads few", "few", lambda c: _answered(c, 0), True),
    ("misreads few", "many", lambda c: _answered(c, 5), False),
    ("hits have ends", "no hit", lambda c: c.enter(), None),
    ("hits have ends", "all", lambda c: _hits(c, 3), True),
    ("hits have ends", "some", lambda c: _hits(c, 1), False),
    ("wrong entries settled", "none", lambda c: None, True),
    ("wrong entries settled", "one of today", lambda c: _wrong(c, 1), True),
    ("wrong entries settled", "one that waits", lambda c: _wrong(c, 8), False),
    ("lists fresh", "no repository", lambda c: None, None),
    ("lists fresh", "in its time", lambda c: c.repository(1), True),
    ("lists fresh", "stale", lambda c: c.repository(-1), False),
    ("lists fresh", "unreadable", lambda c: c.change(repository=c.folder), False),
]


@pytest.mark.parametrize(
    ("check", "doing", "good"),
    [(check, doing, good) for check, _, doing, good in CASES],
    ids=[f"{check}: {words}" for check, words, _, _ in CASES],
)
def test_a_check_measures_what_it_says(
    centre: Centre, check: str, doing: Doing, good: bool | None
) -> None:
    """Well, not well, or nothing to measure."""
    doing(centre)
    found = centre.found(check)
    assert found.good is good, found.words
    assert found.words


def test_every_principle_has_checks_that_are_there(centre: Centre) -> None:
    """Twelve in their order; each check is run, and each is in the table above."""
    assert [one.number for one in principles()] == list(range(1, 13))
    named = {name for one in principles() for name in one.checks}
    assert named == set(CHECKS) == {check for check, _, _, _ in CASES}
    trail = trail_facts(centre.given, lambda text: None)
    done = run_checks(facts_of(centre.given, "mobile", trail))
    kept = SelfAssessments(centre.store, centre.clock)
    kept.keep("adm-1", "mobile", done)
    last = kept.last("mobile")
    assert last is not None
    assert (last.by, last.on, set(last.checks)) == ("adm-1", "2026-11-21", set(done))
    assert kept.last("fixed") is None
    with pytest.raises(ValueError, match="every check"):
        kept.keep("adm-1", "mobile", done[1:])


def test_what_cannot_be_measured_is_answered_by_name_for_a_year(centre: Centre) -> None:
    """By the operator or an auditor; again after a year; nobody else, and not without words."""
    kept = SelfAssessments(centre.store, centre.clock)
    kept.answer(OPERATOR, "fixed", "training", "partly", "two of three were trained")
    given = kept.answers("fixed")["training"]
    assert (given.answer, given.by, given.on) == ("partly", "adm-1", "2026-11-21")
    assert not given.stale(kept.today())
    centre.pass_days(367)
    assert given.stale(kept.today())
    kept.answer(OPERATOR, "fixed", "training", "yes", "all were trained since")
    assert kept.answers("fixed")["training"].answer == "yes"
    assert kept.answers("mobile") == {}
    with pytest.raises(NotAllowed):
        kept.answer(OFFICER, "fixed", "training", "yes", "all were trained since")
    for kind, question, answer, words in (
        ("flying", "training", "yes", "all were trained since"),
        ("fixed", "whatever", "yes", "all were trained since"),
        ("fixed", "training", "perhaps", "all were trained since"),
        ("fixed", "training", "yes", "yes"),
    ):
        with pytest.raises(ValueError, match=r"question|answer"):
            kept.answer(OPERATOR, kind, question, answer, words)
