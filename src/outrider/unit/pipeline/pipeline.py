"""The life of one read, from a frame to the journal. Read this first.

    source.frames     capture    a frame with the instant of its exposure; the newest wins
    recogniser        recognise  plates found, made flat, read: probabilities, nothing decided
    tracker           decide     one pass of one plate over frames, fused: one PassResult
    tagger            decide     time of day, position, who read it: a Read
    matcher           decide     the hotlists in force: a Match, made a Hit
    alarm             decide     the crew hears it, before the disk has it; its own thread sends
    journal           decide     every read and hit is kept; its own thread writes

`run_in_threads` is the appliance: the threads capture, recognise and decide with bounded
hand-offs. `run_in_line` is the same stages in one thread, for a replay that is the same each time.
No device is named here: see unit/run/wiring.py for what is wired in.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from outrider.records import Frame, Observation
from outrider.sources import FrameSource, SourceError
from outrider.unit.health import Beats
from outrider.unit.pipeline.decide import Decider
from outrider.unit.pipeline.handoff import Handoff, Idle
from outrider.unit.pipeline.workers import Line
from outrider.unit.ports import PositionSource, Recogniser
from outrider.unit.timing import StageTimes

_log = logging.getLogger(__name__)

Observed = tuple[Frame, list[Observation]]
Stage = Callable[[threading.Event], None]

_ROUNDS_EVERY_S = 0.1


@dataclass(slots=True)
class FrameCounts:
    """Frames that came, and frames that nobody could look at."""

    taken: int = 0
    skipped_by_source: int = 0
    unreadable: int = 0


@dataclass(slots=True)
class Pipeline:
    """The stages of one run."""

    source: FrameSource
    recogniser: Recogniser
    decider: Decider
    positions: PositionSource
    others: tuple[Recogniser, ...] = ()
    """Recognisers beside the first, each for a thread of its own; a replay uses the first alone."""
    times: StageTimes = field(default_factory=StageTimes)
    beats: Beats = field(default_factory=Beats)
    frames: FrameCounts = field(default_factory=FrameCounts)
    on_frame: Callable[[Frame], None] | None = None
    idle_flush_s: float = 1.0
    queue_frames: int = 4
    slot: Handoff[Frame] = field(init=False)
    queue: Handoff[Observed] = field(init=False)

    def __post_init__(self) -> None:
        """Make the hand-offs: a one-frame slot, and a queue of what was seen."""
        self.slot = Handoff(1, newest_wins=self.source.live)
        self.queue = Handoff(self.queue_frames, newest_wins=False)
        for worker in self.workers:
            worker.time_with(self.times)

    @property
    def workers(self) -> tuple[Recogniser, ...]:
        """Every recogniser, the first one first."""
        return (self.recogniser, *self.others)

    @property
    def frames_dropped(self) -> int:
        """Frames that came and were not looked at."""
        return self.slot.dropped + self.frames.skipped_by_source

    def run_in_threads(self, stop: threading.Event) -> None:
        """Run until the source ends or stop is set, then empty every stage in order.

        Raises what a stage raised: a stage that fails ends the run, with all made reads kept.
        """
        failures: list[BaseException] = []
        line: Line[Frame, Observed] = Line(
            self.slot, self.queue, len(self.workers), _ROUNDS_EVERY_S
        )
        stages: dict[str, Stage] = {"capture": self._capture, "decide": self._decide}
        for number, worker in enumerate(self.workers, 1):
            name = "recognise" if number == 1 else f"recognise {number}"
            stages[name] = partial(self._recognise, line, worker, name)
        threads = [
            threading.Thread(target=_guarded(stage, name, stop, failures), args=(stop,), name=name)
            for name, stage in stages.items()
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]

    def run_in_line(self, stop: threading.Event) -> None:
        """Run every stage on the calling thread, frame by frame, in the recording's order."""
        for frame in self.source.frames(stop):
            self._count(frame)
            with self.times.stage("recognise"):
                observations = self.recogniser.observe(frame)
            self._take((frame, observations))
        self._finish()

    def _capture(self, stop: threading.Event) -> None:
        try:
            for frame in self.source.frames(stop):
                self._count(frame)
                self.slot.put(frame)
        finally:
            self.slot.close()
            self.times.note_thread_cpu("capture")

    def _recognise(
        self, line: Line[Frame, Observed], worker: Recogniser, name: str, _stop: threading.Event
    ) -> None:
        try:
            while (taken := line.take()) is not None:
                self.beats.beat(name)
                if isinstance(taken, Idle):
                    continue
                ticket, frame = taken
                try:
                    with self.times.stage("recognise"):
                        observations = worker.observe(frame)
                except BaseException:
                    line.break_off(ticket)
                    raise
                line.give(ticket, (frame, observations))
        finally:
            line.leave()
            self.times.note_thread_cpu(name)

    def _decide(self, _stop: threading.Event) -> None:
        idle_s = 0.0
        try:
            for observed in self.queue.items(_ROUNDS_EVERY_S):
                self.beats.beat("decide")
                if isinstance(observed, Idle):
                    idle_s += _ROUNDS_EVERY_S
                    self._flush_if_stalled(idle_s)
                    self.decider.rounds(self.positions)
                    continue
                idle_s = 0.0
                self._take(observed)
            self._finish()
        finally:
            self.queue.close()
            self.times.note_thread_cpu("decide")

    def _flush_if_stalled(self, idle_s: float) -> None:
        if self.source.live and idle_s >= self.idle_flush_s:
            self.decider.finish()

    def _take(self, observed: Observed) -> None:
        frame, observations = observed
        with self.times.stage("decide"):
            self.decider.take(frame, observations)
        self.decider.rounds(self.positions)
        if self.on_frame is not None:
            self.on_frame(frame)

    def _finish(self) -> None:
        self.decider.finish()
        self.decider.rounds(self.positions)

    def _count(self, frame: Frame) -> None:
        self.frames.taken += 1
        self.frames.skipped_by_source += frame.skipped


def _guarded(
    stage: Stage,
    name: str,
    stop: threading.Event,
    failures: list[BaseException],
) -> Callable[[threading.Event], None]:
    """Return the stage, made to stop the whole run and leave its exception where it is seen."""

    def run(event: threading.Event) -> None:
        try:
            stage(event)
        except BaseException as error:  # noqa: BLE001 - re-raised in the caller's thread
            if not isinstance(error, SourceError):  # that one says itself what to do
                _log.exception("stage %s failed", name)
            failures.append(error)
            stop.set()

    return run
