"""One part fails, the run goes on: what is said, what is kept, what comes back by itself."""

import json
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from outrider.cli import main
from outrider.clock import SystemClock
from outrider.unit.recognise.manifest import open_store
from outrider.unit.run import wiring
from outrider.unit.settings.sections import Settings
from tests.unit.fakes import Recorder

GOLDEN = Path(__file__).resolve().parents[2] / "replay" / "golden_drive"
Event = dict[str, Any]


def run(
    capfd: pytest.CaptureFixture[str], folder: Path, *options: str, config: str = ""
) -> tuple[int, list[Event], str]:
    """Run the golden drive; return exit status, events and standard error."""
    settings = folder / "unit.toml"
    settings.write_text(f'[unit]\nstate_dir = "{folder}"\n{config}')
    capfd.readouterr()
    command = ["run", "--json", "-c", str(settings), "--source", f"drive:{GOLDEN}"]
    status = main([*command, "--alarm", "none", *options])
    printed = capfd.readouterr()
    return status, [json.loads(line) for line in printed.out.splitlines()], printed.err


def marks(events: list[Event]) -> list[str]:
    """Return the marks that were read."""
    return sorted(event["vrm"] for event in events if event["event"] == "read")


def wrong(events: list[Event], *levels: str) -> dict[str, str]:
    """Return what health events told at these levels, by component."""
    told = [part for event in events if event["event"] == "health" for part in event["components"]]
    return {part["name"]: part["detail"] for part in told if part["level"] in levels}


@pytest.fixture
def whole(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> list[str]:
    """The marks of a run with nothing wrong."""
    folder = tmp_path / "whole"
    folder.mkdir()
    return marks(run(capfd, folder)[1])


@pytest.mark.parametrize(
    "content",
    [b"\x00\xff\x00 no list \x1b" * 40, b"", b"vrm,reason\n", b"vrm,reason\n!!,\n?,\n"],
    ids=["no list", "empty", "no rows", "all refused"],
)
def test_a_hotlist_of_which_nothing_is_in_force_is_a_fault_and_every_read_is_made(
    content: bytes, whole: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is named in health, status and exit status, and reading goes on."""
    bad = tmp_path / "list.csv"
    bad.write_bytes(content)
    status, events, _ = run(capfd, tmp_path, "--hotlist", str(bad))
    assert status == 1
    assert str(bad) in wrong(events, "fault")["hotlist"]
    assert marks(events) == whole
    main(["status", "--state-dir", str(tmp_path), "--json"])
    kept = json.loads(capfd.readouterr().out)
    assert [c["level"] for c in kept["components"] if c["name"] == "hotlist"] == ["fault"]


def test_a_hotlist_fault_is_heard(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The alarm output is told that the list that was asked for is not in force."""
    bad = tmp_path / "list.csv"
    bad.write_bytes(b"")
    config = "driver_safe = false\n"
    *_, said = run(capfd, tmp_path, "--hotlist", str(bad), "--alarm", "terminal", config=config)
    assert "fault: hotlist" in said


def test_a_mistyped_hotlist_is_refused_before_anything_starts(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A path given by hand that is not there is wrong use: status 2, nothing kept."""
    status, events, said = run(capfd, tmp_path, "--hotlist", str(tmp_path / "lits.csv"))
    assert status == 2
    assert not events
    assert "lits.csv" in said
    assert not (tmp_path / "journal").exists()


def test_a_list_that_the_settings_ask_for_and_is_not_there_is_a_fault(
    whole: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A running unit is not stopped by it: it reads on, in fault."""
    config = f'[hotlist]\npath = "{tmp_path / "gone"}"\n'
    status, events, _ = run(capfd, tmp_path, config=config)
    assert status == 1
    assert "hotlist" in wrong(events, "fault")
    assert marks(events) == whole


def test_without_gpsd_reads_are_made_and_say_that_there_is_no_position(
    whole: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """An absent gpsd blocks nothing; it is a fault, and each read says that it has no fix."""
    status, events, _ = run(capfd, tmp_path, "--gps", "gpsd:127.0.0.1:9")
    assert status == 0
    assert "gps" in wrong(events, "fault", "warning")
    assert marks(events) == whole
    assert {event["fix"] for event in events if event["event"] == "read"} == {"none"}


def test_without_its_serial_line_the_alarm_is_a_fault_and_hits_are_kept(
    whole: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """An alarm unit that is not plugged in is told at once; reads and hits are kept."""
    listed = tmp_path / "list.csv"
    listed.write_text(f"vrm,reason\n{whole[0]},stolen\n")
    port = str(tmp_path / "no-such-port")
    status, events, _ = run(capfd, tmp_path, "--hotlist", str(listed), "--alarm", port)
    assert status == 0
    assert port in wrong(events, "warning", "fault")["alarm"]
    assert marks(events) == whole
    assert {event["vrm"] for event in events if event["event"] == "hit"} == {whole[0]}
    assert main(["journal", "list", "--json", "--directory", str(tmp_path / "journal")]) == 0
    rows = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert {row["vrm"] for row in rows if row["kind"] == "hit"} == {whole[0]}


@pytest.mark.parametrize("damage", ["missing", "corrupt"])
def test_models_that_cannot_be_used_end_a_recording_with_the_file_named(
    damage: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Without its models nothing is read, and it is said which file and what to do."""
    models = copied_models(tmp_path / "models")
    for path in models.glob("reader*.tflite"):
        if damage == "missing":
            path.unlink()
        else:
            path.write_bytes(b"TFL3" + path.read_bytes()[100:])
    config = f'[recogniser]\nmodels_dir = "{models}"\n'
    status, events, said = run(capfd, tmp_path, config=config)
    assert status == 1
    assert not events
    assert "reader" in said


def test_a_unit_waits_for_its_models_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a camera, missing models are a fault that is heard; reading begins when they come."""
    monkeypatch.setattr(wiring, "_MODELS_TRIED_EVERY_S", 0.05)
    models, state = tmp_path / "models", tmp_path / "state"
    settings = Settings.model_validate(
        {"unit": {"state_dir": state}, "recogniser": {"models_dir": models}}
    )
    alarm, stop = Recorder(), threading.Event()
    opened: list[object] = []

    def wait() -> None:
        opened.append(wiring._open_models_when_there(settings, alarm, SystemClock(), stop))

    waiting = threading.Thread(target=wait)
    waiting.start()
    try:
        assert alarm.told.wait(5)
        assert alarm.names()[0] == "faults"
        copied_models(tmp_path / "arriving").rename(models)
    finally:
        waiting.join(10)
        stop.set()
    assert len(opened) == 1


def copied_models(folder: Path) -> Path:
    """Copy the shipped models."""
    return Path(shutil.copytree(open_store(None).folder, folder))
