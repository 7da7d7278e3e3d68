"""What is searched in the folder: `search.sqlite3`, and the second lock over it.

A search runs on a connection of its own that can only read. Views made of its bounds stand in
front of the tables, and an authoriser refuses every table that is not read through them, every
change, and every other file: what is asked may be any SQL, and it still sees no more.
"""

import contextlib
import json
import os
import queue
import secrets
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from outrider.centre.store.bounds import Bounds
from outrider.centre.store.fixes import Fixes, Seen
from outrider.centre.store.meetings import MARK_BYTES, packed
from outrider.centre.store.search_ports import Cancel, Cancelled
from outrider.centre.store.search_tables import (
    BY_READ_AND_CAMERA,
    FORCES_BY_TIME,
    Dialect,
    statements,
)
from outrider.centre.store.session import Row, Session, placeholders
from outrider.centre.store.sqlite.files import SqliteSession, gone, transaction, translated
from outrider.centre.store.sqlite.schema import BUSY_S, connect, migrate

FILE = "search.sqlite3"
_CACHE_KB = 65_536

_DIALECT = Dialect(
    types={
        "bigint": "INTEGER", "integer": "INTEGER", "smallint": "INTEGER", "text": "TEXT",
        "bytea": "BLOB",
    },
    key="INTEGER PRIMARY KEY",
    number="INTEGER PRIMARY KEY",
    narrow=" WITHOUT ROWID",
)  # fmt: skip
_SEARCH_1 = f"""
{statements(_DIALECT)}CREATE INDEX sighting_time ON sighting (at_us);
CREATE TABLE mark (number INTEGER PRIMARY KEY, vrm TEXT NOT NULL UNIQUE, last_us INTEGER NOT NULL);
CREATE TABLE part (part TEXT NOT NULL, mark INTEGER NOT NULL, PRIMARY KEY (part, mark))
    WITHOUT ROWID;
CREATE TRIGGER mark_goes AFTER DELETE ON mark BEGIN
    DELETE FROM part WHERE mark = old.number AND part IN (
        SELECT substr(old.vrm, value, 2) FROM json_each('[1,2,3,4,5,6,7,8,9]'));
END;
"""
SEARCH = (_SEARCH_1, FORCES_BY_TIME.format(text="TEXT"), BY_READ_AND_CAMERA)

_IN_SCOPE = (
    "{t}.at_us BETWEEN (SELECT not_before_us FROM temp.bounds) "
    "AND (SELECT not_after_us FROM temp.bounds) "
    "AND ((SELECT forces FROM temp.bounds) IS NULL OR {t}.force IN "
    "(SELECT value FROM json_each((SELECT forces FROM temp.bounds)))) "
    "AND ((SELECT marks FROM temp.bounds) IS NULL OR {t}.vrm IN "
    "(SELECT value FROM json_each((SELECT marks FROM temp.bounds)))) "
    "AND ((SELECT south FROM temp.bounds) IS NULL OR ("
    "{t}.latitude_e7 BETWEEN (SELECT south FROM temp.bounds) AND (SELECT north FROM temp.bounds) "
    "AND {t}.longitude_e7 BETWEEN (SELECT west FROM temp.bounds) "
    "AND (SELECT east FROM temp.bounds)))"
)
# Names of CTEs count as the name of a view to the authoriser: so the views that count are called by
# a secret of the connection, and those of plain names stand in front of them.
_VIEWS = f"""
CREATE TEMP TABLE bounds (not_before_us, not_after_us, forces, marks, south, west, north, east);
CREATE TEMP VIEW {{own}}sighting AS SELECT * FROM main.sighting AS s
    WHERE {_IN_SCOPE.format(t="s")};
CREATE TEMP VIEW {{own}}hit AS SELECT * FROM main.hit AS h WHERE {_IN_SCOPE.format(t="h")};
CREATE TEMP VIEW {{own}}answer AS SELECT * FROM main.answer AS a
    WHERE EXISTS (SELECT 1 FROM {{own}}hit AS h WHERE h.hit_id = a.hit_id);
CREATE TEMP VIEW {{own}}activity AS SELECT * FROM main.activity AS a
    WHERE a.hour BETWEEN (SELECT not_before_us / 3600000000 FROM temp.bounds)
    AND (SELECT not_after_us / 3600000000 FROM temp.bounds)
    AND ((SELECT forces FROM temp.bounds) IS NULL OR a.force IN
    (SELECT value FROM json_each((SELECT forces FROM temp.bounds))));
CREATE TEMP VIEW {{own}}mark_part AS SELECT p.part AS part, m.vrm AS vrm FROM main.part AS p
    JOIN main.mark AS m ON m.number = p.mark
    WHERE EXISTS (SELECT 1 FROM {{own}}sighting AS s WHERE s.vrm = m.vrm);
CREATE TEMP VIEW {{own}}mark AS SELECT m.vrm AS vrm FROM main.mark AS m
    WHERE EXISTS (SELECT 1 FROM {{own}}sighting AS s WHERE s.vrm = m.vrm);
"""
_BOUND = ("sighting", "hit", "answer", "activity", "mark_part", "mark")
_OPEN = frozenset({"camera", "json_each"})


def make(path: Path) -> None:
    """Make the file, or bring it to this version. Raises sqlite3.Error, OSError, StoreError."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    with contextlib.closing(connect(path, make=False)) as db:
        migrate(db, path, SEARCH)


def parts_of(vrm: str) -> set[str]:
    """Return the pairs of characters that a mark holds."""
    return {vrm[n : n + 2] for n in range(len(vrm) - 1)}


Papers = Callable[[], contextlib.AbstractContextManager[Session]]


class SqliteSearchSession(SqliteSession):
    """What a search may do. papers: begins a transaction that reads the centre's papers."""

    def __init__(self, db: sqlite3.Connection, papers: Papers) -> None:
        super().__init__(db)
        self._papers = papers

    def among(self, column: str, values: Sequence[object], kind: str) -> tuple[str, object]:
        """Return `column IN (...)` over a list in JSON."""
        if len(values) == 1:
            return f"{column} = ?", values[0]
        return f"{column} IN (SELECT value FROM json_each(?))", json.dumps(list(values))

    def among_reads(self, column: str, reads: Sequence[bytes]) -> tuple[str, Sequence[object]]:
        """Return `column IN (...)`: JSON has no bytes, and a name in hex finds no index."""
        return f"{column} IN ({placeholders(len(reads))})", reads

    def tracks(self, seen: Seen, where: str, values: Sequence[object], most: int) -> bytes:
        """Return sightings packed."""
        query = (
            f"{seen.begin()}SELECT at_us, camera, counts_as FROM {seen.source} AS seen "
            f"WHERE {where} AND length(counts_as) <= {MARK_BYTES} LIMIT ?"
        )
        return packed(self.db.execute(query, (*seen.values, *values, most)))

    def fixed(self, fixes: Fixes) -> tuple[str, Sequence[object], str]:
        """Return corrections as a table made of JSON, which has no bytes: names are in hex."""
        table = (
            "fixed AS MATERIALIZED (SELECT json_extract(value, '$[0]') AS read_id, "
            "json_extract(value, '$[1]') AS vrm FROM json_each(?))"
        )
        listed = json.dumps([(read.hex().upper(), vrm) for read, vrm in fixes.items()])
        return table, (listed,), "hex(s.read_id)"

    def papers(self) -> contextlib.AbstractContextManager[Session]:
        """Begin a transaction of its own: papers are kept in another file."""
        return self._papers()

    def marks_like(self, pattern: str, most: int) -> list[str]:
        """Return folded marks with a sighting within the bounds."""
        runs = [run for run in pattern.replace("%", "_").split("_") if len(run) > 1]
        pairs = sorted(parts_of(max(runs, key=len))) if runs else []
        if not pairs:
            rows = self.rows(
                "SELECT vrm FROM mark WHERE vrm LIKE ? ORDER BY vrm LIMIT ?", pattern, most
            )
        else:
            rows = self.rows(
                "SELECT vrm FROM mark_part WHERE part = ? AND vrm LIKE ? ORDER BY vrm LIMIT ?",
                pairs[0],
                pattern,
                most,
            )
        return [vrm for (vrm,) in rows]


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro",
        uri=True,
        timeout=BUSY_S,
        isolation_level=None,
        check_same_thread=False,
    )
    db.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
    db.execute("PRAGMA temp_store = MEMORY")
    return db


class _Bound:
    """A connection with the views over it, and the secret part of their names."""

    def __init__(self, path: Path) -> None:
        """Open it; it sees nothing yet. Raises sqlite3.Error."""
        self._own = f"own_{secrets.token_hex(12)}_"
        self.db = _connect(path)
        self.db.executescript(_VIEWS.format(own=self._own))
        for name in _BOUND:
            self.db.execute(f"CREATE TEMP VIEW {name} AS SELECT * FROM {self._own}{name}")

    @contextlib.contextmanager
    def to(self, bounds: Bounds) -> Iterator[None]:
        """See what lies in the bounds, while the block runs, as things stand at its start."""
        box = bounds.area
        corners = (None,) * 4 if box is None else (box.south, box.west, box.north, box.east)
        self.db.execute("DELETE FROM temp.bounds")
        self.db.execute(
            "INSERT INTO temp.bounds VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (bounds.not_before_us, bounds.not_after_us, _listed(bounds.forces),
             _listed(bounds.marks), *corners),
        )  # fmt: skip
        self.db.execute("BEGIN")
        views = frozenset(self._own + name for name in _BOUND)
        self.db.set_authorizer(partial(_authorise, views))
        try:
            yield
        finally:
            self.db.set_authorizer(None)
            self.db.execute("ROLLBACK")


def _listed(names: frozenset[str] | None) -> str | None:
    return None if names is None else json.dumps(sorted(names))


def _authorise(
    bound: frozenset[str],
    action: int,
    first: str | None,
    second: str | None,
    database: str | None,
    through: str | None,
) -> int:
    """Let through what reads by the bound views, and functions; nothing else."""
    if action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE):
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION:
        return sqlite3.SQLITE_DENY if second == "load_extension" else sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_READ and (database != "main" or first in _OPEN or through in bound):
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


class SqliteFilingSession(SqliteSession):
    """A transaction that files."""

    def new_of(self, table: str, keys: Sequence[int]) -> set[int]:
        """Return those row keys that are not there yet."""
        found: list[Row] = self.rows(
            f"SELECT row_key FROM {table} WHERE row_key IN (SELECT value FROM json_each(?))",
            json.dumps(list(keys)),
        )
        return set(keys) - {key for (key,) in found}

    def lock_forces(self, *, alone: bool) -> None:
        """Nothing to do: a transaction that files has the file to itself."""

    def note_marks(self, newest_us: dict[str, int]) -> None:
        """Note folded marks with their pairs of characters."""
        for vrm, at_us in sorted(newest_us.items()):
            row = self.one("SELECT number, last_us FROM mark WHERE vrm = ?", vrm)
            if row is None:
                self.run("INSERT INTO mark (vrm, last_us) VALUES (?, ?)", vrm, at_us)
                made = self.one("SELECT last_insert_rowid()")
                number = 0 if made is None else made[0]
                self.each("INSERT INTO part VALUES (?, ?)", [(p, number) for p in parts_of(vrm)])
            elif row[1] < at_us:
                self.run("UPDATE mark SET last_us = ? WHERE number = ?", at_us, row[0])


class SearchFile:
    """The file: searched on connections that only read, filed into by one at a time."""

    def __init__(self, path: Path, papers: Papers) -> None:
        """Take a file that has been made. papers: begins a transaction that reads papers."""
        self.path = path
        self._papers = papers
        self._idle: queue.LifoQueue[_Bound] = queue.LifoQueue()

    def close(self) -> None:
        """Close the connections that are not in use."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._idle.get_nowait().db.close()

    @contextlib.contextmanager
    def searching(self, bounds: Bounds, cancel: Cancel | None) -> Iterator[SqliteSearchSession]:
        """Give a session that sees no more than its bounds. Raises StoreError, Cancelled."""
        with translated("search", self.path):
            bound = self._take()
            try:
                with bound.to(bounds), _broken_off_by(cancel, bound.db):
                    yield SqliteSearchSession(bound.db, self._papers)
            except BaseException:
                bound.db.close()  # whatever it was left in serves nobody else
                raise
            self._idle.put(bound)

    def _take(self) -> _Bound:
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            return _Bound(self.path)

    @contextlib.contextmanager
    def erasing(self) -> Iterator[SqliteFilingSession]:
        """Begin a transaction that leaves nothing of what it erases."""
        with (
            contextlib.closing(connect(self.path, make=False)) as db,
            gone(db),
            transaction(db, "BEGIN IMMEDIATE"),
        ):
            yield SqliteFilingSession(db)

    @contextlib.contextmanager
    def filing(self) -> Iterator[SqliteFilingSession]:
        """Begin a transaction that files. Raises sqlite3.Error, StoreError."""
        with contextlib.closing(connect(self.path, make=False)) as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield SqliteFilingSession(db)
                db.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):  # the first error is the one to report
                    db.execute("ROLLBACK")
                raise


@contextlib.contextmanager
def _broken_off_by(cancel: Cancel | None, db: sqlite3.Connection) -> Iterator[None]:
    if cancel is None:
        yield
        return
    cancel.watch(db.interrupt)
    try:
        if cancel.cancelled:
            raise Cancelled("broken off before it began")
        yield
    except sqlite3.OperationalError as error:
        if cancel.cancelled:
            raise Cancelled("broken off") from error
        raise
    finally:
        cancel.forget(db.interrupt)
