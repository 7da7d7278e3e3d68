"""Records that have been opened, into the database and back."""

import uuid
from collections.abc import Iterable, Iterator, Sequence

from outrider.centre.store import journals, trail
from outrider.centre.store.columns import OPENED, opened_record, opened_row
from outrider.centre.store.filed import filed
from outrider.centre.store.records import OpenedRecord, StoredPicture, StoreError
from outrider.centre.store.session import Backend, Row, Session
from outrider.records import Role
from outrider.wire.canonical import WireError
from outrider.wire.sealing import SealedKey

_KEY_ID = OPENED.index("key_id")
_KEYS_KEPT = 20_000


def move(backend: Backend, records: Sequence[OpenedRecord]) -> None:
    """Move records to the searchable, and their events into the trail, each once."""
    with backend.reading("look up journals") as session:
        numbers = {epoch: number for number, (_, _, epoch) in journals.names(session).items()}
    rows, events, searched = [], {}, {}
    for opened in records:
        number = numbers.get(opened.sealed.epoch_id)
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
        trail.append(backend, session, moved)

    if rows:
        backend.move(rows, searched, log)


class Names:
    """What rows refer to by number: journals, and sealed data keys."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._journals = journals.names(session)
        self._keys: dict[tuple[int, int], SealedKey] = {}

    def journal(self, number: int) -> tuple[str, uuid.UUID, uuid.UUID]:
        """Return unit, journal and epoch of an epoch's number."""
        return self._journals[number]

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


def records(session: Session, rows: Iterable[Row]) -> Iterator[OpenedRecord]:
    """Yield the records of rows in the order of OPENED. Raises StoreError for a damaged one."""
    known = Names(session)
    for row in rows:
        journal = row[0]
        unit_id, journal_id, epoch_id = known.journal(journal)
        try:
            key = known.key(journal, row[_KEY_ID])
            yield opened_record(row, unit_id, journal_id, key, epoch_id)
        except WireError as error:
            raise StoreError(f"row {row[1]} of journal {journal_id}: damaged: {error}") from error


def picture(
    backend: Backend, session: Session, epoch_id: uuid.UUID, seq: int, role: Role
) -> StoredPicture | None:
    """Return a sealed picture with its key."""
    journal = journals.number_of(session, epoch_id)
    row = None if journal is None else backend.picture(session, journal, seq, role)
    if row is None:
        return None
    known = Names(session)
    _, journal_id, _ = known.journal(row[0])
    return StoredPicture(journal_id, seq, role, known.key(row[0], row[3]), row[5])
