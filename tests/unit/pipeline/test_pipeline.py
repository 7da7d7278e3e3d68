"""The threads of a run: order, stopping, failing."""

import threading
from dataclasses import dataclass, field

import pytest

from outrider.records import Frame, Observation
from outrider.unit.pipeline.pipeline import Pipeline
from tests.unit.fakes import Frames, Matcher, Nowhere, Recorder, SeesNothing, result
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

    def observe(self, frame: Frame) -> list[Observation]:
        self.until.wait(5)
        return super().observe(frame)


def test_a_live_source_drops_the_oldest_and_counts() -> None:
    """When recognition is slow the newest frame wins and each one passed over is counted."""
    source, stop = Frames(count=20, live=True), threading.Event()
    recogniser = Slow(until=source.gave_all)
    run = pipeline(source, recogniser, Recorder())
    thread = threading.Thread(target=run.run_in_threads, args=(stop,))
    thread.start()
    assert source.gave_all.wait(5)
    stop.set()
    thread.join(5)
    assert recogniser.seen[-1] == 19
    assert run.frames_dropped == 20 - len(recogniser.seen)
    assert run.frames_dropped >= 17


def test_in_line_gives_the_same_as_in_threads() -> None:
    """A replay's single thread runs the same stages to the same end."""
    recorder, recogniser = Recorder(), SeesNothing()
    pipeline(Frames(count=7), recogniser, recorder).run_in_line(threading.Event())
    assert recogniser.seen == list(range(7))
    assert recorder.names() == ["journal read", "event read"]
