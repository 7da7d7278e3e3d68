"""Rows that came and do not open are an alarm, and an officer finds what did open."""

import json
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
from outrider.wire.audit import AuditKind
from outrider.wire.sealing import CentrePublicKey
from tests.centre.opening.makers import some_reads
from tests.centre.store.makers import send
from tests.unit.journal import makers

WHO = ("--officer", "DC 1234", "--case", "CR/45/26", "--reason", "whose car")


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
    assert sum("ALARM" in record.message for record in caplog.records) == 1


def test_a_mark_is_found_once_and_the_question_is_in_the_trail(
    place: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """A read that is a hit is one line; who asked and what came of it stands in the trail."""
    mark = some_reads(3)[2].text.vrm
    capsys.readouterr()
    typed = f"{mark[:4]} {mark[4:]}".lower()
    assert main(["centre", "find", typed, *place, *WHO, "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    found = json.loads(line)
    assert (found["vrm"], found["unit"], found["hit"]) == (mark, "unit-7", True)
    assert main(["centre", "find", "ZZ99ZZZ", *place, *WHO]) == 1
    with closing(open_store_of(CentreFolder(Path(place[1])))) as store:
        asked = [row.event for row in store.audit() if row.event.kind is AuditKind.CONSULTATION]
    assert [event.subject.rpartition(": ")[2] for event in asked] == [
        "asked for", "1 shown", "asked for", "0 shown",
    ]  # fmt: skip
    assert {event.actor for event in asked} == {"DC 1234"}


@pytest.mark.parametrize("missing", range(3))
def test_nobody_looks_without_saying_who_and_why(place: tuple[str, ...], missing: int) -> None:
    """An empty officer, case or reason is refused before anything is looked at."""
    words = list(WHO)
    words[2 * missing + 1] = " "
    with pytest.raises(SystemExit, match="2"):
        main(["centre", "find", "KX21AAA", *place, *words])
