"""The set-up of a machine: what it installs, and what it leaves off."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_TOOLS = ("apt-get", "systemctl", "dpkg-query", "pip", "python")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder of tools that note what they are asked for; dpkg knows of no package."""
    (tmp_path / "bin").mkdir()
    for name in _TOOLS:
        ends = "exit 1" if name == "dpkg-query" else "exit 0"
        tool = tmp_path / "bin" / name
        tool.write_text(f'#!/bin/sh\necho "{name} $*" >> {tmp_path}/asked\n{ends}\n')
        tool.chmod(0o755)
    return tmp_path


def set_up(machine: Path, *tier: str) -> tuple[str, list[str]]:
    """Run the set-up; return what it printed and what it asked of the machine."""
    path = f"{machine / 'bin'}:/usr/bin:/bin"
    environment = {**os.environ, "PATH": path, "OUTRIDER_VENV": str(machine)}
    command = ["bash", str(ROOT / "image_build/setup.sh"), *tier]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    return done.stdout, (machine / "asked").read_text().splitlines()


@pytest.mark.skipif(os.geteuid() != 0, reason="installing is root's")
@pytest.mark.parametrize("tier", [(), ("demo",), ("test",)])
def test_gpsds_socket_is_left_off_and_that_is_said(machine: Path, tier: tuple[str, ...]) -> None:
    """Gpsd is masked before it is installed and disabled after, and the set-up says so."""
    printed, asked = set_up(machine, *tier)
    steps = [line for line in asked if line.startswith(("systemctl", "apt-get install"))]
    words = [next(w for w in ("unmask", "mask", "disable", "install") if w in s) for s in steps]
    assert words == ["mask", "install", "unmask", "disable"]
    assert "gpsd is installed and left off" in printed


@pytest.mark.skipif(os.geteuid() != 0, reason="installing is root's")
def test_one_set_up_serves_every_command_of_the_readmes(machine: Path) -> None:
    """The default set-up brings the demo's voice and what a centre needs."""
    printed, asked = set_up(machine)
    assert "takes some minutes" in printed  # pip is quiet: who waits would think that it hangs
    (installed,) = (line for line in asked if line.startswith("apt-get install"))
    assert {"espeak-ng", "gpsd", "gcc-avr"} <= set(installed.split())
    assert any(line.startswith("pip install") and line.endswith("-e .[demo]") for line in asked)
