"""Files by day, each in a folder of its own, so that a day goes by removing its folder."""

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from outrider.centre.store.session import Row, placeholders
from outrider.centre.store.sqlite.files import SqliteSession, gone, transaction
from outrider.centre.store.sqlite.schema import connect, migrate
from outrider.durable import sync_folder

DAY_FILE = "day.sqlite3"


@dataclass(frozen=True, slots=True)
class Days:
    """All files of one kind; part: what the folder and the kind are called."""

    root: Path
    part: str
    schema: tuple[str, ...]

    @property
    def _folder(self) -> Path:
        return self.root / self.part

    def all(self) -> list[str]:
        """Return the days that there are, in order."""
        if not self._folder.is_dir():
            return []
        return sorted(path.parent.name for path in self._folder.glob(f"[0-9]*/{DAY_FILE}"))

    @contextlib.contextmanager
    def writing(self, day: str) -> Iterator[SqliteSession]:
        """Begin a transaction in a day's file, made where it is not there.

        One at a time, whatever the process. Raises sqlite3.Error, OSError, StoreError.
        """
        folder = self._folder / day
        if not folder.is_dir():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            sync_folder(folder.parent)
            sync_folder(self.root)
        path = folder / DAY_FILE
        # Made here so that no one else may read it; its WAL takes the same mode.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        with self._opened(path) as db, transaction(db, "BEGIN IMMEDIATE") as session:
            yield session

    @contextlib.contextmanager
    def erasing(self, day: str) -> Iterator[SqliteSession | None]:
        """Begin a transaction that leaves nothing of what it erases; None: no such day."""
        path = self._folder / day / DAY_FILE
        if not path.exists():
            yield None
            return
        with (
            self._opened(path) as db,
            gone(db),
            transaction(db, "BEGIN IMMEDIATE") as session,
        ):
            yield session

    @contextlib.contextmanager
    def reading(self, day: str) -> Iterator[SqliteSession | None]:
        """Begin a transaction that reads; None where there is no such day (any more)."""
        path = self._folder / day / DAY_FILE
        if not path.exists():
            yield None
            return
        with self._opened(path) as db, transaction(db, "BEGIN") as session:
            yield session

    @contextlib.contextmanager
    def _opened(self, path: Path) -> Iterator[sqlite3.Connection]:
        """Open a day's file that is there, brought to this version."""
        with contextlib.closing(connect(path, make=False)) as db:
            migrate(db, path, self.schema)
            yield db

    def count(self, day: str) -> int:
        """Return how many rows a day's file holds; none where it cannot be read."""
        table = "opened" if self.part == "opened" else "picture"
        with self.reading(day) as session:
            found = None if session is None else session.one(f"SELECT count(*) FROM {table}")
        return 0 if found is None else int(found[0])

    def drop(self, day: str) -> None:
        """Remove a day. Killed in between, it is a folder that no longer counts; see sweep."""
        source, target = self._folder / day, self._folder / f".dropped-{day}"
        if source.exists():
            shutil.rmtree(target, ignore_errors=True)
            os.replace(source, target)
        shutil.rmtree(target, ignore_errors=True)
        if self._folder.exists():
            sync_folder(self._folder)

    def sweep(self) -> None:
        """Remove what a killed drop left."""
        for path in self._folder.glob(".dropped-*"):
            shutil.rmtree(path, ignore_errors=True)


def add_or_leave(
    session: SqliteSession, table: str, columns: Sequence[str], rows: Sequence[Row]
) -> None:
    """Add rows; one that is there, because whoever added it was killed just after, is left."""
    names, marks = ", ".join(columns), placeholders(len(columns))
    session.each(f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})", rows)
