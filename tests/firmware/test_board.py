"""The ELF itself, in simulated time: pins, watchdog, self-test, line."""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from outrider.unit.alarm import messages as m
from outrider.unit.alarm.framing import FrameReader, encode_message
from outrider.unit.alarm.patterns import table
from outrider.unit.alarm.protocol import NEVER_HEARD, ResetCause, TestItem, UnitFaults
from outrider.unit.rehearsal.lockstep import Board
from outrider.unit.rehearsal.pin_witness import sounds_as
from outrider.unit.rehearsal.simulator import PinEvent
from tests.firmware.logic import SESSION, alert
from tests.unit.alarm.bench import built

_FIRMWARE = Path(__file__).resolve().parents[2] / "firmware/alarm"
T = TypeVar("T", bound=m.Message)
_LIMIT_MS = 25.0
_BOOT_US = 700_000


class Wire:
    """A board in simulated time with a host that greets and beats."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self._reader = FrameReader()
        self._seq = 0
        self._due = b""
        self.heard: list[m.Message] = []

    def live(self, ms: int, *, beat: bool = True) -> None:
        """Let time pass."""
        while ms > 0:
            self._run(min(ms, 100), encode_message(m.Heartbeat(0, 0), SESSION, 0) if beat else b"")
            ms -= 100

    def send(self, message: m.Message, settle_ms: int = 40) -> None:
        """Send a message and let its answer come."""
        self._seq += 1
        self._run(settle_ms, encode_message(message, SESSION, self._seq % 256))

    def greet(self) -> m.Hello:
        """Open the session; return HELLO."""
        self.send(m.HelloRequest())
        return self.last(m.Hello)

    def last(self, kind: type[T]) -> T:
        """Return the newest message of a kind."""
        return next(message for message in reversed(self.heard) if isinstance(message, kind))

    def _run(self, ms: int, data: bytes) -> None:
        out = self.board.run(ms * 1000, self._due + data)
        self._due = b""
        for frame in self._reader.feed(out):
            message = m.unpack(frame.type, frame.payload)
            self.heard.append(message)
            if isinstance(message, m.EVENTS):
                self._due += encode_message(m.EventAck(), SESSION, frame.seq)

    def fresh(self) -> list[PinEvent]:
        """Return the pins' changes since the last call."""
        events = list(self.board.events)
        self.board.events.clear()
        return events


@pytest.fixture
def wire() -> Iterator[Wire]:
    """Return a board that has just been powered on and has done its self-test."""
    with Board(built()) as board:
        made = Wire(board)
        made.live(_BOOT_US // 1000, beat=False)
        yield made


def test_power_on_shows_every_lamp_and_two_notes(wire: Wire) -> None:
    """The start of a shift shows each lamp alone and sounds two notes."""
    events = wire.fresh()
    lit = [event.what for event in events if event.value == 1 and event.what != "reset"]
    assert lit[:3] == ["red", "amber", "green"]
    assert sounds_as(events, table()["POWER_ON"])


def test_hello_carries_the_digest_that_was_stamped(wire: Wire) -> None:
    """The digest in HELLO is the one that the build wrote; power-on is the cause of the reset."""
    program = (built().firmware.with_name("alarm.bin")).read_bytes()
    at = program.index(b"OutStamp") + 16
    hello = wire.greet()
    assert hello.firmware_digest == program[at : at + 8]
    assert hello.reset_cause == ResetCause.POWER_ON
    assert hello.unit_faults == 0


@pytest.mark.parametrize("item", [item for item in TestItem if item >= TestItem.PATTERN_STOP])
def test_pattern_on_the_pin_is_the_table(wire: Wire, item: TestItem) -> None:
    """Every tone on the sounder's pin is within 2 % and 4 ms of the table."""
    pattern = table()[item.name.removeprefix("PATTERN_")]
    wire.greet()
    wire.live(300)
    wire.fresh()
    wire.send(m.Test(item, 0))
    wire.live(round(pattern.length_s * 1000) + 200)
    events = wire.fresh()
    assert sounds_as(events, pattern)
    other = replace(pattern.steps[0], tone_hz=700)
    assert not sounds_as(events, replace(pattern, steps=(*pattern.steps, other)))


def test_first_edge_comes_within_25_ms_of_the_first_byte(wire: Wire) -> None:
    """An alert sounds within 25 ms of the first byte of its frame, whatever the phase."""
    wire.greet()
    for number in range(1, 21):
        wire.live(330 + number * 7)
        wire.fresh()
        sent_us = wire.board.now_us
        wire.send(alert(number), settle_ms=60)
        first = next(e for e in wire.fresh() if e.what == "tone" and e.value > 0)
        assert (first.time_us - sent_us) / 1000 < _LIMIT_MS
        wire.send(m.Clear(0))


@pytest.mark.parametrize("how", ["hang", "hang-main"])
def test_watchdog_brings_a_hung_program_back(wire: Wire, how: str) -> None:
    """Hung, with or without interrupts, the unit is back within a second and says why."""
    wire.greet()
    wire.send(alert())
    wire.fresh()
    wire.board.order(how)
    wire.live(1000, beat=False)
    assert [e.what for e in wire.fresh()].count("reset") == 1
    hello = wire.greet()
    assert hello.reset_cause == ResetCause.WATCHDOG
    assert hello.unit_faults & UnitFaults.WATCHDOG_RESET


@pytest.mark.parametrize(
    ("order", "cause"), [("reset", ResetCause.EXTERNAL), ("brown-out", ResetCause.BROWN_OUT)]
)
def test_reset_causes_are_told_apart(wire: Wire, order: str, cause: ResetCause) -> None:
    """HELLO says why the unit started."""
    wire.board.order(order)
    wire.live(500, beat=False)
    assert wire.greet().reset_cause == cause


def test_one_flipped_bit_in_flash_is_found(wire: Wire) -> None:
    """The self-test finds a single changed bit of the program and the unit sounds fault."""
    # In the vector of an interrupt that the program does not use (TWI), wherever code comes to lie.
    wire.board.order("flip 0x60")
    wire.board.order("reset")
    wire.fresh()
    wire.live(3000, beat=False)
    assert wire.greet().unit_faults & UnitFaults.FLASH
    assert sounds_as(wire.fresh(), table()["FAULT"], 1)


def test_button_stuck_at_power_on_is_found(wire: Wire) -> None:
    """A button that is down from the start is a fault after 10 s."""
    wire.board.order("press dismiss")
    wire.board.order("power")
    wire.live(700, beat=False)
    wire.greet()
    wire.live(11_000)
    assert wire.last(m.Status).unit_faults & UnitFaults.STUCK_BUTTON


def test_low_supply_is_measured(wire: Wire) -> None:
    """4.4 V at the board is told in millivolts and is a fault."""
    wire.board.order("supply 4400")
    wire.greet()
    wire.live(1000)
    status = wire.last(m.Status)
    assert abs(status.supply_mv - 4400) < 60
    assert status.unit_faults & UnitFaults.SUPPLY_LOW


def test_silent_host_is_heard_two_seconds_later(wire: Wire) -> None:
    """With no host at all, fault sounds 2 s after the last heartbeat, by the unit alone."""
    wire.greet()
    wire.live(1000)
    last_us = wire.board.now_us
    wire.fresh()
    wire.live(3000, beat=False)
    first = next(e for e in wire.fresh() if e.what == "tone" and e.value > 0)
    assert 1.8e6 < first.time_us - last_us < 2.1e6
    assert first.value == 480


def test_press_on_the_pin_is_told(wire: Wire) -> None:
    """A contact closed for 60 ms comes out as one BUTTON, with when the alert was heard."""
    wire.greet()
    wire.send(alert(99))
    wire.live(600)
    wire.board.order("press acknowledge")
    wire.live(100)
    wire.board.order("release acknowledge")
    wire.live(100)
    press = wire.last(m.ButtonEvent)
    assert (press.button, press.alert_id) == (1, 99)
    assert 600 <= press.heard_ms < NEVER_HEARD


def test_board_serial_outlives_a_power_cut(wire: Wire) -> None:
    """PROVISION writes the serial to the EEPROM."""
    wire.greet()
    wire.send(m.Provision(b"OA-000123"), settle_ms=150)
    wire.board.order("power")
    wire.live(700, beat=False)
    assert wire.greet().serial == "OA-000123"


def test_stack_in_use_stays_under_what_the_build_says(wire: Wire) -> None:
    """The stack painted at start and used since is no deeper than the build's static bound."""
    said = _budget()
    bound = int(re.search(r"worst stack, of the rest +(\d+) of +(\d+)", said)[1])  # type: ignore[index]
    rest = int(re.search(r"worst stack, of the rest +(\d+) of +(\d+)", said)[2])  # type: ignore[index]
    wire.greet()
    for number in range(1, 12):
        wire.send(alert(number, match_class=number % 3 + 1))
    wire.live(3000)
    wire.send(m.CountersRequest())
    used = rest - wire.last(m.Counters).stack_free_b
    assert 60 < used <= bound


def _budget() -> str:
    build = built().firmware
    done = subprocess.run(
        [sys.executable, str(_FIRMWARE / "tools/budget.py"), str(build), str(build.parent / "avr")],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_build_states_flash_ram_and_stack_under_three_quarters() -> None:
    """Every line of the budget is printed and under 75 %."""
    shares = [float(share) for share in re.findall(r"(\d+\.\d) %  \(limit", _budget())]
    assert len(shares) == 4
    assert max(shares) < 75


def test_build_fails_over_the_limit(tmp_path: Path) -> None:
    """The same tool with a limit of 10 % ends with an error: the check can fail."""
    tool = (_FIRMWARE / "tools/budget.py").read_text(encoding="utf-8")
    strict = tmp_path / "budget.py"
    strict.write_text(tool.replace("LIMIT = 0.75", "LIMIT = 0.10"), encoding="utf-8")
    build = built().firmware
    done = subprocess.run(
        [sys.executable, str(strict), str(build), str(build.parent / "avr")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "over the limit" in done.stderr
