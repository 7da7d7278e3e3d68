import numpy as np
import pytest
from numpy.typing import NDArray

from outrider.unit.alarm import messages as m
from outrider.unit.alarm.framing import LineFrame, encode
from outrider.unit.alarm.patterns import Pattern, table
from outrider.unit.alarm.protocol import (
    NEVER_HEARD,
    AlertFlags,
    Result,
    TestItem,
    UnitButton,
    UnitFaults,
)
from tests.firmware.logic import LAMP, Logic, alert, pattern_steps

_SIX_MINUTES_MS = 360_000


def _samples(pattern: Pattern, length_ms: int = 400) -> NDArray[np.float64]:
    tones = [step.tone_hz for step in pattern.steps * 4 for _ in range(step.duration_ms // 10)]
    return np.array(tones[: length_ms // 10], float)


def test_compiled_patterns_are_the_table_that_the_host_reads() -> None:
    """The table drawn, rendered and played by the host is the one that the firmware plays."""
    for pattern in table().values():
        compiled = pattern_steps(pattern.number)
        read = [
            (s.tone_hz, s.duration_ms, sum(LAMP[lamp] for lamp in s.lamps)) for s in pattern.steps
        ]
        assert compiled == read, pattern.name


def test_no_two_patterns_are_alike_in_the_first_400_ms() -> None:
    """For any two, a third of the first 400 ms differs by on/off or by more than a tone.

    Left out are the two that never begin by themselves: at power-on, and after a late alert.
    """
    names = sorted(set(table()) - {"POWER_ON", "LATE_MARK"})
    for first, second in ((a, b) for a in names for b in names if a < b):
        one, other = (_samples(table()[name]) for name in (first, second))
        count = min(len(one), len(other))
        one, other = one[:count], other[:count]
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(one > other, one / other, other / one)
        differs = ((one == 0) != (other == 0)) | (ratio > 2 ** (2 / 12))
        assert differs.mean() >= 1 / 3, (first, second, differs.mean())


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (alert(response=1), "STOP"),
        (alert(response=2), "ASSESS"),
        (alert(response=3), "OBSERVE"),
        (alert(response=1, match_class=3), "POSSIBLE"),
        (alert(response=1, flags=AlertFlags.LOOK_BACK), "LOOK_BACK"),
        (alert(response=2, match_class=2), "ASSESS"),
    ],
)
def test_each_kind_of_alert_sounds_as_its_pattern(given: m.Alert, name: str) -> None:
    """Response and match class choose the pattern; a look-alike is POSSIBLE, even to stop."""
    unit = Logic()
    unit.send(given)
    heard = unit.live(400).tone_hz[:390:10]
    wanted = _samples(table()[name])[: len(heard)]
    assert (heard == wanted).mean() > 0.9


def test_higher_priority_cuts_a_lower_one_short_and_the_lower_is_heard_after() -> None:
    """A stop of priority 1 begins within 2 ms over an observe, which is played again afterwards."""
    unit = Logic()
    unit.send(alert(1, priority=3, response=3))
    unit.live(200)
    unit.send(alert(2, priority=1, response=1))
    assert 2900 in unit.live(50).tone_hz[:2]
    rest = unit.live(4000).tone_hz
    assert 1000 in rest[2100:]


def test_an_equal_alert_waits_for_the_first_to_end() -> None:
    """A second alert of the same kind does not cut the first short; both are heard."""
    unit = Logic()
    unit.send(alert(1))
    unit.live(500)
    unit.send(alert(2))
    unit.live(4500)
    told = [event.alert_id for event in unit.of(m.SoundedEvent)]
    assert told == [1, 2]


def test_on_return_the_newest_of_equals_is_heard_first() -> None:
    """Of waiting alerts of one kind the newest goes first, whatever the order of arrival."""
    unit = Logic()
    unit.send(alert(9, priority=1, response=1))
    for number, age_ms in ((1, 60_000), (2, 10_000), (3, 30_000)):
        unit.send(alert(number, 2, 2, age_ms=age_ms))
    unit.live(10_000)
    assert [event.alert_id for event in unit.of(m.SoundedEvent)] == [9, 2, 3, 1]


@pytest.mark.parametrize("given", [alert(priority=1, response=3), alert(priority=4, response=1)])
def test_high_priority_cannot_be_muted(given: m.Alert) -> None:
    """Volume 0 and the officer's own setting leave priority 1 and every stop loud."""
    unit = Logic()
    unit.send(m.UnitSettings(0, 0))
    for _ in range(2):
        unit.press("test")
    unit.live(500)
    unit.send(given)
    assert unit.live(400).loudest >= 6


def test_a_lesser_alert_can_be_muted_but_is_seen() -> None:
    """Volume 0 silences an observe of priority 3; its lamp still shows."""
    unit = Logic()
    unit.send(m.UnitSettings(0, 0))
    unit.live(500)
    unit.send(alert(priority=3, response=3))
    trace = unit.live(400)
    assert trace.loudest == 0
    assert LAMP["amber"] in trace.lamps


def test_an_alert_never_acknowledged_stays_shown_and_is_repeated() -> None:
    """Six minutes on, the lamp of a stop still flashes every second and it sounds every 8 s."""
    unit = Logic()
    unit.send(alert())
    unit.live(_SIX_MINUTES_MS)
    trace = unit.live(20_000)
    lit = (trace.lamps & LAMP["red"]) > 0
    assert all(lit[start : start + 1000].any() for start in range(0, 20_000, 1000))
    assert np.count_nonzero(np.diff((trace.tone_hz > 0).astype(int)) == 1) in (2, 3)


def test_acknowledge_closes_the_shown_alert_once() -> None:
    """A press tells button and alert, stops the sound, and closes nothing more."""
    unit = Logic()
    unit.send(alert(77))
    unit.live(600)
    trace = unit.press("acknowledge")
    assert unit.presses() == [(UnitButton.ACKNOWLEDGE, 77)]
    assert 2900 not in trace.tone_hz[60:]
    assert unit.live(10_000).loudest == 0


def test_a_press_right_after_a_change_is_meant_for_the_alert_before() -> None:
    """An officer who presses as a graver alert cuts in acknowledges what he had heard."""
    unit = Logic()
    unit.send(alert(1, 3, 3))
    unit.live(1000)
    unit.send(alert(2, 1, 1))
    unit.live(50)
    unit.press("acknowledge")
    assert unit.presses() == [(UnitButton.ACKNOWLEDGE, 1)]


def test_a_second_tap_does_not_close_the_next_alert() -> None:
    """Two taps 150 ms apart close one alert: nobody has heard the other yet."""
    unit = Logic()
    for number in (1, 2):
        unit.send(alert(number))
    unit.live(1000)
    unit.press("acknowledge", 30)
    unit.press("acknowledge", 30)
    assert len(unit.presses()) == 1


def test_a_bump_on_misread_or_dismiss_does_nothing() -> None:
    """Misread and dismiss must be held for 0.4 s."""
    unit = Logic()
    unit.send(alert(5))
    unit.live(600)
    for button in ("misread", "dismiss"):
        unit.press(button, 200)
    assert unit.presses() == []
    unit.press("dismiss", 600)
    assert unit.presses() == [(UnitButton.DISMISS, 5)]


def test_bouncing_contacts_are_one_press() -> None:
    """Contacts that open and close every few ms before they settle give one press."""
    unit = Logic()
    unit.send(alert(5))
    unit.live(600)
    for level in (1, 0, 1, 0, 1, 0, 1):
        unit.buttons = level
        unit.run(7)
    unit.live(100)
    unit.buttons = 0
    unit.live(100)
    assert unit.presses() == [(UnitButton.ACKNOWLEDGE, 5)]


def test_silent_host_is_shown_and_heard_by_the_unit_alone() -> None:
    """2 s without a heartbeat: fault sounds and amber shows, until the host is back."""
    unit = Logic()
    before = unit.alone(1900)
    assert before.loudest == 0
    after = unit.alone(2000)
    assert after.loudest >= 4
    assert 480 in after.tone_hz
    assert LAMP["amber"] in after.lamps[-600:]
    assert unit.faults & UnitFaults.HOST_SILENT
    unit.live(3000)
    assert not unit.faults & UnitFaults.HOST_SILENT


def test_alerts_outlive_a_silent_host() -> None:
    """While the host is silent the unit goes on showing, and keeps the press for its return."""
    unit = Logic()
    unit.send(alert(6))
    unit.alone(5000)
    unit.buttons = 1
    unit.alone(60)
    unit.buttons = 0
    unit.alone(3000)
    assert unit.presses() == []
    unit.live(300)
    assert unit.presses() == [(UnitButton.ACKNOWLEDGE, 6)]
    press = unit.of(m.ButtonEvent)[0]
    assert 3000 <= press.age_ms <= 3300
    assert 8000 <= press.heard_ms < NEVER_HEARD


def test_stuck_button_is_found_and_left_out() -> None:
    """A button down for 10 s is a fault that is told; let go, the fault ends."""
    unit = Logic()
    unit.buttons = 4
    unit.live(10_500)
    assert unit.faults & UnitFaults.STUCK_BUTTON
    assert any(
        isinstance(f, m.FaultEvent) and f.fault == UnitFaults.STUCK_BUTTON and f.detail == 4
        for f in unit.heard
    )
    unit.buttons = 0
    unit.live(200)
    assert not unit.faults & UnitFaults.STUCK_BUTTON


def test_low_supply_is_a_fault() -> None:
    """Under 4.5 V the unit says so before its brown-out detector must act."""
    unit = Logic()
    unit.supply(4400)
    assert unit.faults & UnitFaults.SUPPLY_LOW
    unit.supply(5000)
    assert not unit.faults & UnitFaults.SUPPLY_LOW


def test_repeated_command_is_answered_but_not_done_again() -> None:
    """The same sequence number twice: one alert, two answers."""
    unit = Logic()
    for _ in range(2):
        unit.send(alert(1), seq=50)
    unit.send(alert(1), seq=51)
    unit.live(100)
    assert unit.results()[-3:] == [Result.ACCEPTED, Result.ACCEPTED, Result.DUPLICATE]


def test_old_command_come_late_is_not_done() -> None:
    """A delayed frame with a sequence number that is past sounds nothing."""
    unit = Logic()
    unit.send(alert(1), seq=50)
    unit.live(500)
    unit.press("acknowledge")
    unit.send(m.Clear(0), seq=51)
    unit.send(alert(1), seq=50)
    unit.live(5000)
    assert len(unit.of(m.SoundedEvent)) == 1


def test_other_protocol_version_is_refused_and_heard() -> None:
    """A frame of version 2 does nothing, is answered BAD_VERSION, and is a fault until it fits."""
    unit = Logic()
    unit.feed(encode(LineFrame(2, 3, 9, 200, bytes(18))))
    unit.run(50)
    assert unit.results()[-1] == Result.BAD_VERSION
    assert unit.faults & UnitFaults.VERSION
    unit.live(100)
    assert not unit.faults & UnitFaults.VERSION


def test_nothing_is_done_before_a_session() -> None:
    """An alert without a greeting is refused as NO_SESSION."""
    unit = Logic(greet=False)
    unit.send(alert(1))
    unit.run(50)
    assert unit.results() == [Result.NO_SESSION]


@pytest.mark.parametrize(
    "wrong",
    [
        alert(0),
        alert(priority=0),
        alert(priority=5),
        alert(response=4),
        alert(match_class=0),
        alert(flags=8),
        m.UnitSettings(9, 0),
        m.UnitSettings(3, 2),
        m.Signal(7),
        m.Test(9, 1),
        m.Provision(b"\x01bad"),
    ],
)
def test_value_out_of_range_is_refused(wrong: m.Message) -> None:
    """No value is guessed at: BAD_VALUE, and nothing sounds."""
    unit = Logic()
    unit.send(wrong)
    assert unit.live(300).loudest == 0
    assert unit.results() == [Result.BAD_VALUE]


def test_ninth_alert_is_told_to_be_too_many() -> None:
    """The unit holds eight; the next is answered FULL, never dropped in silence."""
    unit = Logic()
    for number in range(1, 10):
        unit.send(alert(number))
        unit.live(50)
    assert unit.results() == [Result.ACCEPTED] * 8 + [Result.FULL]


def test_presses_that_cannot_be_told_are_refused_and_the_alert_stays() -> None:
    """With its event places full and no host, the unit refuses presses and keeps the alerts."""
    unit = Logic()
    for number in range(1, 9):
        unit.send(alert(number))
    unit.live(100)
    for _ in range(40):
        unit.buttons = 8
        unit.alone(40)
        unit.buttons = 0
        unit.alone(400)
    unit.buttons = 1
    unit.alone(60)
    unit.buttons = 0
    unit.alone(60)
    assert unit.faults & UnitFaults.EVENTS_FULL
    assert unit.of(m.Status)[-1].alerts == 8


def test_late_alert_is_marked_by_two_low_pips() -> None:
    """After the pattern of a late alert two pips of 700 Hz follow; not after one in time."""
    for flags, marked in ((AlertFlags.LATE, True), (AlertFlags(0), False)):
        unit = Logic()
        unit.send(alert(response=3, flags=flags))
        assert (700 in unit.live(1500).tone_hz) is marked


def test_night_dims_the_lamps() -> None:
    """By night a lamp is lit an eighth of the time."""
    unit = Logic()
    day = (unit.live(800).lamps > 0).mean()
    unit.send(m.UnitSettings(8, 1))
    unit.live(50)
    night = (unit.live(800).lamps > 0).mean()
    assert day > 0.95
    assert 0.1 < night < 0.15


def test_test_items_are_shown_and_refused_while_an_alert_is_open() -> None:
    """A technician's test never covers an alert."""
    unit = Logic()
    unit.send(m.Test(TestItem.LAMP_RED, 10))
    assert (unit.live(900).lamps[50:] == LAMP["red"]).all()
    unit.send(alert())
    unit.live(50)
    unit.send(m.Test(TestItem.PATTERN_DOCK_DONE, 0))
    unit.live(50)
    assert unit.results()[-1] == Result.BUSY


def test_watchdog_reset_is_told_in_hello() -> None:
    """After a reset by the watchdog HELLO carries the cause and the fault, once."""
    unit = Logic(reset_cause=8)
    hello = unit.of(m.Hello)[0]
    assert hello.reset_cause == 8
    assert hello.unit_faults & UnitFaults.WATCHDOG_RESET
    assert not unit.faults & UnitFaults.WATCHDOG_RESET
