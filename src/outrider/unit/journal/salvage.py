"""Saving what can be saved of a damaged database; the damaged files are kept, never reset.

The new database is built beside the old one, then both change places by renames. A cut at any
point leaves either the damaged database, to be salvaged again, or a finished new one.
"""

import contextlib
import logging
import os
import shutil
import sqlite3
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from outrider import durable
from outrider.unit.journal import schema
from outrider.unit.journal.carve import RawRow, carve_rows
from outrider.unit.journal.database import add_to_counter, transaction
from outrider.unit.journal.epochs import epochs, put, read_epoch_log
from outrider.unit.journal.scan import SegmentHead, scan_segments
from outrider.unit.journal.schema import KEY_LOG
from outrider.unit.journal.segments import PictureState, StoredPicture, sync_folder
from outrider.unit.journal.store import PRIORITY, read_key_log
from outrider.unit.journal.verify import stored_pictures
from outrider.wire.chain import SealedPicture, SealedRow
from outrider.wire.epoch import Epoch, Past
from outrider.wire.hash_chain import GENESIS
from outrider.wire.read_record import RecordKind
from outrider.wire.sealing import SealedKey

QUARANTINE = "quarantine"
LEAP = 100_000
_BUILDING = "salvage.building"
_READY = "salvage.ready"
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Found:
    journal_id: uuid.UUID
    rows: list[SealedRow] = field(default_factory=list)
    pictures: list[tuple[StoredPicture, PictureState]] = field(default_factory=list)
    unsent: set[int] | None = None
    keys: dict[int, SealedKey] = field(default_factory=dict)
    segments: list[SegmentHead] = field(default_factory=list)
    gaps: list[tuple[int, int, bytes, str]] = field(default_factory=list)
    crew: list[tuple[str, int, int]] = field(default_factory=list)
    epochs: list[Epoch] = field(default_factory=list)
    last_seq: int = 0

    def numbers(self) -> Iterator[int]:
        """Yield every number given out whose row no recorded gap accounts for."""
        gone = {seq for first, last, _, _ in self.gaps for seq in range(first, last + 1)}
        return (seq for seq in range(1, self.last_seq + 1) if seq not in gone)


def finish_interrupted(directory: Path) -> None:
    """Finish a salvage that a power cut stopped after its new database was ready."""
    shutil.rmtree(directory / _BUILDING, ignore_errors=True)
    if (directory / _READY).is_dir():
        _swap(directory)


def salvage(directory: Path) -> int:
    """Put a sound database in the place of one damaged or gone; return how many rows are lost.

    Rows that are whole by their own hash are kept, with what is known of their pictures. Numbers
    after the last known one are skipped, so that none that the centre may have seen is used twice.
    Raises OSError, sqlite3.Error where the new one cannot be written.
    """
    found = _gather(directory)
    building = directory / _BUILDING
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(mode=0o700)
    lost = _build(building, found)
    _sync_files(building)
    building.rename(directory / _READY)
    sync_folder(directory)
    _swap(directory)
    _log.error(
        "journal: the database in %s was damaged or gone: %d rows saved, %d lost; what was left of "
        "it is in %s",
        directory, len(found.rows), lost, directory / QUARANTINE,
    )  # fmt: skip
    return lost


def _sync_files(folder: Path) -> None:
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    sync_folder(folder)


def _swap(directory: Path) -> None:
    quarantine = directory / QUARANTINE
    number = len(list(quarantine.iterdir())) + 1 if quarantine.is_dir() else 1
    ready = directory / _READY / schema.DATABASE
    if ready.exists():
        place = quarantine / f"{number:04d}"
        durable.make_folder(place)
        for path in directory.glob(f"{schema.DATABASE}*"):
            path.rename(place / path.name)
        ready.rename(directory / schema.DATABASE)
        sync_folder(directory)
    shutil.rmtree(directory / _READY)
    sync_folder(directory)


def _gather(directory: Path) -> _Found:
    segments, scanned = scan_segments(directory)
    logged_id, logged_keys = read_key_log(directory / KEY_LOG)
    known_id = next((head.journal_id for head in segments), logged_id)
    with contextlib.closing(_open_damaged(directory / schema.DATABASE)) as db:
        found = _Found(_journal_id(db) or known_id or uuid.uuid4())
        found.segments = segments
        found.keys = {key.key_id: key for key in logged_keys}
        found.keys |= {head.sealed_key.key_id: head.sealed_key for head in segments}
        found.keys |= {key.key_id: key for key in _keys(db)}
        found.gaps = _table(db, "SELECT * FROM gap") or []
        found.crew = _table(db, "SELECT record_id, seq, receipted FROM crew_row") or []
        outbox = _table(db, "SELECT seq FROM outbox", whole=True)
        found.unsent = {seq for (seq,) in outbox} if outbox is not None else None
        found.epochs = _epochs(db) or read_epoch_log(directory / KEY_LOG)
        carved = _carve(directory, db, scanned, found.journal_id)
        begun = [epoch.first_seq - 1 for epoch in found.epochs]
        found.last_seq = max([0, *scanned, *carved, *_last_seqs(db), *begun])
        for seq in found.numbers():
            _gather_row(db, seq, scanned.get(seq, []), carved.get(seq), found)
    return found


def _open_damaged(path: Path) -> sqlite3.Connection:
    """Open a damaged database to read what can be read; one that is gone holds nothing."""
    if not path.exists():
        return sqlite3.connect(":memory:")
    uri = f"{path.absolute().as_uri()}?mode=ro"
    return sqlite3.connect(uri, uri=True, timeout=schema.BUSY_S)


def _epochs(db: sqlite3.Connection) -> list[Epoch]:
    try:
        return epochs(db)
    except (sqlite3.DatabaseError, ValueError, TypeError, AttributeError):
        return []


def _carve(
    directory: Path,
    db: sqlite3.Connection,
    scanned: dict[int, list[StoredPicture]],
    journal_id: uuid.UUID,
) -> dict[int, RawRow]:
    """Return rows found page by page that are whole; not where the tree leads to them anyway."""
    carved = {}
    for raw in carve_rows(directory / schema.DATABASE):
        if _whole_row(raw, _stored(db, raw[0]), scanned.get(raw[0], []), journal_id):
            carved[raw[0]] = raw
    return carved


def _journal_id(db: sqlite3.Connection) -> uuid.UUID | None:
    try:
        return schema.journal_id(db)
    except (sqlite3.DatabaseError, ValueError, TypeError):
        return None


def _table(db: sqlite3.Connection, query: str, whole: bool = False) -> list | None:  # type: ignore[type-arg]
    """Return the rows that can be read; whole: None unless all can."""
    rows = []
    try:
        for row in db.execute(query):
            rows.append(row)
    except sqlite3.DatabaseError:
        return None if whole else rows
    return rows


def _keys(db: sqlite3.Connection) -> Iterator[SealedKey]:
    for row in _table(db, "SELECT key_id, centre_key_id, sealed FROM data_key") or []:
        yield SealedKey(*row)


def _last_seqs(db: sqlite3.Connection) -> Iterator[int]:
    for query in (
        "SELECT max(seq) FROM row",
        "SELECT max(seq) FROM picture",
        "SELECT max(last_seq) FROM gap",
        "SELECT max(seq) FROM outbox WHERE priority = 0",
        "SELECT max(seq) FROM outbox WHERE priority = 1",
    ):
        for (value,) in _table(db, query) or []:
            yield int(value or 0)


_States = list[tuple[StoredPicture, PictureState]]


def _gather_row(
    db: sqlite3.Connection,
    seq: int,
    scanned: list[StoredPicture],
    carved: RawRow | None,
    found: _Found,
) -> None:
    query = (
        "SELECT seq, kind, key_id, CAST(previous AS BLOB), CAST(body AS BLOB), CAST(hash AS BLOB) "
        f"FROM row WHERE seq = {seq:d}"
    )
    for raw in (*(_table(db, query) or ()), *filter(None, (carved,))):
        whole = _whole_row(raw, _stored(db, seq), scanned, found.journal_id)
        if whole is not None:
            found.rows.append(whole[0])
            found.pictures += whole[1]
            return


def _whole_row(
    raw: RawRow, stored: _States, scanned: list[StoredPicture], journal_id: uuid.UUID
) -> tuple[SealedRow, _States] | None:
    """Return the row with the pictures that its hash covers, as known or as found in segments."""
    for pictures in (stored, [(p, PictureState.PENDING) for p in scanned]):
        row = _as_row(raw, [p for p, _ in pictures])
        if row is not None and row.is_whole(journal_id):
            return row, pictures
    return None


def _stored(db: sqlite3.Connection, seq: int) -> _States:
    try:
        return stored_pictures(db, seq)
    except (sqlite3.DatabaseError, ValueError, TypeError):
        return []


def _as_row(raw: RawRow, pictures: list[StoredPicture]) -> SealedRow | None:
    seq, kind, key_id, previous, body, digest = raw
    facts = tuple(SealedPicture(p.role, p.key_id, p.length, p.digest) for p in pictures)
    try:
        return SealedRow(seq, RecordKind(kind), key_id, previous, body, facts, digest)
    except ValueError:
        return None


def _build(building: Path, found: _Found) -> int:
    """Write the new database; return how many rows that were given a number are lost."""
    with contextlib.closing(schema.open_database(building)) as db:
        with transaction(db):
            db.execute(
                "UPDATE meta SET value = ? WHERE key = 'journal_id'", (str(found.journal_id),)
            )
            _insert_facts(db, found)
            _insert_rows(db, found)
            lost = _insert_gaps(db, found)
            add_to_counter(db, "salvages", 1)
            add_to_counter(db, "lost_rows", lost)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return lost


def _insert_facts(db: sqlite3.Connection, found: _Found) -> None:
    # A segment of whose pictures no row is left is set apart at the start (see startup.py).
    named = {picture.segment for picture, _ in found.pictures}
    db.executemany(
        "INSERT OR IGNORE INTO data_key VALUES (?, ?, ?)",
        [(key.key_id, key.centre_key_id, key.sealed) for key in found.keys.values()],
    )
    db.executemany(
        "INSERT OR IGNORE INTO segment VALUES (?, ?, ?)",
        [
            (head.number, head.stream, head.sealed_key.key_id)
            for head in found.segments
            if head.number in named
        ],
    )
    _insert_epochs(db, found)


def _insert_epochs(db: sqlite3.Connection, found: _Found) -> None:
    """Take over the epochs; what is written from here on is of a fresh one, whatever was lost."""
    db.execute("DELETE FROM epoch")
    for epoch in found.epochs or [Epoch(found.journal_id)]:
        put(db, None, epoch)
    now = (found.epochs or [Epoch(found.journal_id)])[-1]
    first = found.last_seq + LEAP + 1
    if now.first_seq < first:
        put(db, None, Epoch(uuid.uuid4(), first, Past(now.epoch_id, first - 1, GENESIS)))


def _insert_rows(db: sqlite3.Connection, found: _Found) -> None:
    db.executemany(
        "INSERT INTO row VALUES (?, ?, ?, ?, ?, ?)",
        [(r.seq, r.kind, r.key_id, r.previous, r.hash, r.body) for r in found.rows],
    )
    db.executemany(
        "INSERT INTO outbox VALUES (?, ?)",
        [
            (PRIORITY[r.kind], r.seq)
            for r in found.rows
            if found.unsent is None or r.seq in found.unsent
        ],
    )
    # One whose row is lost is left out: it is written again from the crew's own trail.
    here = {row.seq for row in found.rows}
    db.executemany(
        "INSERT OR IGNORE INTO crew_row VALUES (?, ?, ?)",
        [crew for crew in found.crew if crew[1] in here or crew[2]],
    )
    db.executemany(
        "INSERT INTO picture VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (p.seq, p.role, p.segment, p.offset, p.length, p.key_id, p.digest, state)
            for p, state in found.pictures
        ],
    )


def _insert_gaps(db: sqlite3.Connection, found: _Found) -> int:
    """Account for every number that is not there; return how many of them are lost rows."""
    have = {row.seq: row for row in found.rows}
    db.executemany("INSERT OR IGNORE INTO gap VALUES (?, ?, ?, ?)", found.gaps)
    lost = 0
    for seq in found.numbers():
        if seq not in have:
            following = have.get(seq + 1)
            last_hash = following.previous if following else GENESIS
            db.execute("INSERT INTO gap VALUES (?, ?, ?, 'damaged')", (seq, seq, last_hash))
            lost += 1
    first = found.last_seq + 1
    db.execute("INSERT INTO gap VALUES (?, ?, ?, 'skipped')", (first, first + LEAP - 1, GENESIS))
    return lost


def is_damage(error: sqlite3.Error) -> bool:
    """Whether an error says that the database itself is damaged, rather than the moment."""
    code = getattr(error, "sqlite_errorcode", 0)
    corrupt, not_a_database, unreadable = 11, 26, 266
    return code & 0xFF in (corrupt, not_a_database) or code == unreadable
