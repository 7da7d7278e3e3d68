"""The alarm output against the real firmware: what must hold when things go wrong."""

import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from outrider.clock import SystemClock
from outrider.records import ComponentHealth, Hit, Level, Part, Response
from outrider.unit.alarm.interfaces import PortLostError
from outrider.unit.alarm.patterns import table
from outrider.unit.alarm.serial_alarm import SerialAlarm
from outrider.unit.devices.alarm_serial import SerialPort, open_alarm
from outrider.unit.ports import DockOutcome
from outrider.unit.rehearsal import simulator
from outrider.unit.rehearsal.pin_witness import sounds_as
from tests.unit.alarm import makers
from tests.unit.alarm.bench import built, running, until


@dataclass
class Ears:
    """A second output that keeps what it was given."""

    said: list[tuple[str, object]] = field(default_factory=list)

    def sounded(self, hit: Hit, late: bool) -> None:
        self.said.append(("late" if late else "sounded", hit.hit_id))

    def unheard(self, hit: Hit) -> None:
        self.said.append(("unheard", hit.hit_id))

    def fault(self, text: str) -> None:
        self.said.append(("fault", text))

    def acted(self, hit: Hit) -> None:
        self.said.append(("acted", hit.hit_id))

    def close(self) -> None:
        self.said.append(("close", None))


def test_silent_hit_is_refused_and_puts_nothing_on_the_wire(tmp_path: Path) -> None:
    """A silent hit raises ValueError and leaves no byte, no sound, no count, no health behind."""
    seen: list[tuple[str, bytes]] = []
    with simulator.start(built=built()) as sim:
        alarm = SerialAlarm(
            "test",
            lambda: SerialPort(sim.port),
            SystemClock(),
            tap=lambda way, data: seen.append((way, data)),
        )
        alarm.start(threading.Event())
        try:
            until(lambda: alarm.health().level is Level.OK, what="the session")
            threading.Event().wait(0.6)
            before = alarm.health().counts
            events = len(sim.events())
            seen.clear()
            with pytest.raises(ValueError, match="silent"):
                alarm.raise_alert(makers.hit(Response.SILENT))
            threading.Event().wait(1.0)
            after = alarm.health().counts
        finally:
            alarm.close()
        sent = b"".join(data for way, data in seen if way == "to")
        kinds = {frame[2:3] for frame in sent.split(b"\0") if frame}
        assert kinds <= {b"\x02"}, "something but heartbeats was sent"
        assert not [e for e in sim.events()[events:] if e.what in ("tone", "red")]
    assert before == after


def test_unplugged_unit_is_a_fault_and_its_alerts_come_back_late() -> None:
    """Pulled out: a fault, heard elsewhere; hits wait; plugged in they sound, gravest first."""
    ears = Ears()
    with simulator.start(built=built()) as sim:
        alarm = open_alarm(sim.port, SystemClock(), ears)
        alarm.start(threading.Event())
        try:
            until(lambda: alarm.health().level is Level.OK, what="the session")
            sim.order("unplug")
            until(lambda: alarm.health().level is Level.FAULT, what="the fault")
            until(lambda: any(kind == "fault" for kind, _ in ears.said), what="the other output")
            lesser, graver = makers.hit(Response.OBSERVE, 3), makers.hit()
            alarm.restore(lesser, 7.0)
            alarm.restore(graver, 6.0)
            assert ("unheard", graver.hit_id) in ears.said
            assert "2 alerts wait" in alarm.health().detail
            seen = len(sim.events())
            sim.order("plug")
            until(lambda: alarm.health().counts["sounded"] == 2, 30.0, "both sounds")
            heard = sim.events()[seen:]
        finally:
            alarm.close()
    told = [hit_id for kind, hit_id in ears.said if kind == "late"]
    assert told == [graver.hit_id, lesser.hit_id]
    assert sounds_as(heard, table()["STOP"])


def test_hit_raised_to_a_unit_that_has_just_died_is_heard_elsewhere() -> None:
    """A unit that stops without a word: the hit goes to the other output, once."""
    ears = Ears()
    with simulator.start(built=built()) as sim:
        alarm = open_alarm(sim.port, SystemClock(), ears)
        alarm.start(threading.Event())
        try:
            until(lambda: alarm.health().level is Level.OK, what="the session")
            sim.pause()
            hit = makers.hit()
            alarm.raise_alert(hit)
            assert ears.said == []
            until(lambda: ("unheard", hit.hit_id) in ears.said, 20.0, "the other output")
            sim.resume()
            until(lambda: alarm.health().counts["sounded"] == 1, 20.0, "the unit")
        finally:
            alarm.close()
    assert ears.said.count(("unheard", hit.hit_id)) == 1


def test_hung_unit_is_brought_back_and_the_host_says_so() -> None:
    """Hung with an alert shown: the watchdog resets it, the host says so, it sounds again."""
    with running() as bench:
        bench.raise_and_hear(makers.hit())
        until(lambda: bench.count("sounded") == 1, what="the sound")
        bench.sim.order("hang")
        until(lambda: bench.count("restarts_by_watchdog") == 1, 20.0, "the restart")
        until(lambda: bench.count("sounded") == 2, 20.0, "the sound after it")
        assert bench.count("unacknowledged") == 1


def test_killed_unit_is_found_again_at_the_same_port(tmp_path: Path) -> None:
    """No port at start is a fault that says which port; no exception, and no alert is lost."""
    alarm = open_alarm(tmp_path / "ttyUSB7", SystemClock())
    alarm.start(threading.Event())
    try:
        alarm.raise_alert(makers.hit())
        until(lambda: alarm.health().level is Level.FAULT, what="the fault")
        health = alarm.health()
        assert "ttyUSB7" in health.detail
        assert health.counts["unacknowledged"] == 1
    finally:
        alarm.close()
    alarm.close()


def test_fault_of_another_component_is_heard() -> None:
    """A journal that fails makes the unit sound fault and show amber."""
    with running() as bench:
        threading.Event().wait(0.6)
        seen = len(bench.sim.events())
        bench.alarm.set_faults([ComponentHealth(Part.JOURNAL, Level.FAULT, "disk full")])
        bench.sim.wait_for(lambda event: event.what == "tone" and event.value == 480, 20.0, seen)


@pytest.mark.parametrize(("outcome", "pattern"), [("done", "DOCK_DONE"), ("failed", "DOCK_FAILED")])
def test_how_docking_ended_is_heard(outcome: str, pattern: str) -> None:
    """Done and failed each play their own pattern on the unit's pin."""
    with running() as bench:
        threading.Event().wait(0.6)
        seen = len(bench.sim.events())
        bench.alarm.signal_dock(DockOutcome(outcome))
        until(lambda: sounds_as(bench.sim.events()[seen:], table()[pattern]), what="the sound")


def test_port_that_is_no_port_says_so(tmp_path: Path) -> None:
    """Opening a plain file or nothing at all names the path and the reason."""
    (tmp_path / "file").write_text("x", encoding="utf-8")
    for name in ("file", "missing"):
        with pytest.raises(PortLostError, match=name):
            SerialPort(tmp_path / name)
