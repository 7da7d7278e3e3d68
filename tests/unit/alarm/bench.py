"""The real firmware on the simulator with the real host side on its pseudo-terminal."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from outrider.clock import SystemClock
from outrider.records import Hit, Level, OfficerAction
from outrider.unit.alarm.serial_alarm import SerialAlarm
from outrider.unit.devices.alarm_serial import open_alarm
from outrider.unit.rehearsal import simulator


def built() -> simulator.Built:
    """Return the simulator and the firmware, or skip the test with what to install."""
    try:
        return simulator.find()
    except simulator.NoSimulatorError as error:
        pytest.skip(str(error))


def until(holds: Callable[[], bool], timeout_s: float = 20.0, what: str = "it") -> None:
    """Wait until something holds; fail the test where it does not in time."""
    pause = threading.Event()
    end_s = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < end_s, f"{what} did not happen within {timeout_s} s"
        pause.wait(0.005)


@dataclass
class Bench:
    """A simulated board and the host on it."""

    sim: simulator.Simulator
    alarm: SerialAlarm
    taken: list[OfficerAction] = field(default_factory=list)

    def until_up(self) -> None:
        until(lambda: self.alarm.health().level is not Level.FAULT, what="the session")
        until(lambda: self.count("sessions") > 0, what="the session")

    def count(self, name: str) -> int:
        return self.alarm.health().counts[name]

    def raise_and_hear(self, hit: Hit) -> simulator.PinEvent:
        """Raise a hit; return the tone that follows on the sounder's pin."""
        seen = len(self.sim.events())
        self.alarm.raise_alert(hit)
        return self.sim.wait_for(lambda event: event.what == "tone" and event.value > 0, 20.0, seen)

    def press(self, button: str, hold_s: float = 0.1) -> None:
        self.sim.press(button)
        threading.Event().wait(hold_s)
        self.sim.release(button)

    def press_until_told(self, button: str, hold_s: float = 0.1, timeout_s: float = 40.0) -> None:
        """Press again and again, longer each time, until an action comes of it.

        Longer, because on a busy machine simulated time falls behind the clock on the wall.
        """
        end_s = time.monotonic() + timeout_s
        while not self.actions():
            assert time.monotonic() < end_s, f"no action within {timeout_s} s of pressing {button}"
            self.press(button, hold_s)
            hold_s = min(4.0, hold_s * 1.5)
            threading.Event().wait(0.4)

    def actions(self) -> list[OfficerAction]:
        self.taken += self.alarm.actions()
        return self.taken


@contextmanager
def running(*, reset_on_open: bool = False) -> Iterator[Bench]:
    """Run a board and a host; end both."""
    with simulator.start(reset_on_open=reset_on_open, built=built()) as sim:
        alarm = open_alarm(sim.port, SystemClock())
        alarm.start(threading.Event())
        bench = Bench(sim, alarm)
        try:
            bench.until_up()
            yield bench
        finally:
            alarm.close()
