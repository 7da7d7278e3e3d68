"""Making room in the stated order."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outrider.records import Hit, Level, Read
from outrider.unit.journal.retention import Step
from outrider.unit.journal.space import Ballast, Space, used_bytes
from outrider.unit.journal.verify import verify
from outrider.wire.read_record import RecordKind
from outrider.wire.sealing import Opener
from tests.unit.journal import makers
from tests.unit.journal.filled import CENTRE, fill, query, reads

MIB = 2**20
OPENER = Opener([CENTRE])


def acknowledge(directory: Path, up_to_seq: int) -> None:
    """Mark rows and their pictures as receipted by the centre."""
    query(directory, "DELETE FROM outbox WHERE seq <= ?", up_to_seq)
    query(directory, "UPDATE picture SET state = 1 WHERE seq <= ? AND state = 0", up_to_seq)


def disk_of(directory: Path, capacity: int) -> Space:
    """Return the room on a pretended disk that holds nothing but the journal."""
    return Space(directory, MIB, free=lambda folder: capacity - used_bytes(folder))


def held(directory: Path) -> dict[str, int]:
    """Return how much of each sort is still there."""
    pictures = (
        "SELECT count(*) FROM picture JOIN row USING (seq) "
        "WHERE state {} AND role = {} AND row.kind = {}"
    )
    return {
        "acknowledged overviews": query(directory, pictures.format("= 1", 2, 1))[0][0],
        "acknowledged patches": query(directory, pictures.format("= 1", 1, 1))[0][0],
        "acknowledged rows": query(
            directory,
            "SELECT count(*) FROM row WHERE kind = 1 AND seq NOT IN (SELECT seq FROM outbox)",
        )[0][0],
        "overviews": query(directory, pictures.format("= 0", 2, 1))[0][0],
        "patches": query(directory, pictures.format("= 0", 1, 1))[0][0],
        "hit pictures": query(directory, pictures.format("< 2", "role", 2))[0][0],
        "rows": query(directory, "SELECT count(*) FROM outbox WHERE priority = 1")[0][0],
        "hits": query(directory, f"SELECT count(*) FROM row WHERE kind = {RecordKind.HIT:d}")[0][0],
    }


def test_acknowledged_overviews_go_first(tmp_path: Path) -> None:
    """With a little room short, only overviews that the centre has are dropped, and audited."""
    directory = tmp_path / "journal"
    fill(directory, reads(0, 300))  # 2.7 MB of overviews in segments of 1 MB
    acknowledge(directory, 301)
    before = held(directory)
    used = used_bytes(directory)
    closed = fill(directory, reads(300, 30), space=disk_of(directory, used + MIB + 100_000))
    after = held(directory)
    assert after["acknowledged overviews"] < before["acknowledged overviews"]
    assert after["acknowledged patches"] == 300
    assert after["acknowledged rows"] == 301 - 1
    assert after["overviews"] == 30
    assert closed.health().level is Level.OK
    report = verify(directory, OPENER)
    assert report.faults == []
    assert query(directory, "SELECT count(*) FROM row WHERE kind = 4")[0][0] >= 2


def test_nothing_unsent_goes_while_something_sent_remains(tmp_path: Path) -> None:
    """On a disk so full that unsent pictures might go, those that the centre has suffice."""
    directory = tmp_path / "journal"
    fill(directory, reads(0, 120, overview_bytes=30_000))
    fill(directory, reads(200, 60, overview_bytes=30_000))
    acknowledge(directory, 121)
    before = held(directory)
    space = disk_of(directory, used_bytes(directory) + 200_000)
    assert space.left_before_loss() < 0
    closed = fill(directory, reads(400, 2), space=space)
    after = held(directory)
    assert after["acknowledged overviews"] < before["acknowledged overviews"]
    assert after["overviews"] == before["overviews"] + 2
    assert after["patches"] == before["patches"] + 2
    assert closed.health().level is not Level.FAULT


@settings(max_examples=6)
@given(
    data=st.data(),
    count=st.integers(30, 120),
    acknowledged=st.floats(0, 1),
    spare_kb=st.integers(-1500, 400),
)
def test_order_holds_whatever_the_disk(
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
    count: int,
    acknowledged: float,
    spare_kb: int,
) -> None:
    """Nothing is dropped while anything of an earlier step remains; rows and hits never are."""
    directory = tmp_path_factory.mktemp("disk") / "journal"
    hit_at = data.draw(st.sets(st.integers(0, count - 1), max_size=5))
    records: list[Read | Hit] = [
        makers.hit(n) if n in hit_at else makers.read(n, overview_bytes=20_000)
        for n in range(count)
    ]
    fill(directory, records)
    acknowledge(directory, int(count * acknowledged))
    before = held(directory)
    capacity = used_bytes(directory) + MIB + spare_kb * 1024
    closed = fill(directory, reads(1000, 2), space=disk_of(directory, capacity))
    after = held(directory)
    assert verify(directory, OPENER).faults == []
    assert after["hits"] == before["hits"]
    assert after["hit pictures"] == before["hit pictures"]
    assert after["rows"] >= before["rows"]
    dropped = closed._keeper.dropped
    if dropped[Step.OVERVIEWS] or dropped[Step.PATCHES]:
        assert after["acknowledged overviews"] == after["acknowledged patches"] == 0
        assert after["acknowledged rows"] == 0
        assert closed.health().level is Level.FAULT
    if dropped[Step.PATCHES]:
        # The two reads of the second run came in between, each under pressure of its own.
        assert after["overviews"] <= 2
    if dropped[Step.ACKNOWLEDGED_ROWS]:
        assert after["acknowledged patches"] == 0


def test_erased_rows_leave_a_chain_that_joins(tmp_path: Path) -> None:
    """Rows erased around a hit leave gaps that verify explains, and numbers go on."""
    directory = tmp_path / "journal"
    records: list[Read | Hit] = [*reads(0, 20), makers.hit(20), *reads(21, 20)]
    fill(directory, records)
    acknowledge(directory, 42)
    fill(directory, [], space=disk_of(directory, 0))
    fill(directory, reads(100, 3), space=disk_of(directory, 0))
    report = verify(directory, OPENER)
    assert report.faults == []
    assert report.erased >= 40
    counted = dict(query(directory, "SELECT name, value FROM counter"))
    assert counted["erased_rows"] == report.erased
    assert held(directory)["hits"] == 1


def test_a_slow_card_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A card whose commits have become slow gives a warning while it still works."""
    assert fill(tmp_path / "a", reads(0, 5)).health().level is Level.OK
    monkeypatch.setattr("outrider.unit.journal.keeper._SLOW_COMMIT_S", -1.0)
    monkeypatch.setattr("outrider.unit.journal.keeper._COMMITS_WATCHED", 1)
    health = fill(tmp_path / "b", [makers.hit(1)]).health()
    assert health.level is Level.WARNING
    assert "to save" in health.detail


def test_ballast_holds_and_gives_room(tmp_path: Path) -> None:
    """The ballast takes its room on the disk, and gives it up at once."""
    ballast = Ballast(tmp_path, 2 * MIB)
    assert ballast.fill()
    assert os.stat(tmp_path / "ballast").st_blocks * 512 >= 2 * MIB
    assert ballast.release()
    assert not ballast.release()
    assert not (tmp_path / "ballast").exists()


def test_ballast_without_room_takes_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no room for ballast there is none, and no half of it."""

    def refuse(handle: int, offset: int, length: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr("outrider.unit.journal.space.os.posix_fallocate", refuse)
    assert not Ballast(tmp_path, MIB).fill()
    assert not (tmp_path / "ballast").exists()


Writes = Callable[[str, str], None]


@pytest.fixture
def sys_root(tmp_path: Path) -> tuple[Path, Writes]:
    """A pretended /sys whose card is the one under tmp_path."""
    number = os.stat(tmp_path).st_dev
    card = tmp_path / "sys" / "devices" / "mmcblk0"
    (card / "mmcblk0p2").mkdir(parents=True)
    (card / "device").mkdir()
    link = tmp_path / "sys" / "dev" / "block" / f"{os.major(number)}:{os.minor(number)}"
    link.parent.mkdir(parents=True)
    link.symlink_to(card / "mmcblk0p2")
    (tmp_path / "sys" / "fs" / "ext4" / "mmcblk0p2").mkdir(parents=True)

    def write(name: str, text: str) -> None:
        folder = (
            tmp_path / "sys" / "fs" / "ext4" / "mmcblk0p2"
            if name == "errors_count"
            else card / "device"
        )
        (folder / name).write_text(text)

    return tmp_path / "sys", write


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("life_time", "0x01 0x02\n", ""),
        ("life_time", "0x08 0x01\n", ""),
        ("life_time", "0x03 0x09\n", "80 to 90 %"),
        ("life_time", "0x0b 0x01\n", "exceeded"),
        ("pre_eol_info", "0x03\n", "spare blocks"),
        ("pre_eol_info", "0x01\n", ""),
        ("errors_count", "4\n", "4 errors"),
        ("errors_count", "0\n", ""),
        ("life_time", "what\n", ""),
    ],
)
def test_card_warnings(
    tmp_path: Path, sys_root: tuple[Path, Writes], name: str, text: str, said: str
) -> None:
    """What the kernel publishes about a card is said in words, before it fails."""
    from outrider.unit.journal.wear import card_warnings

    root, write = sys_root
    write(name, text)
    found = card_warnings(tmp_path, root)
    assert bool(found) == bool(said)
    assert said in " ".join(found)
