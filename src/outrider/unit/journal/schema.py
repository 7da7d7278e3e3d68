"""The journal's database: its tables, their migrations, and how it is opened."""

import os
import sqlite3
import uuid
from pathlib import Path

from outrider.unit.journal.database import transaction

DATABASE = "journal.sqlite3"
BUSY_S = 10.0

# Everything that could tell what was read is inside `body`, sealed before SQLite sees it. What is
# left in clear is what retention, the outbox and the chain need: order, kind, sizes, hashes.
_V1 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE data_key (
    key_id INTEGER PRIMARY KEY, centre_key_id TEXT NOT NULL, sealed BLOB NOT NULL
);
CREATE TABLE row (
    seq INTEGER PRIMARY KEY, kind INTEGER NOT NULL, key_id INTEGER NOT NULL,
    previous BLOB NOT NULL, hash BLOB NOT NULL, body BLOB NOT NULL
);
CREATE TABLE damaged_row (
    seq INTEGER, kind INTEGER, key_id INTEGER, previous BLOB, hash BLOB, body BLOB
);
CREATE TABLE outbox (
    priority INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (priority, seq)
) WITHOUT ROWID;
CREATE TABLE segment (
    number INTEGER PRIMARY KEY, stream INTEGER NOT NULL, key_id INTEGER NOT NULL
);
CREATE TABLE picture (
    seq INTEGER NOT NULL, role INTEGER NOT NULL, segment INTEGER NOT NULL,
    offset INTEGER NOT NULL, length INTEGER NOT NULL, key_id INTEGER NOT NULL,
    digest BLOB NOT NULL, state INTEGER NOT NULL, PRIMARY KEY (seq, role)
) WITHOUT ROWID;
CREATE INDEX picture_of_segment ON picture (segment, state);
CREATE TABLE gap (
    first_seq INTEGER PRIMARY KEY, last_seq INTEGER NOT NULL,
    last_hash BLOB NOT NULL, cause TEXT NOT NULL
);
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""

# The centre's receipts, for as long as what they are for; last_seq: the newest number then.
_V2 = """
CREATE TABLE receipt (
    upload_id TEXT PRIMARY KEY, kind TEXT NOT NULL, count INTEGER NOT NULL,
    sha256 TEXT NOT NULL, at_utc_ns INTEGER NOT NULL, last_seq INTEGER NOT NULL
) WITHOUT ROWID;
"""

# Which rows are the crew's own entries, by their name in the crew's trail: each is written once,
# however often it is offered, and the trail may be told of its receipt though its body is sealed.
_V3 = """
CREATE TABLE crew_row (
    record_id TEXT PRIMARY KEY, seq INTEGER NOT NULL, receipted INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX crew_row_of_seq ON crew_row (seq);
"""

# Epochs (see epochs.py), the first named as the journal. refused: rows that the centre has refused
# by themselves, when (monotonic clocks do not outlive a start: UTC) and how often.
_V4 = """
CREATE TABLE epoch (
    first_seq INTEGER PRIMARY KEY, epoch_id TEXT NOT NULL, after_epoch TEXT, after_seq INTEGER,
    after_hash BLOB
);
INSERT INTO epoch SELECT 1, value, NULL, NULL, NULL FROM meta WHERE key = 'journal_id';
CREATE TABLE refused (
    seq INTEGER NOT NULL, pictures INTEGER NOT NULL, status INTEGER NOT NULL, why TEXT NOT NULL,
    at_utc_ns INTEGER NOT NULL, tries INTEGER NOT NULL, PRIMARY KEY (seq, pictures)
) WITHOUT ROWID;
"""

MIGRATIONS = (_V1, _V2, _V3, _V4)


KEY_LOG = "keys.log"


class JournalError(Exception):
    """The journal cannot be used: what, where, and what to do."""


def open_database(directory: Path) -> sqlite3.Connection:
    """Open the journal's database for writing, made or migrated where needed.

    Raises JournalError where a newer version made it, or where there was one that is gone: no
    journal begins anew in silence. sqlite3.Error and OSError as they come.
    """
    path = directory / DATABASE
    if is_gone(directory):
        raise JournalError(
            f"{path} is GONE, though what stands beside it tells of a journal: start the unit "
            "(outrider run), which saves what can be saved, and report it"
        )
    # Made here so that no one else may read it; its WAL takes the same mode.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    db = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
    try:
        db.execute("PRAGMA auto_vacuum = INCREMENTAL")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA secure_delete = FAST")
        db.execute("PRAGMA mmap_size = 0")
        _migrate(db, path)
    except BaseException:
        db.close()
        raise
    return db


def is_gone(directory: Path) -> bool:
    """Whether there was a database that is not there now: what stands beside it tells.

    An empty file is none: to SQLite it would be a new one. What stands beside it is looked at
    first: a process that makes the journal now writes the database before anything else.
    """
    beside = [directory / KEY_LOG, directory / f"{DATABASE}-wal"]
    if not any(map(_holds, [*beside, *(directory / "segments").glob("[0-9]*.seg")])):
        return False
    return not _holds(directory / DATABASE)


def _holds(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def has_journal(directory: Path) -> bool:
    """Whether there is a journal in a folder, or was."""
    return (directory / DATABASE).exists() or is_gone(directory)


def open_read_only(directory: Path) -> sqlite3.Connection:
    """Open the journal's database to read it, while a unit may be writing.

    Raises JournalError where there is none or its version is unknown.
    """
    path = directory / DATABASE
    if not path.exists():
        raise JournalError(f"{directory}: holds no journal ({DATABASE} is missing)")
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_S)
    try:
        version = _version(db)
        if version != len(MIGRATIONS):
            raise JournalError(f"{path}: version {version}, this program reads {len(MIGRATIONS)}")
    except BaseException:
        db.close()
        raise
    return db


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _migrate(db: sqlite3.Connection, path: Path) -> None:
    if _version(db) == len(MIGRATIONS):
        return
    # The unit and a sync may open a new journal at once: the one that comes second finds it made.
    with transaction(db):
        _migrate_alone(db, path)


def _migrate_alone(db: sqlite3.Connection, path: Path) -> None:
    version = _version(db)
    if version > len(MIGRATIONS):
        raise JournalError(
            f"{path}: made by a newer version ({version}, this program knows {len(MIGRATIONS)}): "
            "update outrider, or move the folder away to begin a new journal"
        )
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        for statement in filter(str.strip, script.split(";")):
            db.execute(statement)
        if number == 1:
            db.execute("INSERT INTO meta VALUES ('journal_id', ?)", (str(uuid.uuid4()),))
        db.execute(f"PRAGMA user_version = {number:d}")


def journal_id(db: sqlite3.Connection) -> uuid.UUID:
    """Return the identifier that the journal was given when it was made."""
    found = db.execute("SELECT value FROM meta WHERE key = 'journal_id'").fetchone()
    return uuid.UUID(found[0])
