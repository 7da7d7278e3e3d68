"""One run of the unit: its parts started in order, run, stopped in order, their health shown."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from outrider.clock import NS_PER_S, ClockQuality, SystemClock, said_duration
from outrider.records import ComponentHealth, Frame, Level, Origin, Part
from outrider.unit.events import Events, RunSummary
from outrider.unit.health import HealthBoard, HealthKeeper, write_status
from outrider.unit.pipeline.decide import Decider, Outputs, PassTracker, Rules
from outrider.unit.pipeline.pipeline import Pipeline
from outrider.unit.pipeline.tag import Tagger, drawn_bits, repeatable_bits
from outrider.unit.pipeline.workers import health_of
from outrider.unit.ports import AlarmOutput, DockOutcome, Journal, Matcher, Recogniser
from outrider.unit.run.inputs import Inputs
from outrider.unit.settings.sections import Settings

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a run is made of. See wiring.py for the real ones."""

    inputs: Inputs
    recogniser: Recogniser
    tracker: PassTracker
    matcher: Matcher
    rules: Rules
    alarm: AlarmOutput
    journal: Journal
    watched: tuple[Callable[[], ComponentHealth], ...] = ()
    """Health of what runs beside the unit, such as the last hotlist update."""
    dock_news: Callable[[], DockOutcome | None] = lambda: None
    """How docking has just ended, told once; asked in each round of health."""
    other_recognisers: tuple[Recogniser, ...] = ()
    """Beside the first one, each with networks of its own and for a thread of its own."""


class Appliance:
    """The appliance, or a replay of it."""

    def __init__(
        self,
        parts: Parts,
        settings: Settings,
        events: Events,
        on_hang: Callable[[], None] = lambda: None,
        *,
        health_logged: bool = True,
    ) -> None:
        """on_hang: called, as the run is stopped, when a driver hangs: see to the process's end.

        health_logged: as HealthBoard's logged.
        """
        self.parts = parts
        self._health_logged = health_logged
        self._on_hang = on_hang
        self._settings = settings
        self._events = events
        self.decider = Decider(
            parts.tracker,
            self._tagger(),
            parts.matcher,
            parts.rules,
            Outputs(parts.alarm, parts.journal, events),
        )
        self.pipeline = Pipeline(
            parts.inputs.source,
            parts.recogniser,
            self.decider,
            parts.inputs.positions,
            parts.other_recognisers,
        )
        # Whoever asks how the unit is asks in his own time, not in a recording's.
        self._wall = SystemClock() if parts.inputs.recording else parts.inputs.clock
        self._status_failed = False
        self._ended = threading.Event()  # lists and positions serve until the last read is made

    def run(
        self, stop: threading.Event, on_frame: Callable[[Frame], None] | None = None
    ) -> RunSummary:
        """Run in threads until the source ends or stop is set; nothing made is lost.

        Raises what a stage raised, after the reads made before it have been kept.
        """
        began_s = time.monotonic()
        self.pipeline.on_frame = on_frame
        keeper = self._keeper(stop)
        try:
            self.parts.journal.start(stop)
            self.parts.matcher.start(self._ended)
            self.parts.inputs.positions.start(self._ended)
            keeper.start(self._settings.pipeline.health_every_s)
            self.pipeline.run_in_threads(stop)
        finally:
            lists = self.parts.matcher.health()  # asked while they are open
            self._close(keeper)
        return self._summary(time.monotonic() - began_s, lists)

    def replay(self, stop: threading.Event) -> RunSummary:
        """Run every stage on this thread, on the recording's clock: the same each time."""
        inputs = self.parts.inputs
        inputs.positions.start(stop)
        try:
            self.pipeline.run_in_line(stop)
        finally:
            lists = self.parts.matcher.health()
            inputs.source.close()
            self.parts.matcher.close()
        return self._summary(inputs.clock.mono_ns() / NS_PER_S, lists)

    def _tagger(self) -> Tagger:
        inputs = self.parts.inputs
        unit = self._settings.unit
        origin = Origin(
            unit.id, inputs.source.source_id, unit.camera_id, self.parts.recogniser.model_digests
        )
        bits = repeatable_bits(inputs.recording) if inputs.recording else drawn_bits
        return Tagger(inputs.clock, inputs.positions, origin, bits)

    def _keeper(self, stop: threading.Event) -> HealthKeeper:
        parts = self.parts
        askers = (
            parts.inputs.source.health,
            parts.inputs.positions.health,
            self._clock_health,
            lambda: health_of(self.pipeline.workers),
            self._pipeline_health,
            parts.matcher.health,
            parts.alarm.health,
            parts.journal.health,
            *parts.watched,
        )
        board = HealthBoard(askers, logged=self._health_logged)
        limit_s = self._settings.pipeline.watchdog_s

        def end() -> None:
            self._on_hang()
            stop.set()

        return HealthKeeper(board, self.pipeline.beats, limit_s, self._tell_health, end)

    def _tell_health(self, components: Sequence[ComponentHealth]) -> None:
        self.parts.alarm.set_faults([c for c in components if c.name is not Part.ALARM])
        docked = self.parts.dock_news()
        if docked is not None:
            self.parts.alarm.signal_dock(docked)
        self._events.health(components)
        try:
            ended = self._ended.is_set()
            write_status(self._settings.status_file, self._wall, components, ended=ended)
        except OSError as error:
            if not self._status_failed:
                _log.error("%s: the status cannot be kept: %s", self._settings.status_file, error)
            self._status_failed = True
        else:
            self._status_failed = False

    def _clock_health(self) -> ComponentHealth:
        clock = self.parts.inputs.clock
        stamp = clock.stamp(clock.mono_ns())
        detail = f"{stamp.quality.value}, within {said_duration(stamp.error_s)}"
        free = stamp.quality is ClockQuality.FREE_RUNNING
        return ComponentHealth(Part.CLOCK, Level.WARNING if free else Level.OK, detail)

    def _pipeline_health(self) -> ComponentHealth:
        counts = {
            "frames": self.pipeline.frames.taken,
            "dropped": self.pipeline.frames_dropped,
            "reads": self.decider.counts.reads,
            "hits": self.decider.counts.hits,
            "revised_after_hit": self.decider.counts.revised_after_hit,
            **self.parts.tracker.tally(),
        }
        late = self.pipeline.beats.late(self._settings.pipeline.watchdog_s)
        if late:
            return ComponentHealth(Part.PIPELINE, Level.FAULT, f"hangs: {', '.join(late)}", counts)
        return ComponentHealth(Part.PIPELINE, Level.OK, "running", counts)

    def _close(self, keeper: HealthKeeper) -> None:
        """Stop in the order in which a read passes, so that each part empties into the next."""
        self._ended.set()
        self.parts.inputs.source.close()
        self.parts.inputs.positions.close()
        self.parts.alarm.close()
        self.parts.journal.close()
        keeper.close()
        self.parts.matcher.close()

    def _summary(self, duration_s: float, lists: ComponentHealth) -> RunSummary:
        counts = self.decider.counts
        ended_as = (self.parts.journal.health(), self.parts.inputs.source.health(), lists)
        faults = tuple(f"{c.name}: {c.detail}" for c in ended_as if c.level is Level.FAULT)
        summary = RunSummary(
            frames=self.pipeline.frames.taken,
            frames_dropped=self.pipeline.frames_dropped,
            reads=counts.reads,
            hits=counts.hits,
            acknowledged=counts.acknowledged,
            revised_after_hit=counts.revised_after_hit,
            duration_s=duration_s,
            faults=faults,
        )
        self._events.summary(summary)
        return summary
