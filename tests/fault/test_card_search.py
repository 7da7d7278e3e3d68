"""A day of everything, then the whole card is searched for each mark, name and position."""

import io
import json
import os
import socket
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from outrider.cli import main
from tests.centre.intake.running import Running, running
from tests.fault.card import (
    Card,
    card,
    environment_of,
    forms_of,
    forms_of_degrees,
    search,
    system_log,
)

GOLDEN = Path(__file__).parents[1] / "replay" / "golden_drive"
REASON, MARKER, OFFICER = "Kidnap of Jocasta Smythe", "SAWN-OFF SHOTGUN", "PC Wetherby"
COMMENT, SILENT_REASON = "left scene on foot", "Operation Nightjar"


def reads_of_the_drive() -> list[dict[str, object]]:
    """Return what the drive gives, by a replay that keeps nothing."""
    out = io.StringIO()
    with redirect_stdout(out):
        assert main(["replay", str(GOLDEN), "--json"]) == 0
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    return [line for line in lines if line["event"] == "read"]


class Unit:
    """The unit's commands, run as its services are: on the card, with the system's log."""

    def __init__(self, at: Card, memory: Path, line: socket.socket | None, log: Path) -> None:
        self.settings_file = at.folder / "outrider.toml"
        self.settings_file.write_text(
            f'[unit]\nstate_dir = "{at.folder}/state"\nruntime_dir = "{memory}"\n'
            "[alarm]\nspeech = true\n"
            "[journal]\nsegment_mb = 1\nmin_free_mb = 1\nballast_mb = 1\n"
            f'[hotlist]\nkey_program = ["/not/there"]\n[sync]\nunmetered_interfaces = ["lo"]\n'
        )
        (at.folder / "tmp").mkdir()
        self._bin = memory / "bin"
        self._bin.mkdir()
        for tool in ("espeak-ng", "aplay"):  # there, and failing: what is to be said is not logged
            (self._bin / tool).write_text("#!/bin/sh\nexit 3\n")
            (self._bin / tool).chmod(0o755)
        self._at, self._line, self._log = at, line, log

    def does(self, *words: str, expected: tuple[int, ...] = (0,), by_hand: bool = False) -> None:
        """Run a command with every message that it has, on the system's log.

        by_hand: at a terminal, which shows who typed a mark what became of it, and keeps nothing.
        """
        captured = (self._log / "captured.log").open("ab") if self._line is None else None
        output = captured or self._line
        assert output is not None
        environment = {
            "PATH": f"{self._bin}:/usr/sbin:/usr/bin:/bin",
            "HOME": str(self._at.folder),
            "TMPDIR": str(self._at.folder / "tmp"),
            "PYTHONPATH": os.pathsep.join(sys.path),
            **environment_of(self._line),
        }
        done = subprocess.run(
            [sys.executable, "-m", "outrider.cli", "-v", *words, "-c", str(self.settings_file)],
            stdout=subprocess.DEVNULL if by_hand else output.fileno(),
            stderr=subprocess.DEVNULL if by_hand else output.fileno(),
            stdin=subprocess.DEVNULL,
            env=environment,
            check=False,
        )
        if captured is not None:
            captured.close()
        assert done.returncode in expected, (words, done.returncode)


def a_day(unit: Unit, centre: Running, memory: Path, marks: list[str]) -> None:
    """Enrol, import, add, drive with an alarm that is not there, dock, look; go wrong between."""
    unit.does("enrol", "--ticket", str(centre.ticket("unit-7")))
    listed = memory / "list.csv"  # on a stick: it is not the card's
    rows = [f"{mark},{REASON},STOP,{MARKER}" for mark in marks[:2]]
    rows += [f"{mark},{SILENT_REASON},SILENT,{MARKER}" for mark in marks[2:]]
    listed.write_text("vrm,reason,response,warning_markers\n" + "\n".join(rows) + "\n")
    unit.does("hotlist", "import", str(listed), "--list", "stolen", by_hand=True)
    listed.write_text("vrm,reason\n!!,x\n" + listed.read_text().split("\n", 1)[1])
    unit.does("hotlist", "import", str(listed), "--list", "stolen", expected=(1,), by_hand=True)
    add = ("--officer", OFFICER, "--comment", COMMENT, "--days", "3")
    unit.does("hotlist", "add", marks[0], *add, by_hand=True)
    unit.does("run", "--source", f"drive:{GOLDEN}", "--quiet", "--alarm", "/dev/no-such-alarm")
    unit.does("sync", "--once", "--unmetered", expected=(0, 1))
    unit.does("hotlist", "update", expected=(0, 1, 2))
    unit.does("status", expected=(0, 1, 2))
    unit.does("journal", "verify", expected=(0, 1, 2))


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    """A folder that stands for memory: what lies there goes with the power."""
    folder = tmp_path / "memory"
    folder.mkdir(mode=0o700)
    return folder


def test_nothing_of_a_day_can_be_found_on_the_card(tmp_path: Path, memory: Path) -> None:
    """No mark, name, marker, reason or position: in files, WAL, free blocks, the system's log."""
    reads = reads_of_the_drive()
    marks = sorted({str(read["vrm"]) for read in reads if len(str(read["vrm"])) > 5})
    assert len(marks) >= 3
    needles = {mark: forms_of(mark) for mark in marks}
    for words in (REASON, SILENT_REASON, MARKER, OFFICER, COMMENT):
        needles[words] = forms_of(words)
    for name in ("lat", "lon"):
        for read in reads:
            degrees = read[name]
            assert isinstance(degrees, float)
            needles[f"{name} {degrees}"] = forms_of_degrees(degrees)
    name = f"outrider-card-{os.getpid()}"
    (tmp_path / "log").mkdir()
    with card(tmp_path) as at, running(tmp_path / "centre") as centre:
        with system_log(name, tmp_path / "log") as (line, log):
            at.beside.append(log)
            a_day(Unit(at, memory, line, log), centre, memory, marks)
            os.sync()
            done = search(at.sources(), needles)
            assert any(log.rglob("*")), "nothing was logged at all"
        planted = at.folder / "planted"
        planted.write_bytes(b"\n".join(sorted(set.union(*needles.values()))))
        control = search(iter([planted]), needles)
    kind = "a file system of its own, as it lies" if at.image else "every file"
    print(
        f"searched {done.bytes_searched:,} bytes ({kind}; the system's log:"
        f" {'journald' if line else 'captured'}) for {len(needles)} marks, names, reasons and"
        f" positions in {done.forms} forms; found: {len(done.found)}"
    )
    assert done.found == (), "\n".join(done.found)
    assert len(control.found) >= control.forms, "the search does not see what is there"
