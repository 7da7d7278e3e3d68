"""What the centre knows of itself, gathered once for all checks of a self-assessment."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from outrider.centre.authority.overview import UnitLine, overview
from outrider.centre.checkpoints.keeping import Known as KnownCheckpoint
from outrider.centre.checkpoints.verify import Verdict, rows_after, verify
from outrider.centre.governance.figures import answers_by_unit
from outrider.centre.governance.papers import Kept
from outrider.centre.governance.register import Entry, Register
from outrider.centre.governance.reviews import Completion
from outrider.centre.search.record import Stage, read_back
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.columns import from_us
from outrider.centre.store.records import AuditRow
from outrider.clock import Clock
from outrider.wire.audit import AuditKind

_SAID_EVERY = 20_000


@dataclass(frozen=True, slots=True)
class Given:
    """What the checks stand on beside the store. public_page: as everybody is shown it.

    outside: checkpoints that others kept; repository: of signed lists, if the centre has one.
    """

    store: CentreStore
    clock: Clock
    months: int
    contact: str
    public_page: str
    rules_of_use: str
    reviews: Sequence[Completion]
    requests_overdue: int
    checkpoints: Sequence[KnownCheckpoint]
    outside: Sequence[KnownCheckpoint]
    repository: Path | None

    @property
    def now(self) -> datetime:
        """The time of day, UTC."""
        return self.clock.stamp(self.clock.mono_ns()).utc


@dataclass
class TrailFacts:
    """What one pass over the trail found."""

    verdict: Verdict | None = None
    rows: int = 0
    answered: int = 0
    undecided: int = 0
    disclosures: int = 0
    last_erasure: datetime | None = None

    def note(self, row: AuditRow) -> None:
        """Count a row."""
        self.rows += 1
        event = row.event
        self.disclosures += event.kind is AuditKind.DISCLOSURE
        if event.kind is AuditKind.ERASURE:
            self.last_erasure = event.at.utc
        found = read_back(event)
        if found is not None and found.stage is Stage.ANSWERED:
            self.answered += 1
            self.undecided += not found.decision_id


@dataclass(frozen=True)
class Facts:
    """All that the checks of one kind of unit look at. units: of the kind, with entries."""

    given: Given
    kind: str
    trail: TrailFacts
    units: dict[str, Kept[Entry] | None]
    lines: dict[str, UnitLine]
    answers: dict[str, tuple[int, int]] = field(default_factory=dict)


def trail_facts(given: Given, say: Callable[[str], None]) -> TrailFacts:
    """Go once over the whole trail: counted, and verified against all checkpoints."""
    found = TrailFacts()

    def told() -> Iterator[AuditRow]:
        for row in rows_after(given.store, 0):
            found.note(row)
            if found.rows % _SAID_EVERY == 0:
                say(f"{found.rows:,} rows of the trail checked")
            yield row

    known = [one.checkpoint for one in (*given.outside, *given.checkpoints)]
    found.verdict = verify(told(), known, 0)
    return found


def facts_of(given: Given, kind: str, trail: TrailFacts) -> Facts:
    """Gather the facts of fixed or of mobile units; one that is not entered counts as both."""
    entries = Register(given.store, given.clock).all()
    lines = {line.unit_id: line for line in overview(given.store) if line.revoked_at is None}
    units: dict[str, Kept[Entry] | None] = {}
    for name in sorted(lines.keys() | entries.keys()):
        kept = entries.get(name)
        if kept is None or kept.content.kind == kind:
            units[name] = kept
    return Facts(given, kind, trail, units, lines, answers_by_unit(given.store, given.now))


def timestamp_until(repository: Path) -> datetime | None:
    """Return until when units may take the lists for the newest; None: it cannot be read."""
    try:
        text = (repository / "metadata" / "timestamp.json").read_text("utf-8")
        found: Any = json.loads(text)
        return datetime.fromisoformat(found["signed"]["expires"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def reviewed_at(kept: Kept[Entry]) -> datetime:
    """Return when a unit's entry was last reviewed."""
    return from_us(kept.paper.at_us)
