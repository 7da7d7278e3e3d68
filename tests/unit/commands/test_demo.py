"""The demo explains itself."""

import io
import os
import subprocess
import sys

from outrider.console import Screen
from outrider.rendered.settings import RenderSettings
from outrider.rendered.source import RenderedDrive
from outrider.unit.commands import demo
from outrider.unit.settings.sections import Settings


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


def test_the_demo_counts_what_it_says_is_on_its_list() -> None:
    """Every fourth of those that can be read are few of all that pass: the number is said."""
    drive = RenderedDrive(RenderSettings(seed=1, duration_s=60.0, rate_hz=12.0))
    truth = drive.truth()
    listed = demo._listed(truth)
    out = io.StringIO()
    screen = Screen(file=out, width=400)
    demo._explain(drive, len(listed), None, Settings.model_validate({"unit": {"id": "x"}}), screen)
    demo._show_alerts(listed, [listed[0]], screen)
    told = out.getvalue()
    due = sum(map(truth.due, truth.passes))
    assert f"{due} of them come near enough" in told
    assert f"{len(listed)} of these are on the demo's list" in told
    assert f"on the list: {listed[0]}, one alert" in told
    assert f"on the list: {listed[1]}, no alert" in told
