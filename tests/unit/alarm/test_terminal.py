"""The alarm output on a terminal: what its lamps mean is never left to be guessed."""

import io
import threading

from outrider.clock import RecordedClock
from outrider.console import Screen
from outrider.records import ComponentHealth, Level, Part, Response
from outrider.unit.alarm.terminal import TerminalAlarm
from tests.unit.alarm.makers import hit


def alarm(out: io.StringIO, *, terminal: bool) -> TerminalAlarm:
    """Return an alarm output that prints to a text, as a terminal with colours or as a file."""
    screen = Screen(file=out, width=100)
    screen._force_terminal = terminal
    screen.no_color = False
    return TerminalAlarm(RecordedClock(0), screen, keys=False)


def test_lamps_in_a_file_say_what_they_mean() -> None:
    """Without colours two lamps look alike: each line says which they are, and what for."""
    out = io.StringIO()
    lamps = alarm(out, terminal=False)
    lamps.raise_alert(hit(response=Response.ASSESS))
    lamps.raise_alert(hit(doubtful=True))
    assess, possible = out.getvalue().splitlines()
    assert "assess (red and amber; words are withheld while the car moves)" in assess
    assert "possible: confirm by eye (amber and green" in possible


def test_a_driver_sees_a_symbol_only_whose_meaning_was_said_at_the_start() -> None:
    """On a terminal with colours the words stay withheld; a legend stands before the first."""
    out = io.StringIO()
    lamps = alarm(out, terminal=True)
    lamps.start(threading.Event())
    lamps.close()
    legend = out.getvalue()
    assert all(word in legend for word in ("stop", "assess", "observe", "possible", "fault"))
    out.truncate(0)
    lamps.raise_alert(hit(response=Response.ASSESS))
    assert "assess" not in out.getvalue()


def test_a_fault_in_a_file_is_named() -> None:
    """A bare symbol in a log tells nobody which part has failed."""
    out = io.StringIO()
    fault = ComponentHealth(Part.CAMERA, Level.FAULT, "no picture", {})
    alarm(out, terminal=False).set_faults([fault])
    assert "fault: camera" in out.getvalue()
