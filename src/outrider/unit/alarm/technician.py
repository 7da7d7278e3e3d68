"""The technician's round: every lamp, sound and button of a unit, each passed or failed."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from outrider.unit.alarm import messages as m
from outrider.unit.alarm.link import Report, Told
from outrider.unit.alarm.outcomes import fault_names
from outrider.unit.alarm.patterns import table
from outrider.unit.alarm.protocol import HOST_SILENT_MS, Result, TestItem, UnitButton, UnitFaults
from outrider.unit.alarm.session import AlarmSession, UnitNotHeardError

GROUPS = ("board", "lamps", "sounds", "buttons", "host", "line")
_LAMP_DS = 10
_SETTLE_S = 0.2
_REST_S = 1.1  # the resting lamps are seen again: the tested one has gone out
_SUPPLY_MV = (4600, 5400)
_BUTTON_WAIT_S = 15.0


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the table."""

    item: str
    passed: bool
    detail: str = ""


class Witness(Protocol):
    """Who sees, hears and presses: a technician, or the traced pins of the simulator."""

    def lamp(self, name: str) -> bool:
        """Return whether just this lamp was lit by the last test."""
        ...

    def sound(self, pattern: str) -> bool:
        """Return whether the last test sounded as this pattern."""
        ...

    def press(self, button: UnitButton) -> None:
        """Ask for a press."""
        ...


class Round:
    """One round of tests on an open session."""

    def __init__(self, session: AlarmSession, hello: m.Hello, witness: Witness) -> None:
        self._session = session
        self._hello = hello
        self._witness = witness

    def checks(self, groups: Sequence[str] = GROUPS) -> Iterator[Check]:
        """Yield each check of the groups as it is done."""
        sounds = [item for item in TestItem if item.name.startswith("PATTERN_")]
        steps: dict[str, list[Callable[[], Check]]] = {
            "board": [self._self_test, self._supply],
            "lamps": [partial(self._lamp, name) for name in ("red", "amber", "green")],
            "sounds": [partial(self._sound, item) for item in sounds],
            "buttons": [partial(self._button, button) for button in UnitButton],
            "host": [self._host_silent],
            "line": [self._line],
        }
        for group in groups:
            for step in steps[group]:
                yield step()

    def _self_test(self) -> Check:
        bad = self._hello.unit_faults & (
            UnitFaults.FLASH | UnitFaults.RAM | UnitFaults.STUCK_BUTTON
        )
        about = f"firmware {self._hello.version}, digest {self._hello.firmware_digest.hex()}"
        serial = (
            f", board {self._hello.serial}" if self._hello.serial else ", board without a serial"
        )
        return Check("self-test", not bad, fault_names(bad) if bad else about + serial)

    def _supply(self) -> Check:
        supply_mv = self._session.status().supply_mv
        low, high = _SUPPLY_MV
        return Check("supply", low <= supply_mv <= high, f"{supply_mv / 1000:.2f} V")

    def _lamp(self, name: str) -> Check:
        item = TestItem[f"LAMP_{name.upper()}"]
        refusal = self._show(item, _LAMP_DS / 10 + _REST_S)
        return Check(f"{name} lamp", not refusal and self._witness.lamp(name), refusal)

    def _sound(self, item: TestItem) -> Check:
        name = item.name.removeprefix("PATTERN_")
        refusal = self._show(item, table()[name].length_s + _SETTLE_S)
        words = name.lower().replace("_", " ")
        return Check(f"sound: {words}", not refusal and self._witness.sound(name), refusal)

    def _show(self, item: TestItem, seconds: float) -> str:
        """Have it shown to its end; return why not, or nothing."""
        answer = self._session.command(m.Test(item, _LAMP_DS))
        self._session.idle(seconds)
        return "" if answer.result is Result.ACCEPTED else f"unit answers {answer.result.name}"

    def _button(self, button: UnitButton) -> Check:
        name = button.name.lower().replace("_", "/")
        self._witness.press(button)
        try:
            event = self._session.wait(_press, _BUTTON_WAIT_S, "press")
        except UnitNotHeardError:
            return Check(f"button: {name}", False, "no press seen")
        right = event.button == button
        return Check(f"button: {name}", right, "" if right else f"came as button {event.button}")

    def _host_silent(self) -> Check:
        """The unit must find by itself that its host is silent, and say so when it is back."""
        session = self._session
        session.silent = True
        session.idle(HOST_SILENT_MS / 1000 + table()["FAULT"].length_s + 0.5)
        session.silent = False
        try:
            event = session.wait(_silence_told, 3.0, "fault")
        except UnitNotHeardError as error:
            return Check("host silent", False, str(error))
        heard = self._witness.sound("FAULT")
        return Check("host silent", bool(event) and heard, "" if heard else "fault was not heard")

    def _line(self) -> Check:
        counters = self._session.command(m.CountersRequest()).answer
        if not isinstance(counters, m.Counters):
            return Check("serial line", False, "no counters")
        good, bad = counters.frames_good, counters.frames_bad + counters.uart_errors
        return Check("serial line", bad == 0, f"{good} frames good, {bad} broken")


def _press(report: Report) -> m.ButtonEvent | None:
    message = report.message if isinstance(report, Told) else None
    return message if isinstance(message, m.ButtonEvent) else None


def _silence_told(report: Report) -> m.FaultEvent | None:
    message = report.message if isinstance(report, Told) else None
    is_it = isinstance(message, m.FaultEvent) and message.fault == UnitFaults.HOST_SILENT
    return message if is_it and isinstance(message, m.FaultEvent) else None


class Technician:
    """A person: asked on the terminal, answers y or n."""

    def __init__(self, ask: Callable[[str], bool], say: Callable[[str], None]) -> None:
        self._ask = ask
        self._say = say

    def lamp(self, name: str) -> bool:
        """Ask whether the lamp was lit."""
        return self._ask(f"Was the {name} lamp lit for a second, and no other?")

    def sound(self, pattern: str) -> bool:
        """Ask whether the sound was right."""
        return self._ask(f"Did it sound as {pattern.lower().replace('_', ' ')}?")

    def press(self, button: UnitButton) -> None:
        """Ask for a press."""
        self._say(f"Press and release: {button.name.lower().replace('_', '/')}")
