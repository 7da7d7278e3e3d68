"""Rows that came and do not open are an alarm."""

import logging
import threading
from contextlib import closing
from pathlib import Path

import pytest

from outrider.centre.demo.unit_journal import UnitJournal
from outrider.centre.folder import CentreFolder
from outrider.centre.opening.keys import KeyFolder
from outrider.centre.opening.service import Opening
from outrider.centre.store_of import open_store_of
from outrider.cli import main
from outrider.wire.sealing import CentrePublicKey
from tests.centre.opening.makers import some_reads
from tests.centre.store.makers import send
from tests.unit.journal import makers


@pytest.fixture
def place(tmp_path: Path) -> tuple[str, ...]:
    """A centre with three good reads and a hit of unit-7, opened."""
    root, keys = tmp_path / "centre", tmp_path / "keys"
    assert main(["centre", "init", str(root), "--opening-keys", str(keys)]) == 0
    unit = UnitJournal("unit-7", CentrePublicKey.read(CentreFolder(root).sealing_key))
    for read in some_reads(3):
        unit.add(*makers.pictured(read))
    unit.add(*makers.pictured(makers.hit(2)))
    with closing(open_store_of(CentreFolder(root))) as store:
        send(store, unit, unit.rows)
    words = ("--dir", str(root))
    assert main(["centre", "open", *words, "--keys", str(keys)]) == 0
    return words


def send_lies(place: tuple[str, ...], count: int) -> None:
    """Send reads that say another unit made them."""
    folder = CentreFolder(Path(place[1]))
    unit = UnitJournal("unit-8", CentrePublicKey.read(folder.sealing_key))
    for read in some_reads(count, first=20):
        unit.add(*makers.pictured(read))
    with closing(open_store_of(folder)) as store:
        send(store, unit, unit.rows)


@pytest.mark.parametrize("command", ["open", "units", "status"])
def test_rows_that_do_not_open_are_an_alarm_with_the_remedy(
    place: tuple[str, ...], capfd: pytest.CaptureFixture[str], command: str
) -> None:
    """Each command that an operator looks at says how many, of whom, what to do, and exits 1."""
    keys = ("--keys", str(Path(place[1]).parent / "keys"))
    assert main(["centre", command, *place, *(keys if command == "open" else ())]) == 0
    send_lies(place, 2)
    assert main(["centre", "open", *place, *keys]) == 1
    capfd.readouterr()
    assert main(["centre", command, *place, *(keys if command == "open" else ())]) == 1
    told = "".join(capfd.readouterr())
    assert "ALARM: 2 rows do not open (2 of unit-8)" in told
    assert "outrider centre open --retry" in told


def test_the_alarm_is_in_the_log_and_in_the_services_state(
    place: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    """The watching service says it once at a time, and systemd shows it as long as it holds."""
    send_lies(place, 2)
    root = Path(place[1])
    stop, looks = threading.Event(), iter(range(4))
    with closing(open_store_of(CentreFolder(root))) as store:
        opening = Opening(store, KeyFolder(root.parent / "keys"))
        with caplog.at_level(logging.ERROR):
            opening.watch(stop, lambda: stop.set() if next(looks) == 3 else None)
        assert "ALARM: 2 rows" in opening.fault
    assert sum("ALARM" in record.getMessage() for record in caplog.records) == 1
