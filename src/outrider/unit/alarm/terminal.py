"""The alarm output on a terminal: the twin of the real unit, with keys for its buttons."""

import os
import select
import sys
import termios
import threading
import time
import tty
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from outrider.clock import Clock
from outrider.console import Line, Screen, line
from outrider.records import ActionKind, ComponentHealth, Hit, Level, OfficerAction, Part
from outrider.unit.alarm.driver_safe import DriverSafe
from outrider.unit.alarm.patterns import pattern_of, table
from outrider.unit.alarm.queue import AlertQueue, Entry, Unacknowledged
from outrider.unit.alarm.speech import text_of
from outrider.unit.ports import DockOutcome

_KEYS = {"a": ActionKind.CORRECT, "m": ActionKind.MISREAD, "d": ActionKind.DISMISSED}
KEYS_SHOWN = "keys for an alert:  a correct   m misread   d dismiss   Ctrl-C ends"
_ROUND_S = 0.1
_WITHHELD = "words are withheld while the car moves"
_COLOURS = {"red": "bright_red", "amber": "yellow", "green": "bright_green"}
_FAULT = ("▲", "yellow")
_MEANT = {
    "STOP": "stop",
    "ASSESS": "assess",
    "OBSERVE": "observe",
    "POSSIBLE": "possible: confirm by eye",
    "LOOK_BACK": "read earlier",
}
"""What the lamps of an alert mean, by its pattern."""


class TerminalAlarm:
    """An `AlarmOutput` that shows alerts as lamps, and in words where the driver may see words.

    Where lamps have no colour (a file, a pipe, NO_COLOR) they are named: they all look alike.

    Keys: a acknowledge, m misread, d dismiss, for the alert shown: the gravest, newest first.
    acknowledge_after_s: acknowledge by itself after so long, for demonstrations without an officer;
    None: never, as in a car.
    """

    def __init__(
        self,
        clock: Clock,
        console: Screen | None = None,
        *,
        driver_safe: bool = True,
        acknowledge_after_s: float | None = None,
        keys: bool = True,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._console = console or Screen()
        self._driver_safe = DriverSafe(driver_safe)
        self._acknowledge_after_s = acknowledge_after_s
        self._keys = keys and sys.stdin.isatty()
        self._now_s = monotonic_s
        self._lock = threading.Lock()
        self._queue = AlertQueue()
        self._actions: list[OfficerAction] = []
        self._faults: tuple[str, ...] = ()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, stop: threading.Event) -> None:
        """Begin to take keys, on a thread named alarm that ends on stop or `close`."""
        if self._thread is None:
            if self._driver_safe.on and self._coloured:  # else each line names its lamps
                self._console.print(self._legend())
            if self._keys:
                self._console.print(KEYS_SHOWN)
            self._thread = threading.Thread(target=self._run, args=(stop,), name="alarm")
            self._thread.start()

    def raise_alert(self, hit: Hit) -> None:
        """Show a hit; returns at once. Raises ValueError for a silent one."""
        self.restore(hit, 0.0)

    def restore(self, hit: Hit, age_s: float) -> None:
        """Show a hit that was raised age_s ago."""
        if hit.silent:
            raise ValueError("a silent hit must never reach the alarm output")
        now_s = self._now_s()
        with self._lock:
            self._queue.add(hit, now_s - age_s)
            lamps = self._line(hit, now_s)
        self._console.print(lamps)
        self._console.bell()

    def set_context(self, speed_mps: float | None, night: bool) -> None:
        """Tell how fast the unit moves (None: unknown); night makes no difference here."""
        with self._lock:
            self._driver_safe.update(speed_mps, self._now_s())

    def set_faults(self, faults: Sequence[ComponentHealth]) -> None:
        """Show a fault of another component when it comes."""
        names = tuple(sorted(fault.name.value for fault in faults if fault.level is Level.FAULT))
        with self._lock:
            fresh = set(names) - set(self._faults)
            self._faults = names
            told = self._text_allowed() or not self._coloured
            words = f" fault: {', '.join(sorted(fresh))}" if told else ""
        if fresh:
            self._console.print(line(_FAULT, words))

    def signal_dock(self, outcome: DockOutcome) -> None:
        """Show how docking ended, and ring."""
        done = outcome is DockOutcome.DONE
        words = "all is at the centre" if done else "something is left: see `outrider status`"
        self._console.print(line(("●", "green" if done else "yellow"), f" docking: {words}"))
        self._console.bell()

    def actions(self) -> list[OfficerAction]:
        """Return the officer's actions since the last call."""
        with self._lock:
            actions, self._actions = self._actions, []
            return actions

    def unacknowledged(self) -> list[Unacknowledged]:
        """Return the hits that no officer has dealt with, first to be heard first."""
        with self._lock:
            return self._queue.unacknowledged(self._now_s())

    def health(self) -> ComponentHealth:
        """Return the state now."""
        with self._lock:
            counts = self._queue.counts
            totals = {
                "raised": counts.raised,
                "acted": counts.closed,
                "unacknowledged": len(self._queue),
                "overflowed": counts.overflowed,
            }
        return ComponentHealth(Part.ALARM, Level.OK, "terminal", totals)

    def close(self) -> None:
        """End; may be called twice."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def act(self, kind: ActionKind) -> OfficerAction | None:
        """Do what a button does: close the alert that is shown. None: there is none."""
        with self._lock:
            entry = next(iter(self._queue.in_order()), None)
            return None if entry is None else self._close_entry(entry, kind)

    def _close_entry(self, entry: Entry, kind: ActionKind) -> OfficerAction:
        self._queue.close(entry.alert_id)
        action = OfficerAction(entry.hit.hit_id, kind, self._clock.stamp(self._clock.mono_ns()))
        self._actions.append(action)
        return action

    def _acknowledge_due(self) -> None:
        if self._acknowledge_after_s is None:
            return
        end_s = self._now_s() - self._acknowledge_after_s
        with self._lock:
            for entry in self._queue.in_order():
                if entry.raised_s <= end_s:
                    self._close_entry(entry, ActionKind.CORRECT)

    def _text_allowed(self) -> bool:
        return self._driver_safe.text_allowed(self._now_s())

    def _line(self, hit: Hit, now_s: float) -> Line:
        """Return the lamps of the pattern, and words where they are allowed."""
        pattern = pattern_of(hit)
        if self._driver_safe.text_allowed(now_s):
            return line(*_lamps(pattern.resting_lamps), text_of(hit))
        if self._coloured:
            return line(*_lamps(pattern.resting_lamps))
        named = " and ".join(pattern.resting_lamps)
        return line(
            *_lamps(pattern.resting_lamps), f"{_MEANT[pattern.name]} ({named}; {_WITHHELD})"
        )

    @property
    def _coloured(self) -> bool:
        """Whether a person can tell the lamps apart."""
        return self._console.is_terminal and not self._console.no_color

    def _legend(self) -> Line:
        """Return what the lamps mean, to be read before the car moves."""
        by_lamps: dict[tuple[str, ...], list[str]] = {}
        for name, meaning in _MEANT.items():
            by_lamps.setdefault(table()[name].resting_lamps, []).append(meaning)
        parts: list[str | tuple[str, str]] = ["while the car moves alerts are lamps:"]
        for lamps, meanings in by_lamps.items():
            parts += ["  ", *_lamps(lamps), " or ".join(meanings)]
        return line(*parts, "  ", _FAULT, " fault")

    def _run(self, stop: threading.Event) -> None:
        with _single_keys(self._keys):
            while not (stop.is_set() or self._closing.is_set()):
                self._acknowledge_due()
                key = self._key()
                if key in _KEYS:
                    self.act(_KEYS[key])

    def _key(self) -> str:
        if not self._keys:
            self._closing.wait(_ROUND_S)
            return ""
        ready, _, _ = select.select([sys.stdin], [], [], _ROUND_S)
        return os.read(sys.stdin.fileno(), 1).decode("ascii", "replace").lower() if ready else ""


def _lamps(lamps: Sequence[str]) -> list[tuple[str, str]]:
    return [("● ", f"bold {_COLOURS[lamp]}") for lamp in lamps]


@contextmanager
def _single_keys(on: bool) -> Iterator[None]:
    """Take keys without Return while inside; Ctrl-C still interrupts."""
    if not on:
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
