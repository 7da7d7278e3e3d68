"""Several recognisers side by side: the frames' order, the bound, failing, stopping."""

import threading
from dataclasses import dataclass, field

import pytest

from outrider.records import ComponentHealth, Frame, Level, Observation
from outrider.unit.pipeline.handoff import IDLE, Handoff
from outrider.unit.pipeline.pipeline import Pipeline
from outrider.unit.pipeline.workers import Line, health_of
from tests.unit.fakes import Frames, Matcher, Nowhere, Recorder, SeesNothing, result
from tests.unit.pipeline.test_decide import decider


@dataclass
class Meeting:
    """Lets a worker go on only when another has begun its frame, if another still may."""

    others: int
    begun: list[int] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def begin(self, index: int, last: int) -> None:
        with self.changed:
            self.begun.append(index)
            self.changed.notify_all()
            wanted = min(index + self.others, last)
            self.changed.wait_for(lambda: max(self.begun) >= wanted, 5)


@dataclass
class Late(SeesNothing):
    """Ends a frame only after the next ones were begun by the others."""

    meeting: Meeting = field(default_factory=lambda: Meeting(0))
    last: int = 0

    def observe(self, frame: Frame) -> list[Observation]:
        self.meeting.begin(frame.index, self.last)
        return super().observe(frame)


def _pipeline(workers: list[SeesNothing], count: int, decided: list[int]) -> Pipeline:
    stages = decider([], Matcher(), Recorder(), ending=[result("AB12CDE")])
    first, *others = workers
    run = Pipeline(Frames(count=count), first, stages, Nowhere(), tuple(others), idle_flush_s=60.0)
    run.on_frame = lambda frame: decided.append(frame.index)
    return run


def test_frames_are_decided_in_order_whoever_is_ready_first() -> None:
    """Each worker ends its frame after the two next ones have begun; the order holds."""
    meeting, decided = Meeting(2), []  # type: ignore[var-annotated]
    workers: list[SeesNothing] = [Late(meeting=meeting, last=59) for _ in range(3)]
    run = _pipeline(workers, 60, decided)
    run.run_in_threads(threading.Event())
    assert decided == list(range(60))
    assert sorted(index for one in workers for index in one.seen) == list(range(60))
    assert all(one.seen for one in workers), "a worker looked at nothing"
    assert run.frames_dropped == 0


def test_a_worker_that_fails_ends_the_run_and_what_came_before_is_kept() -> None:
    """Frames before the failing one are decided, none behind it, and the failure is raised."""
    decided: list[int] = []
    run = _pipeline([SeesNothing(fails_at=10), SeesNothing(fails_at=10)], 200, decided)
    with pytest.raises(RuntimeError, match="the interpreter broke"):
        run.run_in_threads(threading.Event())
    assert decided == list(range(len(decided)))
    assert len(decided) < 200


def test_health_is_the_worst_ones_and_counts_are_added() -> None:
    """One broken set of networks shows, though the others are well."""

    @dataclass
    class Told(SeesNothing):
        level: Level = Level.OK

        def health(self) -> ComponentHealth:
            return ComponentHealth(super().health().name, self.level, "said", {"frames": 3})

    found = health_of((Told(), Told(level=Level.FAULT), Told()))
    assert found.level is Level.FAULT
    assert found.counts == {"workers": 3, "frames": 9}
    (alone,) = (Told(level=Level.WARNING),)
    assert health_of((alone,)) == alone.health(), "one worker is told of as it is"


@dataclass
class Lined:
    """A line between two hand-offs, whose ends are looked at."""

    workers: int
    taken: Handoff[int] = field(default_factory=lambda: Handoff(8, newest_wins=False))
    given: Handoff[str] = field(default_factory=lambda: Handoff(8, newest_wins=False))

    def line(self, items: int) -> Line[int, str]:
        for item in range(items):
            self.taken.put(item)
        return Line(self.taken, self.given, self.workers, 0.01)

    def came(self) -> list[str]:
        """Return all that was handed on; ends the line."""
        self.given.close()
        return [item for item in self.given.items(0.01) if isinstance(item, str)]


def test_tickets_are_given_in_order_and_idle_when_nothing_comes() -> None:
    """Tickets count from 0; a worker gets its turn for its heart-beat although nothing comes."""
    lined = Lined(1)
    line = lined.line(2)
    assert [line.take(), line.take(), line.take()] == [(0, 0), (1, 1), IDLE]
    lined.taken.close()
    assert line.take() is None


def test_nothing_behind_a_failure_is_handed_on_and_all_before_it_is() -> None:
    """The earliest failure counts, in whatever order two of them are told."""
    for failures in ((3, 1), (1, 3)):
        lined = Lined(1)
        line = lined.line(5)
        for _ in range(5):
            line.take()
        for ticket in failures:
            line.break_off(ticket)
        for ticket in (4, 2, 1):
            line.give(ticket, f"behind the break: {ticket}")
        line.give(0, "before")
        assert lined.came() == ["before"]


def test_a_failure_frees_the_worker_that_waits_for_its_turn() -> None:
    """What it made is not handed on, and its thread ends."""
    lined = Lined(2)
    line = lined.line(2)
    tickets = [line.take(), line.take()]
    assert len(tickets) == 2
    waits = threading.Thread(target=line.give, args=(1, "late"), daemon=True)
    waits.start()
    line.break_off(0)
    waits.join(5)
    assert not waits.is_alive()
    assert lined.came() == []


def test_the_last_one_to_leave_closes_both_ends_and_a_failing_one_the_source() -> None:
    """While one worker is there frames still come; after a failure none does."""
    whole = Lined(2)
    line = whole.line(1)
    line.leave()
    assert whole.taken.put(7)
    assert whole.given.put("still open")
    line.leave()
    assert not whole.taken.put(8)
    assert not whole.given.put("closed")
    broken = Lined(2)
    line = broken.line(1)
    line.take()
    line.break_off(0)
    line.leave()
    assert not broken.taken.put(7)
    assert broken.given.put("what came before still goes on")
