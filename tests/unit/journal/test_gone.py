"""A journal whose database is gone: what stands beside it tells, is kept, and nobody is silent."""

from pathlib import Path

import pytest

from outrider.records import Level
from outrider.unit.journal import JournalError, schema
from outrider.unit.journal.epochs import epoch_of
from outrider.unit.journal.outbox import Outbox
from outrider.unit.journal.scan import scan_segments
from outrider.unit.journal.schema import journal_id, open_read_only
from outrider.unit.journal.segments import SET_APART
from outrider.unit.journal.startup import prepare
from outrider.unit.journal.verify import verify
from outrider.wire.sealing import Opener
from tests.unit.journal.filled import CENTRE, fill, query, reads

OPENER = Opener([CENTRE])


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """A journal of 12 reads and the collection event of its run, nothing of it sent."""
    directory = tmp_path / "journal"
    fill(directory, reads(0, 12))
    return directory


def identity(directory: Path) -> tuple[object, object, int]:
    """Return the journal's identifier, its present epoch, and the last number given out."""
    db = open_read_only(directory)
    try:
        epoch, _ = epoch_of(db, 2**62)
        return journal_id(db), epoch.epoch_id, epoch.first_seq
    finally:
        db.close()


@pytest.mark.parametrize("emptied", [False, True])
def test_a_database_that_is_gone_is_an_alarm(journal: Path, emptied: bool) -> None:
    """Gone or emptied, it is no new journal: a fault that says how much, numbers that go on."""
    before = identity(journal)
    segments = sorted(path.read_bytes() for path in (journal / "segments").glob("*.seg"))
    for path in journal.glob("journal.sqlite3*"):
        path.unlink()
    if emptied:
        (journal / "journal.sqlite3").touch()
    closed = fill(journal, reads(100, 3))
    assert closed.health().level is Level.FAULT
    assert "up to 12 rows are lost" in closed.health().detail
    after = identity(journal)
    assert after[0] == before[0]
    assert after[1] != before[1]
    assert after[2] > 12
    report = verify(journal, OPENER)
    assert report.faults == []
    assert report.opened == 4
    kept = sorted(path.read_bytes() for path in (journal / SET_APART).glob("*.seg"))
    assert kept == segments
    fill(journal, reads(200, 1))
    assert verify(journal, OPENER).rows == 6
    assert len(list((journal / SET_APART).glob("*.seg"))) == len(segments)


def test_rows_in_the_log_of_writing_are_saved(journal: Path, tmp_path: Path) -> None:
    """Rows that are in the WAL outlive the database beside it, with their pictures."""
    directory = tmp_path / "torn" / "journal"
    (directory / "segments").mkdir(parents=True)
    db = open_read_only(journal)  # as long as somebody has it open, the WAL stays
    db.execute("SELECT count(*) FROM row").fetchone()
    try:
        fill(journal, reads(100, 6))
        for path in [*journal.glob("segments/*.seg"), journal / "keys.log"]:
            (directory / path.relative_to(journal)).write_bytes(path.read_bytes())
        wal = journal / "journal.sqlite3-wal"
        (directory / wal.name).write_bytes(wal.read_bytes())
    finally:
        db.close()
    gone = prepare(directory)
    report = verify(directory, OPENER)
    # Those of before that share a page with newer ones are in the WAL as well.
    assert report.faults == []
    assert report.opened >= 7
    assert gone == 20 - report.opened
    assert report.pictures >= 12
    assert len(query(directory, "SELECT * FROM outbox")) == report.opened


def test_nobody_begins_anew_beside_what_is_left(journal: Path) -> None:
    """A sync that finds the database gone says so, makes none, and leaves all as it is."""
    (journal / "journal.sqlite3").unlink()
    with pytest.raises(JournalError, match="GONE"):
        Outbox(journal)
    assert not (journal / "journal.sqlite3").exists()


def test_a_segment_that_no_row_names_is_kept(journal: Path) -> None:
    """With an old database put back alone, newer pictures are set apart, not deleted."""
    old = {path.name: path.read_bytes() for path in journal.glob("journal.sqlite3*")}
    fill(journal, reads(50, 4))
    newer, _ = scan_segments(journal)
    for path in journal.glob("journal.sqlite3*"):
        path.unlink()
    for name, data in old.items():
        (journal / name).write_bytes(data)
    prepare(journal)
    kept = {path.name for path in (journal / SET_APART).glob("*.seg")}
    assert kept == {f"{head.number:08d}.seg" for head in newer[2:]}


def test_a_journal_that_is_being_made_is_not_taken_for_one_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes may meet a new journal: between two looks of one the other writes it all."""
    looks: list[Path] = []

    def holds(path: Path) -> bool:
        looks.append(path)
        return len(looks) > 1

    monkeypatch.setattr(schema, "_holds", holds)
    assert not schema.is_gone(tmp_path)
