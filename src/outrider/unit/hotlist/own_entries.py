"""The crew's own entries: added by hand, for 1 to 100 days, with an audit trail for the centre.

The audit file is the truth: every addition and removal is a row that is never changed but to note
that the centre has it. The list `crew` is made from it, as a generation like any other list, so
that matching, fallback and look-back need nothing special.
"""

import json
import os
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date, timedelta

from nacl.exceptions import CryptoError

from outrider import durable
from outrider.clock import Clock
from outrider.hotlist_import.entry import MAX_TEXT, normalise_pattern
from outrider.records import Response, VehicleOfInterest
from outrider.unit.hotlist.arming import uk_time
from outrider.unit.hotlist.build import build
from outrider.unit.hotlist.generations import Generation
from outrider.unit.hotlist.keys import ListKeys
from outrider.unit.hotlist.schema import ListHeader
from outrider.unit.hotlist.store import HotlistStore
from outrider.wire.crew_entry import FIRST_HASH, CrewEvent, CrewRecord, trail_hash
from outrider.wire.hotlist_entry import NumberedRow, to_row
from outrider.wire.hotlist_policy import ListPolicy

LIST_NAME = "crew"
DAYS = range(1, 101)
FILE = "crew.sqlite"
_DDL = """
CREATE TABLE IF NOT EXISTS audit (
    sequence INTEGER PRIMARY KEY,
    sealed BLOB NOT NULL,          -- [event, previous, hash] as JSON, by the lists' key:
                                   -- canonical JSON of CrewEvent, hashed as it stands; the hash of
                                   -- the row before; SHA-256 of both
    synced INTEGER NOT NULL DEFAULT 0
)
"""


class CrewEntryError(ValueError):
    """An entry that cannot be taken, or is not there; the message says what is allowed."""


class CrewList:
    """The crew's list of one unit. Any thread or process may open its own."""

    def __init__(self, store: HotlistStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        durable.make_folder(store.root)
        self._path = store.root / FILE
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        with self._open() as db:
            _seal_old(db, store.keys)
            db.execute(_DDL)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, isolation_level=None, timeout=5.0)) as db:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            yield db

    def add(
        self,
        vrm: str,
        officer: str,
        comment: str,
        days: int,
        response: Response = Response.ASSESS,
        priority: int = 2,
    ) -> CrewEvent:
        """Add a mark or wildcard until the end of the day in so many days. Raises CrewEntryError.

        On return it is in the audit trail, on the disk, and in force at the next look-up.
        """
        officer, comment = officer.strip(), comment.strip()
        if days not in DAYS:
            raise CrewEntryError(f"{days} days: 1 to 100")
        if not officer or not comment or max(len(officer), len(comment)) > MAX_TEXT:
            raise CrewEntryError("an entry needs the officer and a comment that says why")
        try:
            mark = normalise_pattern(vrm)
        except ValueError as error:
            raise CrewEntryError(str(error)) from error
        now_ns = self._now_ns()
        last_day = uk_time(now_ns).date() + timedelta(days=days)
        with self._open() as db, _write(db):
            rows = self._rows(db)
            number = 1 + max((row.event.entry_id for row in rows), default=0)
            event = CrewEvent(
                "add", number, mark, officer, comment, now_ns, str(last_day), response, priority
            )
            _append(db, event, rows, self._store.keys)
        self.rebuild()
        return event

    def remove(self, vrm: str, officer: str, comment: str) -> list[CrewEvent]:
        """Take every entry of a mark off the list. Raises CrewEntryError where there is none."""
        mark = normalise_pattern(vrm)
        now_ns = self._now_ns()
        with self._open() as db, _write(db):
            rows = self._rows(db)
            present = [event for event in _present(rows) if event.vrm == mark]
            if not present:
                raise CrewEntryError(f"{mark} is not on the crew's list")
            events = [
                CrewEvent("remove", e.entry_id, mark, officer, comment, now_ns, e.expires)
                for e in present
            ]
            for event in events:
                rows.append(_append(db, event, rows, self._store.keys))
        self.rebuild()
        return events

    def entries(self) -> list[CrewEvent]:
        """Return the additions that hold now: not removed and not expired."""
        today = str(uk_time(self._now_ns()).date())
        with self._open() as db:
            return [event for event in _present(self._rows(db)) if event.expires >= today]

    def rebuild(self) -> Generation | None:
        """Make the list from the trail, unless it says the same; heals what a cut left behind."""
        generations = self._store.list(LIST_NAME)
        rows = [_row(event) for event in self.entries()]
        with generations.lock():
            now = generations.in_force()
            # Not the content's digest: of a list of a few entries that could be tried out.
            revision = str(1 + now.number if now is not None else 1)
            policy = ListPolicy(rank=1).model_dump_json()
            built = build(ListHeader(LIST_NAME, revision, self._now_ns(), policy), rows)
            if now is not None and now.content_mark == generations.keys.mark_of(
                built.content_sha256
            ):
                return None
            return generations.commit(built, "the crew's own entries")

    def unsynced(self) -> list[CrewRecord]:
        """Return the rows of the trail that the centre has not acknowledged, oldest first."""
        with self._open() as db:
            return self._rows(db, "WHERE NOT synced")

    def mark_synced(self, rows: Collection[CrewRecord]) -> None:
        """Note that the centre has acknowledged these rows of the trail."""
        with self._open() as db, _write(db):
            numbers = [(row.sequence,) for row in rows]
            db.executemany("UPDATE audit SET synced = 1 WHERE sequence = ?", numbers)

    def verify(self) -> int:
        """Return the length of the trail. Raises CrewEntryError where its chain is broken."""
        with self._open() as db:
            before, count = FIRST_HASH, 0
            for sequence, event, previous, digest in self._texts(db):
                if previous != before or digest != trail_hash(sequence, previous, event):
                    raise CrewEntryError(f"the trail was altered at row {sequence}")
                before, count = digest, count + 1
            return count

    def _rows(self, db: sqlite3.Connection, which: str = "") -> list[CrewRecord]:
        return [
            CrewRecord(sequence, CrewEvent(**json.loads(event)), previous, digest)
            for sequence, event, previous, digest in self._texts(db, which)
        ]

    def _texts(
        self, db: sqlite3.Connection, which: str = ""
    ) -> Iterator[tuple[int, str, str, str]]:
        """Yield number, event, previous, hash of each row. Raises CrewEntryError, LockedError."""
        found = db.execute(f"SELECT sequence, sealed FROM audit {which} ORDER BY 1")
        for sequence, sealed in found:
            try:
                text = self._store.keys.open(sealed, _place(sequence))
                event, previous, digest = json.loads(text)
            except (CryptoError, ValueError, TypeError) as error:
                raise CrewEntryError(f"the trail was altered at row {sequence}") from error
            yield sequence, event, previous, digest

    def _now_ns(self) -> int:
        return self._clock.stamp(self._clock.mono_ns()).utc_ns


@contextmanager
def _write(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def _place(sequence: int) -> str:
    return f"crew trail {sequence}"


def _append(
    db: sqlite3.Connection, event: CrewEvent, rows: Sequence[CrewRecord], keys: ListKeys
) -> CrewRecord:
    """Write a row after the others, which are all that there are; return it."""
    before = rows[-1] if rows else None
    previous = before.hash if before else FIRST_HASH
    text = event.text()
    sequence = (before.sequence if before else 0) + 1
    made = CrewRecord(sequence, event, previous, trail_hash(sequence, previous, text))
    _insert(db, made.sequence, (text, made.previous, made.hash), keys)
    return made


def _insert(
    db: sqlite3.Connection, sequence: int, texts: tuple[str, str, str], keys: ListKeys
) -> None:
    sealed = keys.seal(json.dumps(texts).encode(), _place(sequence))
    db.execute("INSERT INTO audit (sequence, sealed) VALUES (?, ?)", (sequence, sealed))


def _seal_old(db: sqlite3.Connection, keys: ListKeys) -> None:
    """Seal the trail of an earlier version, which stood in clear, and overwrite what it left."""
    columns = {str(row[1]) for row in db.execute("PRAGMA table_info(audit)")}
    if "event" not in columns:
        return
    db.execute("PRAGMA secure_delete=ON")
    with _write(db):
        rows = db.execute("SELECT sequence, event, previous, hash, synced FROM audit").fetchall()
        db.execute("DROP TABLE audit")
        db.execute(_DDL)
        for sequence, event, previous, digest, synced in rows:
            _insert(db, sequence, (event, previous, digest), keys)
            db.execute("UPDATE audit SET synced = ? WHERE sequence = ?", (synced, sequence))
    db.execute("VACUUM")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _present(rows: Sequence[CrewRecord]) -> list[CrewEvent]:
    present: dict[int, CrewEvent] = {}
    for row in rows:
        if row.event.action == "add":
            present[row.event.entry_id] = row.event
        else:
            present.pop(row.event.entry_id, None)
    return list(present.values())


def _row(event: CrewEvent) -> NumberedRow:
    entry = VehicleOfInterest(
        vrm=event.vrm,
        reason=event.comment,
        response=Response(event.response),
        priority=event.priority,
        owner=event.officer,
        source_reference=f"crew entry {event.entry_id}",
        weed_date=date.fromisoformat(event.expires),
    )
    return event.entry_id, to_row(entry)
