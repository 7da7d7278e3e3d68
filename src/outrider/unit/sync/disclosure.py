"""The events of section 62 that a sync owes: what was disclosed to the centre, what was erased."""

from collections import Counter
from collections.abc import Callable
from contextlib import closing

from outrider.clock import Clock
from outrider.unit.journal.keeper import audit_entry
from outrider.unit.journal.queue import Entry
from outrider.unit.journal.store import Store
from outrider.unit.sync.session import Identity, Summary
from outrider.wire.audit import AuditKind


class Disclosures:
    """Adds up what sessions did, and leaves it in the journal; it goes with the next session."""

    def __init__(self, identity: Identity, clock: Clock, open_store: Callable[[], Store]) -> None:
        self._identity = identity
        self._clock = clock
        self._open_store = open_store
        self._owed: Counter[str] = Counter()

    def add(self, summary: Summary) -> None:
        """Take in what a session did."""
        self._owed.update(
            reads=summary.reads,
            hits=summary.hits,
            crew=summary.crew_entries,
            pictures=summary.pictures,
            erased=summary.erased_rows,
        )

    def write(self) -> None:
        """Leave what is owed. Raises OSError, sqlite3.Error, JournalError."""
        entries = self._events()
        if entries:
            with closing(self._open_store()) as store:
                store.append(entries)
        self._owed.clear()

    def _events(self) -> list[Entry]:
        owed, actor = self._owed, f"unit {self._identity.unit_id}"
        at = self._clock.stamp(self._clock.mono_ns())
        entries: list[Entry] = []
        if owed["reads"] or owed["hits"] or owed["pictures"] or owed["crew"]:
            sent = f"{owed['reads']} reads, {owed['hits']} hits, {owed['pictures']} pictures"
            sent += f", {owed['crew']} crew entries" if owed["crew"] else ""
            why, centre = "delivery to the centre", f"centre {self._identity.centre.key_id}"
            entries.append(audit_entry(AuditKind.DISCLOSURE, at, actor, sent, why, centre))
        if owed["erased"]:
            gone, why = f"{owed['erased']} rows that the centre has", "kept long enough"
            entries.append(audit_entry(AuditKind.ERASURE, at, actor, gone, why))
        return entries
