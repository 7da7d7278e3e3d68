"""Health: gathered, logged on change, kept for `outrider status`."""

import json
import logging
import os
import socket
import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path

import cv2
import numpy as np
import pytest

from outrider.cli import main
from outrider.clock import SystemClock
from outrider.records import ComponentHealth, Level, Part
from outrider.unit.health import Beats, HealthBoard, HealthKeeper, write_status

CAMERA_FAULT = ComponentHealth(Part.CAMERA, Level.FAULT, "unplugged", {"frames": 3})


def test_a_change_of_level_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """A fault is in the log when it comes and when it goes, not every second."""
    level = [Level.OK]
    board = HealthBoard([lambda: ComponentHealth(Part.CAMERA, level[0], "unplugged")])
    with caplog.at_level(logging.INFO):
        for now in (Level.OK, Level.FAULT, Level.FAULT, Level.OK):
            level[0] = now
            board.ask()
    assert [record.getMessage() for record in caplog.records] == [
        "camera: fault: unplugged",
        "camera: ok: unplugged",
    ]


def test_a_change_that_a_screen_shows_in_the_same_place_is_not_logged(tmp_path: Path) -> None:
    """`run --lines 2>&1`: each line of health once; in two places, each has it."""
    both = tmp_path / "both.txt"
    words = [sys.executable, "-m", "outrider.entry", "run", "--lines", "--alarm", "none"]
    environment = {**os.environ, "STATE_DIRECTORY": str(tmp_path / "state")}
    with both.open("w") as out:
        subprocess.run(
            [*words, "--source", f"pictures:{_pictures(tmp_path)}"],
            stdout=out,
            stderr=out,
            check=True,
            env=environment,
        )
    said = both.read_text().splitlines()
    assert sum("kept in CLEAR" in line for line in said) == 1, said
    assert sum("no hotlist" in line for line in said) == 1, said


def _pictures(folder: Path) -> Path:
    pictures = folder / "pictures"
    pictures.mkdir()
    cv2.imwrite(str(pictures / "one.jpg"), np.full((240, 320), 90, np.uint8))
    return pictures


def test_status_of_a_stopped_replay_is_in_this_machines_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A recording of last year: it was stopped today, so long ago, and not last year."""
    (tmp_path / "unit.toml").write_text(f'[unit]\nstate_dir = "{tmp_path}"\n')
    words = ["run", "-c", str(tmp_path / "unit.toml"), "--alarm", "none", "--quiet"]
    source = f"pictures:{_pictures(tmp_path)}"
    before = SystemClock().stamp(SystemClock().mono_ns()).utc
    assert main([*words, "--source", source, "--start", "2025-01-02T03:04:05Z"]) == 0
    assert main(["status", "--state-dir", str(tmp_path), "--json"]) == 1
    shown = json.loads(capsys.readouterr().out)
    assert shown["ended"]
    assert datetime.fromisoformat(shown["utc"]) >= before.replace(microsecond=0)
    main(["status", "--state-dir", str(tmp_path)])
    said = " ".join(capsys.readouterr().out.split())
    assert "The unit was stopped: last word at" in said
    assert " ago, from process" in said
    assert "2025" not in said


def test_status_shows_a_fault_and_its_exit_status(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the unit wrote is what `outrider status` says, with 1 for a fault."""
    write_status(tmp_path / "status.json", SystemClock(), [CAMERA_FAULT])
    assert main(["status", "--state-dir", str(tmp_path), "--json"]) == 1
    shown = json.loads(capsys.readouterr().out)
    assert shown["components"][0]["detail"] == "unplugged"
    assert not shown["stale"]


def test_status_of_a_dead_unit_is_a_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An old file is not taken for a healthy unit."""
    path = tmp_path / "status.json"
    write_status(path, SystemClock(), [ComponentHealth(Part.CAMERA, Level.OK, "")])
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, "mono_ns": document["mono_ns"] - 60 * 10**9}))
    assert main(["status", "--state-dir", str(tmp_path)]) == 1
    assert "does not run, or hangs" in capsys.readouterr().out


@pytest.mark.parametrize("content", ["{", '{"schema": 99}'])
def test_a_status_file_that_is_no_good_is_named(
    tmp_path: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A broken or foreign file gives one line that names it, not a traceback."""
    (tmp_path / "status.json").write_text(content)
    assert main(["status", "--state-dir", str(tmp_path)]) == 1
    assert "status.json" in capsys.readouterr().err


def test_the_watchdog_is_not_fed_while_a_stage_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """WATCHDOG=1 reaches systemd only while every stage moves on."""
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(address)
        systemd.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        beats = Beats()
        told = threading.Event()
        keeper = HealthKeeper(HealthBoard([]), beats, 60.0, lambda _: told.set())
        keeper.start(60.0)
        assert systemd.recv(100) == b"READY=1"
        assert systemd.recv(100) == b"WATCHDOG=1"
        keeper.close()
        assert systemd.recv(100) == b"WATCHDOG=1"
        assert systemd.recv(100) == b"STOPPING=1"
        beats.beat("recognise")
        hung = HealthKeeper(HealthBoard([]), beats, 0.0, lambda _: None)
        hung.start(60.0)
        hung.close()
        assert systemd.recv(100) == b"READY=1"
        assert systemd.recv(100) == b"STOPPING=1"
