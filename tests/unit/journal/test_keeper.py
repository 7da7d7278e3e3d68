"""The housekeeping around the store: room, audit of what was erased, and what is said of a card."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from outrider.clock import SystemClock
from outrider.records import Hit, Level
from outrider.unit.journal import SealedJournal
from outrider.unit.journal import keeper as keeping
from outrider.unit.journal.enrolment import choose_sealer
from outrider.unit.journal.keeper import Keeper
from outrider.unit.journal.queue import Entry, entry_for
from outrider.unit.journal.retention import Dropped, Step
from outrider.unit.journal.space import MIB, Space, used_bytes
from outrider.unit.journal.verify import verify
from outrider.unit.journal.wear import card_warnings
from outrider.wire.read_record import RecordKind
from tests.unit.journal import makers
from tests.unit.journal.filled import fill, query, reads, settings_for


def keeper_of(directory: Path, space: Space | None = None) -> Keeper:
    settings = settings_for(directory)
    directory.mkdir(exist_ok=True)
    sealer = choose_sealer(settings, live=True)
    return Keeper(directory, settings, sealer, SystemClock(), "unit-7", space)


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    made = keeper_of(tmp_path / "journal")
    yield made
    made.shut()


def entries(first: int, count: int) -> list[Entry]:
    return [
        entry_for(read, read.read_id, False, makers.pictures_of(read))
        for read in reads(first, count)
    ]


def audits(directory: Path) -> int:
    (found,) = query(directory, f"SELECT count(*) FROM row WHERE kind = {RecordKind.AUDIT:d}")
    return int(found[0])


def test_what_was_erased_is_audited_once(keeper: Keeper, tmp_path: Path) -> None:
    """With the next commit of reads, and not again with each one after it."""
    keeper.write(entries(0, 1), closing=False)
    keeper._erased.append(Dropped(Step.ACKNOWLEDGED_ROWS, 5, 1, 9))
    for number in (1, 2, 3):
        keeper.write(entries(number, 1), closing=False)
    assert audits(tmp_path / "journal") == 1


def test_room_is_made_while_the_journal_fills(tmp_path: Path) -> None:
    """After a commit of reads, not only at the next start; a hit's commit waits for nothing."""
    directory = tmp_path / "journal"
    fill(directory, reads(0, 9))
    query(directory, "DELETE FROM outbox")
    query(directory, "UPDATE picture SET state = 1")
    left = {"bytes": 10 * MIB}
    space = Space(directory, 0, free=lambda folder: left["bytes"])
    settings = settings_for(directory)
    journal = SealedJournal(directory, settings, SystemClock(), live=True, space=space)
    keeper = journal._keeper
    for record, dropped in ((makers.hit(90), 0), (makers.read(91), 9)):
        if isinstance(record, Hit):
            journal.put_hit(*makers.pictured(record))
            keeper.open()
            left["bytes"] = -1
        else:
            journal.put_read(*makers.pictured(record))
            journal._backlog.set_prompt()
        journal._write_due()
        assert keeper.dropped[Step.ACKNOWLEDGED_OVERVIEWS] == dropped
    keeper.shut()
    journal.close()


@pytest.mark.parametrize(("cap", "left"), [(None, 900), (600, 100), (400, -100)])
def test_a_cap_on_the_journal_holds_though_the_disk_has_room(
    tmp_path: Path, cap: int | None, left: int
) -> None:
    """What the files hold counts against it; a tenth more before unsent pictures have to go."""
    (tmp_path / "segments").mkdir()
    (tmp_path / "journal.sqlite3").write_bytes(bytes(200))
    (tmp_path / "segments" / "1.seg").write_bytes(bytes(300))
    assert used_bytes(tmp_path) == 500
    space = Space(tmp_path, 100, cap, free=lambda folder: 1000)
    assert space.left() == left
    assert space.left_before_loss() == (975 if cap is None else cap * 11 // 10 - 500)


def test_a_disk_on_which_no_room_can_be_made_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The journal is closed, to be tried again; another reason is said, too."""
    why = ["worn out", "worn out", "gone"]

    def fails(folder: Path) -> int:
        raise OSError(errno.EIO, why[0])

    keeper = keeper_of(tmp_path / "journal", Space(tmp_path / "journal", 0, free=fails))
    while why:
        keeper.relieve()
        assert keeper._store is None
        del why[0]
    said = [
        record.getMessage()
        for record in caplog.records
        if "cannot make room" in record.getMessage()
    ]
    assert len(said) == 2


def test_a_full_disk_gives_up_its_ballast(tmp_path: Path) -> None:
    """Even erasing needs room: it is taken from there, and the journal is open again."""
    directory = tmp_path / "journal"
    keeper = keeper_of(directory, Space(directory, 0, free=lambda folder: 1))
    (directory / "ballast").write_bytes(b"held")
    keeper.relieve()
    assert not (directory / "ballast").exists()
    assert keeper._store is not None
    keeper.shut()


def test_all_that_a_card_says_is_told(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two warnings stand in one line."""
    monkeypatch.setattr(keeping, "card_warnings", lambda directory: ["worn", "read-only"])
    keeper.open()
    assert keeper.state() == (Level.WARNING, "worn; read-only")


def test_lost_pictures_alone_are_told_in_numbers(tmp_path: Path) -> None:
    """What is not lost is none, and not nothing."""
    fill(tmp_path / "journal", reads(0, 2))
    query(tmp_path / "journal", "INSERT INTO counter VALUES ('lost_pictures', 4)")
    assert (
        fill(tmp_path / "journal", reads(9, 1))
        .health()
        .detail.startswith("damage found: 0 rows and 4 pictures lost")
    )


def test_a_card_is_slow_when_more_than_half_of_the_last_commits_were(keeper: Keeper) -> None:
    """One slow commit now and then is what cards do."""
    keeper._commit_s.extend([0.0] * 16 + [1.0] * 16)
    keeper.open()
    assert keeper.state()[0] is Level.OK
    keeper._commit_s.append(1.0)
    assert keeper.state()[0] is Level.WARNING


def test_a_card_that_has_turned_read_only_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel does so when a card fails."""
    monkeypatch.setattr(os, "statvfs", lambda folder: SimpleNamespace(f_flag=os.ST_RDONLY))
    assert card_warnings(tmp_path, tmp_path / "no sys") == [
        "the file system is read-only: the card may have failed"
    ]


def test_segments_set_apart_go_before_what_is_unsent(tmp_path: Path) -> None:
    """The oldest first, one by one, until there is room."""
    directory = tmp_path / "journal"
    fill(directory, reads(0, 3))
    apart = directory / "quarantine" / "segments"
    apart.mkdir(parents=True)
    for number in (7, 5, 6):
        (apart / f"{number:08d}.seg").write_bytes(b"left")
    space = Space(directory, 0, free=lambda folder: len(list(apart.iterdir())) * -1 + 1)
    keeper = keeper_of(directory, space)
    keeper.open()
    assert [path.name for path in apart.iterdir()] == ["00000007.seg"]
    assert keeper.dropped == {Step.SET_APART: 2}
    keeper.shut()
    assert verify(directory).pictures == 6
