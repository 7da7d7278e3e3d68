"""PostgreSQL, with what is opened and the pictures in partitions of a week."""

import contextlib
import uuid
from collections.abc import Iterator, Mapping, Sequence

from outrider.centre.store.bounds import Bounds
from outrider.centre.store.columns import MONTH_US, OPENED, PICTURE, WEEK_US, day_of, week_of
from outrider.centre.store.filed import Filed
from outrider.centre.store.filing import file_rows, forget_filed
from outrider.centre.store.holding import SEALED, remember_all
from outrider.centre.store.postgresql.searching import (
    PostgresFilingSession,
    PostgresSearchSession,
    binding,
    broken_off_by,
)
from outrider.centre.store.postgresql.sessions import Pool, PostgresSession, translated
from outrider.centre.store.search_ports import Cancel
from outrider.centre.store.session import Facts, Moved, NoteErasure, Row, Session, placeholders
from outrider.centre.store.waiting import forget_before

_OPENED_COLUMNS = ", ".join(OPENED)
_PICTURE_COLUMNS = ", ".join(PICTURE)
_HASH = OPENED.index("hash")
_FILED = OPENED.index("filed_us")
_WRITE = "BEGIN ISOLATION LEVEL READ COMMITTED"
_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_EXPORTED_AT_ONCE = 500
_ERASED_FROM = "opened", "picture", "sighting", "hit", "answer", "activity", "mark", "paper"
# For the rows of one call that still wait or are aside; in one order, so that two openers that
# meet wait for each other instead of stopping each other.
_HOLD = (
    "SELECT journal, seq FROM {table} WHERE (journal, seq) IN "
    "(SELECT * FROM unnest(?::integer[], ?::bigint[])) ORDER BY journal, seq FOR UPDATE"
)
_TAKE = (
    "DELETE FROM {table} WHERE (journal, seq) IN (SELECT * FROM unnest(?::integer[], ?::bigint[]))"
)

_SEALED_PART = (
    f"SELECT '{{part}}', {SEALED} FROM {{part}} WHERE journal = ? AND seq BETWEEN ? AND ?"
)
_FACTS = (
    "SELECT 'opened', seq, NULL::smallint, NULL::bigint, NULL::bytea, hash, NULL::bytea, pictures "
    "FROM whole_opened(?, ?, ?) "
    f"UNION ALL {_SEALED_PART.format(part='set_aside')} "
    f"UNION ALL {_SEALED_PART.format(part='waiting')}"
)


class PostgresBackend:
    """One database; several processes may use it, each with the role of its part."""

    for_update = " FOR UPDATE"

    def __init__(self, url: str, connections: int) -> None:
        """Connect to the database. Raises StoreError."""
        self._pool = Pool(url, connections)

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()

    def writing(self, what: str) -> contextlib.AbstractContextManager[PostgresSession]:
        """Begin a transaction that writes."""
        return self._pool.transaction(what, _WRITE)

    def reading(self, what: str) -> contextlib.AbstractContextManager[PostgresSession]:
        """Begin a transaction that reads, as things stand at one instant."""
        return self._pool.transaction(what, _READ)

    def lock_audit(self, session: Session) -> None:
        """Let nobody else add to the audit trail until this transaction ends."""
        session.one("SELECT pg_advisory_xact_lock(1870033522, 1)")

    def move(self, rows: Sequence[Row], filed: Mapping[bytes, Filed], moved: Moved) -> None:
        """Move opened rows in one transaction."""
        unique = {(row[0], row[1]): row for row in rows}
        wanted = [list(numbers) for numbers in zip(*unique, strict=True)]
        with self.writing("move opened rows") as session:
            places: set[tuple[int, int]] = set()
            for table in ("waiting", "set_aside"):
                places.update(session.rows(_HOLD.format(table=table), *wanted))
                session.run(_TAKE.format(table=table), *wanted)
            here = [unique[place] for place in sorted(places)]
            _make_weeks(session, "opened", (row[_FILED] for row in here))
            session.insert("opened", OPENED, here)
            found = [filed[row[_HASH]] for row in here if row[_HASH] in filed]
            file_rows(PostgresFilingSession(session.connection), found)
            moved(session, places)

    def opened_facts(
        self, session: Session, journal: int, journal_id: uuid.UUID, first: int, last: int
    ) -> dict[int, tuple[bytes, bytes]]:
        """Return hash and packed pictures of opened rows that are whole."""
        query = "SELECT seq, hash, pictures FROM whole_opened(?, ?, ?)"
        found = session.rows(query, journal, first, last)
        return {seq: (digest, pictures) for seq, digest, pictures in found}

    def facts(
        self, session: Session, journal: int, journal_id: uuid.UUID, first: int, last: int
    ) -> Facts:
        """Return what is held, by one statement: each sees an instant of its own."""
        opened: dict[int, tuple[bytes, bytes]] = {}
        unopened: dict[str, list[Row]] = {"set_aside": [], "waiting": []}
        numbers = (journal, first, last)
        for part, *row in session.rows(_FACTS, *numbers, *numbers, *numbers):
            if part == "opened":
                opened[row[0]] = row[4], row[6]
            else:
                unopened[part].append(tuple(row))
        return Facts(opened, **unopened)

    def drop_damaged(
        self, session: Session, journal: int, journal_id: uuid.UUID, seqs: Sequence[int]
    ) -> None:
        """Remove rows that are damaged; the database finds out which, the intake may not choose."""
        session.one("SELECT drop_damaged(?, ?::bigint[])", journal, list(seqs))

    def opened_rows(self, session: Session, journal: int, first: int, last: int) -> list[Row]:
        """Return opened rows in order."""
        return session.rows(
            f"SELECT {_OPENED_COLUMNS} FROM opened WHERE journal = ? AND seq BETWEEN ? AND ? "
            "ORDER BY seq",
            journal,
            first,
            last,
        )

    def find(self, session: Session, record_id: uuid.UUID) -> list[Row]:
        """Return opened reads and hits of an identifier; of a read without its row, a hit."""
        columns, name = f"SELECT {_OPENED_COLUMNS} FROM opened", record_id.bytes
        found = session.rows(
            f"{columns} WHERE read_id = ? AND kind = 1 UNION ALL "
            f"{columns} WHERE hit_id = ? AND kind = 2",
            name,
            name,
        )
        return found or session.rows(
            f"{columns} WHERE read_id = ? AND kind = 2 ORDER BY hit_id LIMIT 1", name
        )

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[tuple[Session, Iterator[Row]]]:
        """Return all opened rows through a cursor on the server."""
        with self.reading("export opened rows") as session:
            yield session, self._exported(session)

    def _exported(self, session: PostgresSession) -> Iterator[Row]:
        with (
            translated("export opened rows", self._pool.where),
            session.connection.cursor("export", binary=True) as cursor,
        ):
            cursor.itersize = _EXPORTED_AT_ONCE
            cursor.execute(f"SELECT {_OPENED_COLUMNS} FROM opened ORDER BY filed_us")
            yield from cursor

    def put_pictures(self, session: Session, rows: Sequence[Row], arrived_us: int) -> None:
        """Add pictures to the week of their arrival."""
        _make_weeks(session, "picture", [arrived_us])
        session.insert("picture", PICTURE, rows)

    def picture(self, session: Session, journal: int, seq: int, role: int) -> Row | None:
        """Return a picture."""
        return session.one(
            f"SELECT {_PICTURE_COLUMNS} FROM picture WHERE journal = ? AND seq = ? AND role = ?",
            journal,
            seq,
            role,
        )

    def picture_digests(
        self, session: Session, journal: int, seqs: Sequence[int]
    ) -> dict[tuple[int, int], bytes]:
        """Return the digests of pictures that are here."""
        found = session.rows(
            "SELECT seq, role, digest FROM picture WHERE journal = ? "
            f"AND seq IN ({placeholders(len(seqs))})",
            journal,
            *seqs,
        )
        return {(seq, role): digest for seq, role, digest in found}

    @contextlib.contextmanager
    def searching(self, bounds: Bounds, cancel: Cancel | None) -> Iterator[PostgresSearchSession]:
        """Begin a transaction of the searcher's role, bound by its settings."""
        with (
            self._pool.transaction("search", _READ, *binding(bounds)) as session,
            broken_off_by(cancel, session.connection),
        ):
            yield PostgresSearchSession(session.connection)

    @contextlib.contextmanager
    def filing(self) -> Iterator[PostgresFilingSession]:
        """Begin a transaction that files."""
        with self._pool.transaction("file for searches", _WRITE) as session:
            yield PostgresFilingSession(session.connection)

    def expire(self, before_us: int, note: NoteErasure) -> int:
        """Erase all of before an instant, weeks as tables; only the owner of the tables may."""
        with self.writing("erase what is old, while nobody exports") as session:
            session.run("SET LOCAL lock_timeout TO '30s'")
            # A picture may have come days after its read: it goes with it.
            pictures = session.run(
                "DELETE FROM picture USING opened WHERE picture.journal = opened.journal "
                "AND picture.seq = opened.seq AND opened.filed_us < ?",
                before_us,
            )
            rows = _drop_weeks(session, "opened", before_us)
            remember_all(session, "opened", "filed_us < ?", before_us)
            rows += session.run("DELETE FROM opened WHERE filed_us < ?", before_us)
            pictures += _drop_weeks(session, "picture", before_us)
            pictures += session.run("DELETE FROM picture WHERE arrived_us < ?", before_us)
            rows += forget_before(session, before_us)
            _drop_weeks(session, "sighting", before_us, MONTH_US)
            forget_filed(session, before_us)
            if rows or pictures:
                note(session, rows, pictures)
        self._pool.vacuum(_ERASED_FROM)
        return rows

    def erasing(self, what: str) -> contextlib.AbstractContextManager[PostgresSession]:
        """Begin a transaction that erases."""
        return self.writing(what)


def _make_weeks(session: Session, part: str, instants_us: Iterator[int] | Sequence[int]) -> None:
    for first_us in sorted({week_of(us) for us in instants_us}):
        session.one("SELECT make_week(?, ?)", part, first_us)


def _drop_weeks(session: Session, part: str, before_us: int, span_us: int = WEEK_US) -> int:
    """Drop a part's weeks that end before an instant; return how many rows they held."""
    old = session.rows(
        "DELETE FROM week WHERE part = ? AND first_us <= ? RETURNING first_us",
        part,
        before_us - span_us,
    )
    dropped = 0
    for (first_us,) in old:
        name = f"{part}_{day_of(first_us).replace('-', '_')}"
        if part == "opened":
            remember_all(session, name, "true")
        found = session.one(f"SELECT count(*) FROM {name}")
        dropped += 0 if found is None else found[0]
        session.run(f"DROP TABLE {name}")
    return dropped
