"""The firmware's logic built for this machine, driven a millisecond at a time."""

import ctypes
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pytest
from numpy.typing import NDArray

from outrider.unit.alarm import messages as m
from outrider.unit.alarm.framing import FrameReader, LineFrame, encode_message
from outrider.unit.rehearsal import simulator

T = TypeVar("T", bound=m.Message)
SESSION = 9
_EVENT_TYPES = {int(kind.TYPE) for kind in m.EVENTS}
_OUT_B = 4096
BUTTON = {"acknowledge": 1, "misread": 2, "dismiss": 4, "test": 8}
LAMP = {"red": 1, "amber": 2, "green": 4}


def library() -> ctypes.CDLL:
    """Return libalarm.so, or skip the test with what to build."""
    try:
        path = simulator.find().simulator.with_name("libalarm.so")
    except simulator.NoSimulatorError as error:
        pytest.skip(str(error))
    made = ctypes.CDLL(str(path))
    made.alarm_new.restype = ctypes.c_void_p
    made.alarm_new.argtypes = [ctypes.c_uint8, ctypes.c_uint16]
    made.alarm_feed.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint32]
    made.alarm_run.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint8, ctypes.c_void_p]
    made.alarm_take_out.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint32]
    made.alarm_supply.argtypes = [ctypes.c_void_p, ctypes.c_uint16]
    made.alarm_faults.argtypes = [ctypes.c_void_p]
    made.alarm_faults.restype = ctypes.c_uint16
    made.alarm_free.argtypes = [ctypes.c_void_p]
    made.alarm_pattern.argtypes = [ctypes.c_uint8, ctypes.c_void_p, ctypes.c_uint32]
    return made


def pattern_steps(number: int) -> list[tuple[int, int, int]]:
    """Return (Hz, ms, lamp mask) of a pattern as the firmware's compiled table holds it."""
    room = np.zeros((256, 3), np.uint16)
    count = library().alarm_pattern(number, room.ctypes.data, 256)
    return [(int(hz), int(ms), int(lamps)) for hz, ms, lamps in room[:count]]


@dataclass(frozen=True, slots=True)
class Trace:
    """What the board put out, a value a millisecond: tone in Hz, volume 0..8, lamp mask."""

    tone_hz: NDArray[np.uint16]
    volume: NDArray[np.uint16]
    lamps: NDArray[np.uint16]

    @property
    def loudest(self) -> int:
        """Volume while a tone was on; 0 if there was none."""
        on = self.volume[self.tone_hz > 0]
        return int(on.max()) if on.size else 0

    def first(self, count: int) -> list[tuple[int, int]]:
        """Return the first runs of one tone as (Hz, ms)."""
        edges = np.flatnonzero(np.diff(self.tone_hz.astype(int))) + 1
        runs = np.split(self.tone_hz, edges)
        return [(int(run[0]), len(run)) for run in runs[:count]]


class Logic:
    """A unit that has just been powered on; greeted, unless told otherwise."""

    def __init__(self, *, greet: bool = True, reset_cause: int = 1, faults: int = 0) -> None:
        self._library = library()
        self._unit = self._library.alarm_new(reset_cause, faults)
        self._reader = FrameReader()
        self._seq = 0
        self.buttons = 0
        self.heard: list[m.Message] = []
        self.frames: list[LineFrame] = []
        if greet:
            self.send(m.HelloRequest())
            self.live(1000)

    def feed(self, data: bytes) -> None:
        """Put bytes on the line."""
        self._library.alarm_feed(self._unit, data, len(data))

    def send(self, message: m.Message, *, seq: int | None = None, session: int = SESSION) -> None:
        """Send a message; commands get the next sequence number."""
        if seq is None:
            self._seq = (self._seq + 1) % 256
            seq = self._seq
        self.feed(encode_message(message, session, seq))

    def live(self, ms: int, *, answer: bool = True) -> Trace:
        """Let time pass with a host that is there: heartbeats, and events acknowledged."""
        traces = []
        while ms > 0:
            self.feed(encode_message(m.Heartbeat(0, 0), SESSION, 0))
            traces.append(self.run(min(ms, 50)))
            ms -= 50
            if answer:
                self._answer_events()
        return Trace(*(np.concatenate(part) for part in zip(*traces, strict=True)))

    def run(self, ms: int) -> tuple[NDArray[np.uint16], ...]:
        """Let time pass with a host that says nothing."""
        trace = np.zeros((ms, 3), np.uint16)
        self._library.alarm_run(self._unit, ms, self.buttons, trace.ctypes.data)
        self._listen()
        return trace[:, 0], trace[:, 1], trace[:, 2]

    def alone(self, ms: int) -> Trace:
        """Let time pass with a host that says nothing; return what was put out."""
        parts = [self.run(min(50, ms - start)) for start in range(0, ms, 50)]
        return Trace(*(np.concatenate(part) for part in zip(*parts, strict=True)))

    def press(self, button: str, hold_ms: int = 60) -> Trace:
        """Press, hold, release; return what was put out from the press on."""
        self.buttons |= BUTTON[button]
        held = self.live(hold_ms)
        self.buttons &= ~BUTTON[button]
        after = self.live(100)
        return Trace(
            np.concatenate((held.tone_hz, after.tone_hz)),
            np.concatenate((held.volume, after.volume)),
            np.concatenate((held.lamps, after.lamps)),
        )

    def supply(self, millivolts: int) -> None:
        """Set the measured supply voltage."""
        self._library.alarm_supply(self._unit, millivolts)

    @property
    def faults(self) -> int:
        """The unit's fault bits."""
        return int(self._library.alarm_faults(self._unit))

    def of(self, kind: type[T]) -> list[T]:
        """Return every message of a kind heard so far."""
        return [message for message in self.heard if isinstance(message, kind)]

    def results(self) -> list[int]:
        """Return the results of all commands so far."""
        return [message.result for message in self.heard if isinstance(message, m.Ack)]

    def presses(self) -> list[tuple[int, int]]:
        """Return (button, alert) of each press told, repeats left out."""
        told = [(e.button, e.alert_id) for e in self.heard if isinstance(e, m.ButtonEvent)]
        return list(dict.fromkeys(told))

    def _listen(self) -> None:
        room = ctypes.create_string_buffer(_OUT_B)
        count = self._library.alarm_take_out(self._unit, room, _OUT_B)
        self._fresh = self._reader.feed(room.raw[:count])
        self.frames += self._fresh
        self.heard += [m.unpack(frame.type, frame.payload) for frame in self._fresh]

    def _answer_events(self) -> None:
        for frame in self._fresh:
            if frame.type in _EVENT_TYPES:
                self.feed(encode_message(m.EventAck(), SESSION, frame.seq))


def alert(
    number: int = 1,
    priority: int = 1,
    response: int = 1,
    match_class: int = 1,
    flags: int = 0,
    age_ms: int = 0,
) -> m.Alert:
    """Return an alert; by default to stop, of the highest priority."""
    return m.Alert(number, priority, response, match_class, flags, 5, age_ms)
