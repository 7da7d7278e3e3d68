"""What the journal finds when it starts after damage, and that nothing is reset in silence."""

import contextlib
import random
import sqlite3
from pathlib import Path

import pytest

from outrider.records import Level
from outrider.unit.journal import schema
from outrider.unit.journal.database import tail
from outrider.unit.journal.epochs import epochs
from outrider.unit.journal.retention import drop_segment, erase_rows
from outrider.unit.journal.salvage import LEAP, _last_seqs, salvage
from outrider.unit.journal.schema import KEY_LOG, journal_id, open_database
from outrider.unit.journal.segments import SET_APART, path_of
from outrider.unit.journal.startup import prepare
from outrider.unit.journal.verify import verify
from outrider.wire.epoch import Epoch, Past
from outrider.wire.hash_chain import GENESIS
from outrider.wire.read_record import RecordKind
from outrider.wire.sealing import Opener
from tests.unit.journal.filled import CENTRE, fill, query, reads

OPENER = Opener([CENTRE])


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """A journal of 60 reads and the collection event of its run."""
    directory = tmp_path / "journal"
    fill(directory, reads(0, 60))
    return directory


def test_sound_journal_verifies_and_opens(journal: Path) -> None:
    """All rows and pictures of a journal check out, and open with the centre's key."""
    report = verify(journal, OPENER)
    assert report.faults == []
    assert (report.rows, report.opened, report.pictures) == (61, 61, 120)


def test_one_commit_may_fill_several_segments(tmp_path: Path) -> None:
    """Segments that begin and end within one commit are known, and outlive the next start."""
    directory = tmp_path / "journal"
    fill(directory, reads(0, 250), commit_reads=500, commit_within_s=5.0)
    assert query(directory, "SELECT count(*) FROM segment")[0][0] == 4
    fill(directory, reads(300, 1))
    report = verify(directory, OPENER)
    assert (report.faults, report.pictures) == ([], 502)


def test_damaged_row_is_set_apart(journal: Path) -> None:
    """A row with one bit changed is kept apart under its number; the rest goes on."""
    query(journal, "UPDATE row SET body = body || x'00' WHERE seq = 30")
    assert not verify(journal).sound
    closed = fill(journal, reads(100, 5))
    assert closed.health().level is Level.WARNING
    assert "1 rows and 0 pictures lost" in closed.health().detail
    report = verify(journal, OPENER)
    assert (report.faults, report.lost, report.rows) == ([], 1, 66)
    assert query(journal, "SELECT seq FROM damaged_row") == [(30,)]


def test_a_row_whose_hash_is_damaged_does_not_break_the_chain(journal: Path) -> None:
    """What it was stands in the row after it."""
    query(journal, "UPDATE row SET hash = zeroblob(32) WHERE seq = 30")
    prepare(journal)
    report = verify(journal, OPENER)
    assert (report.faults, report.lost, report.rows) == ([], 1, 60)


@pytest.mark.parametrize("seqs", [(61,), (60, 61), (1, 2), (29, 30, 31)])
def test_neighbouring_damaged_rows(journal: Path, seqs: tuple[int, ...]) -> None:
    """Damage to several rows, the first or the last leaves a chain that still joins."""
    for seq in seqs:
        query(journal, "UPDATE row SET body = x'00' WHERE seq = ?", seq)
    fill(journal, reads(100, 5))
    report = verify(journal, OPENER)
    assert (report.faults, report.lost) == ([], len(seqs))


def test_lost_segment_costs_its_pictures_only(journal: Path) -> None:
    """With a segment file gone, its pictures are marked as lost and every row is still there."""
    path_of(journal, 1).unlink()
    fill(journal, reads(100, 1))
    report = verify(journal, OPENER)
    assert (report.faults, report.rows) == ([], 63)
    assert report.damaged_pictures == 60
    assert query(journal, "SELECT value FROM counter WHERE name = 'lost_pictures'") == [(60,)]


def test_torn_segment_costs_its_end_only(journal: Path) -> None:
    """A segment cut short keeps the pictures before the cut."""
    path = path_of(journal, 1)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 10)
    prepare(journal)
    report = verify(journal, OPENER)
    assert (report.faults, report.damaged_pictures) == ([], 1)


def test_files_that_no_row_names_are_removed(journal: Path) -> None:
    """A segment left by a cut between picture and row goes at the next start."""
    stray = path_of(journal, 99)
    stray.write_bytes(b"half a picture")
    prepare(journal)
    assert not stray.exists()


def test_strays_of_one_name_are_all_kept(journal: Path) -> None:
    """A card that was put back twice: neither takes the other's place."""
    stray = path_of(journal, 99)
    for number in (1, 2, 1):
        whole = path_of(journal, number).read_bytes()
        stray.write_bytes(whole[:24] + (99).to_bytes(8, "big") + whole[32:])  # its own number
        prepare(journal)
    kept = sorted(path.name for path in (journal / SET_APART).iterdir())
    assert kept == ["00000099-again-again.seg", "00000099-again.seg", "00000099.seg"]


def test_bad_header_is_salvaged_from_what_there_is(journal: Path) -> None:
    """A database whose first page is gone is set aside, its rows are found; numbers go on."""
    database = journal / "journal.sqlite3"
    with database.open("r+b") as file:
        file.write(b"\0" * 4096)
    prepare(journal)
    kept = list((journal / "quarantine").glob("*/journal.sqlite3"))
    assert len(kept) == 1
    assert query(journal, "SELECT value FROM counter WHERE name = 'salvages'") == [(1,)]
    fill(journal, reads(100, 1))
    seqs = [seq for (seq,) in query(journal, "SELECT seq FROM row ORDER BY seq")]
    assert seqs[:61] == list(range(1, 62))
    assert seqs[61] == 62 + LEAP
    assert verify(journal, OPENER).faults == []


@pytest.mark.parametrize("seed", range(6))
def test_any_damaged_pages_leave_a_journal_that_accounts_for_all(tmp_path: Path, seed: int) -> None:
    """With random pages destroyed, every number is a row, a known loss, or skipped; none twice."""
    directory = tmp_path / "journal"
    fill(directory, reads(0, 150, patch_bytes=200, overview_bytes=500))
    database = directory / "journal.sqlite3"
    rng = random.Random(seed)
    pages = database.stat().st_size // 4096
    with database.open("r+b") as file:
        for page in rng.sample(range(1, pages), 3):
            file.seek(page * 4096)
            file.write(rng.randbytes(4096))
    fill(directory, reads(500, 3))
    report = verify(directory, OPENER)
    assert report.faults == []
    kept = {seq for (seq,) in query(directory, "SELECT seq FROM row WHERE seq <= 151")}
    gone = sum(
        min(last, 151) - first + 1
        for first, last in query(directory, "SELECT first_seq, last_seq FROM gap")
        if first <= 151
    )
    assert len(kept) + gone == 151
    assert report.opened == report.rows
    # A page holds a dozen rows, and a page of pointers must not cost what it points to.
    assert len(kept) >= 151 - 3 * 16


def test_interrupted_salvage_is_finished(journal: Path) -> None:
    """A cut in the middle of a salvage's renames is finished by the next start."""
    database = journal / "journal.sqlite3"
    with database.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xff" * 4096 * 2)
    prepare(journal)
    ready = journal / "salvage.ready"
    ready.mkdir()
    database.rename(ready / database.name)
    prepare(journal)
    assert verify(journal, OPENER).sound
    assert not ready.exists()


def test_newer_version_is_refused(journal: Path) -> None:
    """A journal of a later version is left alone, and the message says what to do."""
    db = sqlite3.connect(journal / "journal.sqlite3")
    db.execute("PRAGMA user_version = 99")
    db.close()
    closed = fill(journal, reads(100, 1))
    assert "newer version" in closed.health().detail
    assert closed.health().counts["lost"] == 1


def test_a_salvage_takes_over_what_is_known_of_rows(journal: Path) -> None:
    """With the way to the rows destroyed: each is found, by page, with all that is noted of it.

    What was erased stays erased and is no loss, what was receipted is not sent again, keys that
    stand in the database alone still open, and the crew's entries keep their names.
    """
    query(journal, "DELETE FROM outbox WHERE seq <= 20")
    query(journal, "UPDATE picture SET state = 1 WHERE seq <= 10")
    query(journal, "INSERT INTO crew_row VALUES ('kept', 15, 1), ('lost', 7, 0)")
    with contextlib.closing(open_database(journal)) as db:
        assert erase_rows(db, list(RecordKind), before_seq=11) is not None
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        (root,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'row'").fetchone()
    (journal / KEY_LOG).unlink()
    with (journal / "journal.sqlite3").open("r+b") as file:
        file.seek(4096 * (root - 1))
        file.write(b"\xff" * 4096)
    prepare(journal)
    assert query(journal, "SELECT value FROM counter WHERE name = 'salvages'") == [(1,)]
    assert [seq for (seq,) in query(journal, "SELECT seq FROM row")] == list(range(11, 62))
    gaps = query(journal, "SELECT first_seq, last_seq, cause FROM gap")
    assert gaps == [(1, 10, "erased"), (62, 61 + LEAP, "skipped")]
    assert query(journal, "SELECT value FROM counter WHERE name = 'lost_rows'") == [(0,)]
    unsent = [seq for (seq,) in query(journal, "SELECT seq FROM outbox ORDER BY seq")]
    assert unsent == list(range(21, 62))
    assert query(journal, "SELECT * FROM crew_row") == [("kept", 15, 1)]
    report = verify(journal, OPENER)
    assert (report.faults, report.rows, report.opened) == ([], 51, 51)


def test_a_salvage_keeps_the_epochs_and_begins_a_fresh_one(journal: Path) -> None:
    """It follows on the last one; where nothing tells of any, on one of the journal's name."""
    fill(journal, reads(100, 2))
    with contextlib.closing(open_database(journal)) as db:
        before, name = epochs(db), journal_id(db)
    salvage(journal)
    with contextlib.closing(open_database(journal)) as db:
        *kept, fresh = epochs(db)
        last = tail(db)[0]
    assert kept == before
    assert fresh.after == Past(before[-1].epoch_id, fresh.first_seq - 1, GENESIS)
    assert fresh.first_seq == last + 1
    query(journal, "DROP TABLE epoch")
    (journal / KEY_LOG).unlink()
    salvage(journal)
    with contextlib.closing(open_database(journal)) as db:
        first, fresh = epochs(db)
    assert first == Epoch(name)
    assert fresh.after == Past(name, fresh.first_seq - 1, GENESIS)


def test_no_number_that_was_given_out_is_given_out_again(journal: Path) -> None:
    """Whatever alone still tells of it: a row, a picture, a gap, what is to be sent."""
    for number, told in (
        (70, "picture VALUES (70, 1, 1, 0, 0, 0, x'', 2)"),
        (80, "gap VALUES (71, 80, zeroblob(32), 'damaged')"),
        (90, "outbox VALUES (0, 90)"),
        (100, "outbox VALUES (1, 100)"),
        (110, "row SELECT 110, kind, key_id, previous, hash, body FROM row WHERE seq = 1"),
    ):
        query(journal, f"INSERT INTO {told}")
        with contextlib.closing(sqlite3.connect(journal / "journal.sqlite3")) as db:
            assert max(_last_seqs(db)) == number


def test_rows_whose_pictures_were_dropped_are_saved_too(journal: Path) -> None:
    """Their hashes cover what is known of the pictures, though no segment holds them."""
    with contextlib.closing(open_database(journal)) as db:
        for number in (1, 2):
            drop_segment(db, journal, number, acknowledged=False)
        (root,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'row'").fetchone()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    with (journal / "journal.sqlite3").open("r+b") as file:
        file.seek(4096 * (root - 1))
        file.write(b"\xff" * 4096)
    assert salvage(journal) == 0
    assert query(journal, "SELECT count(*) FROM row") == [(61,)]


def test_a_fault_that_passes_is_no_damage(journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that another process holds is left as it is, and the start says why it failed."""
    monkeypatch.setattr(schema, "BUSY_S", 0.0)
    with contextlib.closing(sqlite3.connect(journal / "journal.sqlite3")) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            prepare(journal)
    assert not (journal / "quarantine").exists()
    prepare(journal)
    assert verify(journal, OPENER).sound


def test_damage_is_said_at_every_later_start(journal: Path) -> None:
    """Until somebody has looked: what was lost does not go away by starting again."""
    query(journal, "UPDATE row SET body = x'00' WHERE seq IN (10, 30)")
    path_of(journal, 1).unlink()
    for start in range(2):
        health = fill(journal, reads(100 + start, 1)).health()
        assert health.level is Level.WARNING
        assert "2 rows and" in health.detail


def test_each_fault_is_counted_though_not_all_are_listed(journal: Path) -> None:
    """The list is cut, the count is not."""
    query(journal, "UPDATE row SET body = x'00' WHERE seq % 2 = 0")
    report = verify(journal)
    assert report.fault_count >= 30
    assert len(report.faults) <= report.fault_count


def test_a_segment_that_is_gone_already_can_be_dropped(journal: Path) -> None:
    """A cut between the file's removal and its note does not stop the making of room."""
    path_of(journal, 1).unlink()
    with contextlib.closing(open_database(journal)) as db:
        dropped = drop_segment(db, journal, 1, acknowledged=True)
    assert dropped is not None
    assert dropped[0] == 60
    assert query(journal, "SELECT name, value FROM counter") == [("erased_pictures", 60)]
    with contextlib.closing(open_database(journal)) as db:
        drop_segment(db, journal, 2, acknowledged=False)
    counted = dict(query(journal, "SELECT name, value FROM counter"))
    assert counted == {"erased_pictures": 60, "dropped_pictures": 60}
