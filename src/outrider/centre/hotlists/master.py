"""A master list: the centre's own copy, its revision, and the packages made of it.

An entry that stays keeps its number for ever, so that a delta names what goes by a few bytes.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sqlite_utils import Database

from outrider.centre.hotlists.repository import RepositoryFault
from outrider.wire import hotlist_columns
from outrider.wire.hotlist_columns import ColumnsError, declared
from outrider.wire.hotlist_entry import FIELDS, NumberedRow, Row, digest_of_table
from outrider.wire.hotlist_package import Change, PackageRef

_COLUMNS = ", ".join(map(declared, FIELDS))
_NAMES = ", ".join(FIELDS)
_PLACES = ", ".join("?" * len(FIELDS))
_DDL = f"""
CREATE TABLE IF NOT EXISTS entry (id INTEGER PRIMARY KEY AUTOINCREMENT, {_COLUMNS});
CREATE INDEX IF NOT EXISTS entry_vrm ON entry (vrm);
CREATE TABLE IF NOT EXISTS incoming (number INTEGER PRIMARY KEY, {_COLUMNS});
CREATE INDEX IF NOT EXISTS incoming_vrm ON incoming (vrm);
CREATE TABLE IF NOT EXISTS gone (id INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS state (
    one INTEGER PRIMARY KEY CHECK (one = 1), revision INTEGER NOT NULL,
    published_utc_ns INTEGER NOT NULL, policy TEXT NOT NULL, content_sha256 TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS package (
    path TEXT PRIMARY KEY, base INTEGER NOT NULL, revision INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL, sha256 TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS source (one INTEGER PRIMARY KEY CHECK (one = 1), name TEXT NOT NULL);
"""
_SAME = " AND ".join(f"there.{name} = here.{name}" for name in FIELDS)
_ROWS = f"SELECT id, {_NAMES} FROM entry"


class Source(StrEnum):
    """Where a list's entries come from."""

    FILE = "published from a file"
    KEPT = "kept at the centre"


@dataclass(frozen=True, slots=True)
class MasterState:
    """A master list's revision (0: none yet), when it was true, its policy and its digest."""

    revision: int
    published_utc_ns: int
    policy: str
    content_sha256: str


@dataclass(frozen=True, slots=True)
class MadePackage:
    """A package on the disk: its reference, and its SHA-256."""

    ref: PackageRef
    sha256: str


class MasterList:
    """One master list in its SQLite file. Call within `change()` to alter it."""

    def __init__(self, path: Path) -> None:
        """Open a file, made or brought up where needed. Raises RepositoryFault, sqlite3.Error."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._bring_up()
        Database(self._db).executescript(_DDL)

    def _bring_up(self) -> None:
        """Make an older file what this version writes. Raises RepositoryFault, sqlite3.Error."""
        tables = ("entry", "incoming")
        there = self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'entry'").fetchone()
        if there is None:
            hotlist_columns.mark(self._db)
            return
        try:
            with self.change():
                hotlist_columns.bring_up(self._db, tables)
        except ColumnsError as error:
            self._db.close()
            raise RepositoryFault(
                f"{self.path}: {error}: bring outrider up to date; or put the file back from a "
                "backup, and publish the list again"
            ) from error

    @contextmanager
    def change(self) -> Iterator[None]:
        """Make everything within one transaction: all of it happens, or nothing."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def state(self) -> MasterState:
        """Return the state now."""
        row = self._db.execute(
            "SELECT revision, published_utc_ns, policy, content_sha256 FROM state"
        ).fetchone()
        return MasterState(*row) if row else MasterState(0, 0, "", "")

    def set_state(self, state: MasterState) -> None:
        """Write the state."""
        self._db.execute(
            "INSERT OR REPLACE INTO state VALUES (1, ?, ?, ?, ?)",
            (state.revision, state.published_utc_ns, state.policy, state.content_sha256),
        )

    def source(self) -> Source | None:
        """Return where its entries come from; None: it has none yet."""
        row = self._db.execute("SELECT name FROM source").fetchone()
        if row is None:  # a list of before this was noted came from a file
            return Source.FILE if self.state().revision else None
        return Source(row[0])

    def set_source(self, source: Source) -> None:
        """Write down where its entries come from."""
        self._db.execute("INSERT INTO source VALUES (1, ?)", (source.value,))

    def count(self) -> int:
        """Return the number of entries."""
        return int(self._db.execute("SELECT count(*) FROM entry").fetchone()[0])

    def replace_by(self, rows: Iterable[Row]) -> int:
        """Make the list hold just these rows; return how many entries went or came.

        What stays keeps its number; a number is never given twice. The rows are distinct.
        """
        self._db.execute("DELETE FROM incoming")
        self._db.execute("DELETE FROM gone")
        self._db.executemany(f"INSERT INTO incoming ({_NAMES}) VALUES ({_PLACES})", rows)
        absent = f"WHERE NOT EXISTS (SELECT 1 FROM incoming AS there WHERE {_SAME})"
        self._db.execute(f"INSERT INTO gone SELECT id FROM entry AS here {absent}")
        self._db.execute("DELETE FROM entry WHERE id IN (SELECT id FROM gone)")
        last = self._db.execute("SELECT coalesce(max(seq), 0) FROM sqlite_sequence").fetchone()[0]
        new = f"WHERE NOT EXISTS (SELECT 1 FROM entry AS there WHERE {_SAME})"
        self._db.execute(
            f"INSERT INTO entry ({_NAMES}) SELECT {_NAMES} FROM incoming AS here {new}"
            " ORDER BY number"
        )
        self._db.execute("DELETE FROM incoming")
        self._last_before = int(last)
        gone = self._db.execute("SELECT count(*) FROM gone").fetchone()[0]
        come = self._db.execute("SELECT count(*) FROM entry WHERE id > ?", (last,)).fetchone()[0]
        return int(gone) + int(come)

    def delta(self) -> Iterator[Change]:
        """Yield what the last replace_by changed: deletions, then what came."""
        for (number,) in self._db.execute("SELECT id FROM gone ORDER BY id"):
            yield number, None
        yield from self._rows("WHERE id > ? ORDER BY id", self._last_before)

    def snapshot(self) -> Iterator[NumberedRow]:
        """Yield every entry in order of number."""
        yield from self._rows("ORDER BY id")

    def _rows(self, which: str, *values: int) -> Iterator[NumberedRow]:
        for number, *row in self._db.execute(f"{_ROWS} {which}", values):
            yield number, tuple(row)

    def digest(self) -> str:
        """Return the content digest."""
        return digest_of_table(self._db)

    def packages(self) -> list[MadePackage]:
        """Return the packages that are to be had, oldest first."""
        rows = self._db.execute(
            "SELECT path, base, revision, size_bytes, sha256 FROM package ORDER BY revision, base"
        )
        return [MadePackage(PackageRef(p, b, r, s), digest) for p, b, r, s, digest in rows]

    def add_package(self, made: MadePackage) -> None:
        """Note a package."""
        ref = made.ref
        self._db.execute(
            "INSERT INTO package VALUES (?, ?, ?, ?, ?)",
            (ref.path, ref.base, ref.revision, ref.size_bytes, made.sha256),
        )

    def drop_package(self, path: str) -> None:
        """Forget a package."""
        self._db.execute("DELETE FROM package WHERE path = ?", (path,))

    def close(self) -> None:
        """Close the file."""
        self._db.close()
