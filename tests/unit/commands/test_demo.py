"""The demo explains itself."""

import os
import subprocess
import sys


def test_a_short_demo_explains_itself() -> None:
    """It says what will be seen, who presses the button and how to practise."""
    environment = {**os.environ, "COLUMNS": "80"}
    done = subprocess.run(
        [sys.executable, "-m", "outrider.cli", "demo", "--seconds", "6"],
        capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr  # 1: so short a road may show no plate
    printed = done.stdout
    assert "Each line" in printed
    assert "robot presses" in printed or "You are the crew" in printed
    assert "outrider crew queue --runtime-dir" in printed
    assert "CLEAR" not in printed + done.stderr
