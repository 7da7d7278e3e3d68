"""The writing side of the journal: pictures first and synced, then rows and outbox, in one go."""

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from outrider.clock import NS_PER_S
from outrider.unit.journal import schema
from outrider.unit.journal.queue import Entry
from outrider.unit.journal.schema import JournalError
from outrider.unit.journal.segments import (
    SegmentWriter,
    StoredPicture,
    stream_for,
)
from outrider.wire.chain import GENESIS, SealedPicture, SealedRow, row_hash
from outrider.wire.read_record import RecordKind
from outrider.wire.sealing import DataKey, Place, SealedKey, Sealer

_PRIORITY = {RecordKind.HIT: 0, RecordKind.ACTION: 0, RecordKind.READ: 1, RecordKind.AUDIT: 1}


class WriterLock:
    """Lets one unit at a time write pictures into a journal's folder."""

    def __init__(self, directory: Path) -> None:
        """Take the lock. Raises JournalError where another process holds it, OSError."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._handle = os.open(directory / "writer.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._handle)
            raise JournalError(
                f"{directory}: another outrider is writing this journal; stop it first"
            ) from error

    def release(self) -> None:
        """Give the lock back."""
        os.close(self._handle)


class Store:
    """One open journal. Used by one thread; another process may read, acknowledge and erase."""

    def __init__(
        self,
        directory: Path,
        sealer: Sealer,
        mono_ns: Callable[[], int],
        segment_bytes: int,
        key_lifetime_s: float,
    ) -> None:
        """Open or make the journal. Raises JournalError, OSError, sqlite3.Error."""
        self.directory = directory
        self._mono_ns = mono_ns
        self._key_lifetime_ns = int(key_lifetime_s * NS_PER_S)
        self._sealer = sealer
        self.db = schema.open_database(directory)
        self.journal_id = schema.journal_id(self.db)
        self.segments = SegmentWriter(
            directory, self.journal_id, sealer, self._next_segment, segment_bytes
        )
        self._segment_number = self._last_segment()
        self._row_key, self._sealed_row_key = sealer.new_key(self.journal_id)
        self._keys_made_ns = mono_ns()
        self.attempt: SealedRow | None = None

    def _last_segment(self) -> int:
        known = self.db.execute("SELECT coalesce(max(number), 0) FROM segment").fetchone()[0]
        files = [int(p.stem) for p in (self.directory / "segments").glob("[0-9]*.seg")]
        return max([int(known), *files])

    def _next_segment(self) -> int:
        self._segment_number += 1
        return self._segment_number

    def append(self, entries: Sequence[Entry]) -> list[SealedRow]:
        """Write entries in order, in one transaction; on return they are on the disk.

        Raises OSError or sqlite3.Error; then nothing of them is in the journal, unless the error
        came from the commit itself: ask `holds(attempt)` after the journal is opened anew.
        """
        self._renew_keys()
        self.attempt = None
        with self._transaction():
            rows = self._write_rows(entries)
            self.attempt = rows[-1]
        return rows

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.db.execute("COMMIT")
        except BaseException:
            self.segments.abandon()
            with contextlib.suppress(sqlite3.Error):  # the first error is the one to report
                self.db.execute("ROLLBACK")
            raise

    def _renew_keys(self) -> None:
        if self._mono_ns() - self._keys_made_ns < self._key_lifetime_ns:
            return
        self.segments.rotate()
        self._row_key, self._sealed_row_key = self._sealer.new_key(self.journal_id)
        self._keys_made_ns = self._mono_ns()

    def _write_rows(self, entries: Sequence[Entry]) -> list[SealedRow]:
        seq, previous = tail(self.db)
        rows: list[SealedRow] = []
        stored: list[StoredPicture] = []
        for entry in entries:
            seq += 1
            pictures = self._write_pictures(entry, seq)
            row = self._seal_row(entry, seq, previous, pictures)
            previous = row.hash
            rows.append(row)
            stored += pictures
        self.segments.sync()
        self._insert(rows, stored)
        return rows

    def _write_pictures(self, entry: Entry, seq: int) -> list[StoredPicture]:
        # list(): the queue may take pictures out of an entry that waits through a full disk.
        return [
            self.segments.append(stream_for(role, entry.of_hit), seq, role, data)
            for role, data in list(entry.pictures.items())
        ]

    def _seal_row(
        self, entry: Entry, seq: int, previous: bytes, stored: list[StoredPicture]
    ) -> SealedRow:
        pictures = tuple(SealedPicture(p.role, p.key_id, p.length, p.digest) for p in stored)
        key: DataKey = self._row_key
        body = key.seal_text(entry.text, Place(self.journal_id, seq, entry.kind))
        digest = row_hash(self.journal_id, seq, entry.kind, key.key_id, previous, pictures, body)
        return SealedRow(seq, entry.kind, key.key_id, previous, body, pictures, digest)

    def _insert(self, rows: list[SealedRow], stored: list[StoredPicture]) -> None:
        self._insert_keys()
        self.db.executemany(
            "INSERT INTO row VALUES (?, ?, ?, ?, ?, ?)",
            [(r.seq, r.kind, r.key_id, r.previous, r.hash, r.body) for r in rows],
        )
        self.db.executemany(
            "INSERT INTO outbox VALUES (?, ?)", [(_PRIORITY[r.kind], r.seq) for r in rows]
        )
        self.db.executemany(
            "INSERT INTO picture VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [(p.seq, p.role, p.segment, p.offset, p.length, p.key_id, p.digest, 0) for p in stored],
        )

    def _insert_keys(self) -> None:
        keys: list[SealedKey] = [self._sealed_row_key]
        for segment in self.segments.open_segments():
            keys.append(segment.sealed_key)
            self.db.execute(
                "INSERT OR IGNORE INTO segment VALUES (?, ?, ?)",
                (segment.number, segment.stream, segment.key.key_id),
            )
        self.db.executemany(
            "INSERT OR IGNORE INTO data_key VALUES (?, ?, ?)",
            [(key.key_id, key.centre_key_id, key.sealed) for key in keys],
        )

    def holds(self, row: SealedRow) -> bool:
        """Whether a row is in the journal."""
        found = self.db.execute("SELECT hash FROM row WHERE seq = ?", (row.seq,)).fetchone()
        return found is not None and found[0] == row.hash

    def count(self, name: str, by: int) -> None:
        """Add to a total that outlives restarts."""
        self.db.execute(
            "INSERT INTO counter VALUES (?1, ?2) "
            "ON CONFLICT (name) DO UPDATE SET value = value + ?2",
            (name, by),
        )

    def close(self) -> None:
        """Close segments and database; may be called twice."""
        self.segments.abandon()
        self.db.close()


def tail(db: sqlite3.Connection) -> tuple[int, bytes]:
    """Return the last sequence number given out and its row's hash; (0, zeros) for none."""
    found = db.execute(
        "SELECT seq, hash FROM row UNION ALL SELECT last_seq, last_hash FROM gap "
        "ORDER BY 1 DESC LIMIT 1"
    ).fetchone()
    return (int(found[0]), bytes(found[1])) if found else (0, GENESIS)


def counters(db: sqlite3.Connection) -> dict[str, int]:
    """Return the totals that outlive restarts."""
    return {name: int(value) for name, value in db.execute("SELECT name, value FROM counter")}
