"""What the pipeline asks of the world: small Protocols, each with a real and a replayed side."""

import threading
from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from outrider.records import (
    ComponentHealth,
    Fix,
    Frame,
    Hit,
    Match,
    Observation,
    OfficerAction,
    Pictures,
    PlateText,
    Position,
    Read,
)
from outrider.sources import Component
from outrider.unit.timing import StageTimes


class PositionSource(Component, Protocol):
    """Where the unit is."""

    def start(self, stop: threading.Event) -> None:
        """Begin to take in fixes (a live source starts its thread, which ends on stop)."""
        ...

    def at(self, mono_ns: int) -> Position:
        """Return the position at an instant, interpolated between fixes; never blocks."""
        ...

    def latest(self) -> Fix | None:
        """Return the newest fix."""
        ...

    def close(self) -> None:
        """Let go of the device or file; may be called twice."""
        ...


class Recogniser(Component, Protocol):
    """Detect, rectify and read: every plate in one frame."""

    @property
    def model_digests(self) -> tuple[tuple[str, str], ...]:
        """Name and SHA-256 of each model in use."""
        ...

    def time_with(self, times: StageTimes) -> None:
        """Add the durations of its stages to a run's."""
        ...

    def observe(self, frame: Frame) -> list[Observation]:
        """Return what plates the frame shows."""
        ...


class Matcher(Component, Protocol):
    """The hotlists in force."""

    def start(self, stop: threading.Event) -> None:
        """Begin to look for newer lists (its own thread, which ends on stop or close)."""
        ...

    @property
    def revision(self) -> str:
        """Revision of the lists that a read is checked against now."""
        ...

    def match(self, text: PlateText, position: Position, utc_ns: int) -> Sequence[Match]:
        """Return every entry that the mark meets, the most urgent first; silent ones included."""
        ...

    def close(self) -> None:
        """Let go of the lists; may be called twice."""
        ...


class Verdict(StrEnum):
    """What becomes of a hit: sounded, only recorded, or left out as already recorded."""

    ALARM = "alarm"
    RECORD = "record"
    REPEAT = "repeat"


class RepeatRule(Protocol):
    """Whether a hit sounds, or is a repeat of one that has sounded. For the decide thread alone."""

    def judge(self, read: Read, match: Match, possible: bool) -> Verdict:
        """Return what becomes of a hit of a read (its id names the pass), and remember it."""
        ...


class LookBack(Protocol):
    """The reads of this shift, in memory, for when a list changes. For the decide thread alone."""

    def remember(self, read: Read, matches: tuple[Match, ...], revision: str) -> None:
        """Hold a finished read, with what it met when it was checked against a revision."""
        ...

    def check(self, matcher: Matcher) -> list[tuple[Read, Match]]:
        """Return what held reads newly meet, since the lists have changed; some reads a call."""
        ...


class DockOutcome(StrEnum):
    """How docking ended: everything is at the centre, or something is left."""

    DONE = "done"
    FAILED = "failed"


class AlarmOutput(Component, Protocol):
    """The alarm unit, or what stands in its place on a terminal. Never given a silent hit."""

    def start(self, stop: threading.Event) -> None:
        """Begin to serve the line (its own thread, named alarm, which ends on stop)."""
        ...

    def raise_alert(self, hit: Hit) -> None:
        """Sound a hit; returns at once. Raises ValueError for a silent one."""
        ...

    def set_context(self, speed_mps: float | None, night: bool) -> None:
        """Tell how fast the unit moves (None: unknown) and whether it is dark."""
        ...

    def set_faults(self, faults: Sequence[ComponentHealth]) -> None:
        """Tell how the other components are, so that a fault, or an old list, is heard."""
        ...

    def signal_dock(self, outcome: DockOutcome) -> None:
        """Sound how docking ended; returns at once."""
        ...

    def actions(self) -> list[OfficerAction]:
        """Return the officer's actions since the last call."""
        ...

    def close(self) -> None:
        """End the session with the alarm unit; may be called twice."""
        ...


class Journal(Component, Protocol):
    """Where every read is kept. Thread-safe; its own thread does the writing."""

    def start(self, stop: threading.Event) -> None:
        """Begin to write (its own thread, named journal; it drains before it ends)."""
        ...

    def put_read(self, read: Read, pictures: Pictures) -> None:
        """Keep a read with the pictures that it names, or those of them that there are.

        Committed within a second or 20 reads. Blocks while its queue is full.
        """
        ...

    def put_hit(self, hit: Hit, pictures: Pictures) -> None:
        """Keep a hit, with the read as it stood; committed at once, first in the outbox."""
        ...

    def put_action(self, action: OfficerAction) -> None:
        """Keep what an officer did about a hit; committed at once."""
        ...

    def close(self) -> None:
        """Write what is queued, then close; may be called twice."""
        ...
