"""What a unit holds of what it has sent, and what becomes of it when the centre says its part."""

import sqlite3
from collections.abc import Collection, Iterable
from pathlib import Path

from outrider.unit.journal.database import transaction
from outrider.unit.journal.epochs import epoch_of, split
from outrider.unit.journal.schema import KEY_LOG
from outrider.unit.journal.segments import PictureState
from outrider.unit.journal.store import PRIORITY
from outrider.wire.holdings import MARK_BYTES, Claim
from outrider.wire.read_record import RecordKind

_NOT_WAITING = "NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.seq = row.seq AND priority IN (0, 1))"


def claims(db: sqlite3.Connection, after_seq: int, last_seq: int, limit: int) -> list[Claim]:
    """Return rows that the centre has receipted and that are still here, in order."""
    found = db.execute(
        f"SELECT seq, hash FROM row WHERE seq > ? AND seq <= ? AND {_NOT_WAITING} "
        "ORDER BY seq LIMIT ?",
        (after_seq, last_seq, limit),
    )
    return [Claim(seq, bytes(digest)[:MARK_BYTES]) for seq, digest in found]


def send_again(db: sqlite3.Connection, rows: Collection[int], pictures: Collection[int]) -> int:
    """Put back into the outbox what the centre lacks; return how many things that were.

    rows: go again, with their pictures; pictures: rows that are there and lack pictures, which go
    again if all had been receipted: of a row whose pictures are still to be sent, or were dropped
    here, that says nothing. What had been refused of them is tried at once.
    """
    with transaction(db):
        kinds = [db.execute("SELECT kind FROM row WHERE seq = ?", (s,)).fetchone() for s in rows]
        added = _changed(
            db,
            "INSERT OR IGNORE INTO outbox VALUES (?, ?)",
            [(PRIORITY[RecordKind(k[0])], s) for k, s in zip(kinds, rows, strict=True) if k],
        )
        both = {*rows, *(seq for seq in pictures if _all_receipted(db, seq))}
        added += _changed(
            db,
            "UPDATE picture SET state = ? WHERE seq = ? AND state = ?",
            [(PictureState.PENDING, seq, PictureState.ACKNOWLEDGED) for seq in both],
        )
        db.executemany("DELETE FROM refused WHERE seq = ?", [(seq,) for seq in both])
    return added


def _all_receipted(db: sqlite3.Connection, seq: int) -> bool:
    found = db.execute(
        "SELECT 1 FROM picture WHERE seq = ? AND state <> ?", (seq, PictureState.ACKNOWLEDGED)
    )
    return found.fetchone() is None


def let_go(db: sqlite3.Connection, rows: Collection[int]) -> None:
    """Expect no more that pictures go whose rows' time is over at the centre."""
    with transaction(db):
        _changed(
            db,
            "UPDATE picture SET state = ? WHERE seq = ? AND state = ?",
            [(PictureState.DROPPED, seq, PictureState.PENDING) for seq in rows],
        )


def rehome(db: sqlite3.Connection, directory: Path, seq: int) -> int:
    """Move a row that conflicts at the centre, and all after it, to a fresh epoch.

    All of them go (again) under it: the centre knows what it has of them by their hashes, and
    keeps nothing twice. Returns how many rows that are. Raises sqlite3.Error, OSError.
    """
    with transaction(db):
        _, last = epoch_of(db, seq)
        split(db, directory / KEY_LOG, seq)
        found = db.execute("SELECT seq, kind FROM row WHERE seq >= ? AND seq <= ?", (seq, last))
        rows = [(PRIORITY[RecordKind(kind)], number) for number, kind in found]
        db.executemany("INSERT OR IGNORE INTO outbox VALUES (?, ?)", rows)
    return len(rows)


def _changed(db: sqlite3.Connection, sql: str, values: Iterable[tuple[int, ...]]) -> int:
    return sum(db.execute(sql, each).rowcount for each in values)
