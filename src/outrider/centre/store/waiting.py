"""Rows that wait to be opened, and those that did not open."""

import uuid
from collections.abc import Sequence

from outrider.centre.store import journals
from outrider.centre.store.columns import (
    DAY_US,
    PACKED_PICTURE_BYTES,
    WAITING,
    from_us,
    sealed_row,
    storable,
)
from outrider.centre.store.holding import remember_all
from outrider.centre.store.part import Part
from outrider.centre.store.records import Backlog, SealedRecord, SetAside, StoreError
from outrider.centre.store.session import Row, Session
from outrider.wire.read_record import RecordKind
from outrider.wire.sealing import SealedKey

_KEY_KEPT_US = 8 * DAY_US
_COLUMNS = ", ".join(WAITING)
# Chosen first, then joined: a planner that guesses the joins wrong would sort all that waits.
_SEALED = (
    "SELECT unit_id, journal_id, epoch, arrived_us, w.key_id, centre_key_id, sealed, "
    "seq, kind, w.key_id, previous, hash, body, pictures "
    "FROM (SELECT * FROM waiting WHERE kind {which} ORDER BY number LIMIT ?) AS w "
    "JOIN journal ON journal.number = w.journal "
    "JOIN data_key ON data_key.journal = w.journal AND data_key.key_id = w.key_id "
    "ORDER BY w.number"
)
_HITS = _SEALED.format(which=f"= {int(RecordKind.HIT)}")
_OTHERS = _SEALED.format(which=f"<> {int(RecordKind.HIT)}")


class WaitingRows(Part):
    """Sealed rows, for the service that has the key."""

    def sealed(self, limit: int) -> list[SealedRecord]:
        """Return rows that wait to be opened, hits first, then the longest waiting."""
        with self._backend.reading("fetch sealed rows") as session:
            found = session.rows(_HITS, limit)
            if len(found) < limit:
                found += session.rows(_OTHERS, limit - len(found))
        return [_record(row) for row in found]

    def set_aside(self, epoch_id: uuid.UUID, seq: int, why: str) -> None:
        """Keep a row that does not open out of the way; it stays, and is counted.

        One that is aside or opened by now is left alone.
        """
        self.set_all_aside([(epoch_id, seq, why)])

    def set_all_aside(self, rows: Sequence[tuple[uuid.UUID, int, str]]) -> None:
        """Keep rows out of the way in one transaction: of each its epoch, its number, and why."""
        with self._backend.writing("set rows aside") as session:
            for epoch_id, seq, why in rows:
                _set_aside(session, epoch_id, seq, why)

    def retry_set_aside(self) -> int:
        """Let rows that did not open wait again, the oldest first; return how many."""
        with self._backend.writing("let rows wait again") as session:
            moved = session.run(
                f"INSERT INTO waiting ({_COLUMNS}) SELECT {_COLUMNS} FROM set_aside "
                "ORDER BY arrived_us, journal, seq"
            )
            if moved:
                session.run("DELETE FROM set_aside")
            return moved

    def backlog(self) -> Backlog:
        """Return what waits and what was set aside."""
        with self._backend.reading("count what waits") as session:
            waiting = session.one("SELECT count(*) FROM waiting")
            aside = session.one("SELECT count(*) FROM set_aside")
            oldest = session.one("SELECT min(arrived_us) FROM waiting")
        oldest_us = None if oldest is None else oldest[0]
        return Backlog(
            waiting[0] if waiting else 0,
            aside[0] if aside else 0,
            None if oldest_us is None else from_us(oldest_us),
        )

    def rows_set_aside(self, limit: int) -> list[SetAside]:
        """Return rows that did not open, with why, by journal and number."""
        with self._backend.reading("list rows set aside") as session:
            found = session.rows(
                "SELECT unit_id, epoch, seq, why FROM set_aside "
                "JOIN journal ON journal.number = set_aside.journal ORDER BY epoch, seq LIMIT ?",
                limit,
            )
        return [SetAside(unit, uuid.UUID(bytes=raw), seq, why) for unit, raw, seq, why in found]

    def set_aside_by_unit(self) -> dict[str, int]:
        """Return how many rows did not open, of each unit that has such."""
        with self._backend.reading("count rows set aside") as session:
            found = session.rows(
                "SELECT unit_id, count(*) FROM set_aside "
                "JOIN journal ON journal.number = set_aside.journal "
                "GROUP BY unit_id ORDER BY unit_id"
            )
        return {unit: int(count) for unit, count in found}


def _record(row: Row) -> SealedRecord:
    unit_id, journal_id, epoch, arrived_us, key_id, centre_key_id, box, *values = row
    key = SealedKey(key_id, centre_key_id, box)
    row_, at = sealed_row(values), from_us(arrived_us)
    journal_id, epoch_id = uuid.UUID(bytes=journal_id), uuid.UUID(bytes=epoch)
    return SealedRecord(unit_id, journal_id, row_, key, at, epoch_id)


def forget_before(session: Session, before_us: int) -> int:
    """Erase what came before an instant and still waits, and what only served it.

    Returns how many rows went. A data key is kept eight days longer: a row may be filed a day after
    its arrival, and goes with its week.
    """
    rows = 0
    for table in ("waiting", "set_aside"):
        remember_all(session, table, "arrived_us < ?", before_us)
        rows += session.run(f"DELETE FROM {table} WHERE arrived_us < ?", before_us)
    if session.run("DELETE FROM due WHERE arrived_us < ?", before_us):
        session.run(
            "UPDATE journal SET pictures_due = coalesce((SELECT sum(length(pictures)) "
            f"/ {PACKED_PICTURE_BYTES} FROM due WHERE due.journal = journal.number), 0)"
        )
    session.run("DELETE FROM upload WHERE arrived_us < ?", before_us)
    session.run("DELETE FROM data_key WHERE last_us < ?", before_us - _KEY_KEPT_US)
    return rows


def _set_aside(session: Session, epoch_id: uuid.UUID, seq: int, why: str) -> None:
    journal = journals.number_of(session, epoch_id)
    if journal is None:
        raise StoreError(f"epoch {epoch_id} is not here")
    added = session.run(
        f"INSERT INTO set_aside ({_COLUMNS}, why) SELECT {_COLUMNS}, ? FROM waiting "
        "WHERE journal = ? AND seq = ?",
        storable(why, 1000),
        journal,
        seq,
    )
    if added:
        session.run("DELETE FROM waiting WHERE journal = ? AND seq = ?", journal, seq)
