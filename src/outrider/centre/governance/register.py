"""The register of units and fixed places: why each is needed, what was weighed, the next review.

The four factors of need are those by which forces are asked to justify where cameras stand.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from outrider.centre.access.people import Person, Role
from outrider.centre.governance.papers import Kept, NotAllowed, Papers
from outrider.centre.store.papers import PaperStore
from outrider.clock import Clock

LONGEST = timedelta(days=366)
_FOR_EVER_US = 2**62
_LEAST_WORDS = 3
_STATE = "registered"


class Need(StrEnum):
    """What a camera may be needed for."""

    NATIONAL_SECURITY = "national security and counter-terrorism"
    SERIOUS = "serious, organised and major crime"
    LOCAL = "local crime"
    CONFIDENCE = "community confidence and reassurance, crime prevention and reduction"


@dataclass(frozen=True)
class Entry:
    """One unit or place. needs: words for each factor that it rests on, by the factor's name.

    dpia: reference of the data protection impact assessment. consulted: who was asked, and what
    they said. next_review: a day (ISO). kind: fixed or mobile.
    """

    unit: str
    kind: str
    force: str
    needs: dict[str, str]
    dpia: str
    consulted: str
    next_review: str
    owner: str = ""

    def overdue(self, today: date) -> bool:
        """Whether its review should have been made."""
        return date.fromisoformat(self.next_review) < today


class Register:
    """All entries; each change stands in the trail."""

    def __init__(self, store: PaperStore, clock: Clock) -> None:
        self._papers = Papers(store, clock, "register", Entry)
        self._clock = clock

    def _today(self) -> date:
        return self._clock.stamp(self._clock.mono_ns()).utc.date()

    def all(self) -> dict[str, Kept[Entry]]:
        """Return the entries by unit."""
        return {kept.content.unit: kept for kept in self._papers.list(state=_STATE)}

    def overdue(self) -> frozenset[str]:
        """Return the units whose review is overdue."""
        today = self._today()
        return frozenset(name for name, kept in self.all().items() if kept.content.overdue(today))

    def put(self, person: Person, entry: Entry) -> Kept[Entry]:
        """Enter a unit, or write its review. Raises NotAllowed, ValueError, ConflictError."""
        if Role.ADMINISTRATOR not in person.roles:
            raise NotAllowed("the operator keeps the register")
        faults = list(_faults(entry, self._today()))
        if faults:
            raise ValueError("; ".join(faults))
        entry = replace(entry, owner=person.person_id)
        kept = self._papers.get(entry.unit)
        if kept is None:
            return self._papers.add(
                entry, holder=person.person_id, subject=entry.unit, state=_STATE,
                until_us=_FOR_EVER_US, by=person.person_id, paper_id=entry.unit,
            )  # fmt: skip
        return self._papers.change(kept, entry, state=_STATE, by=person.person_id, why="review")


def _faults(entry: Entry, today: date) -> list[str]:
    found = []
    if entry.kind not in ("fixed", "mobile"):
        found.append("kind: fixed or mobile")
    if not set(entry.needs) <= set(Need) or not any(
        len(words.split()) >= _LEAST_WORDS for words in entry.needs.values()
    ):
        found.append("need: one factor at least, in three words or more")
    if not entry.dpia.strip():
        found.append("impact assessment: its reference")
    if len(entry.consulted.split()) < _LEAST_WORDS:
        found.append("consultation: who was asked and what they said")
    try:
        due = date.fromisoformat(entry.next_review)
    except ValueError:
        return [*found, "next review: a day, as in 2027-03-01"]
    if not today <= due <= today + LONGEST:
        found.append("next review: within a year from today")
    return found
