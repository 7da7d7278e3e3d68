"""The running unit: hears how docking ended, and heals the crew's list when it starts."""

import io
import threading
from pathlib import Path

import pytest

from outrider.clock import SystemClock
from outrider.unit.hotlist.lookback import LookBack
from outrider.unit.hotlist.own_entries import LIST_NAME, CrewList
from outrider.unit.hotlist.store import HotlistStore
from outrider.unit.pipeline.decide import Rules
from outrider.unit.ports import DockOutcome
from outrider.unit.recognise.operating_points import OperatingPoints
from outrider.unit.run.app import Appliance, Parts
from outrider.unit.run.inputs import Inputs
from outrider.unit.run.json_events import JsonEvents
from outrider.unit.run.wiring import _heal_crew_list
from outrider.unit.settings.sections import Settings, UnitSettings
from outrider.unit.sync.session import Summary
from outrider.unit.sync.state import SyncStateFile, SyncWatch, state_of
from tests.unit.fakes import Frames, Matcher, Nowhere, Once, Recorder, SeesNothing, Tracker

CLOCK = SystemClock()


def test_health_round_has_the_alarm_unit_say_how_docking_ended(tmp_path: Path) -> None:
    """What a sync left in the runtime folder reaches the alarm output, once, in a real run."""
    recorder, stop = Recorder(), threading.Event()
    watch = SyncWatch(tmp_path)
    inputs = Inputs(Frames(live=True), Nowhere(), CLOCK, "")
    parts = Parts(
        inputs=inputs,
        recogniser=SeesNothing(),
        tracker=Tracker([]),
        matcher=Matcher(),
        rules=Rules(OperatingPoints(alarm=0.9, possible=0.5), Once(), LookBack()),
        alarm=recorder,
        journal=recorder,
        watched=(watch.health,),
        dock_news=watch.dock_news,
    )
    settings = Settings(unit=UnitSettings(state_dir=tmp_path))
    left = state_of(Summary(rows=3), CLOCK.stamp(CLOCK.mono_ns()))
    SyncStateFile(tmp_path).write(left, DockOutcome.DONE)
    unit = Appliance(parts, settings, JsonEvents(io.StringIO()))
    runner = threading.Thread(target=unit.run, args=(stop,))
    runner.start()
    assert recorder.told.wait(30)
    stop.set()
    runner.join()
    assert [given for name, given in recorder.order if name == "dock"] == [DockOutcome.DONE]


def test_crew_list_is_healed_at_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cut between the trail and the list: at the next start the entry is in force."""
    crew = CrewList(HotlistStore(tmp_path), CLOCK)
    with monkeypatch.context() as cut:
        cut.setattr(CrewList, "rebuild", lambda self: None)
        crew.add("AB12CDE", "PC1", "left scene", 7)
    assert HotlistStore(tmp_path).list(LIST_NAME).in_force() is None
    _heal_crew_list(HotlistStore(tmp_path), CLOCK)
    assert HotlistStore(tmp_path).list(LIST_NAME).in_force() is not None
    _heal_crew_list(HotlistStore(tmp_path / "nothing"), CLOCK)
    assert not (tmp_path / "nothing").exists()
