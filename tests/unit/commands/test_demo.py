"""The demo explains itself."""

import io
import os
import subprocess
import sys
import threading

from outrider.clock import NS_PER_S, RecordedClock
from outrider.console import Screen
from outrider.rendered.settings import RenderSettings
from outrider.rendered.source import RenderedDrive
from outrider.unit.commands import demo
from outrider.unit.devices.paced import PacedSource
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
    assert "outrider status --state-dir" in printed
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
    assert f"near enough for the plate to be read: {due}." in told
    assert f"list of vehicles of interest: {len(listed)}." in told
    assert f"on the list: {listed[0]}, one alert" in told
    assert f"on the list: {listed[1]}, no alert" in told


def test_the_shortest_road_has_an_alert_to_see() -> None:
    """15 s met one readable vehicle, and every fourth of one was none: a demo without its point."""
    road = RenderSettings(seed=1, duration_s=15.0, rate_hz=12.0, width_px=960, height_px=720)
    drive = RenderedDrive(road)
    truth = drive.truth()
    assert sum(map(truth.due, truth.passes)) == 1
    assert len(demo._listed(truth)) == 1


def test_a_machine_that_is_too_slow_is_told_once() -> None:
    """A busy machine took 20 min for the minute, and gave no position, without a word of why."""
    out = io.StringIO()
    late = iter([0.0, demo._LATE_S, 60.0, 90.0])
    officer = demo._Officer(None)
    events = demo._DemoEvents(Screen(file=out, width=400), officer, lambda: next(late))
    for _ in range(2):
        events.health([])
    assert out.getvalue() == ""
    events.health([])
    events.health([])
    assert out.getvalue().count("This machine is too slow") == 1


def test_a_paced_source_knows_how_late_it_is() -> None:
    """A reader that takes 5 s for each picture finds the second one 5 s late, less its due time."""
    clock = RecordedClock(0)
    drive = RenderedDrive(
        RenderSettings(seed=1, duration_s=1.0, rate_hz=2.0, width_px=160, height_px=120)
    )
    source = PacedSource(drive, clock)
    late = []
    for _ in source.frames(threading.Event()):
        late.append(source.late_ns)
        clock.advance_to(5 * NS_PER_S)
    assert late == [0, 4_500_000_000]


def test_a_drive_that_is_stopped_is_not_scored_on_the_road_ahead() -> None:
    """Ctrl-C after 12 s gave a capture rate of 25 %: vehicles not yet met counted as missed."""
    drive = RenderedDrive(RenderSettings(seed=1, duration_s=60.0, rate_hz=12.0))
    truth = drive.truth()
    driven = demo._driven(truth, 20 * NS_PER_S)
    assert 0 < len(driven.passes) < len(truth.passes)
    assert all(one.first_mono_ns <= 20 * NS_PER_S for one in driven.passes)
    assert demo._driven(truth, 60 * NS_PER_S).passes == truth.passes
