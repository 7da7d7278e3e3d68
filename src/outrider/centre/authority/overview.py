"""How each unit stands, from the register and its journals."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from outrider.centre.authority.histories import Fork, forks
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.records import EnrolledUnit, JournalState, SeqRange
from outrider.wire.canonical import plain


@dataclass(frozen=True, slots=True)
class UnitLine:
    """One unit. gaps: numbers that it declared gone, by cause; set_aside: rows that do not open."""

    unit_id: str
    enrolled_at: datetime
    revoked_at: datetime | None
    revoked_why: str
    certificate_until: datetime | None
    journals: tuple[JournalState, ...]
    gaps: dict[str, int]
    set_aside: int = 0

    @property
    def present(self) -> int:
        """Rows that have come."""
        return sum(_size(journal.present) for journal in self.journals)

    @property
    def missing(self) -> int:
        """Rows that should have come, and nobody has said why not."""
        return sum(_size(journal.missing) for journal in self.journals)

    @property
    def chain_breaks(self) -> int:
        """Rows that do not follow on the row before."""
        return sum(len(journal.chain_breaks) for journal in self.journals)

    @property
    def forks(self) -> list[Fork]:
        """Where its card was put back, or goes on twice."""
        return forks(self.journals)

    @property
    def pictures_due(self) -> int:
        """Pictures that rows name and that have not come."""
        return sum(journal.pictures_due for journal in self.journals)

    def as_json(self) -> dict[str, Any]:
        """Return the unit as JSON values, each journal in full."""
        return {
            "unit": self.unit_id,
            "enrolled_at": self.enrolled_at.isoformat(),
            "revoked_at": _iso(self.revoked_at),
            "revoked_why": self.revoked_why,
            "certificate_until": _iso(self.certificate_until),
            "rows": self.present,
            "missing": self.missing,
            "gaps": self.gaps,
            "chain_breaks": self.chain_breaks,
            "pictures_due": self.pictures_due,
            "set_aside": self.set_aside,
            "card": [
                {
                    "kind": fork.kind,
                    "journal": str(fork.journal_id),
                    "after": fork.seq,
                    "at": _iso(fork.at),
                }
                for fork in self.forks
            ],
            "journals": [_journal_json(journal) for journal in self.journals],
        }


def overview(store: CentreStore) -> list[UnitLine]:
    """Return every unit, by name. Raises StoreError."""
    aside = store.set_aside_by_unit()
    return [_line(store, unit, aside.get(unit.unit_id, 0)) for unit in store.units()]


def _line(store: CentreStore, unit: EnrolledUnit, set_aside: int) -> UnitLine:
    journals = tuple(store.journals(unit.unit_id))
    gaps: Counter[str] = Counter()
    for journal in journals:
        for gap in journal.gaps:
            gaps[gap.cause] += gap.last_seq - gap.first_seq + 1
    good = [c for c in store.certificates(unit.unit_id) if c.revoked_at is None]
    until = max((certificate.not_after for certificate in good), default=None)
    return UnitLine(
        unit.unit_id,
        unit.enrolled_at,
        unit.revoked_at,
        unit.revoked_why,
        until,
        journals,
        dict(gaps),
        set_aside,
    )


def _journal_json(journal: JournalState) -> dict[str, Any]:
    return {
        "journal": str(journal.journal_id),
        "epoch": str(journal.epoch.epoch_id),
        "present": plain(journal.present),
        "missing": plain(journal.missing),
        "gaps": [
            {"first": g.first_seq, "last": g.last_seq, "cause": g.cause} for g in journal.gaps
        ],
        "chain_breaks": list(journal.chain_breaks),
        "pictures_due": journal.pictures_due,
        "last_upload_at": journal.last_upload_at.isoformat(),
        "last_skew_s": journal.last_skew_s,
        "last_clock_quality": journal.last_clock_quality,
    }


def _size(ranges: Iterable[SeqRange]) -> int:
    return sum(span.last - span.first + 1 for span in ranges)


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
