"""What a run prints is never in the way of a read."""

import io
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from outrider.cli import main
from outrider.records import Level
from outrider.unit.run.outlet import Outlet

GOLDEN = Path(__file__).resolve().parents[2] / "replay" / "golden_drive"


def test_a_run_whose_reader_has_gone_keeps_every_read(tmp_path: Path) -> None:
    """`outrider run | head`: reads are made and kept to the end, and what was not shown is told."""
    ours, theirs = os.pipe()
    os.close(ours)
    command = [
        sys.executable,
        "-m",
        "outrider.cli",
        "run",
        "--lines",
        "--source",
        f"drive:{GOLDEN}",
    ]
    command += ["--alarm", "none", "--journal", str(tmp_path / "journal")]
    environment = {**os.environ, "STATE_DIRECTORY": str(tmp_path)}
    ended = subprocess.run(
        command, stdout=theirs, stderr=subprocess.PIPE, text=True, env=environment, check=False
    )
    os.close(theirs)
    assert ended.returncode == 0, ended.stderr
    status = json.loads((tmp_path / "status.json").read_text())
    parts = {part["name"]: part for part in status["components"]}
    assert parts["journal"]["counts"]["committed"] >= 4
    assert parts["screen"]["level"] == "warning"
    assert parts["screen"]["counts"]["not_shown"] > 0


def test_an_outlet_that_takes_nothing_holds_nobody() -> None:
    """A stopped terminal: writing goes on at once, and what finds no room is counted."""
    released = threading.Event()

    class Stopped(io.StringIO):
        def write(self, text: str) -> int:
            released.wait()
            return len(text)

    outlet = Outlet(Stopped())
    try:
        for number in range(5_000):
            outlet.write(f"{number}\n")
        state = outlet.health()
        assert state.level is Level.WARNING
        assert state.counts["not_shown"] > 3_000
    finally:
        released.set()
        outlet.end()


def test_what_is_shown_is_whole_and_in_order() -> None:
    """Every text arrives, in the order in which it was told, before the screen ends."""
    out = io.StringIO()
    outlet = Outlet(out)
    for number in range(1_000):
        outlet.write(f"{number}\n")
    outlet.end()
    assert out.getvalue().split() == [str(number) for number in range(1_000)]
    assert outlet.health().level is Level.OK


def test_a_run_that_nobody_watches_says_so_and_what_came_of_it(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Without a terminal reads are kept and not shown: silence would look like nothing read."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    cv2.imwrite(str(folder / "one.jpg"), np.full((240, 320), 90, np.uint8))
    settings = tmp_path / "unit.toml"
    settings.write_text(f'[unit]\nstate_dir = "{tmp_path}"\n')
    command = ["run", "-c", str(settings), "--source", f"pictures:{folder}", "--alarm", "none"]
    main(command)
    said = capfd.readouterr()
    assert said.out == ""
    assert "--lines" in said.err
    assert "1 frames, 0 reads" in said.err
    main([*command, "--quiet"])
    assert "--lines" not in capfd.readouterr().err
