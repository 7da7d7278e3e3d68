"""The trail leaving the building while it grows, and the crews' own trails."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from outrider.centre.audit import export
from outrider.centre.audit.crew_trail import check
from outrider.centre.audit.lines import as_line, read_file
from outrider.centre.checkpoints.verify import verify
from outrider.centre.demo.unit_journal import UnitJournal
from outrider.centre.store import open_store
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.records import StoreError
from outrider.wire.canonical import WireError
from outrider.wire.crew_entry import FIRST_HASH, CrewEvent, CrewRecord, trail_hash
from tests.centre.audit import makers
from tests.centre.opening.test_service import FailingStore
from tests.centre.store.makers import CENTRE as KEY
from tests.centre.store.makers import open_all, send


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CentreStore]:
    store = open_store(f"sqlite:{tmp_path / 'store'}")
    store.append_audit([makers.event(number) for number in range(5)])
    yield store
    store.close()


def test_all_rows_come_out_whatever_the_batch(
    store: CentreStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches of two give the same file as one of all, and it verifies."""
    monkeypatch.setattr(export, "_BATCH_ROWS", 2)
    path = tmp_path / "trail.ndjson"
    assert export.write_file(store, 0, path) == 5
    assert list(read_file(path)) == store.audit(0, 100)
    assert verify(read_file(path)).sound
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_store_that_fails_leaves_the_file_of_before(
    store: CentreStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half an export never takes the place of a whole one, and leaves nothing lying about."""
    monkeypatch.setattr(export, "_BATCH_ROWS", 2)
    path = tmp_path / "trail.ndjson"
    path.write_text("the one of before")

    class FailsLater(FailingStore):
        def audit(self, after: int, limit: int) -> Any:
            if after:
                raise StoreError("the disk says no")
            return store.audit(after, limit)

    failing: Any = FailsLater(store, {})
    with pytest.raises(StoreError):
        export.write_file(failing, 0, path)
    assert path.read_text() == "the one of before"
    assert {one.name for one in tmp_path.iterdir()} == {"store", "trail.ndjson"}


def followed(store: CentreStore, path: Path, until: int) -> None:
    """Follow into a file until it holds so many rows."""
    stop = threading.Event()
    with export.kept_file(store, path) as (after, write):

        def write_and_look(lines: bytes) -> object:
            write(lines)
            if path.read_bytes().count(b"\n") >= until:
                stop.set()
            return None

        export.follow(store, after, write_and_look, stop)


def test_a_followed_file_goes_on_where_it_ends(store: CentreStore, tmp_path: Path) -> None:
    """Stopped, torn in its last line and begun again, it holds every row once, in order."""
    path = tmp_path / "trail.ndjson"
    followed(store, path, until=5)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 7)
    store.append_audit([makers.event(number) for number in range(5, 8)])
    followed(store, path, until=8)
    assert list(read_file(path)) == store.audit(0, 100)


def test_a_file_of_another_trail_is_not_added_to(store: CentreStore, tmp_path: Path) -> None:
    """A trail that no longer holds the file's last row is refused, and the file is kept."""
    path = tmp_path / "trail.ndjson"
    other = b"".join(as_line(row) for row in makers.trail(3))
    path.write_bytes(other)
    with pytest.raises(WireError, match="row 3 is not the trail's"):
        followed(store, path, until=5)
    assert path.read_bytes() == other


def crew_rows(count: int) -> list[CrewRecord]:
    """Return a sound trail of a crew's entries."""
    rows: list[CrewRecord] = []
    previous = FIRST_HASH
    for number in range(1, count + 1):
        event = CrewEvent("add", number, f"KX21AB{number}", "PC 1", "", number, "2026-12-01")
        rows.append(CrewRecord(number, event, previous, trail_hash(number, previous, event.text())))
        previous = rows[-1].hash
    return rows


@pytest.mark.parametrize(
    ("left_out", "fault"),
    [(None, ""), (2, "row 3: the row before it is not here"), (1, "row 2: the row before")],
)
def test_a_crews_trail_is_checked_as_a_chain(
    store: CentreStore, left_out: int | None, fault: str
) -> None:
    """Rows that came twice say nothing; a row that is missing is told by the one after it."""
    unit = UnitJournal("unit-7", KEY.public)
    rows = [row for row in crew_rows(4) if row.sequence != left_out]
    for row in [*rows, rows[-1]]:
        unit.add(row)
    send(store, unit, unit.rows)
    open_all(store)
    with store.snapshot() as opened:
        (found,) = check(opened)
    assert found.rows == len(rows)
    assert [text.startswith(fault) for text in found.faults] == ([True] if fault else [])
