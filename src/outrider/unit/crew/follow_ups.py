"""What officers still owe: a misread's true mark, a dismissal's reason, a stop's outcome.

A button can say what was done, not why. The crew answers later, on the screen, when the car stands
still. Nothing is filled in for them and nothing is forgotten: what is owed is listed with its age.
"""

import threading
from dataclasses import dataclass, replace

from outrider.clock import Clock
from outrider.records import ActionKind, Hit, OfficerAction
from outrider.vrm import VrmError, normalise

_QUESTIONS = {
    ActionKind.CORRECT: "outcome",
    ActionKind.MISREAD: "true mark",
    ActionKind.DISMISSED: "reason",
}
_NOTE_MAX = 500


@dataclass(frozen=True, slots=True)
class Owed:
    """A question that waits for the crew."""

    hit: Hit
    action: OfficerAction
    question: str
    age_s: float


class FollowUps:
    """The open questions, at most `capacity`: then the oldest goes, and is counted. Thread-safe."""

    def __init__(self, clock: Clock, capacity: int = 256) -> None:
        self._clock = clock
        self._capacity = capacity
        self._lock = threading.Lock()
        self._open: dict[object, tuple[Hit, OfficerAction]] = {}
        self.dropped = 0

    def add(self, hit: Hit, action: OfficerAction) -> None:
        """An officer has pressed a button for a hit."""
        with self._lock:
            self._open[hit.hit_id] = (hit, action)
            if len(self._open) > self._capacity:
                self._open.pop(next(iter(self._open)))
                self.dropped += 1

    def owed(self) -> list[Owed]:
        """Return the open questions, oldest first."""
        now_ns = self._clock.stamp(self._clock.mono_ns()).utc_ns
        with self._lock:
            return [
                Owed(hit, action, _QUESTIONS[action.kind], (now_ns - action.at.utc_ns) / 1e9)
                for hit, action in self._open.values()
            ]

    def answer(self, hit_id: object, note: str) -> OfficerAction:
        """Close a question; return the action with its note, at the time of the answer.

        Raises:
            KeyError: nothing is owed for this hit.
            ValueError: the note is empty or too long, or the true mark of a misread is no mark.
        """
        with self._lock:
            hit, action = self._open[hit_id]
            text = _checked(note, action.kind)
            del self._open[hit_id]
        now = self._clock.stamp(self._clock.mono_ns())
        return replace(action, note=text, at=now, hit_id=hit.hit_id)


def _checked(note: str, kind: ActionKind) -> str:
    text = " ".join(note.split())
    if not text or len(text) > _NOTE_MAX:
        raise ValueError(f"a {_QUESTIONS[kind]} has 1 to {_NOTE_MAX} characters")
    if kind is not ActionKind.MISREAD:
        return text
    try:
        return normalise(text)
    except VrmError as error:
        raise ValueError(f"true mark: {error}") from error
