"""What only the folder of SQLite files has: days as files, a disk that is full, a version each."""

import os
import resource
import signal
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from outrider.centre.store import open_store
from outrider.centre.store.records import StoreError
from tests.centre.store.makers import (
    ARRIVED,
    journal,
    open_all,
    receipt,
    send,
    send_pictures,
    upload,
)
from tests.unit.journal import makers


def tree(folder: Path) -> list[str]:
    """Return the day files of a store."""
    return sorted(str(path.relative_to(folder)) for path in folder.glob("*/*/*.sqlite3"))


def test_days_are_files_and_go_as_such(tmp_path: Path) -> None:
    """A day of exposures, and one of arrivals, is a file of its own, for its owner's eyes only."""
    store = open_store(f"sqlite:{tmp_path}/store")
    unit = journal(1)
    unit.add(*makers.pictured(makers.read(864_000)))
    send(store, unit, unit.rows, arrived_at=ARRIVED + timedelta(days=2))
    send_pictures(store, unit, unit.rows, ARRIVED + timedelta(days=2))
    open_all(store)
    folder = tmp_path / "store"
    names = [
        "opened/2026-11-18/day.sqlite3",
        "opened/2026-11-19/day.sqlite3",
        "pictures/2026-11-20/day.sqlite3",
    ]
    assert tree(folder) == names
    modes = {path: path.stat().st_mode & 0o077 for path in folder.rglob("*") if path.is_file()}
    assert {path.name: mode for path, mode in modes.items() if mode} == {}
    assert store.expire(ARRIVED + timedelta(hours=12)) == 1
    assert tree(folder) == names[1:]
    assert os.listdir(folder / "opened") == ["2026-11-19"]
    store.close()


def test_an_erasure_cut_off_is_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed after the erasure was logged and before the files went, the next call removes them."""
    url = f"sqlite:{tmp_path}/store"
    store = open_store(url)
    unit = journal(2)
    send(store, unit, unit.rows)
    open_all(store)
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", _cut)
        with pytest.raises(StoreError, match="cut"):
            store.expire(ARRIVED + timedelta(days=9))
    store.close()
    store = open_store(url)
    events = len(store.audit())
    assert len(tree(tmp_path / "store")) == 1
    assert store.expire(ARRIVED + timedelta(days=9)) == 0
    assert tree(tmp_path / "store") == []
    assert len(store.audit()) == events
    store.close()


def _cut(*_: object) -> None:
    raise OSError("cut")


@pytest.mark.parametrize("name", ["intake.sqlite3", "opened/2026-11-18/day.sqlite3"])
def test_a_newer_file_is_refused(tmp_path: Path, name: str) -> None:
    """A file that a newer version made is left alone, and the error names it."""
    url = f"sqlite:{tmp_path}/store"
    store = open_store(url)
    unit = journal(2)
    send(store, unit, unit.rows[:1])
    open_all(store)
    store.close()
    with closing(sqlite3.connect(tmp_path / "store" / name)) as db:
        db.execute("PRAGMA user_version = 99")
    with (
        pytest.raises(StoreError, match=f"{name}: made by a newer version"),
        closing(open_store(url)) as again,
    ):
        again.records(unit.journal_id, 1, 1)


@pytest.mark.parametrize("change", ["UPDATE audit SET event = ''", "DELETE FROM audit"])
def test_nobody_changes_the_trail(tmp_path: Path, change: str) -> None:
    """A row of the audit trail is not changed or erased by a slip of whoever has the file open."""
    store = open_store(f"sqlite:{tmp_path}/store")
    send(store, journal(), [])
    with (
        closing(sqlite3.connect(tmp_path / "store" / "intake.sqlite3")) as db,
        pytest.raises(sqlite3.IntegrityError, match="only ever added to"),
    ):
        db.execute(change)
    store.close()


def test_no_store_where_there_is_a_file(tmp_path: Path) -> None:
    """A folder that cannot be made is an error that says which."""
    (tmp_path / "store").write_bytes(b"")
    with pytest.raises(StoreError, match=r"store.*cannot open the store"):
        open_store(f"sqlite:{tmp_path}/store")


def test_a_damaged_file_is_an_error(tmp_path: Path) -> None:
    """Noise in place of the database is told, not made anew."""
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "intake.sqlite3").write_bytes(b"noise" * 1000)
    with pytest.raises(StoreError, match="not a database"):
        open_store(f"sqlite:{tmp_path}/store")


def test_a_full_disk_takes_no_half_batch(tmp_path: Path) -> None:
    """Where the disk takes no more, StoreError; what was there stays, and room makes it go on."""
    store = open_store(f"sqlite:{tmp_path}/store")
    unit = journal(400)
    send(store, unit, unit.rows[:10])
    opened = len(store.audit())
    full = upload()
    signal_before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = (tmp_path / "store" / "intake.sqlite3-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 8192, hard))
    try:
        with pytest.raises(StoreError, match="cannot store rows"):
            store.take_rows(full, unit.batch(unit.rows), receipt)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, signal_before)
    assert store.known_upload("unit-7", full.name.upload_id) is None
    assert (store.backlog().waiting, len(store.audit())) == (10, opened)
    assert store.take_rows(full, unit.batch(unit.rows), receipt) == b"390 stored, 10 duplicates"
    store.close()
