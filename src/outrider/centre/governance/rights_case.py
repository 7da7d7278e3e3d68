"""A person's request as it is kept: who asks what of which vehicle, and what became of it."""

from dataclasses import dataclass
from datetime import date, timedelta

from outrider.centre.governance.rights_clock import Pause
from outrider.centre.governance.rights_rules import rules
from outrider.vrm import VrmError, normalise

OPEN, DECIDED, CLOSED = "open", "decided", "closed"
MOST_VEHICLES = 10
MOST_TEXT = 4_000
LEAST_WORDS = 3


@dataclass(frozen=True)
class Vehicle:
    """A mark, as typed, and the days (ISO, both included) on which the vehicle was the person's."""

    mark: str
    since: str
    until: str


@dataclass(frozen=True)
class RightsCase:
    """One request. Days are ISO. told: what the letter says; reasons: what only the file says."""

    reference: str
    kind: str
    force: str
    received: str
    name: str
    contact: str
    words: str
    vehicles: tuple[Vehicle, ...] = ()
    pauses: tuple[Pause, ...] = ()
    identity_by: str = ""
    identity_words: str = ""
    identity_us: int = 0
    assigned_to: str = ""
    extended_by: str = ""
    extended_words: str = ""
    outcome: str = ""
    told: str = ""
    reasons: str = ""
    decided_by: str = ""
    reads: int = 0
    letter_sha256: str = ""
    sent_on: str = ""
    sent_how: str = ""


def faults_of(case: RightsCase, today: date) -> list[str]:
    """Return all that keeps a request from being taken in."""
    found = []
    if case.kind not in {one.name for one in rules().kind}:
        found.append(f"kind: one of {', '.join(one.name for one in rules().kind)}")
    elif rules().of(case.kind).reads and not case.vehicles:
        found.append("vehicles: the mark, and since when it is the person's")
    if not case.name.strip() or not case.contact.strip():
        found.append("person: name, and where the answer goes")
    if len(case.words.split()) < LEAST_WORDS:
        found.append("request: what the person asks, in three words or more")
    if max(map(len, (case.name, case.contact, case.words))) > MOST_TEXT:
        found.append(f"at most {MOST_TEXT} characters each")
    received = _day(case.received)
    if received is None or not today - timedelta(days=3660) <= received <= today:
        found.append("received: a day, not after today, as in 2026-11-03")
    if len(case.vehicles) > MOST_VEHICLES:
        found.append(f"vehicles: at most {MOST_VEHICLES}")
    return found + [fault for one in case.vehicles for fault in _faults_of(one)]


def _faults_of(vehicle: Vehicle) -> list[str]:
    since, until = _day(vehicle.since), _day(vehicle.until)
    if since is None or until is None or until < since:
        return ["vehicles: a mark, the first day and the last, as in AB12CDE 2025-03-01 2026-11-03"]
    try:
        normalise(vehicle.mark)
    except VrmError:
        return ["vehicles: one mark is none"]
    return []


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
