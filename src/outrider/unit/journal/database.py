"""Small things that every part of the journal does with its database."""

import contextlib
import sqlite3
from collections.abc import Collection, Iterator

from outrider.wire.hash_chain import GENESIS


@contextlib.contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Hold the database for writing; all of the block is committed, or none of it."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):  # the first error is the one to report
            db.execute("ROLLBACK")
        raise


def is_busy(error: sqlite3.Error) -> bool:
    """Whether an error says only that another process holds the database: trying again helps."""
    busy, locked = 5, 6
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (busy, locked)


def tail(db: sqlite3.Connection) -> tuple[int, bytes]:
    """Return the last sequence number given out and its row's hash; (0, zeros) for none."""
    newest = [
        db.execute(f"SELECT {columns} ORDER BY 1 DESC LIMIT 1").fetchone()
        for columns in ("seq, hash FROM row", "last_seq, last_hash FROM gap")
    ]
    found = max((pair for pair in newest if pair), default=(0, GENESIS))
    return int(found[0]), bytes(found[1])


def counters(db: sqlite3.Connection) -> dict[str, int]:
    """Return the totals that outlive restarts."""
    return {name: int(value) for name, value in db.execute("SELECT name, value FROM counter")}


def add_to_counter(db: sqlite3.Connection, name: str, by: int) -> None:
    """Add to a total that outlives restarts."""
    db.execute(
        "INSERT INTO counter VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = value + ?2",
        (name, by),
    )


def record_gaps(db: sqlite3.Connection, seqs: Collection[int], cause: str) -> None:
    """Record that rows are gone on purpose or by damage, joined to the gaps beside them.

    seqs: ascending numbers of rows that are still there, whose hashes the chain goes on from.
    """
    for seq in seqs:
        (last_hash,) = db.execute("SELECT hash FROM row WHERE seq = ?", (seq,)).fetchone()
        joined = db.execute(
            "UPDATE gap SET last_seq = ?, last_hash = ? WHERE last_seq = ? AND cause = ?",
            (seq, last_hash, seq - 1, cause),
        ).rowcount
        if not joined:
            db.execute("INSERT INTO gap VALUES (?, ?, ?, ?)", (seq, seq, last_hash, cause))
        _join_next(db, seq, cause)


def _join_next(db: sqlite3.Connection, seq: int, cause: str) -> None:
    after = db.execute(
        "SELECT last_seq, last_hash FROM gap WHERE first_seq = ? AND cause = ?", (seq + 1, cause)
    ).fetchone()
    if after is None:
        return
    db.execute("DELETE FROM gap WHERE first_seq = ?", (seq + 1,))
    db.execute("UPDATE gap SET last_seq = ?, last_hash = ? WHERE last_seq = ?", (*after, seq))
