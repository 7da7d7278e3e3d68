"""Standard output that takes nothing: said which it is, what to do, and the status is 1."""

import io
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from outrider.cli import main
from outrider.command_line import exits
from outrider.shown import STANDARD_OUTPUT
from outrider.unit.run.outlet import Outlet

SAID = "standard output: No space left on device: what was to be shown is cut short; free space"


@pytest.mark.parametrize(
    ("words", "status"), [("--version", 1), ("hotlist check AB12CDE", 1), ("config show", 1)]
)
def test_a_full_standard_output_is_named_with_what_to_do(
    words: str, status: int, tmp_path: Path
) -> None:
    """`> /dev/full`: one sentence, once, and 1, whether it is a help, an answer or a table."""
    ended = _into("/dev/full", words, tmp_path)
    assert ended.returncode == status
    assert ended.stderr.count(SAID) == 1
    assert ended.stderr.count("\n") == 1


def test_a_closed_standard_output_is_no_fault_of_the_program(tmp_path: Path) -> None:
    """`>&-`: the command does its work, and no file of it takes the number of the output."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    cv2.imwrite(str(folder / "one.jpg"), np.full((240, 320), 90, np.uint8))
    words = f"run --alarm none --source pictures:{folder} >&-"
    shell = f"exec {sys.executable} -m outrider.entry {words}"
    ended = subprocess.run(
        ["sh", "-c", shell], stderr=subprocess.PIPE, text=True, check=False, env=_homes(tmp_path)
    )
    assert ended.returncode == 0, ended.stderr
    assert "1 frames" in ended.stderr


def test_a_run_that_cannot_show_what_it_was_asked_to_show_has_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Reads are made and kept all the same; the status tells a script that lines are missing."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    cv2.imwrite(str(folder / "one.jpg"), np.full((240, 320), 90, np.uint8))
    (tmp_path / "unit.toml").write_text(f'[unit]\nstate_dir = "{tmp_path}"\n')
    with open("/dev/full", "w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        words = ["run", "--json", "--alarm", "none", "--source", f"pictures:{folder}"]
        assert main([*words, "-c", str(tmp_path / "unit.toml")]) == exits.FAILED
        monkeypatch.undo()
    assert SAID in capsys.readouterr().err


def test_a_reader_that_has_gone_is_no_failure_of_a_run() -> None:
    """`| head` is the reader's own wish; a full disk is not."""
    ours, theirs = os.pipe()
    os.close(ours)
    with os.fdopen(theirs, "w", encoding="utf-8") as gone, open("/dev/full", "w") as full:
        refused = [_refused(out) for out in (gone, full)]
    assert refused[0] is None
    assert isinstance(refused[1], OSError)
    assert refused[1].filename == STANDARD_OUTPUT


def _refused(out: io.TextIOBase) -> OSError | None:
    outlet = Outlet(out)  # type: ignore[arg-type]
    outlet.write("a line\n")
    outlet.end()
    return outlet.refused


def _into(output: str, words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    with open(output, "w", encoding="utf-8") as out:
        return subprocess.run(
            [sys.executable, "-m", "outrider.entry", *words.split()],
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env=_homes(folder),
        )


def _homes(folder: Path) -> dict[str, str]:
    return {**os.environ, "STATE_DIRECTORY": str(folder), "RUNTIME_DIRECTORY": str(folder)}
