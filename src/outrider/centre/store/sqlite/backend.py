"""The folder: `intake.sqlite3`, `opened/DAY/day.sqlite3`, `pictures/DAY/day.sqlite3`.

A move between files is made so that it may be cut off at any instant: first committed where the
rows go to, in a way that does nothing when done again, then where they came from.
"""

import contextlib
import itertools
import os
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from pathlib import Path

from outrider.centre.store.bounds import Bounds
from outrider.centre.store.columns import OPENED, PICTURE, day_of
from outrider.centre.store.filed import Filed
from outrider.centre.store.filing import file_rows, forget_filed
from outrider.centre.store.holding import SEALED, whole
from outrider.centre.store.search_ports import Cancel
from outrider.centre.store.session import Facts, Moved, NoteErasure, Row, Session
from outrider.centre.store.sqlite import schema, search_file
from outrider.centre.store.sqlite.days import Days, add_or_leave
from outrider.centre.store.sqlite.expiry import Expiry
from outrider.centre.store.sqlite.files import (
    IntakeFile,
    SqliteSession,
    locked,
    translated,
)
from outrider.centre.store.sqlite.search_file import (
    SearchFile,
    SqliteFilingSession,
    SqliteSearchSession,
)
from outrider.records import uuid7_time

INTAKE_FILE = "intake.sqlite3"
_OPENED_COLUMNS = ", ".join(OPENED)
_PICTURE_COLUMNS = ", ".join(PICTURE)
_OWN = (
    f"SELECT {_OPENED_COLUMNS} FROM opened WHERE read_id = ?1 AND kind = 1 "
    f"UNION ALL SELECT {_OPENED_COLUMNS} FROM opened WHERE hit_id = ?1 AND kind = 2"
)
_HIT_OF = f"SELECT {_OPENED_COLUMNS} FROM opened WHERE read_id = ? AND kind = 2 ORDER BY hit_id"
_HASH = OPENED.index("hash")
_FILED = OPENED.index("filed_us")


class SqliteBackend:
    """One folder, opened; several processes may have it open."""

    for_update = ""

    def __init__(self, folder: Path) -> None:
        """Open or make the folder. Raises StoreError."""
        self._folder = folder
        self._opened = Days(folder, "opened", schema.OPENED_DAY)
        self._pictures = Days(folder, "pictures", schema.PICTURE_DAY)
        self._moving = folder / "moving.lock"
        self._exporting = folder / "exporting.lock"
        self._in_use = contextlib.ExitStack()
        path = folder / INTAKE_FILE
        with translated("open the store", path):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Held while it is open: nothing is put in the place of a store that is in use.
            self._in_use.enter_context(locked(in_use(folder), "open the store", shared=True))
            with locked(folder / "opening.lock", "open the store"):
                _make(path)
                search_file.make(folder / search_file.FILE)
            self._intake = IntakeFile(path)
            reading = partial(self._intake.reading, "read papers")
            self._search = SearchFile(folder / search_file.FILE, reading)
        self._expiry = Expiry(self._intake, (self._opened, self._pictures))

    def close(self) -> None:
        """Close the files."""
        with translated("close the store", self._folder):
            self._search.close()
            self._intake.close()
            self._in_use.close()

    def writing(self, what: str) -> contextlib.AbstractContextManager[Session]:
        """Begin a transaction that writes what arrives."""
        return self._intake.writing(what)

    def reading(self, what: str) -> contextlib.AbstractContextManager[Session]:
        """Begin a transaction that reads what has arrived."""
        return self._intake.reading(what)

    def lock_audit(self, session: Session) -> None:
        """Do nothing: a transaction that writes has the file to itself."""

    # What is opened

    def move(self, rows: Sequence[Row], filed: Mapping[bytes, Filed], moved: Moved) -> None:
        """Put rows into the files of their days, then take them out of what waits."""
        with (
            translated("move opened rows", self._folder),
            locked(self._moving, "move opened rows"),
        ):
            self._expiry.finish()
            here, number = self._still_here(rows)
            for day, some in itertools.groupby(sorted(here, key=_day), key=_day):
                with self._opened.writing(day) as session:
                    added = [(*row, number) for row in some]
                    add_or_leave(session, "opened", (*OPENED, "move"), added)
            found = [filed[row[_HASH]] for row in here if row[_HASH] in filed]
            if found:
                with self._search.filing() as session:
                    file_rows(session, found)
            with self._intake.writing("move opened rows") as session:
                self._take_out(session, here, number)
                moved(session, {(row[0], row[1]) for row in here})

    def _still_here(self, rows: Sequence[Row]) -> tuple[list[Row], int]:
        query = (
            "SELECT 1 FROM waiting WHERE journal = ?1 AND seq = ?2 "
            "UNION ALL SELECT 1 FROM set_aside WHERE journal = ?1 AND seq = ?2"
        )
        with self._intake.reading("look up rows that wait") as session:
            unique = {(row[0], row[1]): row for row in rows}
            here = [row for row in unique.values() if session.one(query, row[0], row[1])]
            last = session.one("SELECT number FROM move")
        return here, (last[0] if last else 0) + 1

    def _take_out(self, session: SqliteSession, rows: Sequence[Row], number: int) -> None:
        places = [(row[0], row[1]) for row in rows]
        for table in ("waiting", "set_aside"):
            session.each(f"DELETE FROM {table} WHERE journal = ? AND seq = ?", places)
        session.run("UPDATE move SET number = ?", number)
        _note_spans(session, "opened", ((_day(row), row[0], row[1]) for row in rows))

    def opened_facts(
        self, session: Session, journal: int, journal_id: uuid.UUID, first: int, last: int
    ) -> dict[int, tuple[bytes, bytes]]:
        """Return hash and packed pictures of opened rows that are whole."""
        return whole(self._select(session, SEALED, journal, first, last), journal_id)

    def facts(
        self, session: Session, journal: int, journal_id: uuid.UUID, first: int, last: int
    ) -> Facts:
        """Return what is held; this transaction keeps rows from being taken out of what waits.

        So what waits is looked up first: it stays there until this ends, moved already or not.
        """
        sealed = f"SELECT {SEALED} FROM {{table}} WHERE journal = ? AND seq BETWEEN ? AND ?"
        waiting = session.rows(sealed.format(table="waiting"), journal, first, last)
        aside = session.rows(sealed.format(table="set_aside"), journal, first, last)
        opened = self.opened_facts(session, journal, journal_id, first, last)
        return Facts(opened, aside, waiting)

    def drop_damaged(
        self, session: Session, journal: int, journal_id: uuid.UUID, seqs: Sequence[int]
    ) -> None:
        """Remove rows that are damaged; cut off in between, they are lacking and come again."""
        first, last = min(seqs), max(seqs)
        for table in ("waiting", "set_aside"):
            _drop_damaged(session, table, journal, journal_id, seqs)
        for day in _days_with(session, "opened", journal, first, last):
            with translated("drop damaged rows", self._folder), self._opened.writing(day) as file:
                _drop_damaged(file, "opened", journal, journal_id, seqs)

    def opened_rows(self, session: Session, journal: int, first: int, last: int) -> list[Row]:
        """Return opened rows in order."""
        found = self._select(session, _OPENED_COLUMNS, journal, first, last)
        return sorted(found, key=lambda row: row[1])

    def _select(
        self, session: Session, columns: str, journal: int, first: int, last: int
    ) -> list[Row]:
        found: list[Row] = []
        for day in _days_with(session, "opened", journal, first, last):
            with translated("read opened rows", self._folder), self._opened.reading(day) as file:
                if file is not None:
                    found += file.rows(
                        f"SELECT {columns} FROM opened WHERE journal = ? AND seq BETWEEN ? AND ?",
                        journal,
                        first,
                        last,
                    )
        return found

    def find(self, session: Session, record_id: uuid.UUID) -> list[Row]:
        """Look into the days around the one that the identifier tells, then into all others.

        Of a read without its row, a hit that holds it is returned.
        """
        days = self._opened.all()
        near = [day for day in days if day in _days_around(record_id)]
        far = [day for day in days if day not in near]
        for query in (_OWN, _HIT_OF):
            for some in (near, far):
                found = self._find_in(query, some, record_id)
                if found:
                    return found[:1] if query == _HIT_OF else found
        return []

    def _find_in(self, query: str, days: Iterable[str], record_id: uuid.UUID) -> list[Row]:
        found: list[Row] = []
        for day in days:
            with translated("find a record", self._folder), self._opened.reading(day) as file:
                if file is not None:
                    found += file.rows(query, record_id.bytes)
        return found

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[tuple[Session, Iterator[Row]]]:
        """Return what had been moved when this was called; nothing is dropped until it is left."""
        with (
            locked(self._exporting, "export", shared=True),
            self._intake.asking("export opened rows") as session,
        ):
            with locked(self._moving, "export opened rows"):
                last, days = session.one("SELECT number FROM move"), self._opened.all()
            yield session, self._rows_of(days, last[0] if last else 0)

    def _rows_of(self, days: Iterable[str], until: int) -> Iterator[Row]:
        query = f"SELECT {_OPENED_COLUMNS} FROM opened WHERE move <= ? ORDER BY rowid"
        for day in days:
            with translated("export opened rows", self._folder), self._opened.reading(day) as file:
                if file is not None:
                    yield from file.db.execute(query, (until,))

    # Pictures

    def put_pictures(self, session: Session, rows: Sequence[Row], arrived_us: int) -> None:
        """Add pictures to the file of their day of arrival."""
        day = day_of(arrived_us)
        with translated("store pictures", self._folder), self._pictures.writing(day) as file:
            add_or_leave(file, "picture", PICTURE, list(rows))
        _note_spans(session, "pictures", ((day, row[0], row[1]) for row in rows))

    def picture(self, session: Session, journal: int, seq: int, role: int) -> Row | None:
        """Return a picture."""
        query = f"SELECT {_PICTURE_COLUMNS} FROM picture WHERE journal = ? AND seq = ? AND role = ?"
        for day in _days_with(session, "pictures", journal, seq, seq):
            with translated("read a picture", self._folder), self._pictures.reading(day) as file:
                found = None if file is None else file.one(query, journal, seq, role)
            if found is not None:
                return found
        return None

    def picture_digests(
        self, session: Session, journal: int, seqs: Sequence[int]
    ) -> dict[tuple[int, int], bytes]:
        """Return the digests of pictures that are here."""
        found: dict[tuple[int, int], bytes] = {}
        query = "SELECT role, digest FROM picture WHERE journal = ? AND seq = ?"
        for day in _days_with(session, "pictures", journal, min(seqs), max(seqs)):
            with translated("look up pictures", self._folder), self._pictures.reading(day) as file:
                if file is not None:
                    for seq in seqs:
                        for role, digest in file.rows(query, journal, seq):
                            found[seq, role] = digest
        return found

    def searching(
        self, bounds: Bounds, cancel: Cancel | None
    ) -> contextlib.AbstractContextManager[SqliteSearchSession]:
        """Begin a transaction that only reads, through views made of the bounds."""
        return self._search.searching(bounds, cancel)

    @contextlib.contextmanager
    def filing(self) -> Iterator[SqliteFilingSession]:
        """Begin a transaction that files."""
        with translated("file for searches", self._search.path), self._search.filing() as session:
            yield session

    def expire(self, before_us: int, note: NoteErasure) -> int:
        """Erase all of before an instant, days as files; wait for no export, but say so."""
        with (
            translated("erase what is old", self._folder),
            locked(self._exporting, "erase what is old while an export runs"),
            locked(self._moving, "erase what is old"),
        ):
            with self._search.erasing() as session:
                forget_filed(session, before_us)
            return self._expiry.run(before_us, note)

    def erasing(self, what: str) -> contextlib.AbstractContextManager[Session]:
        """Begin a transaction that leaves nothing of what it erases."""
        return self._intake.erasing(what)


def in_use(folder: Path) -> Path:
    """Return the lock that everybody shares who has a store open."""
    return folder / "in-use.lock"


def _make(path: Path) -> None:
    # Made here so that no one else may read it; its WAL takes the same mode.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    with contextlib.closing(schema.connect(path, make=False)) as db:
        schema.migrate(db, path, schema.INTAKE)


def _drop_damaged(
    session: Session, table: str, journal: int, journal_id: uuid.UUID, seqs: Sequence[int]
) -> None:
    query = f"SELECT {SEALED} FROM {table} WHERE journal = ? AND seq BETWEEN ? AND ?"
    rows, asked = session.rows(query, journal, min(seqs), max(seqs)), set(seqs)
    kept = whole(rows, journal_id)
    damaged = [(journal, row[0]) for row in rows if row[0] in asked and row[0] not in kept]
    session.each(f"DELETE FROM {table} WHERE journal = ? AND seq = ?", damaged)


def _day(row: Row) -> str:
    return day_of(row[_FILED])


def _days_around(record_id: uuid.UUID) -> set[str]:
    if record_id.version != 7:
        return set()
    try:
        day: date = uuid7_time(record_id).date()
        return {(day + timedelta(days=n)).isoformat() for n in (-1, 0, 1)}
    except (OverflowError, ValueError, OSError):  # a time that no calendar has
        return set()


def _note_spans(session: Session, part: str, rows: Iterable[tuple[str, int, int]]) -> None:
    """Note in which days numbers of a journal lie; rows: day, journal, seq."""
    numbers: dict[tuple[int, str], list[int]] = defaultdict(list)
    for day, journal, seq in rows:
        numbers[journal, day].append(seq)
    session.each(
        "INSERT INTO span (part, journal, day, first_seq, last_seq) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (part, journal, day) DO UPDATE SET "
        "first_seq = min(first_seq, excluded.first_seq), "
        "last_seq = max(last_seq, excluded.last_seq)",
        [(part, j, day, min(seqs), max(seqs)) for (j, day), seqs in numbers.items()],
    )


def _days_with(session: Session, part: str, journal: int, first: int, last: int) -> list[str]:
    found = session.rows(
        "SELECT day FROM span WHERE part = ? AND journal = ? AND first_seq <= ? AND last_seq >= ? "
        "ORDER BY day",
        part,
        journal,
        last,
        first,
    )
    return [day for (day,) in found]
