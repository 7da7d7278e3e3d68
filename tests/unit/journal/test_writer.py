"""The journal as the pipeline sees it."""

import dataclasses
import errno
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from outrider.clock import RecordedClock, SystemClock
from outrider.records import Level
from outrider.unit.journal import Committed, JournalError, SealedJournal, writer
from outrider.unit.journal.keeper import Keeper
from outrider.unit.journal.reader import JournalReader
from outrider.unit.journal.verify import verify
from outrider.unit.journal.witness import RuntimeWitness
from outrider.unit.ports import Journal
from outrider.unit.settings.sections import JournalSettings
from outrider.wire.audit import AuditEvent, AuditKind
from outrider.wire.read_record import Record, RecordKind
from outrider.wire.sealing import CentrePrivateKey, Opener
from tests.unit.journal import makers
from tests.unit.journal.filled import CENTRE, fill, query, reads, settings_for

WAIT_S = 10.0


class Commits:
    """Collects what the journal says is on the disk, and lets a test wait for it."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self.batches: list[list[Committed]] = []

    def __call__(self, batch: Sequence[Committed]) -> None:
        with self._condition:
            self.batches.append(list(batch))
            self._condition.notify_all()

    @property
    def all(self) -> list[Committed]:
        return [one for batch in self.batches for one in batch]

    def wait_for(self, count: int) -> None:
        with self._condition:
            assert self._condition.wait_for(lambda: len(self.all) >= count, WAIT_S)


Make = Callable[..., tuple[SealedJournal, Commits]]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[SealedJournal] = []
    stop = threading.Event()

    def build(
        directory: Path = tmp_path / "journal", **changes: object
    ) -> tuple[SealedJournal, Commits]:
        commits = Commits()
        settings = JournalSettings.model_validate({"sealing": "none"} | changes)
        journal = SealedJournal(directory, settings, SystemClock(), live=True, on_commit=commits)
        journal.start(stop)
        made.append(journal)
        return journal, commits

    yield build
    for journal in made:
        journal.close()


def seqs(directory: Path, kind: RecordKind = RecordKind.READ) -> list[int]:
    db = sqlite3.connect(directory / "journal.sqlite3")
    found = db.execute("SELECT seq FROM row WHERE kind = ? ORDER BY seq", (kind,)).fetchall()
    db.close()
    return [seq for (seq,) in found]


def test_is_a_journal(make: Make) -> None:
    """The class has the shape that the pipeline asks for."""
    journal: Journal = make()[0]
    assert journal.health().name == "journal"


def test_reads_are_committed_by_twenty_or_within_a_second(make: Make) -> None:
    """Twenty reads go in one commit; a lone one does not wait for company beyond its time."""
    journal, commits = make(commit_within_s=0.05)
    journal.put_read(*makers.pictured(makers.read(0)))
    commits.wait_for(1)
    assert [len(batch) for batch in commits.batches] == [1]


def test_hits_and_actions_do_not_wait_for_reads(make: Make) -> None:
    """With reads waiting, a hit and an action are on the disk first, and at once."""
    journal, commits = make(commit_within_s=5.0)
    journal.put_read(*makers.pictured(makers.read(1)))
    journal.put_hit(*makers.pictured(makers.hit(2)))
    journal.put_action(makers.action(2))
    commits.wait_for(2)
    assert {one.kind for one in commits.all} == {RecordKind.HIT, RecordKind.ACTION}
    journal.close()
    assert RecordKind.READ in {one.kind for one in commits.all[2:]}


def test_close_writes_what_is_queued(make: Make, tmp_path: Path) -> None:
    """Nothing that was put before close is missing after it; sequence numbers have no gap."""
    journal, _ = make(commit_within_s=5.0)
    for number in range(50):
        journal.put_read(*makers.pictured(makers.read(number)))
    journal.close()
    journal.close()
    assert seqs(tmp_path / "journal") == list(range(1, 51))
    with pytest.raises(JournalError, match="closed"):
        journal.put_read(*makers.pictured(makers.read(51)))


def test_stop_makes_all_due_at_once(make: Make, tmp_path: Path) -> None:
    """Once the unit stops, a queued read does not wait for its second."""
    commits, stop = Commits(), threading.Event()
    settings = JournalSettings(sealing="none", commit_within_s=5.0)
    journal = SealedJournal(
        tmp_path / "other", settings, SystemClock(), live=True, on_commit=commits
    )
    journal.start(stop)
    journal.put_read(*makers.pictured(makers.read(1)))
    stop.set()
    commits.wait_for(1)
    journal.close()


def test_restart_goes_on_with_the_next_number(make: Make, tmp_path: Path) -> None:
    """After a restart numbers go on, each run ends with its collection event, the chain joins."""
    for start in (0, 5):
        journal, _ = make()
        for number in range(start, start + 5):
            journal.put_read(*makers.pictured(makers.read(number)))
        journal.close()
    assert seqs(tmp_path / "journal") == [1, 2, 3, 4, 5, 7, 8, 9, 10, 11]
    assert seqs(tmp_path / "journal", RecordKind.AUDIT) == [6, 12]
    db = sqlite3.connect(tmp_path / "journal" / "journal.sqlite3")
    chain = db.execute("SELECT previous, hash FROM row ORDER BY seq").fetchall()
    db.close()
    assert [previous for previous, _ in chain[1:]] == [own for _, own in chain[:-1]]


def test_two_units_cannot_write_one_journal(make: Make) -> None:
    """A second process (or object) is refused, and told why."""
    make()
    with pytest.raises(JournalError, match="another outrider"):
        make()


def test_a_camera_without_a_key_is_refused(tmp_path: Path) -> None:
    """A live unit that is not enrolled does not write marks in clear by accident."""
    with pytest.raises(JournalError, match="enrol"):
        SealedJournal(tmp_path, JournalSettings(), SystemClock(), live=True)
    with pytest.raises(JournalError, match="enrol"):
        SealedJournal(tmp_path, JournalSettings(sealing="required"), RecordedClock(0), live=False)


def test_a_recording_without_a_key_is_kept_in_clear_and_says_so(tmp_path: Path) -> None:
    """A demo works without a centre, and status shows that nothing is sealed."""
    journal = SealedJournal(tmp_path, JournalSettings(), RecordedClock(0), live=False)
    health = journal.health()
    journal.close()
    assert health.level is Level.WARNING
    assert "CLEAR" in health.detail


def test_with_a_key_it_is_sealed(tmp_path: Path) -> None:
    """With the centre's public key, status is well and names the key."""
    centre = CentrePrivateKey.generate()
    centre.public.write(tmp_path / "centre.key")
    settings = JournalSettings(centre_public_key=tmp_path / "centre.key")
    journal = SealedJournal(tmp_path / "journal", settings, SystemClock(), live=True)
    health = journal.health()
    journal.close()
    assert health.level is Level.OK
    assert centre.public.key_id in health.detail


class FullDisk:
    """Makes every picture write fail as on a full disk, until room is made."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full = True
        self.refused = threading.Event()
        monkeypatch.setattr("outrider.unit.journal.segments.os.pwrite", self._pwrite)

    def _pwrite(self, handle: int, data: bytes, offset: int, real=os.pwrite) -> int:  # type: ignore[no-untyped-def]
        if self.full:
            self.refused.set()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return int(real(handle, data, offset))


def test_full_disk_is_a_fault_and_loses_nothing(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With no room, reads wait in memory under a clear fault, and are written when there is."""
    disk = FullDisk(monkeypatch)
    journal, commits = make(commit_within_s=0.02)
    for number in range(400):  # more than a healthy queue holds: nobody waits for a dead disk
        journal.put_read(*makers.pictured(makers.read(number, overview_bytes=100)))
    assert disk.refused.wait(WAIT_S)
    health = journal.health()
    assert health.level is Level.FAULT
    assert "disk full" in health.detail
    disk.full = False
    commits.wait_for(400)
    journal.close()
    assert not journal._backlog._failing, "a producer that runs ahead waits again"
    assert journal.health().counts["errors"] >= 1
    assert journal.health().counts["lost"] == 0
    assert seqs(tmp_path / "journal") == list(range(1, 401))


def test_what_a_dead_disk_costs_is_counted(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Closed while the disk takes nothing, the journal says how many reads are lost."""
    disk = FullDisk(monkeypatch)
    journal, _ = make(commit_within_s=0.02)
    journal.put_read(*makers.pictured(makers.read(1)))
    assert disk.refused.wait(WAIT_S)
    journal.put_read(*makers.pictured(makers.read(2)))
    journal.close()
    health = journal.health()
    assert health.counts["lost"] == 2
    assert "LOST" in health.detail
    disk.full = False


def test_an_error_from_the_commit_itself_does_not_write_twice(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit that took place though it reported an error is recognised after reopening."""
    from outrider.unit.journal.store import Store

    real = Store.append
    failed = threading.Event()

    def commit_then_fail(self: Store, entries):  # type: ignore[no-untyped-def]
        result = real(self, entries)
        if not failed.is_set():
            failed.set()
            raise sqlite3.OperationalError("disk I/O error")
        return result

    monkeypatch.setattr(Store, "append", commit_then_fail)
    journal, commits = make(commit_within_s=0.02)
    journal.put_read(*makers.pictured(makers.read(1)))
    commits.wait_for(1)
    journal.close()
    assert len(seqs(tmp_path / "journal")) == 1


def test_a_full_disk_is_relieved_and_said_once(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Room is made after each try, and a log on the same full disk stays short."""
    relieved: list[int] = []
    monkeypatch.setattr(writer, "_RETRY_S", 0.0)
    monkeypatch.setattr(Keeper, "relieve", lambda self: relieved.append(1))
    disk = FullDisk(monkeypatch)
    journal, _ = make(commit_within_s=0.01)
    journal.put_read(*makers.pictured(makers.read(1)))
    while len(relieved) < 3:
        assert journal._thread is not None
        assert journal._thread.is_alive()
    disk.full = False
    journal.close()
    said = [one.getMessage() for one in caplog.records if "wait in memory" in one.getMessage()]
    assert len(said) == 1
    assert seqs(tmp_path / "journal") == [1]


def test_another_fault_gives_no_ballast_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a disk that is full wants room; and only a journal that closes tries without rest."""
    monkeypatch.setattr(writer, "_RETRY_S", 0.0)
    monkeypatch.setattr(writer, "_TICK_S", 0.0)
    settings = settings_for(tmp_path / "journal")
    journal = SealedJournal(tmp_path / "journal", settings, SystemClock(), live=True)
    relieved: list[int] = []
    rested: list[float | None] = []
    monkeypatch.setattr(journal._keeper, "relieve", lambda: relieved.append(1))
    monkeypatch.setattr(journal._abandoned, "wait", lambda wait_s: rested.append(wait_s))
    journal._give_up(OSError(errno.EIO, "worn"))
    journal._give_up(OSError(errno.ENOSPC, "full"))
    assert (relieved, rested) == ([1], [])
    journal._closing.set()
    journal._give_up(OSError(errno.EIO, "worn"))
    assert (relieved, rested) == ([1], [0.0])
    journal.close()


def test_a_writer_that_was_given_up_leaves_the_journal_closed(tmp_path: Path) -> None:
    """A disk that came back too late: what was not written is lost, and the files are whole."""
    settings = settings_for(tmp_path / "journal")
    journal = SealedJournal(tmp_path / "journal", settings, SystemClock(), live=True)
    journal._keeper.open()
    journal.put_read(*makers.pictured(makers.read(1)))
    journal._closing.set()
    journal._abandoned.set()
    journal._run(threading.Event())
    assert journal._keeper._store is None
    journal.close()
    assert journal.health().counts["lost"] == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_writer_that_has_died_is_a_fault(tmp_path: Path) -> None:
    """Whoever looks is told what to do, though the disk is well."""

    def fails(batch: Sequence[Committed]) -> None:
        raise ValueError("a fault of the program")

    settings = JournalSettings(sealing="none", commit_within_s=0.01)
    journal = SealedJournal(tmp_path, settings, SystemClock(), live=True, on_commit=fails)
    journal.start(threading.Event())
    journal.put_read(*makers.pictured(makers.read(1)))
    assert journal._thread is not None
    assert journal._thread.name == "journal"
    journal._thread.join(WAIT_S)
    assert journal.health().level is Level.FAULT
    assert journal.health().detail.startswith("the writing thread has died: restart the unit")
    journal.close()


def test_a_record_that_is_lost_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """And one that is kept is not."""
    journal = SealedJournal(tmp_path, JournalSettings(sealing="none"), SystemClock(), live=True)
    journal.put_read(*makers.pictured(makers.read(1)))
    assert caplog.messages == []
    journal._backlog.keep_rows = 1
    journal.put_read(*makers.pictured(makers.read(2)))
    (said,) = caplog.messages
    assert "a record is LOST" in said
    journal.close()


def test_what_is_committed_is_named(make: Make) -> None:
    """A read by its id, a hit and what an officer did by the hit's."""
    journal, commits = make(commit_within_s=0.01)
    hit = makers.hit(2)
    journal.put_hit(*makers.pictured(hit))
    journal.put_action(makers.action(2))
    journal.put_read(*makers.pictured(makers.read(3)))
    commits.wait_for(4)
    assert sorted(one.seq for one in commits.all) == [1, 2, 3, 4]
    told = {(one.kind, one.record_id) for one in commits.all}
    assert told >= {
        (RecordKind.HIT, hit.hit_id),
        (RecordKind.ACTION, hit.hit_id),
        (RecordKind.READ, makers.read(3).read_id),
    }


def test_a_journal_tells_its_witness_how_far_it_has_come(tmp_path: Path) -> None:
    """At the next start it vouches for the card."""
    witness = RuntimeWitness(tmp_path / "run")
    settings = settings_for(tmp_path / "journal")
    for number in (1, 2):
        journal = SealedJournal(
            tmp_path / "journal", settings, SystemClock(), live=True, witness=witness
        )
        journal.start(threading.Event())
        journal.put_read(*makers.pictured(makers.read(number)))
        journal.close()
    mark = witness.recall()
    assert mark is not None
    assert mark.seq == 4, "each read, and the event of its collection"
    assert query(tmp_path / "journal", "SELECT count(*) FROM epoch") == [(1,)]


def test_hits_are_remembered_within_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest: a hit's read comes just after it."""
    monkeypatch.setattr(writer, "_HITS_REMEMBERED", 2)
    journal = SealedJournal(tmp_path, JournalSettings(sealing="none"), SystemClock(), live=True)
    hits = [makers.hit(number) for number in (1, 2, 3)]
    for hit in hits:
        journal.put_hit(*makers.pictured(hit))
    assert list(journal._hit_reads) == [hit.read.read_id for hit in hits[1:]]
    journal.close()


def test_the_pictures_of_a_hit_are_kept_with_hits_those_of_its_read_too(tmp_path: Path) -> None:
    """They are of the stream that is never dropped for room; those of another read are not."""
    hit = makers.hit(2)
    fill(tmp_path / "journal", [hit, hit.read, makers.read(3)])
    streams = query(
        tmp_path / "journal",
        "SELECT DISTINCT row.kind, stream FROM picture JOIN segment ON number = segment "
        "JOIN row USING (seq) ORDER BY 1, 2",
    )
    assert streams == [(1, 0), (1, 1), (1, 2), (2, 0)]


def test_a_read_that_cannot_be_written_is_refused_at_once(make: Make) -> None:
    """A field of a wrong type is the caller's error, and does not stop the writer."""
    journal, commits = make(commit_within_s=0.02)
    with pytest.raises(TypeError, match="object"):
        journal.put_read(*makers.pictured(dataclasses.replace(makers.read(1), direction=object())))  # type: ignore[arg-type]
    journal.put_read(*makers.pictured(makers.read(2)))
    commits.wait_for(1)


def test_a_write_that_takes_only_a_part_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system may take less than it was given: the pictures are whole all the same."""
    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, data, at: real(fd, memoryview(data)[:700], at))
    fill(tmp_path / "journal", reads(0, 3))
    report = verify(tmp_path / "journal", Opener([CENTRE]))
    assert (report.faults, report.pictures, report.damaged_pictures) == ([], 6, 0)


def records(directory: Path) -> list[tuple[Record, bool]]:
    """Return what a journal holds, opened, and whether the centre has it."""
    with JournalReader(directory, Opener([CENTRE])) as reader:
        found = [(one.record, one.sent) for one in reader.rows()]
    return [(record, sent) for record, sent in found if record is not None]


def test_a_corrected_mark_is_audited_as_an_alteration(tmp_path: Path) -> None:
    """Who altered what, why and when; the drive's reads are audited as collected."""
    settings = settings_for(tmp_path / "journal")
    journal = SealedJournal(
        tmp_path / "journal", settings, SystemClock(), live=True, unit_id="unit-7"
    )
    journal.start(threading.Event())
    assert journal.health().counts == dict.fromkeys(
        ("committed", "queued", "waits", "shed_pictures", "lost", "errors"), 0
    )
    journal.put_read(*makers.pictured(makers.read(1)))
    action = makers.action(2)
    journal.put_action(action)
    journal.close()
    found = [record for record, _ in records(tmp_path / "journal")]
    assert action in found
    altered, collected = (one for one in found if isinstance(one, AuditEvent))
    assert (altered.kind, altered.at) == (AuditKind.ALTERATION, action.at)
    assert (altered.actor, altered.justification) == ("crew of unit unit-7", "misread")
    assert str(action.hit_id) in altered.subject
    assert altered.recipient == ""
    assert (collected.kind, collected.actor) == (AuditKind.COLLECTION, "unit unit-7")
    (seq,) = seqs(tmp_path / "journal")
    assert collected.subject == f"reads in rows {seq} to {seq}"
    assert collected.justification == "patrol"


def test_a_reader_says_what_the_centre_has(tmp_path: Path) -> None:
    """Row by row: what waits has not been sent."""
    fill(tmp_path / "journal", reads(0, 3))
    query(tmp_path / "journal", "DELETE FROM outbox WHERE seq = 2")
    assert [sent for _, sent in records(tmp_path / "journal")] == [False, True, False, False]
