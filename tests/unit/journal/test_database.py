"""The database and the files beside it: what errors say, versions, segments, rows page by page."""

import contextlib
import os
import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from outrider.clock import NS_PER_S, SystemClock
from outrider.records import Role
from outrider.unit.journal import schema
from outrider.unit.journal.carve import carve_rows
from outrider.unit.journal.database import is_busy
from outrider.unit.journal.epochs import epochs
from outrider.unit.journal.queue import Entry
from outrider.unit.journal.salvage import is_damage
from outrider.unit.journal.scan import scan_segments
from outrider.unit.journal.schema import MIGRATIONS, is_gone, journal_id, open_database
from outrider.unit.journal.store import Store
from outrider.wire.epoch import Epoch
from outrider.wire.read_record import RecordKind
from outrider.wire.sealing import Sealer
from tests.unit.journal.filled import CENTRE


def connected(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=0.0, isolation_level=None)


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[sqlite3.Connection, sqlite3.Connection]]:
    """Two processes at one database."""
    first, second = (connected(tmp_path / "db") for _ in range(2))
    first.execute("PRAGMA journal_mode = WAL")
    first.execute("CREATE TABLE a (b)")
    yield first, second
    first.close()
    second.close()


Two = tuple[sqlite3.Connection, sqlite3.Connection]


def test_a_database_that_another_holds_is_busy(two: Two) -> None:
    """In each way that SQLite has to say so, which trying again helps."""
    first, second = two
    first.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError) as held:
        second.execute("BEGIN IMMEDIATE")
    assert is_busy(held.value)
    first.execute("COMMIT")
    second.execute("BEGIN")
    second.execute("SELECT * FROM a").fetchall()
    first.execute("INSERT INTO a VALUES (1)")
    with pytest.raises(sqlite3.OperationalError) as late:
        second.execute("INSERT INTO a VALUES (2)")
    assert late.value.sqlite_errorcode == sqlite3.SQLITE_BUSY_SNAPSHOT
    assert is_busy(late.value)
    first.execute("INSERT INTO a VALUES (1)")
    reading = first.execute("SELECT * FROM a")
    reading.fetchone()
    with pytest.raises(sqlite3.OperationalError) as locked:
        first.execute("DROP TABLE a")
    assert is_busy(locked.value)


def test_an_error_of_another_kind_is_not_busy(two: Two) -> None:
    """Trying again would hide it."""
    with pytest.raises(sqlite3.OperationalError) as wrong:
        two[0].execute("SELECT * FROM nothing")
    for error in (wrong.value, sqlite3.ProgrammingError("no code")):
        assert not is_busy(error)
        assert not is_damage(error)


@pytest.mark.parametrize(("code", "damaged"), [(11, True), (26, True), (266, True), (10, False)])
def test_what_a_bad_page_says_is_damage(code: int, damaged: bool) -> None:
    """That it is malformed, no database, or cannot be read; another fault of the disk may pass."""
    error = sqlite3.DatabaseError()
    error.sqlite_errorcode = code
    assert is_damage(error) == damaged


def test_a_journal_of_the_first_version_goes_on(tmp_path: Path) -> None:
    """With its name, as its first epoch, and the tables that have come since."""
    name = uuid.uuid4()
    with contextlib.closing(connected(tmp_path / schema.DATABASE)) as db:
        db.executescript(MIGRATIONS[0])
        db.execute("INSERT INTO meta VALUES ('journal_id', ?)", (str(name),))
        db.execute("PRAGMA user_version = 1")
    with contextlib.closing(open_database(tmp_path)) as db:
        assert journal_id(db) == name
        assert epochs(db) == [Epoch(name)]
        assert db.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)


def test_a_journal_that_another_process_has_just_made_is_taken_as_it_is(tmp_path: Path) -> None:
    """Who comes second finds nothing left to do, and no newer version."""
    with contextlib.closing(open_database(tmp_path)) as db:
        name = journal_id(db)
        schema._migrate_alone(db, tmp_path)
        assert journal_id(db) == name


def test_what_is_erased_gives_its_room_back(tmp_path: Path) -> None:
    """The file can be made shorter, bit by bit, and each commit waits for the card."""
    with contextlib.closing(open_database(tmp_path)) as db:
        incremental, full, fast = 2, 2, 2
        assert db.execute("PRAGMA auto_vacuum").fetchone() == (incremental,)
        assert db.execute("PRAGMA synchronous").fetchone() == (full,)
        assert db.execute("PRAGMA secure_delete").fetchone() == (fast,)


@pytest.mark.parametrize("left", [schema.KEY_LOG, "journal.sqlite3-wal", "segments/00000001.seg"])
def test_one_file_beside_it_tells_of_a_database_that_is_gone(tmp_path: Path, left: str) -> None:
    """Whichever of them a fault has left."""
    path = tmp_path / left
    path.parent.mkdir(exist_ok=True)
    assert not is_gone(tmp_path)
    path.write_bytes(b"x")
    assert is_gone(tmp_path)


@pytest.mark.parametrize("seq", [1, 127, 128, 2**14, 2**49 - 1, 2**56, 0x3A5C7E192D4B6F81])
def test_a_row_is_found_by_its_page_whatever_its_number(tmp_path: Path, seq: int) -> None:
    """SQLite writes a number in one to nine bytes."""
    row = (seq, 1, 2**63 - 1, b"p" * 32, b"h" * 32, b"body" * 40)
    with contextlib.closing(open_database(tmp_path)) as db:
        db.execute("INSERT INTO row VALUES (?, ?, ?, ?, ?, ?)", row)
    found = [one for one in carve_rows(tmp_path / schema.DATABASE) if len(one[3]) == 32]
    assert found == [(*row[:4], row[5], row[4])]


def store_in(directory: Path, segment_bytes: int = 2**20) -> Store:
    directory.mkdir(exist_ok=True)
    return Store(directory, Sealer(CENTRE.public), SystemClock().mono_ns, segment_bytes, 600.0)


def pictured(*roles: Role) -> Entry:
    pictures = dict.fromkeys(roles, b"picture" * 20)
    return Entry(uuid.uuid4(), RecordKind.READ, b"{}", pictures, False, 0)


def test_pictures_are_found_in_the_order_of_their_roles(tmp_path: Path) -> None:
    """As a row's hash takes them, whichever segment was begun first."""
    with contextlib.closing(store_in(tmp_path)) as store:
        store.append([pictured(Role.OVERVIEW), pictured(Role.PATCH, Role.OVERVIEW)])
    _, found = scan_segments(tmp_path)
    assert [picture.role for picture in found[2]] == [Role.PATCH, Role.OVERVIEW]
    assert found[2][0].segment > found[2][1].segment


def test_segments_that_are_full_are_closed(tmp_path: Path) -> None:
    """A unit that writes for months does not run out of files."""
    with contextlib.closing(store_in(tmp_path, segment_bytes=1)) as store:
        store.append([pictured(Role.PATCH)])
        before = len(os.listdir("/proc/self/fd"))
        store.append([pictured(Role.PATCH) for _ in range(9)])
        assert len(os.listdir("/proc/self/fd")) == before
        assert store.segments.begun() == [], "what the database knows is told to it no more"


def test_a_closed_journal_holds_no_file(tmp_path: Path) -> None:
    """Its segments and its database, whether it was written or not."""
    before = len(os.listdir("/proc/self/fd"))
    with contextlib.closing(store_in(tmp_path)) as store:
        store.append([pictured(Role.PATCH, Role.OVERVIEW)])
    assert len(os.listdir("/proc/self/fd")) == before


def test_the_crews_entries_are_under_a_young_key_too(tmp_path: Path) -> None:
    """A key seals what a while of patrol makes, and no more."""
    now_ns = [0]
    store = Store(tmp_path, Sealer(CENTRE.public), lambda: now_ns[0], 2**20, 600.0)
    with contextlib.closing(store):
        for now_ns[0] in (0, 599 * NS_PER_S, 600 * NS_PER_S):
            assert store.append_crew([pictured()]) == 1
        first, second, third = store.db.execute("SELECT key_id FROM row ORDER BY seq").fetchall()
    assert first == second != third


def test_pictures_are_on_the_disk_before_the_row_that_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each segment that was written is waited for while the row is not committed yet."""
    synced: list[tuple[str, int]] = []

    def sync(handle: int) -> None:
        with contextlib.closing(connected(tmp_path / schema.DATABASE)) as other:
            (rows,) = other.execute("SELECT count(*) FROM row").fetchone()
        synced.append((Path(os.readlink(f"/proc/self/fd/{handle}")).name, rows))

    with contextlib.closing(store_in(tmp_path)) as store:
        monkeypatch.setattr(os, "fdatasync", sync)
        store.append([pictured(Role.PATCH, Role.OVERVIEW)])
        monkeypatch.undo()
        assert store.db.execute("SELECT count(*) FROM row").fetchone() == (1,)
    assert sorted(synced) == [("00000001.seg", 0), ("00000002.seg", 0)]
