"""What a unit kept in clear before it had a centre: sealed for it, and in the unit's name.

A unit that is not enrolled keeps a recording's reads in clear, and as nobody's. The centre could
not tell whose they are, and on the unit they would stay readable. So, as soon as there is a key,
each of them that is still to be sent is written once more at the journal's end, sealed and in the
unit's name, and the one in clear is taken out, in the same transaction: a cut leaves the one or the
other. Its number stays known as a gap (`resealed`), so that the centre waits for no such row.

What was deleted is overwritten in the database; of deleted segments a card may keep blocks.
"""

import contextlib
import errno
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from outrider.clock import Clock
from outrider.records import Role
from outrider.unit.journal import schema
from outrider.unit.journal.queue import Entry, entry_for
from outrider.unit.journal.retention import drop_unnamed_segments
from outrider.unit.journal.schema import JournalError
from outrider.unit.journal.segments import (
    PictureState,
    StoredPicture,
    Stream,
    open_picture,
    read_sealed,
)
from outrider.unit.journal.space import MIB
from outrider.unit.journal.store import Store, WriterLock
from outrider.unit.journal.verify import read_rows, stored_pictures
from outrider.wire import canonical
from outrider.wire.audit import AuditKind, new_event
from outrider.wire.chain import SealedRow
from outrider.wire.read_record import MAX_BYTES
from outrider.wire.sealing import UNSEALED, DataKey, Place, Sealer

CAUSE = "resealed"
_AT_ONCE = 100
_CLEAR = (
    "FROM outbox JOIN row ON row.seq = outbox.seq JOIN data_key ON data_key.key_id = row.key_id "
    "WHERE centre_key_id = ?"
)


@dataclass(frozen=True, slots=True)
class Resealed:
    """How many rows were sealed now, and how many still lie in clear; why: what keeps them."""

    rows: int
    waiting: int = 0
    why: str = ""


def clear_rows(db: sqlite3.Connection) -> int:
    """Return how many rows that are still to be sent lie in clear."""
    return int(db.execute(f"SELECT count(*) {_CLEAR}", (UNSEALED,)).fetchone()[0])


def reseal_folder(directory: Path, sealer: Sealer, unit_id: str, clock: Clock) -> Resealed:
    """Seal what lies in clear in a journal that no unit is writing; where one is, say so.

    Raises OSError, sqlite3.Error, JournalError; then the rows are as they were.
    """
    if not sealer.seals or not (directory / schema.DATABASE).exists():
        return Resealed(0)
    with contextlib.closing(schema.open_database(directory)) as db:
        waiting = clear_rows(db)
    if not waiting:
        return Resealed(0)
    try:
        lock = WriterLock(directory)
    except JournalError:
        return Resealed(0, waiting, "`outrider run` still writes them: restart it")
    try:
        with contextlib.closing(_open(directory, sealer, clock)) as store:
            return reseal(store, unit_id, clock)
    finally:
        lock.release()


def _open(directory: Path, sealer: Sealer, clock: Clock) -> Store:
    return Store(directory, sealer, clock.mono_ns, 32 * MIB, 3600.0)


def reseal(store: Store, unit_id: str, clock: Clock) -> Resealed:
    """Seal what lies in clear in a store that seals; its process holds the writer's lock.

    An audit event of it (alteration) follows. Raises OSError, sqlite3.Error; what is not done then
    is done at the next call.
    """
    done, after = 0, 0
    store.db.execute("PRAGMA secure_delete = ON")
    while rows := _next(store.db, after):
        after = rows[-1].seq
        rewritten = [
            (row.seq, _entry(store, row, unit_id)) for row in rows if row.is_whole(store.journal_id)
        ]
        store.rewrite(rewritten, CAUSE)
        done += len(rewritten)
        drop_unnamed_segments(store.db, store.directory)
    store.db.execute("PRAGMA secure_delete = FAST")
    if done:
        store.append([_event(unit_id, done, clock)])
        store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    left = clear_rows(store.db)
    return Resealed(done, left, "they are damaged: see `outrider journal verify`" if left else "")


def _event(unit_id: str, rows: int, clock: Clock) -> Entry:
    subject = f"{rows} rows kept in clear before enrolment: sealed, in the unit's name"
    at = clock.stamp(clock.mono_ns())
    event = new_event(AuditKind.ALTERATION, at, f"unit {unit_id}", subject, "enrolment")
    return entry_for(event, event.event_id, False)


def _next(db: sqlite3.Connection, after: int) -> list[SealedRow]:
    seqs = db.execute(
        f"SELECT outbox.seq {_CLEAR} AND outbox.seq > ? ORDER BY outbox.seq LIMIT ?",
        (UNSEALED, after, _AT_ONCE),
    ).fetchall()
    return [row for (seq,) in seqs for row in read_rows(db, seq - 1, seq)]


def _entry(store: Store, row: SealedRow, unit_id: str) -> Entry:
    text = DataKey(row.key_id, None).open_text(row.body, Place(store.journal_id, row.seq, row.kind))
    pictures = dict(_pictures(store, row.seq))
    of_hit = _is_of_hit(store.db, row.seq)
    return Entry(UUID(int=0), row.kind, named(text, unit_id), pictures, of_hit, 0)


def _pictures(store: Store, seq: int) -> Iterator[tuple[Role, bytes]]:
    """Yield the pictures of a row that are still there, as they were before they were kept."""
    for picture, state in stored_pictures(store.db, seq):
        data = _still_there(store.directory, picture) if state is PictureState.PENDING else None
        if data is not None:
            key = DataKey(picture.key_id, None)
            yield picture.role, open_picture(key, store.journal_id, picture, data)


def _still_there(directory: Path, picture: StoredPicture) -> bytes | None:
    """Return a picture's bytes; None where the card has lost it. Raises OSError for what passes."""
    try:
        return read_sealed(directory, picture)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.EIO):
            return None
        raise


def _is_of_hit(db: sqlite3.Connection, seq: int) -> bool:
    found = db.execute(
        "SELECT 1 FROM picture JOIN segment ON number = segment WHERE seq = ? AND stream = ?",
        (seq, Stream.HITS),
    ).fetchone()
    return found is not None


def named(text: bytes, unit_id: str) -> bytes:
    """Return a record's JSON with the unit's name as the one that its read comes from."""
    envelope = canonical.loads(text, MAX_BYTES)
    body = envelope["record"]
    origin = body.get("read", body).get("origin")
    if origin is None:
        return text
    origin["unit_id"] = unit_id
    return canonical.dumps(envelope)
