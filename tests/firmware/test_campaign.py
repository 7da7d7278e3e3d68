"""The fault campaign in small; campaign.py runs it in full."""

import subprocess
from pathlib import Path

import pytest

from tests.firmware.faulty_line import FaultyLine
from tests.firmware.fuzz import ElfFuzz, HostFuzz
from tests.firmware.restarts import Restarts
from tests.unit.alarm.bench import built


def test_sanitised_logic_survives_noise() -> None:
    """200,000 random and mutated bytes: no sanitizer finding, no false alert, good frames taken."""
    bench = built().simulator.with_name("alarm-bench")
    if not bench.is_file():
        pytest.skip(f"{bench}: not there; make -C firmware/alarm host")
    done = subprocess.run([str(bench), "1", "200000"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_elf_survives_noise() -> None:
    """20,000 bytes of noise at line speed into the ELF: no false alert, good frames taken."""
    assert ElfFuzz(built(), 1).run(20_000).failures() == []


def test_host_survives_noise() -> None:
    """100,000 bytes of noise into the host: no event made up, the next good one taken."""
    assert HostFuzz(1).run(100_000).failures() == []


def test_faulty_line_loses_nothing() -> None:
    """40 alerts over a line that breaks 40 % of frames: each sounded, each recorded once."""
    outcome = FaultyLine(built(), 40, 0.1, 3).run()
    assert outcome.failures() == []
    assert all(outcome.faults.values())


def test_killing_either_side_loses_nothing(tmp_path: Path) -> None:
    """Four kills and resets at random: every alert raised is acknowledged in the end, once."""
    outcome = Restarts(built(), tmp_path, 4, 5).run()
    assert outcome.raised > 0
    assert outcome.failures() == []
