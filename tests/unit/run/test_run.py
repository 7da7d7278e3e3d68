"""`outrider run` from end to end on a real video: gpsd, serial line, hotlist and journal real."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from outrider.cli import main
from outrider.clock import NS_PER_S, SystemClock
from outrider.records import Fix, FixQuality
from outrider.unit.rehearsal import simulator
from outrider.unit.rehearsal.gpsd_feeder import GpsdFeeder

MARK = "LS15EBC"
Event = dict[str, Any]


@pytest.fixture
def video(plates_dir: Path) -> Path:
    """The real video of one approaching car with a legible plate."""
    return plates_dir / "video" / "gb_mercedes_aiguys_1280x720.mp4"


@pytest.fixture
def board() -> Iterator[simulator.Simulator]:
    """The alarm unit's real firmware in its simulator, on a pseudo-terminal."""
    try:
        with simulator.start() as running:
            yield running
    except simulator.NoSimulatorError as error:
        pytest.skip(str(error))


@pytest.fixture
def gpsd() -> Iterator[GpsdFeeder]:
    """A real gpsd whose receiver drives due north from 51.5, -0.1."""
    clock, stop = SystemClock(), threading.Event()
    with GpsdFeeder() as feeder:
        player = threading.Thread(target=feeder.play, args=(track(clock), clock, stop))
        player.start()
        yield feeder
        stop.set()
        player.join()


def track(clock: SystemClock) -> Iterator[Fix]:
    """Yield five fixes a second for a minute."""
    zero_ns = clock.mono_ns()
    for number in range(300):
        mono_ns = zero_ns + number * NS_PER_S // 5
        yield Fix(mono_ns, 0, 51.5 + number * 2e-5, -0.1, 11.1, 0.0, FixQuality.FIX_3D, 3.0)


@dataclass
class Ran:
    """What a run printed and kept."""

    status: int
    events: list[Event]
    journal: Path

    def of(self, kind: str, vrm: str = MARK) -> list[Event]:
        """Return the events of a kind about a mark."""
        return [e for e in self.events if e["event"] == kind and e["vrm"] == vrm]


def run(
    capfd: pytest.CaptureFixture[str], folder: Path, video: Path, listed: str, *options: str
) -> Ran:
    """Run the video to its end against a hotlist of one mark."""
    hotlist, config = folder / "list.csv", folder / "unit.toml"
    hotlist.write_text(f"vrm,reason\n{listed},stolen\n")
    config.write_text(f'[unit]\nstate_dir = "{folder}"\n')
    capfd.readouterr()
    command = ["run", "--json", "-c", str(config), "--source", f"video:{video}"]
    command += ["--hotlist", str(hotlist), "--journal", str(folder / "journal"), *options]
    status = main(command)
    lines = capfd.readouterr().out.splitlines()
    return Ran(status, [json.loads(line) for line in lines], folder / "journal")


def rows(capfd: pytest.CaptureFixture[str], journal: Path, kind: str) -> list[Event]:
    """Return the journal's rows of a kind about the mark."""
    capfd.readouterr()
    assert main(["journal", "list", "--json", "--directory", str(journal)]) == 0
    kept = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    return [row for row in kept if row["kind"] == kind and row.get("vrm") == MARK]


def test_a_listed_car_is_read_once_tagged_sounded_and_kept(
    video: Path,
    board: simulator.Simulator,
    gpsd: GpsdFeeder,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """One car, one read, one hit, one alarm on the pins, one row with time and place."""
    gps = f"gpsd:127.0.0.1:{gpsd.port}"
    ran = run(capfd, tmp_path, video, MARK, "--gps", gps, "--alarm", str(board.port))
    assert ran.status == 0
    assert ran.events[-1]["event"] == "summary"
    (read,), (hit,) = ran.of("read"), ran.of("hit")
    assert read["direction"] == "approaching"
    assert read["clock"] == "gps"
    assert 51.5 <= read["lat"] < 51.51
    assert hit["read_id"] == read["id"]
    tones = [event for event in board.events() if event.what == "tone" and event.value]
    assert tones, "nothing was sounded"
    (row,) = rows(capfd, ran.journal, "read")
    assert row["utc"] == read["utc"]
    assert len(rows(capfd, ran.journal, "hit")) == 1


def test_an_unlisted_car_is_read_and_sounds_nothing(
    video: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The same car without the entry: the same one read, no hit."""
    ran = run(capfd, tmp_path, video, "AB12CDE", "--gps", "fixed:51.5,-0.1", "--alarm", "none")
    assert len(ran.of("read")) == 1
    assert not [event for event in ran.events if event["event"] == "hit"]


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_sigterm_ends_a_run_within_two_seconds_of_work_with_its_open_pass_kept(
    video: Path, tmp_path: Path
) -> None:
    """A stop in the middle of a pass writes the read that was being made."""
    command = [sys.executable, "-m", "outrider.cli", "run", "--json", "--source", f"video:{video}"]
    command += ["--gps", "gpsd:127.0.0.1:9", "--alarm", "none", "--journal", str(tmp_path / "j")]
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        health = json.loads(process.stdout.readline())
        assert health["event"] == "health"
        threading.Event().wait(4.0)  # the recording plays at its own pace: 4 of its 7 s
        used_s = _cpu_s(process.pid)
        process.send_signal(signal.SIGTERM)
        events = [json.loads(line) for line in process.stdout]
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode in (0, 1)
        # Of its own time, not of the clock's: others may be using the machine.
        assert usage.ru_utime + usage.ru_stime - used_s < 2.0
    assert [
        event["vrm"] for event in events if event["event"] == "read" and event["conf"] > 0.9
    ] == [MARK]
