"""The tables of the embedded store: one file for what arrives, files by day for what stays."""

import sqlite3
from pathlib import Path

from outrider.centre.store import papers
from outrider.centre.store.records import StoreError

BUSY_S = 10.0

_SEALED_COLUMNS = """
    journal INTEGER NOT NULL, seq INTEGER NOT NULL, kind INTEGER NOT NULL,
    key_id INTEGER NOT NULL, previous BLOB NOT NULL, hash BLOB NOT NULL, body BLOB NOT NULL,
    pictures BLOB NOT NULL, arrived_us INTEGER NOT NULL
"""

_INTAKE_1 = f"""
CREATE TABLE unit (
    unit_id TEXT PRIMARY KEY, signing_key BLOB NOT NULL, enrolled_us INTEGER NOT NULL,
    revoked_us INTEGER, revoked_why TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE ticket (
    code_digest BLOB PRIMARY KEY, unit_id TEXT NOT NULL, expires_us INTEGER NOT NULL,
    used_us INTEGER, signing_key BLOB, tls_key BLOB
) WITHOUT ROWID;
CREATE TABLE certificate (
    serial TEXT PRIMARY KEY, unit_id TEXT NOT NULL, not_after_us INTEGER NOT NULL,
    revoked_us INTEGER
) WITHOUT ROWID;
CREATE TABLE upload (
    unit_id TEXT NOT NULL, upload_id BLOB NOT NULL, kind TEXT NOT NULL, sha256 BLOB NOT NULL,
    receipt BLOB NOT NULL, arrived_us INTEGER NOT NULL, PRIMARY KEY (unit_id, upload_id)
) WITHOUT ROWID;
CREATE TABLE journal (
    number INTEGER PRIMARY KEY, journal_id BLOB NOT NULL UNIQUE, unit_id TEXT NOT NULL,
    last_upload_us INTEGER NOT NULL, last_skew_s REAL NOT NULL, last_clock_quality TEXT NOT NULL,
    pictures_due INTEGER NOT NULL
);
CREATE TABLE present (
    journal INTEGER NOT NULL, first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL,
    first_previous BLOB NOT NULL, last_hash BLOB NOT NULL, PRIMARY KEY (journal, first_seq)
) WITHOUT ROWID;
CREATE TABLE gap (
    journal INTEGER NOT NULL, first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL,
    last_hash BLOB NOT NULL, cause TEXT NOT NULL, PRIMARY KEY (journal, first_seq, last_seq)
) WITHOUT ROWID;
CREATE TABLE chain_break (
    journal INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (journal, seq)
) WITHOUT ROWID;
CREATE TABLE data_key (
    journal INTEGER NOT NULL, key_id INTEGER NOT NULL, centre_key_id TEXT NOT NULL,
    sealed BLOB NOT NULL, last_us INTEGER NOT NULL, PRIMARY KEY (journal, key_id)
) WITHOUT ROWID;
CREATE TABLE waiting (number INTEGER PRIMARY KEY, {_SEALED_COLUMNS});
CREATE UNIQUE INDEX waiting_place ON waiting (journal, seq);
CREATE INDEX waiting_hits ON waiting (number) WHERE kind = 2;
CREATE TABLE set_aside ({_SEALED_COLUMNS}, why TEXT NOT NULL, PRIMARY KEY (journal, seq))
    WITHOUT ROWID;
CREATE TABLE due (
    journal INTEGER NOT NULL, seq INTEGER NOT NULL, pictures BLOB NOT NULL,
    arrived_us INTEGER NOT NULL, PRIMARY KEY (journal, seq)
) WITHOUT ROWID;
CREATE TABLE audit (
    number INTEGER PRIMARY KEY, event BLOB NOT NULL, previous BLOB NOT NULL, hash BLOB NOT NULL
);
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
    BEGIN SELECT raise(ABORT, 'the audit trail is only ever added to'); END;
CREATE TRIGGER audit_is_not_erased BEFORE DELETE ON audit
    BEGIN SELECT raise(ABORT, 'the audit trail is only ever added to'); END;
CREATE TABLE span (
    part TEXT NOT NULL, journal INTEGER NOT NULL, day TEXT NOT NULL,
    first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL, PRIMARY KEY (part, journal, day)
) WITHOUT ROWID;
CREATE TABLE dropping (part TEXT NOT NULL, day TEXT NOT NULL, PRIMARY KEY (part, day))
    WITHOUT ROWID;
CREATE TABLE move (number INTEGER NOT NULL);
INSERT INTO move VALUES (0);
"""

# A journal is known by its epochs. erased: what is remembered of rows whose time was over, the
# first 16 bytes of each hash, so that a row that comes again is known without its content.
_INTAKE_2 = """
ALTER TABLE journal RENAME TO journal_1;
CREATE TABLE journal (
    number INTEGER PRIMARY KEY, journal_id BLOB NOT NULL, epoch BLOB NOT NULL UNIQUE,
    unit_id TEXT NOT NULL, first_seq INTEGER NOT NULL, after_epoch BLOB, after_seq INTEGER,
    after_hash BLOB, begun_us INTEGER NOT NULL, grown_us INTEGER NOT NULL,
    last_upload_us INTEGER NOT NULL, last_skew_s REAL NOT NULL, last_clock_quality TEXT NOT NULL,
    pictures_due INTEGER NOT NULL
);
INSERT INTO journal SELECT number, journal_id, journal_id, unit_id, 1, NULL, NULL, NULL,
    last_upload_us, last_upload_us, last_upload_us, last_skew_s, last_clock_quality, pictures_due
    FROM journal_1;
DROP TABLE journal_1;
CREATE INDEX journal_epochs ON journal (journal_id);
CREATE TABLE erased (
    journal INTEGER NOT NULL, first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL,
    marks BLOB NOT NULL, PRIMARY KEY (journal, first_seq, last_seq)
) WITHOUT ROWID;
"""

# move: the number of the call that brought a row; an export leaves out what came after it began.
_OPENED_1 = """
CREATE TABLE opened (
    journal INTEGER NOT NULL, seq INTEGER NOT NULL, kind INTEGER NOT NULL,
    filed_us INTEGER NOT NULL, exposed_us INTEGER NOT NULL, read_id BLOB, hit_id BLOB, vrm TEXT,
    latitude_e7 INTEGER, longitude_e7 INTEGER, list_name TEXT, key_id INTEGER NOT NULL,
    previous BLOB NOT NULL, hash BLOB NOT NULL, body BLOB NOT NULL, pictures BLOB NOT NULL,
    arrived_us INTEGER NOT NULL, record BLOB NOT NULL, move INTEGER NOT NULL
);
CREATE UNIQUE INDEX opened_place ON opened (journal, seq);
CREATE INDEX opened_read ON opened (read_id) WHERE read_id IS NOT NULL;
CREATE INDEX opened_hit ON opened (hit_id) WHERE hit_id IS NOT NULL;
CREATE INDEX opened_vrm ON opened (vrm, exposed_us) WHERE vrm IS NOT NULL;
CREATE INDEX opened_time ON opened (exposed_us);
"""

_PICTURES_1 = """
CREATE TABLE picture (
    journal INTEGER NOT NULL, seq INTEGER NOT NULL, role INTEGER NOT NULL,
    key_id INTEGER NOT NULL, digest BLOB NOT NULL, data BLOB NOT NULL, arrived_us INTEGER NOT NULL
);
CREATE UNIQUE INDEX picture_place ON picture (journal, seq, role);
"""

INTAKE = (
    _INTAKE_1, _INTAKE_2, papers.TABLE.format(text="TEXT", blob="BLOB"), papers.UNTIL_INDEX,
)  # fmt: skip
OPENED_DAY = (_OPENED_1,)
PICTURE_DAY = (_PICTURES_1,)


def connect(path: Path, *, make: bool) -> sqlite3.Connection:
    """Open a file, each commit of which is on the disk when it returns. Raises sqlite3.Error."""
    mode = "rwc" if make else "rw"
    db = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=BUSY_S,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA secure_delete = FAST")
        db.execute("PRAGMA mmap_size = 0")
        db.execute("PRAGMA cache_size = -16384")
    except BaseException:
        db.close()
        raise
    return db


def migrate(db: sqlite3.Connection, path: Path, scripts: tuple[str, ...]) -> None:
    """Bring a file to this version. Call it where nobody else does so at the same time.

    Raises StoreError where a newer version made it, sqlite3.Error.
    """
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if version > len(scripts):
        raise StoreError(
            f"{path}: made by a newer version ({version}, this program knows {len(scripts)}): "
            "update outrider"
        )
    if version == len(scripts):
        return
    db.execute("PRAGMA journal_mode = WAL")
    for number, script in enumerate(scripts[version:], start=version + 1):
        db.executescript(f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {number}; COMMIT;")
