"""Small stand-ins for the ports, to test the stages between them. Nothing real is imitated."""

import threading
import uuid
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

import numpy as np

from outrider.records import (
    NO_POSITION,
    CharacterGuess,
    ComponentHealth,
    Direction,
    Fix,
    Frame,
    Hit,
    Level,
    Match,
    MatchClass,
    Observation,
    OfficerAction,
    Origin,
    Part,
    PassResult,
    Pictures,
    PlateText,
    Position,
    Read,
    Response,
    Role,
    VehicleOfInterest,
)
from outrider.unit.ports import DockOutcome, Verdict
from outrider.unit.timing import StageTimes
from outrider.vrm import Family

MS = 1_000_000
ORIGIN = Origin("unit-1", "test", "camera-1", (("reader", "0" * 64),))


def frame(index: int, grey: int = 128) -> Frame:
    """Return a small grey frame, 40 ms after the one before."""
    return Frame(index, index * 40 * MS, np.full((64, 64), grey, np.uint8))


def text(vrm: str, confidence: float = 0.99) -> PlateText:
    """Return what a plate says, equally sure of each character."""
    characters = tuple(CharacterGuess(char, confidence) for char in vrm)
    return PlateText(vrm, vrm, Family.CURRENT, confidence, characters)


def result(
    vrm: str, *, pass_id: int = 1, final: bool = True, confidence: float = 0.99
) -> PassResult:
    """Return what a pass gave."""
    corners = np.zeros((4, 2), np.float32)
    return PassResult(
        pass_id, text(vrm, confidence), 40 * MS, 0, 80 * MS, Direction.APPROACHING, 3, corners,
        {Role.PATCH: b"patch", Role.OVERVIEW: b"overview"}, final,
    )  # fmt: skip


def match(vrm: str, response: Response = Response.STOP, **changes: object) -> Match:
    """Return an exact match of an entry."""
    entry = VehicleOfInterest(vrm, "stolen", response=response, priority=1)
    made = Match("test", "r1", 60.0, MatchClass.EXACT, entry)
    return replace(made, **changes)  # type: ignore[arg-type]


@dataclass
class Base:
    """Healthy, starts and closes."""

    calls: list[str] = field(default_factory=list)

    def health(self) -> ComponentHealth:
        return ComponentHealth(Part.PIPELINE, Level.OK, "")

    def start(self, stop: threading.Event) -> None:
        self.calls.append("start")

    def close(self) -> None:
        self.calls.append("close")


@dataclass
class Tracker:
    """Gives what it was told to, frame by frame, and the rest at the end."""

    script: list[list[PassResult]]
    ending: list[PassResult] = field(default_factory=list)
    seen: list[set[int]] = field(default_factory=list)
    """Which passes each frame shows; pass 1 where nothing is said."""
    in_sight: AbstractSet[int] = frozenset({1})

    def update(self, frame: Frame, observations: Sequence[Observation]) -> list[PassResult]:
        self.in_sight = self.seen.pop(0) if self.seen else {1}
        return self.script.pop(0) if self.script else []

    def finish(self) -> list[PassResult]:
        ending, self.ending = self.ending, []
        return ending

    def tally(self) -> dict[str, int]:
        return {"passes": len(self.script)}


@dataclass
class Matcher(Base):
    """Matches the marks that it was told to."""

    matches: dict[str, Match] = field(default_factory=dict)
    revision: str = "r1"

    def match(self, text: PlateText, position: Position, utc_ns: int) -> Sequence[Match]:
        found = self.matches.get(text.vrm)
        return [found] if found else []


@dataclass
class Once:
    """Sounds each mark once, and records it once in each further pass."""

    seen: set[str] = field(default_factory=set)
    passes: set[uuid.UUID] = field(default_factory=set)

    def judge(self, read: Read, match: Match, possible: bool) -> Verdict:
        if read.read_id in self.passes:
            return Verdict.REPEAT
        self.passes.add(read.read_id)
        news = read.text.vrm not in self.seen
        self.seen.add(read.text.vrm)
        return Verdict.ALARM if news else Verdict.RECORD


@dataclass
class Recorder(Base):
    """Alarm, journal and events in one: notes the order of what it was given."""

    order: list[tuple[str, object]] = field(default_factory=list)
    pending: list[OfficerAction] = field(default_factory=list)
    contexts: list[tuple[float | None, bool]] = field(default_factory=list)
    told: threading.Event = field(default_factory=threading.Event)
    pictures: list[Pictures] = field(default_factory=list)

    def raise_alert(self, hit: Hit) -> None:
        self.order.append(("alarm", hit))

    def set_context(self, speed_mps: float | None, night: bool) -> None:
        self.contexts.append((speed_mps, night))

    def set_faults(self, faults: Sequence[ComponentHealth]) -> None:
        self.order.append(("faults", tuple(faults)))
        self.told.set()

    def signal_dock(self, outcome: DockOutcome) -> None:
        self.order.append(("dock", outcome))

    def actions(self) -> list[OfficerAction]:
        pending, self.pending = self.pending, []
        return pending

    def put_read(self, read: Read, pictures: Pictures) -> None:
        self.order.append(("journal read", read))
        self.pictures.append(pictures)

    def put_hit(self, hit: Hit, pictures: Pictures) -> None:
        self.order.append(("journal hit", hit))
        self.pictures.append(pictures)

    def put_action(self, action: OfficerAction) -> None:
        self.order.append(("journal action", action))

    def read(self, read: Read) -> None:
        self.order.append(("event read", read))

    def hit(self, hit: Hit) -> None:
        self.order.append(("event hit", hit))

    def action(self, action: OfficerAction) -> None:
        self.order.append(("event action", action))

    def names(self) -> list[str]:
        return [name for name, _ in self.order]


@dataclass
class Nowhere(Base):
    """No position."""

    fix: Fix | None = None

    def at(self, mono_ns: int) -> Position:
        return NO_POSITION

    def latest(self) -> Fix | None:
        return self.fix


@dataclass
class Frames(Base):
    """A source of so many frames; a live one then waits to be stopped."""

    count: int = 10
    live: bool = False
    source_id: str = "test"
    gave_all: threading.Event = field(default_factory=threading.Event)

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        for index in range(self.count):
            yield frame(index)
        self.gave_all.set()
        if self.live:
            stop.wait()


@dataclass
class SeesNothing(Base):
    """Recognises no plate; fails at a given frame if told to."""

    fails_at: int | None = None
    model_digests: tuple[tuple[str, str], ...] = ()
    seen: list[int] = field(default_factory=list)

    def time_with(self, times: StageTimes) -> None:
        self.calls.append("time_with")

    def observe(self, frame: Frame) -> list[Observation]:
        if frame.index == self.fails_at:
            raise RuntimeError("the interpreter broke")
        self.seen.append(frame.index)
        return []
