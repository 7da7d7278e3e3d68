"""Lists at rest: nothing in clear on the card, whatever the umask; keys, and the loss of them."""

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from outrider.records import NO_POSITION, Level, Response
from outrider.unit.devices.list_keys import BoardKey, FileKey, list_keys
from outrider.unit.hotlist import sealed_file
from outrider.unit.hotlist.keys import FILE, CardKey, ListKeys, LockedError, MemoryKeys
from outrider.unit.hotlist.match import HotlistMatcher
from outrider.unit.hotlist.memory import memory_folder
from outrider.unit.hotlist.own_entries import CrewList
from outrider.unit.hotlist.sealed_file import DamagedError
from outrider.unit.hotlist.store import HotlistStore
from outrider.unit.settings.sections import Settings
from tests.unit.hotlist.makers import NOW_NS, clock, put, text, voi

KEY = bytes(range(32))
ENTRY = voi(
    "AB12CDE",
    "kidnap of J. Smith",
    response=Response.SILENT,
    warning_markers="ARMED AND DANGEROUS",
    instruction="TELL NOBODY",
)
SECRETS = (
    b"AB12CDE",
    b"Smith",
    b"DANGEROUS",
    b"NOBODY",
    b"SQLite format",
    b"PC4711",
    b"left scene",
)


@pytest.fixture
def open_umask() -> Iterator[None]:
    """A process that was started with no umask at all."""
    before = os.umask(0)
    yield
    os.umask(before)


def files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def test_nothing_of_a_list_lies_in_clear(tmp_path: Path) -> None:
    """Names, markers, marks and the crew's own entries: in no file of the store, WAL included."""
    store = HotlistStore(tmp_path)
    put(store.list("stolen"), [ENTRY])
    crew = CrewList(store, clock())
    with crew._open():  # held, so that the WAL stays
        crew.add("AB12CDE", "PC4711", "left scene", days=2)
        found = {
            (path.name, secret)
            for path in files(tmp_path)
            for secret in SECRETS
            if secret in path.read_bytes() and not path.name.startswith("crew.sqlite")
        }
        trail = [p.read_bytes() for p in files(tmp_path) if p.name.startswith("crew.sqlite")]
    assert found == set()
    assert len(trail) >= 2, "no WAL was looked at"
    assert not [s for s in SECRETS for data in trail if s in data and s != b"SQLite format"]


def test_modes_are_narrow_whatever_the_umask(tmp_path: Path, open_umask: None) -> None:
    """0600 and 0700, with a umask of 0."""
    store = HotlistStore(tmp_path / "state" / "hotlists")
    put(store.list("stolen"), [ENTRY])
    CrewList(store, clock()).add("AB12CDE", "PC4711", "left scene", days=2)
    wide = [
        path
        for path in store.root.rglob("*")
        if stat.S_IMODE(path.stat().st_mode) & 0o077 and not path.name.endswith("-shm")
    ]
    assert wide == []
    assert stat.S_IMODE(store.root.stat().st_mode) == 0o700


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20])
def test_a_sealed_file_opens_as_it_was(tmp_path: Path, size: int) -> None:
    """Every length, at the edges of chunks too."""
    image = os.urandom(size)
    sealed_file.write(tmp_path / "x", image, KEY, "stolen")
    assert sealed_file.read(tmp_path / "x", KEY, "stolen") == image


def test_what_was_done_to_a_sealed_file_is_noticed(tmp_path: Path) -> None:
    """Cut, lengthened, one bit turned, chunks exchanged, another key, another list."""
    path = tmp_path / "x"
    sealed_file.write(path, os.urandom(3 << 20), KEY, "stolen")
    whole = path.read_bytes()
    chunk = (1 << 20) + 17
    first, second = whole[28 : 28 + chunk], whole[28 + chunk : 28 + 2 * chunk]
    for damaged in (
        b"",
        whole[:20],
        whole[: 28 + 2 * chunk],
        whole[:-1],
        whole + b"x",
        whole[:100] + bytes([whole[100] ^ 1]) + whole[101:],
        whole[:28] + second + first + whole[28 + 2 * chunk :],
    ):
        path.write_bytes(damaged)
        with pytest.raises(DamagedError):
            sealed_file.read(path, KEY, "stolen")
    path.write_bytes(whole)
    for key, place in ((bytes(32), "stolen"), (KEY, "crew")):
        with pytest.raises(DamagedError):
            sealed_file.read(path, key, place)


def board(tmp_path: Path, name: str, secret: str) -> BoardKey:
    """A stand-in for rpi-fw-crypto: an HMAC of its own, asked in the same way."""
    program = tmp_path / name
    program.write_text(
        f"#!{sys.executable}\nimport hashlib, hmac, sys\n"
        f"print(hmac.new({secret!r}.encode(), sys.stdin.buffer.read(), hashlib.sha256).hexdigest())"
    )
    program.chmod(0o755)
    return BoardKey((str(program), "hmac", "--in", "/dev/stdin"))


def test_the_card_in_another_board_opens_nothing(tmp_path: Path) -> None:
    """With the board's key the store opens again and again; elsewhere it does not, and says why."""
    root = tmp_path / "hotlists"
    own, other = board(tmp_path, "own", "1"), board(tmp_path, "other", "2")
    put(HotlistStore(root, ListKeys(root, [own])).list("stolen"), [ENTRY])
    matcher = HotlistMatcher(HotlistStore(root, ListKeys(root, [own])), clock())
    assert matcher.match(text("AB12CDE"), NO_POSITION, NOW_NS)
    matcher.close()
    for source in (other, CardKey()):
        with pytest.raises(LockedError, match="device"):
            ListKeys(root, [source]).key()


def test_a_stick_that_is_not_there_locks_and_its_return_unlocks(tmp_path: Path) -> None:
    """Locked is a fault that names the stick; the unit runs, and matches once it is put in."""
    stick, root = tmp_path / "stick.key", tmp_path / "hotlists"
    stick.write_bytes(os.urandom(32))
    put(HotlistStore(root, ListKeys(root, [FileKey(stick)])).list("stolen"), [ENTRY])
    away = stick.rename(tmp_path / "away")
    matcher = HotlistMatcher(HotlistStore(root, ListKeys(root, [FileKey(stick)])), clock())
    health = matcher.health()
    assert health.level is Level.FAULT
    assert "put the stick in" in health.detail
    assert not matcher.match(text("AB12CDE"), NO_POSITION, NOW_NS)
    away.rename(stick)
    matcher.refresh()
    assert matcher.match(text("AB12CDE"), NO_POSITION, NOW_NS)
    assert matcher.health().level is Level.OK
    matcher.close()


def test_another_source_takes_the_key_over(tmp_path: Path) -> None:
    """A store that was with the card goes to the board when there is one; its lists stay."""
    root, own = tmp_path / "hotlists", board(tmp_path, "own", "1")
    put(HotlistStore(root).list("stolen"), [ENTRY])
    for program, source in ((("/none",), "card"), (own._program, "device"), (("/none",), "device")):
        settings = Settings.model_validate(
            {"hotlist": {"path": root, "key_program": program}, "unit": {"state_dir": tmp_path}}
        )
        keys = list_keys(settings)
        assert keys.source == source
        if program == ("/none",) and source == "device":
            with pytest.raises(LockedError, match="not there"):
                keys.key()
        else:
            (generation,) = HotlistStore(root, keys).list("stolen").all()
            HotlistStore(root, keys).list("stolen").open(generation).close()
    with pytest.raises(LockedError):
        ListKeys(root).key()


def test_a_key_that_cannot_be_read_is_told_with_what_to_do(tmp_path: Path) -> None:
    """A damaged key file, or one of another unit, says which file, and what to do."""
    put(HotlistStore(tmp_path).list("stolen"), [ENTRY])
    for damage in ("", "{}", '{"source": "card", "challenge": "AA==", "sealed": "AA=="}'):
        (tmp_path / FILE).write_text(damage)
        with pytest.raises(LockedError, match=r"lists\.key.*again"):
            HotlistStore(tmp_path).keys.key()
    (tmp_path / FILE).unlink()
    matcher = HotlistMatcher(HotlistStore(tmp_path), clock())
    assert "no sound generation is left: import it again" in matcher.health().detail
    matcher.close()


def test_the_key_of_one_run_is_kept_nowhere(tmp_path: Path) -> None:
    """A list given by its file is sealed with a key that ends with the process."""
    keys = MemoryKeys(tmp_path)
    put(HotlistStore(tmp_path, keys).list("file"), [ENTRY])
    assert not (tmp_path / FILE).exists()
    assert not [s for s in SECRETS for path in files(tmp_path) if s in path.read_bytes()]


def test_packages_are_unpacked_in_memory() -> None:
    """The folder for what comes from the centre is on a file system in memory, and goes."""
    with memory_folder() as folder:
        kinds = Path("/proc/self/mounts").read_text().splitlines()
        mounts = {line.split()[1]: line.split()[2] for line in kinds}
        place = next(str(p) for p in (folder, *folder.parents) if str(p) in mounts)
        assert mounts[place] in ("tmpfs", "ramfs")
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not folder.exists()
