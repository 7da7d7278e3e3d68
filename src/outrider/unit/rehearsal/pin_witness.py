"""What the traced pins of the simulated board show: a witness that needs no person."""

import threading
from itertools import pairwise

from outrider.unit.alarm.patterns import Pattern, table
from outrider.unit.alarm.protocol import UnitButton
from outrider.unit.rehearsal.simulator import PinEvent, Simulator

_NAMES = {UnitButton.TEST_VOLUME: "test"}
_PRESS_S = 0.1
_TOLERANCE_US = 4000
_SECOND_US = (950_000, 3_000_000)  # green may run on into the resting green
_LAMPS = ("red", "amber", "green")
_TOLERANCE_HZ = 0.02


def tones(events: list[PinEvent]) -> list[tuple[int, int]]:
    """Return (Hz, duration in us) of each tone and of each silence between two tones."""
    changes = [event for event in events if event.what == "tone"]
    return [(before.value, after.time_us - before.time_us) for before, after in pairwise(changes)]


def expected_tones(pattern: Pattern, rounds: int) -> list[tuple[int, int]]:
    """Return what `tones` gives for a pattern: like steps joined, no silence at the ends."""
    merged: list[tuple[int, int]] = []
    for step in pattern.steps * rounds:
        if merged and merged[-1][0] == step.tone_hz:
            hz, us = merged.pop()
            merged.append((hz, us + step.duration_ms * 1000))
        else:
            merged.append((step.tone_hz, step.duration_ms * 1000))
    while merged and merged[-1][0] == 0:
        merged.pop()
    return merged[1:] if merged and merged[0][0] == 0 else merged


def sounds_as(events: list[PinEvent], pattern: Pattern, rounds: int | None = None) -> bool:
    """Return whether the tones on the pin are, somewhere, those of the pattern."""
    wanted = expected_tones(pattern, rounds or pattern.repeats)
    heard = tones(events)
    starts = range(len(heard) - len(wanted) + 1)
    return any(all(map(_alike, heard[start:], wanted)) for start in starts)


def _alike(heard: tuple[int, int], wanted: tuple[int, int]) -> bool:
    pitch = abs(heard[0] - wanted[0]) <= _TOLERANCE_HZ * wanted[0]
    return pitch and abs(heard[1] - wanted[1]) <= _TOLERANCE_US


def lit_alone_us(events: list[PinEvent], name: str) -> list[int]:
    """Return for how long each time just this lamp was lit."""
    lit: set[str] = set()
    spans: list[int] = []
    since_us = 0
    for event in (one for one in events if one.what in _LAMPS):
        if lit == {name} and event.time_us > since_us:
            spans.append(event.time_us - since_us)
        (lit.add if event.value else lit.discard)(event.what)
        since_us = event.time_us
    return spans


class PinWitness:
    """Sees lamps and hears sounds on the pins of a simulator, and presses its buttons."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._seen = 0

    def _fresh(self) -> list[PinEvent]:
        events = self._simulator.events()
        fresh, self._seen = events[self._seen :], len(events)
        return fresh

    def lamp(self, name: str) -> bool:
        """Return whether this lamp, and no other, was lit for a second."""
        self._fresh()
        lit_us = lit_alone_us(self._simulator.events(), name)
        return any(_SECOND_US[0] <= one_us <= _SECOND_US[1] for one_us in lit_us)

    def sound(self, pattern: str) -> bool:
        """Return whether the pattern was on the sounder's pin."""
        return sounds_as(self._fresh(), table()[pattern])

    def press(self, button: UnitButton) -> None:
        """Press the button on its pin."""
        name = _NAMES.get(button, button.name.lower())
        self._simulator.press(name)
        timer = threading.Timer(_PRESS_S, self._simulator.release, (name,))
        timer.start()
        timer.join()
