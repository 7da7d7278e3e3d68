"""Taking reads out of a journal: what opens, what does not, and who looked."""

import contextlib
import json
import sqlite3
from pathlib import Path

import pytest

from outrider.clock import RecordedClock
from outrider.unit.journal.export import Consultation, as_json, export
from outrider.unit.journal.reader import JournalReader
from outrider.unit.journal.segments import path_of
from outrider.unit.journal.verify import verify
from outrider.wire.sealing import Opener
from tests.unit.journal import makers
from tests.unit.journal.filled import CENTRE, fill, query, reads


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Five reads and the event of their collection; the second does not open."""
    fill(tmp_path / "journal", reads(0, 5))
    query(tmp_path / "journal", "UPDATE row SET body = x'00' WHERE seq = 2")
    return tmp_path / "journal"


def test_a_row_that_does_not_open_is_counted_and_the_rest_is_written(
    journal: Path, tmp_path: Path
) -> None:
    """In order, behind the note of who looked, with the time of the looking."""
    clock = RecordedClock(makers.BASE_UTC_NS)
    told: list[int] = []
    with JournalReader(journal, Opener([CENTRE])) as reader:
        counts = export(reader, tmp_path / "out", Consultation("DC 12", "why"), clock, told.append)
    assert counts == (5, 1)
    lines = (tmp_path / "out" / "records.ndjson").read_text().splitlines()
    assert [json.loads(line)["seq"] for line in lines] == told == [1, 3, 4, 5, 6]
    note = json.loads((tmp_path / "out" / "audit.ndjson").read_text())
    assert note["record"]["at"]["utc_ns"] == clock.stamp(clock.mono_ns()).utc_ns


def test_a_row_that_does_not_open_is_shown_with_its_reason(journal: Path) -> None:
    """It stands in its place: whoever reads sees that there is one, and why it is closed."""
    with JournalReader(journal, Opener([CENTRE])) as reader:
        found = list(reader.rows())
    assert [one.row.seq for one in found] == [1, 2, 3, 4, 5, 6]
    closed = found[1]
    assert (closed.record, closed.sent, closed.pictures, closed.missing) == (None, False, {}, ())
    shown = as_json(closed)
    assert (shown["seq"], shown["kind"], shown["sent"]) == (2, "read", False)
    assert shown["hash"] == closed.row.hash.hex()
    assert shown["sealed"] == closed.why_not != ""
    assert "record" not in shown


def test_the_crew_is_told_of_losses_and_of_no_other_count(journal: Path) -> None:
    """Counts of what was dropped or erased would tell hits."""
    query(journal, "INSERT INTO counter VALUES ('lost_rows', 2), ('erased_rows', 7)")
    with JournalReader(journal) as reader:
        told = reader.status().for_the_crew()
    assert told["lost_rows"] == 2
    assert "erased_rows" not in told


def test_verify_says_that_a_key_is_missing(journal: Path) -> None:
    """Each row that it would open is told, and each picture."""
    query(journal, "DELETE FROM data_key")
    report = verify(journal, Opener([CENTRE]))
    missing = [fault for fault in report.faults if "does not open or is missing" in fault]
    assert len(missing) == 5 + 8
    assert (report.first_seq, report.last_seq, report.opened) == (1, 6, 0)


def test_verify_says_what_sqlite_finds(journal: Path) -> None:
    """A database that breaks its own rules is not sound, though each row is."""
    with contextlib.closing(sqlite3.connect(journal / "journal.sqlite3")) as db:
        db.execute("INSERT INTO damaged_row (kind) VALUES (1)")
        db.execute("PRAGMA writable_schema = ON")
        db.execute(
            "UPDATE sqlite_master SET sql = replace(sql, 'seq INTEGER,', 'seq INTEGER NOT NULL,') "
            "WHERE name = 'damaged_row'"
        )
        db.commit()
    assert "database: NULL value in damaged_row.seq" in verify(journal).faults


def test_verify_says_what_is_missing(journal: Path) -> None:
    """A row that is to be sent and is not there, a picture that is gone; dropped ones are none."""
    query(journal, "INSERT INTO outbox VALUES (1, 99)")
    query(journal, "UPDATE picture SET state = 2 WHERE seq = 4")
    patches = path_of(journal, 1)
    patches.write_bytes(patches.read_bytes()[:-1] + b"?")
    report = verify(journal)
    assert report.faults == [
        "row 2: is not what was written",
        "row 5: patch: is missing or not what was written",
        "row 99: is to be sent, but is not there",
    ]
    assert (report.dropped_pictures, report.pictures) == (2, 5)
