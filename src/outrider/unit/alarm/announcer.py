"""Speech, and the host's own audio while the alarm unit is away.

One thread, named voice. What is graver cuts short what is being said; what was cut is said again
afterwards, unless an officer has dealt with it meanwhile.
"""

import logging
import threading
import time
import uuid
from dataclasses import dataclass
from typing import Protocol

from outrider.records import Hit
from outrider.unit.alarm.patterns import Pattern, pattern_of, table
from outrider.unit.alarm.queue import gravity
from outrider.unit.alarm.render import pattern_wav
from outrider.unit.alarm.speech import text_of

_log = logging.getLogger(__name__)
_WAITING_MAX = 32
_FAULT_GRAVITY = (3, 0)  # after priorities 1 and 2, before 3 and 4
_POLL_S = 0.05


class AudioError(Exception):
    """The host cannot sound or say anything; the message says why and what to do."""


class Audio(Protocol):
    """The host's audio output. One sound at a time."""

    def synthesise(self, text: str) -> bytes:
        """Return speech as a WAV file. Raises AudioError."""
        ...

    def play(self, wav: bytes) -> None:
        """Begin to play, and return at once. Raises AudioError."""
        ...

    @property
    def playing(self) -> bool:
        """Whether the sound is still to be heard. Raises AudioError where it failed."""
        ...

    def stop(self) -> None:
        """Be silent at once."""
        ...


@dataclass(slots=True)
class _Utterance:
    gravity: tuple[int, int]
    due_s: float
    text: str
    pattern: Pattern | None = None
    hit_id: uuid.UUID | None = None


class Announcer:
    """A `SecondOutput`. speech: also say hits whose tone the unit has sounded."""

    def __init__(self, audio: Audio, *, speech: bool) -> None:
        self._audio = audio
        self._speech = speech
        self._changed = threading.Condition()
        self._waiting: list[_Utterance] = []
        self._current: _Utterance | None = None
        self._closed = False
        self.said = 0
        self.cut = 0
        self.dropped = 0
        self.failed = 0
        self._thread = threading.Thread(target=self._run, name="voice", daemon=True)
        self._thread.start()

    def sounded(self, hit: Hit, late: bool) -> None:
        """Say a hit after the tone that has just begun on the unit."""
        if self._speech:
            due_s = time.monotonic() + pattern_of(hit).length_s
            self._add(_Utterance(gravity(hit), due_s, text_of(hit, late), None, hit.hit_id))

    def unheard(self, hit: Hit) -> None:
        """Sound and say a hit here, because the unit is away."""
        self._add(
            _Utterance(gravity(hit), time.monotonic(), text_of(hit), pattern_of(hit), hit.hit_id)
        )

    def fault(self, text: str) -> None:
        """Sound and say a fault of the alarm unit."""
        self._add(_Utterance(_FAULT_GRAVITY, time.monotonic(), text, table()["FAULT"]))

    def acted(self, hit: Hit) -> None:
        """Stop speaking of a hit."""
        with self._changed:
            self._waiting = [one for one in self._waiting if one.hit_id != hit.hit_id]
            if self._current is not None and self._current.hit_id == hit.hit_id:
                self._current = None
            self._changed.notify_all()

    def close(self) -> None:
        """Be silent and end."""
        with self._changed:
            self._closed = True
            self._current = None
            self._changed.notify_all()
        self._thread.join()

    def _add(self, utterance: _Utterance) -> None:
        with self._changed:
            self._waiting.append(utterance)
            self._waiting.sort(key=lambda one: (one.gravity, one.due_s))
            if len(self._waiting) > _WAITING_MAX:
                self._waiting.pop()
                self.dropped += 1
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            utterance = self._next()
            if utterance is None:
                return
            try:
                self._say(utterance)
            except AudioError as error:
                self.failed += 1
                _log.error("the host has not sounded or said an alert: %s", error)

    def _next(self) -> _Utterance | None:
        """Wait for what is to be said next; None: closed."""
        with self._changed:
            while not self._closed:
                now_s = time.monotonic()
                ready = next((one for one in self._waiting if one.due_s <= now_s), None)
                if ready is not None:
                    self._waiting.remove(ready)
                    self._current = ready
                    return ready
                first_s = min((one.due_s for one in self._waiting), default=None)
                self._changed.wait(None if first_s is None else first_s - now_s)
        return None

    def _say(self, utterance: _Utterance) -> None:
        sounds = [pattern_wav(utterance.pattern)] if utterance.pattern is not None else []
        sounds.append(self._audio.synthesise(utterance.text))
        for sound in sounds:
            self._audio.play(sound)
            if not self._listen_out(utterance):
                self._audio.stop()
                return
        self.said += 1

    def _listen_out(self, utterance: _Utterance) -> bool:
        """Wait until the sound has ended; False: it must be cut short."""
        while self._audio.playing:
            with self._changed:
                if self._current is not utterance:
                    return False
                now_s = time.monotonic()
                if any(w.due_s <= now_s and w.gravity < utterance.gravity for w in self._waiting):
                    self.cut += 1
                    self._waiting.append(utterance)
                    self._waiting.sort(key=lambda one: (one.gravity, one.due_s))
                    return False
                self._changed.wait(_POLL_S)
        return True
