"""Transactions of SQLite files, and locks between processes on one folder."""

import contextlib
import fcntl
import os
import queue
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from outrider.centre.store.records import StoreError, UnfitError
from outrider.centre.store.session import Row, placeholders
from outrider.centre.store.sqlite.schema import connect

_LOCK_PATIENCE_S = 30.0
_LOCK_TRY_S = 0.02


class SqliteSession:
    """One transaction's way to a file."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db

    def rows(self, sql: str, *values: object) -> list[Row]:
        """Return all rows of a query."""
        return self.db.execute(sql, values).fetchall()

    def one(self, sql: str, *values: object) -> Row | None:
        """Return the first row of a query."""
        found: Row | None = self.db.execute(sql, values).fetchone()
        return found

    def run(self, sql: str, *values: object) -> int:
        """Change something; return how many rows it changed."""
        return self.db.execute(sql, values).rowcount

    def each(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run a statement once for every row of values."""
        self.db.executemany(sql, rows)

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Add many rows."""
        names = ", ".join(columns)
        self.db.executemany(
            f"INSERT INTO {table} ({names}) VALUES ({placeholders(len(columns))})", rows
        )


@contextlib.contextmanager
def translated(
    what: str, where: Path, errors: tuple[type[Exception], ...] = (sqlite3.Error, OSError)
) -> Iterator[None]:
    """Turn every error of the database and the disk into a StoreError that says what and where.

    A value that it does not take is an UnfitError: the content's fault, not the store's.
    """
    try:
        yield
    except (sqlite3.DataError, OverflowError, UnicodeError) as error:
        raise UnfitError(f"cannot {what}: {type(error).__name__}") from error
    except errors as error:
        raise StoreError(f"{where}: cannot {what}: {error}") from error


@contextlib.contextmanager
def transaction(db: sqlite3.Connection, begin: str) -> Iterator[SqliteSession]:
    """Hold a transaction: all of the block is committed, or none of it."""
    db.execute(begin)
    try:
        yield SqliteSession(db)
        db.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):  # the first error is the one to report
            db.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def gone(db: sqlite3.Connection) -> Iterator[None]:
    """Overwrite whatever the block erases, on pages that become free too, and empty the log.

    Where somebody reads at this moment the log is emptied by the next that erases.
    """
    db.execute("PRAGMA secure_delete = ON")
    try:
        yield
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        db.execute("PRAGMA secure_delete = FAST")


class IntakeFile:
    """The file that everything arrives in: one connection writes, as many as needed read."""

    def __init__(self, path: Path) -> None:
        """Open a file that has been made. Raises sqlite3.Error."""
        self._path = path
        self._writer = connect(path, make=False)
        self._turn = threading.Lock()
        self._idle: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()

    @contextlib.contextmanager
    def writing(self, what: str) -> Iterator[SqliteSession]:
        """Begin a transaction that writes. Raises StoreError."""
        with (
            self._turn,
            translated(what, self._path, (sqlite3.Error,)),
            transaction(self._writer, "BEGIN IMMEDIATE") as session,
        ):
            yield session

    @contextlib.contextmanager
    def erasing(self, what: str) -> Iterator[SqliteSession]:
        """Begin a transaction that leaves nothing of what it erases. Raises StoreError."""
        with (
            self._turn,
            translated(what, self._path, (sqlite3.Error,)),
            gone(self._writer),
            transaction(self._writer, "BEGIN IMMEDIATE") as session,
        ):
            yield session

    @contextlib.contextmanager
    def reading(self, what: str) -> Iterator[SqliteSession]:
        """Begin a transaction that reads. Raises StoreError."""
        with self.asking(what) as session, transaction(session.db, "BEGIN"):
            yield session

    @contextlib.contextmanager
    def asking(self, what: str) -> Iterator[SqliteSession]:
        """Ask one thing after another, each as it stands then. Raises StoreError.

        For an export: a transaction as long as that would keep the WAL growing.
        """
        with translated(what, self._path, (sqlite3.Error,)):
            try:
                db = self._idle.get_nowait()
            except queue.Empty:
                db = connect(self._path, make=False)
            try:
                yield SqliteSession(db)
            finally:
                self._idle.put(db)

    def close(self) -> None:
        """Close all connections that are not in use."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._idle.get_nowait().close()
        with self._turn:
            self._writer.close()


@contextlib.contextmanager
def locked(path: Path, what: str, *, shared: bool = False) -> Iterator[None]:
    """Hold a lock between processes and threads. Raises StoreError where others hold it long."""
    with translated(what, path):
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _wait_for(handle, path, what, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _wait_for(handle: int, path: Path, what: str, kind: int) -> None:
    pause = threading.Event()
    for _ in range(int(_LOCK_PATIENCE_S / _LOCK_TRY_S)):
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            pause.wait(_LOCK_TRY_S)
        else:
            return
    raise StoreError(f"{path}: cannot {what}: another has held this for {_LOCK_PATIENCE_S:.0f} s")
