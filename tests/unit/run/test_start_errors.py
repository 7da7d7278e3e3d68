"""A run that cannot start ends, with its status and a sentence, whatever was started already."""

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

GOLDEN = Path(__file__).resolve().parents[2] / "replay" / "golden_drive"
_LIMIT_S = 60.0


@pytest.fixture
def line() -> Iterator[str]:
    """A serial port on which nobody answers."""
    ours, theirs = pty.openpty()
    yield os.ttyname(theirs)
    os.close(ours)
    os.close(theirs)


def outrider(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a process of its own, which must end."""
    environment = {**os.environ, "STATE_DIRECTORY": str(folder / "state")}
    command = [sys.executable, "-m", "outrider.cli", *words]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=_LIMIT_S, env=environment, check=False
    )


@pytest.mark.parametrize("alarm", ["terminal", "a serial port"])
@pytest.mark.parametrize(
    ("wrong", "status", "said"),
    [
        (["-c", "no_models.toml"], 1, "manifest"),
        (["--record", "/proc/nobody/writes/here"], 2, "/proc/nobody"),
        (["--journal", "/proc/nobody/writes/here"], 2, "/proc/nobody"),
        (["--gps", "gpsd:here:99999"], 2, "99999"),
    ],
)
def test_a_start_that_fails_ends_with_its_status(
    alarm: str, wrong: list[str], status: int, said: str, line: str, tmp_path: Path
) -> None:
    """No models, a folder that cannot be made, a bad port: said, and the process is gone."""
    (tmp_path / "no_models.toml").write_text(f'[recogniser]\nmodels_dir = "{tmp_path}"\n')
    words = [str(tmp_path / word) if word.endswith(".toml") else word for word in wrong]
    port = line if alarm == "a serial port" else alarm
    ended = outrider(tmp_path, "run", "--source", f"drive:{GOLDEN}", "--alarm", port, *words)
    assert ended.returncode == status, ended.stderr
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "fault" not in ended.stderr
