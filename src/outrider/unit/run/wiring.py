"""Opens the real parts of a run: what the command line and the settings name."""

import logging
import sqlite3
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from outrider import __version__
from outrider.clock import Clock
from outrider.console import Screen
from outrider.drive.format import DriveHeader
from outrider.logs import is_system_log
from outrider.records import ComponentHealth, Level, Part
from outrider.settings_file import ConfigError
from outrider.sources import SourceError
from outrider.unit.alarm.serial_alarm import SerialAlarm
from outrider.unit.alarm.terminal import TerminalAlarm
from outrider.unit.crew.desk import CrewDesk
from outrider.unit.devices.alarm_serial import open_alarm
from outrider.unit.devices.drive_recorder import RecordingSource
from outrider.unit.devices.list_keys import list_keys
from outrider.unit.devices.recogniser_models import (
    OpenedRecogniser,
    RecogniserOptions,
    open_recogniser,
)
from outrider.unit.devices.speaker import open_second_output
from outrider.unit.health import write_status
from outrider.unit.hotlist.build import BuildError
from outrider.unit.hotlist.generations import GenerationError
from outrider.unit.hotlist.keys import ListKeys, LockedError
from outrider.unit.hotlist.lookback import LookBack
from outrider.unit.hotlist.open_matcher import open_matcher
from outrider.unit.hotlist.own_entries import FILE as CREW_FILE
from outrider.unit.hotlist.own_entries import CrewList
from outrider.unit.hotlist.repeat import RepeatRule
from outrider.unit.hotlist.store import HotlistStore
from outrider.unit.hotlist.update_state import UpdateHealth
from outrider.unit.journal.schema import JournalError
from outrider.unit.journal.witness import RuntimeWitness
from outrider.unit.journal.writer import SealedJournal
from outrider.unit.pipeline.decide import Rules
from outrider.unit.ports import AlarmOutput, Journal
from outrider.unit.recognise.network import ModelError
from outrider.unit.recognise.track import Tracker
from outrider.unit.run.app import Parts
from outrider.unit.run.inputs import Inputs, open_inputs
from outrider.unit.run.replay_outputs import NoAlarm, NoJournal
from outrider.unit.settings.places import make_places
from outrider.unit.settings.sections import Settings
from outrider.unit.sync.state import SyncWatch

_log = logging.getLogger(__name__)

START_ERRORS = (SourceError, ModelError, JournalError, ConfigError, OSError)
"""What may be wrong when a run is opened; each message says what, where and what to do."""

_MODELS_TRIED_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What is asked of one run, beside the settings."""

    source: str
    gps: str | None = None
    record: Path | None = None
    late_is_dropped: bool = False
    start: str | None = None


def open_parts(settings: Settings, options: RunOptions, stop: threading.Event) -> Parts:
    """Return the parts of a run. Raises one of START_ERRORS.

    With a camera, models that cannot be used do not end the unit: it says so, on the alarm unit
    and in its status, and tries again until they are there.
    """
    make_places(settings)
    with ExitStack() as undo:  # what was opened ends where a later part cannot be opened
        inputs = _undone(
            undo,
            open_inputs(
                options.source,
                options.gps,
                settings,
                start=options.start,
                late_is_dropped=options.late_is_dropped,
            ),
        )
        journal = _open_journal(settings, inputs, live=inputs.camera)
        undo.callback(journal.close)
        keys = list_keys(settings)
        _heal_crew_list(HotlistStore(settings.hotlist_dir, keys), inputs.clock)
        alarm = _desk_over(_open_alarm(settings, inputs.clock), settings, inputs)
        _start(undo, alarm)
        if inputs.camera:
            opened = _open_models_when_there(settings, alarm, inputs.clock, stop)
        else:
            opened = _open_models(settings)
        if options.record is not None:
            inputs = _recorded_inputs(inputs, settings, options.record)
        parts = _parts(settings, inputs, opened, alarm, journal, keys)
        undo.pop_all()
        return parts


def _undone(undo: ExitStack, inputs: Inputs) -> Inputs:
    undo.callback(inputs.source.close)
    undo.callback(inputs.positions.close)
    return inputs


def _start(undo: ExitStack, alarm: AlarmOutput) -> None:
    """Start the alarm before the first frame, so that a fault is heard; it ends when closed."""
    undo.callback(alarm.close)
    alarm.start(threading.Event())


def _desk_over(
    alarm: SerialAlarm | TerminalAlarm | NoAlarm, settings: Settings, inputs: Inputs
) -> AlarmOutput:
    """Return the alarm with the crew's desk over it, where hits are of the present."""
    folder = settings.unit.runtime_dir
    if isinstance(alarm, NoAlarm) or inputs.recording or folder is None:
        return alarm
    return CrewDesk(alarm, folder / "crew", inputs.clock)


def open_replay(settings: Settings, source: str, hotlist: Path | None) -> Parts:
    """Return the parts of a replay, which sounds and keeps nothing. Raises one of START_ERRORS."""
    if hotlist is not None:
        changed = settings.hotlist.model_copy(update={"path": hotlist})
        settings = settings.model_copy(update={"hotlist": changed})
    inputs = open_inputs(source, None, settings)
    return _parts(settings, inputs, _open_models(settings), NoAlarm(), NoJournal())


def open_demo(settings: Settings, inputs: Inputs) -> Parts:
    """Return the parts of a demonstration over inputs of its own. Raises one of START_ERRORS."""
    alarm = _desk_over(_open_alarm(settings, inputs.clock), settings, inputs)
    return open_bench(settings, inputs, alarm)


def open_bench(settings: Settings, inputs: Inputs, alarm: AlarmOutput) -> Parts:
    """Return the parts of a run over given inputs and alarm. Raises one of START_ERRORS."""
    with ExitStack() as undo:
        _undone(undo, inputs)
        journal = _open_journal(settings, inputs, live=False)
        undo.callback(journal.close)
        _start(undo, alarm)
        parts = _parts(settings, inputs, _open_models(settings), alarm, journal)
        undo.pop_all()
        return parts


def _heal_crew_list(store: HotlistStore, clock: Clock) -> None:
    """Make the crew's list say what their trail says, where a cut came between the two."""
    if not (store.root / CREW_FILE).exists():
        return
    try:
        CrewList(store, clock).rebuild()
    except (BuildError, GenerationError, LockedError, OSError, sqlite3.Error) as error:
        _log.error("hotlist: the crew's own list is not brought up to its trail: %s", error)


def _open_journal(settings: Settings, inputs: Inputs, *, live: bool) -> SealedJournal:
    folder = settings.unit.runtime_dir
    return SealedJournal(
        settings.journal_dir,
        settings.journal,
        inputs.clock,
        live=live,
        unit_id=settings.unit.id,
        witness=None if folder is None else RuntimeWitness(folder),
    )


def _parts(
    settings: Settings,
    inputs: Inputs,
    opened: OpenedRecogniser,
    alarm: AlarmOutput,
    journal: Journal,
    keys: ListKeys | None = None,
) -> Parts:
    hotlist = settings.hotlist
    lists = settings.hotlist_dir
    beside = SyncWatch(settings.unit.runtime_dir or settings.unit.state_dir)
    updates = () if lists.is_file() else (UpdateHealth(HotlistStore(lists)).health,)
    return Parts(
        inputs=inputs,
        recogniser=opened.recogniser,
        other_recognisers=opened.others,
        tracker=Tracker(opened.calibration, opened.points, _today_of(inputs.clock)),
        matcher=open_matcher(lists, inputs.clock, hotlist, keys or list_keys(settings)),
        rules=Rules(
            points=opened.points,
            repeat=RepeatRule(hotlist.repeat_after_s, hotlist.repeat_after_m),
            look_back=LookBack(),
            possible_waits_s=hotlist.possible_waits_s,
        ),
        alarm=alarm,
        journal=journal,
        watched=(*updates, beside.health) if inputs.camera else updates,
        dock_news=beside.dock_news if inputs.camera else lambda: None,
    )


def _today_of(clock: Clock) -> Callable[[], date]:
    return lambda: clock.stamp(clock.mono_ns()).utc.date()


def _open_alarm(settings: Settings, clock: Clock) -> SerialAlarm | TerminalAlarm | NoAlarm:
    port = settings.alarm.port
    if port == "none":
        return NoAlarm()
    if port == "terminal":
        # On standard error: standard output is for events, perhaps read by a machine.
        console = Screen(stderr=True)
        # Never in the system's log: it is kept, and shows marks to who may not see them.
        console.quiet = is_system_log(sys.stderr)
        return TerminalAlarm(clock, console, driver_safe=settings.unit.driver_safe)
    second = open_second_output(speech=settings.alarm.speech)
    return open_alarm(Path(port), clock, second)


def _open_models(settings: Settings) -> OpenedRecogniser:
    wanted = settings.recogniser
    return open_recogniser(
        RecogniserOptions(
            models_dir=wanted.models_dir,
            runtime=wanted.runtime,
            precision=wanted.precision,
            threads=wanted.threads,
            detector_width_px=wanted.detector_width_px,
            workers=wanted.workers,
        )
    )


def _open_models_when_there(
    settings: Settings, alarm: AlarmOutput, clock: Clock, stop: threading.Event
) -> OpenedRecogniser:
    said = ""
    while True:
        try:
            return _open_models(settings)
        except ModelError as error:
            if str(error) != said:
                _log.error("recogniser: %s", error)
            said = str(error)
            fault = ComponentHealth(Part.RECOGNISER, Level.FAULT, str(error))
            alarm.set_faults([fault])
            write_status(settings.status_file, clock, [fault])
            if stop.wait(_MODELS_TRIED_EVERY_S):
                raise


def _recorded_inputs(inputs: Inputs, settings: Settings, folder: Path) -> Inputs:
    stamp = inputs.clock.stamp(inputs.clock.mono_ns())
    header = DriveHeader(
        drive_id=folder.name,
        recorded_by=f"outrider {__version__}",
        description=f"recorded from {inputs.source.source_id}",
        unit_id=settings.unit.id,
        camera_id=settings.unit.camera_id,
        source_id=inputs.source.source_id,
        utc_at_zero_ns=stamp.utc_ns,
        clock_quality=stamp.quality,
        clock_error_s=stamp.error_s,
        width_px=settings.camera.width_px,
        height_px=settings.camera.height_px,
    )
    source = RecordingSource(inputs.source, inputs.positions, inputs.clock, folder, header)
    return replace(inputs, source=source)
