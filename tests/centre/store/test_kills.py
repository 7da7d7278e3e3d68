"""Killed at any instant, a store holds whole batches, and what it told is there."""

import json
import subprocess
import sys
from pathlib import Path


def test_nothing_is_half_after_kills(url: str) -> None:
    """Rows, pictures and events: none lost, doubled or half after kills at random instants.

    In a process of its own: it forks, and threads of other tests must not be there then.
    """
    done = subprocess.run(
        [sys.executable, "-m", "tests.centre.store.kills", "--url", url, "--kills", "10",
         "--longest-s", "0.25"],
        cwd=Path(__file__).resolve().parents[3], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["told"] > 0
