"""An ordinary install is whole: the wheel, in a fresh environment, reads plates."""

import json
import os
import re
import site
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FRAME = ROOT / "tests" / "replay" / "golden_drive" / "frames" / "00020.jpg"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel; what it depends on is borrowed from this one."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder), str(ROOT))
    (wheel,) = folder.glob("outrider-*.whl")
    run(sys.executable, "-m", "venv", str(folder / "venv"))
    python = folder / "venv" / "bin" / "python"
    run(str(python), "-m", "pip", "install", "-q", "--no-deps", str(wheel))
    (packages,) = (folder / "venv" / "lib").glob("python*/site-packages")
    (packages / "borrowed.pth").write_text("\n".join(site.getsitepackages()) + "\n")
    return folder / "venv"


def run(*words: str) -> str:
    """Run a program away from the checkout; return what it prints."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    done = subprocess.run(
        words, capture_output=True, text=True, check=False, cwd="/", env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_installed_wheel_reads_a_rendered_plate(installed: Path) -> None:
    """Without the checkout the models are there, and a plate is read."""
    place = run(
        str(installed / "bin" / "python"), "-c", "import outrider; print(outrider.__file__)"
    )
    assert place.startswith(str(installed))
    line = json.loads(run(str(installed / "bin" / "outrider"), "read", str(FRAME), "--json"))
    assert len(line["results"]) >= 1


def test_an_installed_wheel_says_which_commit_it_is(installed: Path) -> None:
    """`--version` names the version and the commit, far from the checkout that it came from."""
    printed = run(str(installed / "bin" / "outrider"), "--version")
    found = re.fullmatch(r"outrider \S+ \(commit ([0-9a-f]{10,})\+?\)\n", printed)
    assert found, printed
    head = run("git", "-C", str(ROOT), "rev-parse", "HEAD")
    assert head.startswith(found[1])


def test_an_installed_wheel_knows_the_alarm_units_patterns(installed: Path) -> None:
    """The firmware's headers, which are links in the tree, are files in the wheel."""
    printed = run(str(installed / "bin" / "outrider"), "alarm", "patterns", "--json")
    assert json.loads(printed)
