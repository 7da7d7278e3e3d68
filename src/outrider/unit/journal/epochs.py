"""The journal's epochs: which numbers belong to which, and when a fresh one begins.

See `outrider.wire.epoch` for what they are for. Each holds the numbers from its first to that
before the next one's; the last is the one being written. A start goes on with it only where a
memory outside the card (a Witness) says that the card is as it was left; else a fresh one begins.
"""

import json
import logging
import os
import sqlite3
import uuid
from pathlib import Path

from outrider.unit.journal.database import tail, transaction
from outrider.unit.journal.witness import Mark, Witness
from outrider.wire.epoch import Epoch, Past
from outrider.wire.hash_chain import GENESIS

_log = logging.getLogger(__name__)
_COLUMNS = "first_seq, epoch_id, after_epoch, after_seq, after_hash"
LAST = 2**62


def epochs(db: sqlite3.Connection) -> list[Epoch]:
    """Return all epochs, by their first numbers."""
    return [_epoch(*row) for row in db.execute(f"SELECT {_COLUMNS} FROM epoch ORDER BY 1")]


def epoch_of(db: sqlite3.Connection, seq: int) -> tuple[Epoch, int]:
    """Return the epoch that a number belongs to, and the epoch's last number (LAST: none yet)."""
    found = db.execute(
        f"SELECT {_COLUMNS} FROM epoch WHERE first_seq <= ? ORDER BY 1 DESC LIMIT 1", (seq,)
    ).fetchone()
    (following,) = db.execute(
        "SELECT min(first_seq) FROM epoch WHERE first_seq > ?", (seq,)
    ).fetchone()
    return _epoch(*found), LAST if following is None else following - 1


def _epoch(
    first: int, name: str, after: str | None, after_seq: int | None, after_hash: bytes | None
) -> Epoch:
    if after is None or after_seq is None or after_hash is None:
        return Epoch(uuid.UUID(name), first)
    return Epoch(uuid.UUID(name), first, Past(uuid.UUID(after), after_seq, after_hash))


def continue_or_begin(db: sqlite3.Connection, log: Path, witness: Witness | None) -> Epoch:
    """Return the epoch to write in: the last one if the witness vouches for it, else a fresh one.

    log: keeps epochs a second time, beside the database. Raises sqlite3.Error, OSError.
    """
    mark = None if witness is None else witness.recall()
    with transaction(db):
        now, _ = epoch_of(db, LAST)
        if mark is not None and _vouches(db, mark, now):
            return now
        return begin(db, log, now)


def _vouches(db: sqlite3.Connection, mark: Mark, now: Epoch) -> bool:
    """Whether the card has what the witness saw last; it may have more, written just after."""
    if mark.epoch_id != now.epoch_id:
        return False
    last, last_hash = tail(db)
    if mark.seq == last:
        return mark.hash == last_hash
    found = db.execute("SELECT hash FROM row WHERE seq = ?", (mark.seq,)).fetchone()
    return found is not None and bytes(found[0]) == mark.hash


def begin(db: sqlite3.Connection, log: Path, now: Epoch) -> Epoch:
    """Begin a fresh epoch at the journal's end, within a transaction; one without rows gives way.

    now: the epoch of the present end.
    """
    last, last_hash = tail(db)
    if now.first_seq > last:
        made = Epoch(uuid.uuid4(), now.first_seq, now.after)
    else:
        made = Epoch(uuid.uuid4(), last + 1, Past(now.epoch_id, last, last_hash))
    put(db, log, made)
    return made


def put(db: sqlite3.Connection, log: Path | None, epoch: Epoch) -> None:
    """Note an epoch, in the place of one that begins at the same number; log None: there alone."""
    after = epoch.after
    past = (None, None, None) if after is None else (str(after.epoch_id), after.seq, after.hash)
    values = (epoch.first_seq, str(epoch.epoch_id), *past)
    db.execute(f"INSERT OR REPLACE INTO epoch ({_COLUMNS}) VALUES (?, ?, ?, ?, ?)", values)
    if log is None:
        return
    line = {"epoch": values[1], "first": epoch.first_seq}
    if after is not None:
        line |= {"after": past[0], "after_seq": after.seq, "after_hash": after.hash.hex()}
    append_line(log, line)


def split(db: sqlite3.Connection, log: Path, seq: int) -> Epoch:
    """Move numbers from seq to their epoch's end into a fresh one (re-home), in a transaction."""
    now, _ = epoch_of(db, seq)
    if now.first_seq == seq:
        made = Epoch(uuid.uuid4(), seq, now.after)
    else:
        found = db.execute("SELECT hash FROM row WHERE seq = ?", (seq - 1,)).fetchone()
        past = Past(now.epoch_id, seq - 1, bytes(found[0]) if found else GENESIS)
        made = Epoch(uuid.uuid4(), seq, past)
    put(db, log, made)
    _log.warning("journal: rows that were moved go on in epoch %s", made.epoch_id)
    return made


def append_line(path: Path, line: dict[str, object]) -> None:
    """Add a line of JSON to a log, on the disk when this returns. Raises OSError."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        # A line feed first: a line that a power cut tore does not take this one with it.
        os.write(handle, b"\n" + json.dumps(line).encode("ascii") + b"\n")
        os.fsync(handle)
    finally:
        os.close(handle)


def read_epoch_log(path: Path) -> list[Epoch]:
    """Return the epochs in the log, by first number; torn lines and those replaced are left out."""
    found: dict[int, Epoch] = {}
    for line in path.read_bytes().split(b"\n") if path.exists() else []:
        try:
            raw = json.loads(line)
            after = raw.get("after")
            past = after and Past(
                uuid.UUID(after), int(raw["after_seq"]), bytes.fromhex(raw["after_hash"])
            )
            found[int(raw["first"])] = Epoch(uuid.UUID(raw["epoch"]), int(raw["first"]), past)
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # a sealed key, or a line that a cut tore
    return [found[first] for first in sorted(found)]
