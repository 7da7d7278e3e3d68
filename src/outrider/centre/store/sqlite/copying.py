"""A copy of the folder as it stood at one instant, taken while others write to it.

The instant is that of a snapshot of `intake.sqlite3` and of `search.sqlite3`, taken between two
moves of rows. The files by day are copied after it: what came into them since is taken out of the
copy again, for the number that its journal has here may be another journal's in the copy.
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from outrider.centre.store.records import StoreError
from outrider.centre.store.sqlite import schema, search_file
from outrider.centre.store.sqlite.backend import INTAKE_FILE
from outrider.centre.store.sqlite.days import DAY_FILE, Days
from outrider.centre.store.sqlite.files import locked, translated
from outrider.centre.store.sqlite.schema import connect
from outrider.wire.hash_chain import GENESIS

_LATE_MOVES = "DELETE FROM opened WHERE move > ?"
_LATE_PICTURES = """
DELETE FROM picture WHERE NOT EXISTS (
    SELECT 1 FROM intake.present AS known WHERE known.journal = picture.journal
    AND picture.seq BETWEEN known.first_seq AND known.last_seq
)
"""


@dataclass(frozen=True, slots=True)
class Copied:
    """Where the audit trail of the copy stands: its last row's number and hash (hex)."""

    audit_rows: int
    audit_hash: str


def copy_store(folder: Path, to: Path) -> Copied:
    """Copy a store's folder into a new one. Erasure waits meanwhile, nothing else does.

    Raises StoreError where a file cannot be read, is damaged or cannot be written.
    """
    with (
        translated("copy the store", folder, (sqlite3.Error, OSError)),
        locked(folder / "exporting.lock", "back the store up", shared=True),
        ExitStack() as stack,
    ):
        with locked(folder / "moving.lock", "back the store up"):
            intake = stack.enter_context(_snapshot(folder / INTAKE_FILE))
            search = stack.enter_context(_snapshot(folder / search_file.FILE))
        last = intake.execute("SELECT number FROM move").fetchone()
        to.mkdir(mode=0o700)
        _copy(intake, to / INTAKE_FILE)
        _copy(search, to / search_file.FILE)
        _copy_days(Days(folder, "opened", schema.OPENED_DAY), to, last[0] if last else 0)
        _copy_days(Days(folder, "pictures", schema.PICTURE_DAY), to, None)
    return _trail_of(to / INTAKE_FILE)


@contextlib.contextmanager
def _snapshot(path: Path) -> Iterator[sqlite3.Connection]:
    """Give a connection that goes on reading what stands there now."""
    with closing(connect(path, make=False)) as db:
        db.execute("BEGIN")
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        yield db


def _copy(source: sqlite3.Connection, path: Path) -> None:
    """Copy what a connection sees, page by page, and hold it to be whole."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(connect(path, make=False)) as db:
        source.backup(db)
        if db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise StoreError(f"{path.name}: the copy is damaged, and so is what it is a copy of")


def _copy_days(days: Days, to: Path, last_move: int | None) -> None:
    for day in days.all():
        path = to / days.part / day / DAY_FILE
        path.parent.mkdir(mode=0o700, parents=True)
        with _snapshot(days.root / days.part / day / DAY_FILE) as source:
            _copy(source, path)
        with closing(connect(path, make=False)) as db:
            if last_move is None:
                db.execute("ATTACH ? AS intake", (str(to / INTAKE_FILE),))
                db.execute(_LATE_PICTURES)
            else:
                db.execute(_LATE_MOVES, (last_move,))


def _trail_of(path: Path) -> Copied:
    query = "SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1"
    with translated("read the copy", path), closing(connect(path, make=False)) as db:
        number, digest = db.execute(query).fetchone() or (0, GENESIS)
    return Copied(number, bytes(digest).hex())
