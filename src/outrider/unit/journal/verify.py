"""Checking a journal: the chain, the rows, and every picture that should be there."""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from outrider.records import Role
from outrider.unit.journal import schema
from outrider.unit.journal.segments import PictureState, StoredPicture, open_picture, read_if_there
from outrider.wire.chain import SealedPicture, SealedRow
from outrider.wire.hash_chain import GENESIS
from outrider.wire.read_record import RecordKind, decode
from outrider.wire.sealing import DataKey, Opener, Place, SealedKey, SealingError

_LISTED = 20


@dataclass(slots=True)
class Report:
    """What verify found. faults: each said so that one knows what and where; at most 20 kept."""

    rows: int = 0
    first_seq: int = 0
    last_seq: int = 0
    erased: int = 0
    lost: int = 0
    pictures: int = 0
    dropped_pictures: int = 0
    damaged_pictures: int = 0
    opened: int = 0
    fault_count: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether all is as it was written."""
        return self.fault_count == 0

    def fault(self, text: str) -> None:
        """Note a fault."""
        self.fault_count += 1
        if len(self.faults) < _LISTED:
            self.faults.append(text)


def read_rows(
    db: sqlite3.Connection, after_seq: int = 0, last_seq: int = 2**62
) -> Iterator[SealedRow]:
    """Yield rows with their pictures, in order. Raises sqlite3.Error where a page is damaged."""
    rows = db.execute(
        # A damaged page may turn a BLOB into what claims to be text.
        "SELECT seq, kind, key_id, CAST(previous AS BLOB), CAST(body AS BLOB), "
        "CAST(hash AS BLOB) FROM row WHERE seq > ? AND seq <= ? ORDER BY seq",
        (after_seq, last_seq),
    )
    for seq, kind, key_id, previous, body, digest in rows:
        pictures = tuple(
            SealedPicture(p.role, p.key_id, p.length, p.digest) for p, _ in stored_pictures(db, seq)
        )
        yield SealedRow(seq, RecordKind(kind), key_id, previous, body, pictures, digest)


def stored_pictures(db: sqlite3.Connection, seq: int) -> list[tuple[StoredPicture, PictureState]]:
    """Return the pictures of a row, and where each stands."""
    found = db.execute(
        "SELECT seq, role, segment, offset, length, key_id, digest, state FROM picture "
        "WHERE seq = ? ORDER BY role",
        (seq,),
    )
    return [
        (StoredPicture(q, Role(role), *rest), PictureState(state))
        for q, role, *rest, state in found
    ]


def verify(
    directory: Path, opener: Opener | None = None, progress: Callable[[int], None] | None = None
) -> Report:
    """Check a journal without changing it; with an opener, open every row and picture as well.

    Raises JournalError where there is no journal, sqlite3.Error where its database is damaged.
    """
    db = schema.open_read_only(directory)
    try:
        return _Check(db, directory, opener).run(progress)
    finally:
        db.close()


class _Check:
    def __init__(self, db: sqlite3.Connection, directory: Path, opener: Opener | None) -> None:
        self._db = db
        self._directory = directory
        self._opener = opener
        self._journal_id = schema.journal_id(db)
        self._keys: dict[int, DataKey | None] = {}
        self._gaps = {
            int(first): (int(last), bytes(last_hash), str(cause))
            for first, last, last_hash, cause in db.execute("SELECT * FROM gap")
        }
        self._report = Report()
        self._expected_seq = 1
        self._expected_hash: bytes | None = GENESIS

    def run(self, progress: Callable[[int], None] | None) -> Report:
        report = self._report
        for problem in self._db.execute("PRAGMA quick_check(5)").fetchall():
            if problem[0] != "ok":
                report.fault(f"database: {problem[0]}")
        for row in read_rows(self._db):
            self._check_place(row)
            self._check_row(row)
            report.rows += 1
            report.first_seq = report.first_seq or row.seq
            report.last_seq = row.seq
            if progress is not None:
                progress(row.seq)
        self._skip_gaps()
        self._check_outbox()
        return report

    def _skip_gaps(self) -> None:
        while (gap := self._gaps.get(self._expected_seq)) is not None:
            last, last_hash, cause = gap
            count = last - self._expected_seq + 1
            if cause == "erased":
                self._report.erased += count
            elif cause != "resealed":  # those stand further on, under another number
                self._report.lost += count
            self._expected_seq, self._expected_hash = last + 1, last_hash or None

    def _check_place(self, row: SealedRow) -> None:
        self._skip_gaps()
        if row.seq != self._expected_seq:
            self._report.fault(f"rows {self._expected_seq} to {row.seq - 1} are missing")
        elif self._expected_hash is not None and row.previous != self._expected_hash:
            self._report.fault(f"row {row.seq}: does not follow the row before it")
        self._expected_seq, self._expected_hash = row.seq + 1, row.hash

    def _check_row(self, row: SealedRow) -> None:
        if not row.is_whole(self._journal_id):
            self._report.fault(f"row {row.seq}: is not what was written")
            return
        if self._opener is not None:
            self._open_row(row)
        for picture, state in stored_pictures(self._db, row.seq):
            self._check_picture(picture, state)

    def _open_row(self, row: SealedRow) -> None:
        try:
            key = self._key(row.key_id)
            decode(key.open_text(row.body, Place(self._journal_id, row.seq, row.kind)))
        except (SealingError, ValueError) as error:
            self._report.fault(f"row {row.seq}: {error}")
            return
        self._report.opened += 1

    def _key(self, key_id: int) -> DataKey:
        if key_id not in self._keys:
            self._keys[key_id] = self._find_key(key_id)
        key = self._keys[key_id]
        if key is None:
            raise SealingError(f"its data key {key_id:016x} does not open or is missing")
        return key

    def _find_key(self, key_id: int) -> DataKey | None:
        sealed = find_key(self._db, key_id)
        if sealed is None or self._opener is None:
            return None
        try:
            return self._opener.open_key(sealed, self._journal_id)
        except SealingError as error:
            self._report.fault(str(error))
            return None

    def _check_picture(self, picture: StoredPicture, state: PictureState) -> None:
        name = f"row {picture.seq}: {picture.role.label}"
        if state is PictureState.DROPPED:
            self._report.dropped_pictures += 1
            return
        if state is PictureState.DAMAGED:
            self._report.damaged_pictures += 1
            return
        data = read_if_there(self._directory, picture)
        if data is None:
            self._report.fault(f"{name}: is missing or not what was written")
            return
        self._report.pictures += 1
        if self._opener is not None:
            try:
                open_picture(self._key(picture.key_id), self._journal_id, picture, data)
            except SealingError as error:
                self._report.fault(f"{name}: {error}")

    def _check_outbox(self) -> None:
        for (seq,) in self._db.execute(
            "SELECT seq FROM outbox WHERE seq NOT IN (SELECT seq FROM row)"
        ):
            self._report.fault(f"row {seq}: is to be sent, but is not there")


def find_key(db: sqlite3.Connection, key_id: int) -> SealedKey | None:
    """Return a sealed data key of the journal."""
    found = db.execute(
        "SELECT key_id, centre_key_id, sealed FROM data_key WHERE key_id = ?", (key_id,)
    ).fetchone()
    return SealedKey(*found) if found else None
