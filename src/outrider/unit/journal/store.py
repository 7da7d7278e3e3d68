"""The writing side of the journal: pictures first and synced, then rows and outbox, in one go."""

import fcntl
import json
import os
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from outrider import durable
from outrider.clock import NS_PER_S
from outrider.unit.journal import schema
from outrider.unit.journal.database import record_gaps, tail, transaction
from outrider.unit.journal.epochs import append_line, continue_or_begin, epoch_of
from outrider.unit.journal.queue import Entry
from outrider.unit.journal.schema import KEY_LOG, JournalError
from outrider.unit.journal.segments import (
    SegmentWriter,
    StoredPicture,
    stream_for,
    sync_folder,
)
from outrider.unit.journal.witness import Mark, Witness
from outrider.wire.chain import SealedPicture, SealedRow, row_hash
from outrider.wire.read_record import RecordKind
from outrider.wire.sealing import DataKey, Place, SealedKey, Sealer

PRIORITY = {
    RecordKind.HIT: 0,
    RecordKind.ACTION: 0,
    RecordKind.CREW: 0,
    RecordKind.READ: 1,
    RecordKind.AUDIT: 1,
}


class WriterLock:
    """Lets one unit at a time write pictures into a journal's folder."""

    def __init__(self, directory: Path) -> None:
        """Take the lock. Raises JournalError where another process holds it, OSError."""
        durable.make_folder(directory)
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
        witness: Witness | None = None,
    ) -> None:
        """Open or make the journal. Raises JournalError, OSError, sqlite3.Error.

        witness: vouches that the card is as it was left; without one a fresh epoch begins.
        """
        self.directory = directory
        self._mono_ns = mono_ns
        self._key_lifetime_ns = int(key_lifetime_s * NS_PER_S)
        self._sealer = sealer
        self.db = schema.open_database(directory)
        self.journal_id = schema.journal_id(self.db)
        self._witness = witness
        continue_or_begin(self.db, directory / KEY_LOG, witness)
        self.segments = SegmentWriter(
            directory, self.journal_id, sealer, self._next_segment, segment_bytes
        )
        self._segment_number = self._last_segment()
        self._row_key, self._sealed_row_key = self._new_row_key()
        self._keys_made_ns = mono_ns()
        self.attempt: list[SealedRow] | None = None

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
        came from the commit itself: ask `holds(attempt[-1])` after the journal is opened anew.
        """
        self._renew_keys()
        self.attempt = None
        try:
            with transaction(self.db):
                rows = self._write_rows(entries)
                self.attempt = rows
        except BaseException:
            self.segments.abandon()
            raise
        self.segments.committed()
        self._tell_witness(rows)
        return rows

    def _tell_witness(self, rows: Sequence[SealedRow]) -> None:
        if self._witness is not None and rows:
            epoch, _ = epoch_of(self.db, rows[-1].seq)
            self._witness.keep(Mark(epoch.epoch_id, rows[-1].seq, rows[-1].hash))

    def append_crew(self, entries: Sequence[Entry]) -> int:
        """Write those of the crew's entries that are not here yet; return how many that were.

        Which are here is known and noted in the transaction that writes them: an entry that is
        offered again, by whatever process and after whatever cut, is not written again. Raises
        OSError or sqlite3.Error; then none is written.
        """
        self._renew_keys()
        with transaction(self.db):
            known = {found for (found,) in self.db.execute("SELECT record_id FROM crew_row")}
            new = [entry for entry in entries if str(entry.record_id) not in known]
            rows = self._write_rows(new)
            self.db.executemany(
                "INSERT INTO crew_row (record_id, seq) VALUES (?, ?)",
                [(str(e.record_id), r.seq) for e, r in zip(new, rows, strict=True)],
            )
        self._tell_witness(rows)
        return len(new)

    def rewrite(self, rewritten: Sequence[tuple[int, Entry]], cause: str) -> None:
        """Write entries in the place of rows: at the end, the old ones gone, in one transaction.

        rewritten: the old row's number with the entry, ascending; the numbers become gaps of the
        cause. Raises OSError or sqlite3.Error; then nothing has changed.
        """
        self._renew_keys()
        try:
            with transaction(self.db):
                rows = self._write_rows([entry for _, entry in rewritten])
                seqs = [seq for seq, _ in rewritten]
                record_gaps(self.db, seqs, cause)
                self.db.executemany(
                    "UPDATE crew_row SET seq = ? WHERE seq = ?",
                    [(row.seq, seq) for row, seq in zip(rows, seqs, strict=True)],
                )
                for table in ("row", "picture", "outbox"):
                    where = "priority IN (0, 1) AND seq = ?" if table == "outbox" else "seq = ?"
                    self.db.executemany(f"DELETE FROM {table} WHERE {where}", [(s,) for s in seqs])
        except BaseException:
            self.segments.abandon()
            raise
        self.segments.committed()
        self._tell_witness(rows)

    def _renew_keys(self) -> None:
        if self._mono_ns() - self._keys_made_ns < self._key_lifetime_ns:
            return
        self.segments.rotate()
        self._row_key, self._sealed_row_key = self._new_row_key()
        self._keys_made_ns = self._mono_ns()

    def _new_row_key(self) -> tuple[DataKey, SealedKey]:
        made = self._sealer.new_key(self.journal_id)
        log_key(self.directory / KEY_LOG, self.journal_id, made[1])
        return made

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
            "INSERT INTO outbox VALUES (?, ?)", [(PRIORITY[r.kind], r.seq) for r in rows]
        )
        self.db.executemany(
            "INSERT INTO picture VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [(p.seq, p.role, p.segment, p.offset, p.length, p.key_id, p.digest, 0) for p in stored],
        )

    def _insert_keys(self) -> None:
        keys: list[SealedKey] = [self._sealed_row_key]
        for segment in self.segments.begun():
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

    def close(self) -> None:
        """Close segments and database; may be called twice."""
        self.segments.abandon()
        self.db.close()


def log_key(path: Path, journal_id: uuid.UUID, key: SealedKey) -> None:
    """Keep a sealed key a second time, outside the database: without it its rows are noise."""
    line: dict[str, object] = {
        "journal_id": str(journal_id),
        "key_id": key.key_id,
        "centre_key_id": key.centre_key_id,
        "sealed": key.sealed.hex(),
    }
    new = not path.exists()
    append_line(path, line)
    if new:
        sync_folder(path.parent)


def read_key_log(path: Path) -> tuple[uuid.UUID | None, list[SealedKey]]:
    """Return the journal's identifier and the sealed keys in the log; torn lines are left out."""
    journal_id, keys = None, []
    for line in path.read_bytes().split(b"\n") if path.exists() else []:
        try:
            found = json.loads(line)
            journal_id = uuid.UUID(found["journal_id"])
            sealed = bytes.fromhex(found["sealed"])
            keys.append(SealedKey(int(found["key_id"]), str(found["centre_key_id"]), sealed))
        except (ValueError, KeyError, TypeError):
            continue
    return journal_id, keys
