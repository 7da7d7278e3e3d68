"""Records that have been opened, into the database and back."""

import contextlib
import uuid
from collections.abc import Iterable, Iterator, Sequence

from outrider.centre.store import journals, trail
from outrider.centre.store.columns import OPENED, opened_record, opened_row
from outrider.centre.store.filed import filed
from outrider.centre.store.part import Part
from outrider.centre.store.records import OpenedRecord, StoredPicture, StoreError
from outrider.centre.store.session import Row, Session
from outrider.records import Role
from outrider.wire.canonical import WireError
from outrider.wire.sealing import SealedKey

_KEY_ID = OPENED.index("key_id")
_KEYS_KEPT = 20_000


class OpenedRows(Part):
    """Rows that have been opened, each with its pictures, which stay sealed."""

    def opened(self, records: Sequence[OpenedRecord]) -> None:
        """Move rows from the sealed to the searchable; those moved before are left alone.

        The audit events of the rows that are moved go with them, in the same transaction, so that
        an event stands in the trail once, however often openers are killed or meet.
        """
        epochs = {one.sealed.epoch_id for one in records}
        with self._backend.reading("look up journals") as session:
            numbers = {epoch: journals.number_of(session, epoch) for epoch in epochs}
        rows, events, searched = [], {}, {}
        for opened in records:
            number = numbers[opened.sealed.epoch_id]
            if number is None:
                raise StoreError(f"epoch {opened.sealed.epoch_id} is not here")
            rows.append(opened_row(number, opened))
            found = filed(opened)
            if found is not None:
                searched[opened.sealed.row.hash] = found
            if opened.events:
                events[number, opened.sealed.row.seq] = opened.events

        def log(session: Session, places: set[tuple[int, int]]) -> None:
            moved = [event for place, some in events.items() if place in places for event in some]
            trail.append(self._backend, session, moved)

        if rows:
            self._backend.move(rows, searched, log)

    def find(self, record_id: uuid.UUID) -> list[OpenedRecord]:
        """Return the opened rows of a read or hit by its own identifier; more than one is a fault.

        A version 7 identifier tells its day, which need not be searched for.
        """
        with self._backend.reading("find a record") as session:
            return list(_records(session, self._backend.find(session, record_id)))

    def records(self, epoch_id: uuid.UUID, first_seq: int, last_seq: int) -> list[OpenedRecord]:
        """Return opened rows of an epoch by number, in order."""
        with self._backend.reading("fetch opened rows") as session:
            journal = journals.number_of(session, epoch_id)
            if journal is None:
                return []
            rows = self._backend.opened_rows(session, journal, first_seq, last_seq)
            return list(_records(session, rows))

    def picture(self, epoch_id: uuid.UUID, seq: int, role: Role) -> StoredPicture | None:
        """Return a sealed picture with its key; None where it has not come."""
        with self._backend.reading("fetch a picture") as session:
            journal = journals.number_of(session, epoch_id)
            row = None
            if journal is not None:
                row = self._backend.picture(session, journal, seq, role)
            if row is None:
                return None
            known = _Names(session)
            _, journal_id, _ = known.journal(row[0])
            return StoredPicture(journal_id, seq, role, known.key(row[0], row[3]), row[5])

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Iterator[OpenedRecord]]:
        """Return all opened rows as they stand at one instant, for an export while running."""
        with self._backend.snapshot() as (session, rows):
            yield _records(session, rows)


class _Names:
    """What rows refer to by number: journals, and sealed data keys."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._journals: dict[int, tuple[str, uuid.UUID, uuid.UUID]] = {}
        self._keys: dict[tuple[int, int], SealedKey] = {}

    def journal(self, number: int) -> tuple[str, uuid.UUID, uuid.UUID]:
        """Return unit, journal and epoch of an epoch's number."""
        found = self._journals.get(number)
        if found is None:
            if len(self._journals) >= _KEYS_KEPT:
                self._journals.clear()
            found = self._journals[number] = journals.name_of(self._session, number)
        return found

    def key(self, journal: int, key_id: int) -> SealedKey:
        """Return a data key."""
        found = self._keys.get((journal, key_id))
        return found if found is not None else self._look_up(journal, key_id)

    def _look_up(self, journal: int, key_id: int) -> SealedKey:
        row = self._session.one(
            "SELECT key_id, centre_key_id, sealed FROM data_key WHERE journal = ? AND key_id = ?",
            journal,
            key_id,
        )
        if row is None:
            raise StoreError(f"data key {key_id:016x}, which a row here needs, is missing")
        if len(self._keys) >= _KEYS_KEPT:
            self._keys.clear()
        return self._keys.setdefault((journal, key_id), SealedKey(*row))


def _records(session: Session, rows: Iterable[Row]) -> Iterator[OpenedRecord]:
    """Yield the records of rows in the order of OPENED. Raises StoreError for a damaged one."""
    known = _Names(session)
    for row in rows:
        journal = row[0]
        unit_id, journal_id, epoch_id = known.journal(journal)
        try:
            key = known.key(journal, row[_KEY_ID])
            yield opened_record(row, unit_id, journal_id, key, epoch_id)
        except WireError as error:
            raise StoreError(f"row {row[1]} of journal {journal_id}: damaged: {error}") from error
