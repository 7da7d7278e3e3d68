"""The threads of a run: order, stopping, failing."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import pytest

from outrider.records import Frame, Observation, PassResult
from outrider.sources import SourceError
from outrider.unit.pipeline.pipeline import Pipeline
from outrider.unit.timing import StageTimes
from tests.unit.fakes import Frames, Matcher, Nowhere, Recorder, SeesNothing, Tracker, result
from tests.unit.pipeline.test_decide import decider


def pipeline(source: Frames, recogniser: SeesNothing, recorder: Recorder) -> Pipeline:
    """Return a pipeline that ends one pass when it ends."""
    stages = decider([], Matcher(), recorder, ending=[result("AB12CDE")])
    return Pipeline(source, recogniser, stages, Nowhere(), idle_flush_s=60.0)


def test_a_file_is_seen_whole_and_in_order() -> None:
    """No frame of a file is dropped, and open passes are kept at its end."""
    recorder, recogniser = Recorder(), SeesNothing()
    run = pipeline(Frames(count=200), recogniser, recorder)
    run.run_in_threads(threading.Event())
    assert recogniser.seen == list(range(200))
    assert run.frames_dropped == 0
    assert recorder.names() == ["journal read", "event read"]


def test_stop_ends_a_live_run_within_two_seconds_and_keeps_open_passes() -> None:
    """SIGTERM's stop event empties every stage in order; nothing made is lost."""
    recorder, source, stop = Recorder(), Frames(count=3, live=True), threading.Event()
    run = pipeline(source, SeesNothing(), recorder)
    thread = threading.Thread(target=run.run_in_threads, args=(stop,))
    thread.start()
    assert source.gave_all.wait(5)
    stop.set()
    thread.join(2)
    assert not thread.is_alive()
    assert recorder.names() == ["journal read", "event read"]


def test_a_stage_that_fails_ends_the_run_and_loses_no_made_read() -> None:
    """A broken interpreter is raised to the caller, after what was made has been kept."""
    recorder = Recorder()
    run = pipeline(Frames(count=50), SeesNothing(fails_at=10), recorder)
    with pytest.raises(RuntimeError, match="the interpreter broke"):
        run.run_in_threads(threading.Event())
    assert recorder.names() == ["journal read", "event read"]


@dataclass
class Slow(SeesNothing):
    """Looks at the first frame until the source has given all."""

    until: threading.Event = field(default_factory=threading.Event)
    began: threading.Event = field(default_factory=threading.Event)

    def observe(self, frame: Frame) -> list[Observation]:
        self.began.set()
        self.until.wait(5)
        return super().observe(frame)


@dataclass
class Patient(Frames):
    """Gives the second frame when the first is being looked at."""

    goes_on: threading.Event = field(default_factory=threading.Event)

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        for frame in super().frames(stop):
            if frame.index == 1:
                self.goes_on.wait(5)
            yield frame


def test_a_live_source_drops_the_oldest_and_counts() -> None:
    """When recognition is slow one frame waits, the newest, and each one passed over is counted."""
    recogniser, stop = Slow(), threading.Event()
    source = Patient(count=20, live=True, goes_on=recogniser.began)
    recogniser.until = source.gave_all
    run = pipeline(source, recogniser, Recorder())
    thread = threading.Thread(target=run.run_in_threads, args=(stop,))
    thread.start()
    assert source.gave_all.wait(5)
    stop.set()
    thread.join(5)
    assert recogniser.seen == [0, 19]
    assert run.frames_dropped == 18


def test_in_line_gives_the_same_as_in_threads() -> None:
    """A replay's single thread runs the same stages to the same end."""
    recorder, recogniser = Recorder(), SeesNothing()
    pipeline(Frames(count=7), recogniser, recorder).run_in_line(threading.Event())
    assert recogniser.seen == list(range(7))
    assert recorder.names() == ["journal read", "event read"]


@dataclass
class Watching(Tracker):
    """Notes what it was given; holds the first frame until it may go on."""

    script: list[list[PassResult]] = field(default_factory=list)
    given: list[tuple[int, Sequence[object]]] = field(default_factory=list)
    holds_until: Callable[[], object] = lambda: None
    on_finish: Callable[[], object] = lambda: None
    finished: threading.Event = field(default_factory=threading.Event)

    def update(self, frame: Frame, observations: Sequence[Observation]) -> list[PassResult]:
        if not self.given:
            self.holds_until()
        self.given.append((frame.index, observations))
        return super().update(frame, observations)

    def finish(self) -> list[PassResult]:
        self.on_finish()
        self.finished.set()
        return super().finish()


@dataclass
class SeesNumbers(SeesNothing):
    """Sees in each frame its number; notes the threads that it runs on and its stop-watch."""

    threads: set[str] = field(default_factory=set)
    times: list[StageTimes] = field(default_factory=list)
    saw: threading.Condition = field(default_factory=threading.Condition)

    def time_with(self, times: StageTimes) -> None:
        self.times.append(times)

    def observe(self, frame: Frame) -> list[Observation]:
        self.threads.add(threading.current_thread().name)
        with self.saw:
            super().observe(frame)
            self.saw.notify_all()
        return [frame.index]  # type: ignore[list-item]

    def has_seen(self, count: int) -> None:
        with self.saw:
            self.saw.wait_for(lambda: len(self.seen) >= count, 10)


@dataclass
class Skipping(Frames):
    """Says of each frame that it skipped two before it; notes the threads that it runs on."""

    threads: set[str] = field(default_factory=set)

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        self.threads.add(threading.current_thread().name)
        for frame in super().frames(stop):
            yield replace(frame, skipped=2)


def watched(source: Frames, recogniser: SeesNumbers, tracker: Watching, **more: object) -> Pipeline:
    """Return a pipeline whose tracker notes what reaches it."""
    stages = decider([], Matcher(), Recorder())
    stages._tracker = tracker
    return Pipeline(source, recogniser, stages, Nowhere(), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("threads", [True, False])
def test_every_frame_is_decided_with_what_was_seen_in_it(threads: bool) -> None:
    """From the source to the vote no frame is lost, swapped or counted wrong."""
    tracker, recogniser = Watching(), SeesNumbers()
    seen: list[int] = []
    run = watched(Skipping(count=9), recogniser, tracker, on_frame=lambda f: seen.append(f.index))
    (run.run_in_threads if threads else run.run_in_line)(threading.Event())
    assert tracker.given == [(number, [number]) for number in range(9)]
    assert seen == list(range(9))
    assert tracker.finished.is_set()
    assert (run.frames.taken, run.frames.skipped_by_source) == (9, 18)
    run.slot.dropped += 1
    assert run.frames_dropped == 19
    contexts = run.decider._out.alarm.contexts  # type: ignore[attr-defined]
    assert len(contexts) >= 10, "the rounds are done after each frame, and at the end"


def test_a_slow_vote_loses_no_frame_of_a_file() -> None:
    """While the first frame is being decided the queue fills, and recognition waits."""
    recogniser = SeesNumbers()
    tracker = Watching(holds_until=lambda: recogniser.has_seen(6))
    watched(Frames(count=40), recogniser, tracker, queue_frames=4).run_in_threads(threading.Event())
    assert [index for index, _ in tracker.given] == list(range(40))


def test_each_stage_beats_is_timed_and_runs_under_its_own_name() -> None:
    """The watchdog, the bench and a crash's report name stages alike."""
    first, second = SeesNumbers(), SeesNumbers()
    decides: set[str] = set()
    source = Skipping(count=60)
    run = watched(
        source,
        first,
        Watching(holds_until=lambda: second.has_seen(1)),
        others=(second,),
        on_frame=lambda _: decides.add(threading.current_thread().name),
    )
    run.run_in_threads(threading.Event())
    assert run.beats.late(-1.0) == ["decide", "recognise", "recognise 2"]
    assert set(run.times.thread_cpu_s) == {"capture", "decide", "recognise", "recognise 2"}
    assert {name: count for name, (count, *_) in run.times.percentiles().items()} == {
        "recognise": 60,
        "decide": 60,
    }
    assert (first.threads, second.threads, decides) == ({"recognise"}, {"recognise 2"}, {"decide"})
    assert source.threads == {"capture"}
    assert first.times == second.times == [run.times]


def test_a_replay_is_timed_as_a_run_is() -> None:
    """The bench compares the two."""
    run = watched(Frames(count=5), SeesNumbers(), Watching())
    run.run_in_line(threading.Event())
    assert {name: count for name, (count, *_) in run.times.percentiles().items()} == {
        "recognise": 5,
        "decide": 5,
    }


@dataclass
class Stalling(Frames):
    """Gives nothing from one frame on until it may go on."""

    at: int = 3
    goes_on: threading.Event = field(default_factory=threading.Event)

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        for frame in super().frames(stop):
            if frame.index == self.at:
                self.goes_on.wait(10)
            yield frame


@pytest.mark.parametrize("at", [0, 3])
def test_a_camera_that_stalls_ends_its_passes_and_goes_on(at: int) -> None:
    """A plate is held back by missing frames no longer than was set; officers are heard meanwhile.

    Every 0.1 s without a frame is one round; passes end in the third, before its round.
    """
    tracker = Watching()
    source = Stalling(count=6, live=True, at=at, goes_on=tracker.finished)
    run = watched(source, SeesNumbers(), tracker, idle_flush_s=0.25)
    contexts = run.decider._out.alarm.contexts  # type: ignore[attr-defined]
    idle_rounds: list[int] = []
    tracker.on_finish = lambda: idle_rounds.append(len(contexts) - len(tracker.given))
    stop, decided = threading.Event(), threading.Event()
    run.on_frame = lambda frame: decided.set() if frame.index == 5 else None
    thread = threading.Thread(target=run.run_in_threads, args=(stop,), daemon=True)
    thread.start()
    assert tracker.finished.wait(10)
    assert decided.wait(10), "what came after the stall was not decided"
    stop.set()
    thread.join(10)
    assert tracker.given[-1][0] == 5
    assert idle_rounds[0] >= 2


def test_a_file_that_stalls_ends_no_pass() -> None:
    """A replay on a slow disk gives the same reads as on a fast one."""
    tracker, waited = Watching(), threading.Event()
    run = watched(Stalling(count=6, goes_on=waited), SeesNumbers(), tracker, idle_flush_s=0.1)
    rounds: list[bool] = []

    def note(speed_mps: float | None, night: bool) -> None:
        rounds.append(tracker.finished.is_set())
        if len(rounds) == 6:
            waited.set()

    run.decider._out.alarm.set_context = note  # type: ignore[method-assign]
    run.run_in_threads(threading.Event())
    assert rounds[:6] == [False] * 6


@pytest.mark.parametrize(
    ("error", "reported"), [(RuntimeError("broke"), True), (SourceError("no camera"), False)]
)
def test_a_stage_that_fails_stops_a_live_run(
    error: Exception, reported: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Every other stage ends with it; a source's own word stands alone, a fault has its trace."""

    class Fails(SeesNothing):
        def observe(self, frame: Frame) -> list[Observation]:
            raise error

    run = pipeline(Frames(count=3, live=True), Fails(), Recorder())
    stop = threading.Event()
    with caplog.at_level(logging.ERROR), pytest.raises(type(error)):
        run.run_in_threads(stop)
    assert stop.is_set()
    assert [r.getMessage() for r in caplog.records] == ["stage recognise failed"] * reported


def test_a_vote_that_fails_ends_the_run() -> None:
    """Recognition, which waits for room in the queue, does not wait for ever."""
    tracker = Watching(holds_until=lambda: 1 / 0)
    run = watched(Frames(count=100), SeesNumbers(), tracker)
    failed: list[type[BaseException]] = []

    def runs() -> None:
        try:
            run.run_in_threads(threading.Event())
        except ZeroDivisionError as error:
            failed.append(type(error))

    thread = threading.Thread(target=runs, daemon=True)
    thread.start()
    thread.join(10)
    assert failed == [ZeroDivisionError]


@dataclass
class Endless(Frames):
    """Gives frames until it is stopped."""

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        for frame in super().frames(stop):
            if stop.is_set():
                return
            yield frame


def test_a_replay_can_be_stopped() -> None:
    """The source sees the stop event; what was made is kept."""
    stop, tracker = threading.Event(), Watching()
    seen: list[int] = []

    def note(frame: Frame) -> None:
        seen.append(frame.index)
        if frame.index == 3:
            stop.set()

    watched(Endless(count=50), SeesNumbers(), tracker, on_frame=note).run_in_line(stop)
    assert seen == [0, 1, 2, 3]
    assert tracker.finished.is_set()
