"""The journal's housekeeping around its store: opening after a cut, room, wear, audit."""

import logging
import sqlite3
import time
from collections import Counter, deque
from collections.abc import Sequence
from pathlib import Path

from outrider.clock import NS_PER_S, Clock, UtcStamp
from outrider.records import Level
from outrider.unit.journal.database import counters
from outrider.unit.journal.queue import Entry, entry_for
from outrider.unit.journal.reseal import reseal
from outrider.unit.journal.retention import Dropped, make_room
from outrider.unit.journal.space import MIB, Ballast, Space
from outrider.unit.journal.startup import prepare
from outrider.unit.journal.store import Store
from outrider.unit.journal.wear import card_warnings
from outrider.unit.journal.witness import Witness
from outrider.unit.settings.sections import JournalSettings
from outrider.wire.audit import AuditKind, new_event
from outrider.wire.chain import SealedRow
from outrider.wire.enrolment import NOBODY
from outrider.wire.read_record import RecordKind
from outrider.wire.sealing import Sealer

_log = logging.getLogger(__name__)
_LOOK_AT_CARD_S = 600.0
_COMMITS_WATCHED = 32
_SLOW_COMMIT_S = 0.5  # half of the second in which a read must be on the disk


class Keeper:
    """Owns the store in the writing thread, and what must be done around each commit."""

    def __init__(
        self,
        directory: Path,
        settings: JournalSettings,
        sealer: Sealer,
        clock: Clock,
        unit_id: str,
        space: Space | None = None,
        witness: Witness | None = None,
    ) -> None:
        self._witness = witness
        self._no_room = ""
        self._directory = directory
        self._settings = settings
        self._sealer = sealer
        self._clock = clock
        self._unit_id = unit_id
        cap = settings.max_mb
        self._space = space or Space(
            directory, settings.min_free_mb * MIB, None if cap is None else cap * MIB
        )
        self._ballast = Ballast(directory, settings.ballast_mb * MIB)
        self._store: Store | None = None
        self._prepared = False
        self._collected: tuple[int, int, int] | None = None  # first seq, last seq, since (mono)
        self._erased: list[Dropped] = []
        self._card_seen_ns: int | None = None
        self._card: list[str] = []
        self._gone: int | None = None
        self._lost_rows = 0
        self._lost_pictures = 0
        self._commit_s: deque[float] = deque(maxlen=_COMMITS_WATCHED)
        self.dropped: Counter[str] = Counter()

    def open(self) -> Store:
        """Return the open store, looking for damage first when the process has just begun.

        Raises OSError, sqlite3.Error, JournalError.
        """
        if self._store is None:
            if not self._prepared:
                self._gone = prepare(self._directory)
                self._prepared = True
            settings = self._settings
            self._store = Store(
                self._directory,
                self._sealer,
                self._clock.mono_ns,
                settings.segment_mb * MIB,
                settings.key_lifetime_min * 60.0,
                self._witness,
            )
            self._seal_earlier(self._store)
            totals = counters(self._store.db)
            self._lost_rows = totals.get("lost_rows", 0)
            self._lost_pictures = totals.get("lost_pictures", 0)
            self.tidy()
        return self._store

    def _seal_earlier(self, store: Store) -> None:
        """Seal what was kept in clear before the unit was enrolled."""
        if self._sealer.seals and self._unit_id != NOBODY:
            done = reseal(store, self._unit_id, self._clock)
            if done.rows:
                _log.warning("journal: %d rows of before enrolment are sealed now", done.rows)

    def write(self, entries: Sequence[Entry], closing: bool) -> list[SealedRow]:
        """Commit entries, and what the audit owes by now; return the rows of the entries.

        Raises OSError, sqlite3.Error, JournalError; then nothing is in the journal, except as
        Store.append says.
        """
        owed = [] if any(e.urgent for e in entries) else self._audit_owed(closing)
        store, start_s = self.open(), time.monotonic()
        rows = store.append([*entries, *owed])
        self._commit_s.append(time.monotonic() - start_s)
        if owed:
            self._erased.clear()
            self._collected = None
        own = rows[: len(entries)]
        self._note_collection(own)
        return own

    def _note_collection(self, rows: Sequence[SealedRow]) -> None:
        reads = [row.seq for row in rows if row.kind is RecordKind.READ]
        if reads:
            first, _, since = self._collected or (reads[0], 0, self._clock.mono_ns())
            self._collected = (first, reads[-1], since)

    def _audit_owed(self, closing: bool) -> list[Entry]:
        owed = [
            self._event(
                AuditKind.ERASURE,
                f"{one.count} {one.step}, rows {one.first_seq} to {one.last_seq}",
                "room on the unit",
            )
            for one in self._erased
        ]
        if self._collected is not None:
            first, last, since = self._collected
            lifetime_ns = self._settings.key_lifetime_min * 60 * NS_PER_S
            if closing or self._clock.mono_ns() - since > lifetime_ns:
                subject = f"reads in rows {first} to {last}"
                owed.append(self._event(AuditKind.COLLECTION, subject, "patrol"))
        return owed

    def _event(self, kind: AuditKind, subject: str, why: str) -> Entry:
        at = self._clock.stamp(self._clock.mono_ns())
        return audit_entry(kind, at, f"unit {self._unit_id}", subject, why)

    def collection_owed(self) -> bool:
        """Whether reads have been committed that no collection event covers yet."""
        return self._collected is not None

    def tidy(self) -> None:
        """Make room if there is too little, hold ballast, look at the card now and then.

        Raises OSError, sqlite3.Error.
        """
        self._make_room()
        if self._space.left_before_loss() > self._settings.ballast_mb * MIB:
            self._ballast.fill()
        now_ns = self._clock.mono_ns()
        if self._card_seen_ns is None or now_ns - self._card_seen_ns > _LOOK_AT_CARD_S * NS_PER_S:
            self._card_seen_ns = now_ns
            self._card = card_warnings(self._directory)

    def relieve(self) -> None:
        """After a write that found the disk full: give up the ballast, and make room by opening."""
        self._ballast.release()
        try:
            self.open()
        except (OSError, sqlite3.Error) as error:
            if self._no_room != str(error):
                _log.error("journal: cannot make room: %s", error)
            self._no_room = str(error)
            self.shut()

    def _make_room(self) -> None:
        store = self._store
        if store is None or self._space.left() >= 0:
            return
        if self._space.left_before_loss() < 0:
            store.segments.rotate()
        is_open = {segment.number for segment in store.segments.open_segments()}
        for one in make_room(store.db, self._directory, self._space, is_open):
            self.dropped[one.step] += one.count
            if one.count:
                self._erased.append(one)
                _log.warning("journal: for room, dropped %d %s", one.count, one.step)

    def state(self) -> tuple[Level, str]:
        """Return how storage is, and what to do about it."""
        lost = sum(count for step, count in self.dropped.items() if "not yet" in step)
        if lost:
            return Level.FAULT, f"disk filling: {lost} pictures dropped unsent: dock the unit"
        if self._gone is not None:
            return Level.FAULT, (
                f"the journal's database was GONE: up to {self._gone} rows are lost that had not "
                "come to the centre: see `outrider journal status`, and report it"
            )
        if self._lost_rows or self._lost_pictures:
            return Level.WARNING, (
                f"damage found: {self._lost_rows} rows and {self._lost_pictures} pictures lost: "
                "see `outrider journal status`"
            )
        if self._card:
            return Level.WARNING, "; ".join(self._card)
        if self._is_slow():
            return Level.WARNING, f"the card takes {max(self._commit_s):.1f} s to save: replace it"
        if self._space.left() < self._settings.min_free_mb * MIB // 2:
            return Level.WARNING, "little room left: dock the unit"
        return Level.OK, ""

    def _is_slow(self) -> bool:
        """Whether half of the last commits took too long; a worn card slows before it fails."""
        slow = sum(took_s > _SLOW_COMMIT_S for took_s in self._commit_s)
        return slow > _COMMITS_WATCHED // 2

    def shut(self) -> None:
        """Close the store; open() opens it anew. Raises nothing."""
        if self._store is None:
            return
        try:
            self._store.close()
        except sqlite3.Error as error:
            _log.error("journal: %s: closing: %s", self._directory, error)
        self._store = None


def audit_entry(
    kind: AuditKind, at: UtcStamp, actor: str, subject: str, why: str, recipient: str = ""
) -> Entry:
    """Return the entry of an audit event."""
    event = new_event(kind, at, actor, subject, why, recipient)
    return entry_for(event, event.event_id, False)
