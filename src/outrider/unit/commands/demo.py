"""`outrider demo`: a minute on a rendered road, with everything else real."""

import argparse
import itertools
import logging
import queue
import shutil
import subprocess
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from outrider.clock import NS_PER_S, Clock, SystemClock, said_duration
from outrider.command_line import Subparsers, new_parser
from outrider.command_line.exits import finish
from outrider.command_line.values import number, whole
from outrider.console import Screen, styled
from outrider.drive.truth import DriveRead, DriveScore, DriveTruth, score
from outrider.records import ComponentHealth, Fix, Hit, Level, Part, Read
from outrider.rendered.settings import RenderSettings
from outrider.rendered.source import RenderedDrive
from outrider.sources import SourceError
from outrider.tables import Table
from outrider.unit.commands.run import stop_on_signals
from outrider.unit.devices.gnss_gpsd import GpsdPositions, GpsdSettings
from outrider.unit.devices.paced import PacedSource
from outrider.unit.events import RunSummary
from outrider.unit.ports import PositionSource
from outrider.unit.rehearsal import simulator
from outrider.unit.rehearsal.gpsd_feeder import HOST, GpsdFeeder
from outrider.unit.run.app import Appliance
from outrider.unit.run.console_events import ConsoleEvents
from outrider.unit.run.inputs import Inputs, TrackPositions, track_of
from outrider.unit.run.wiring import START_ERRORS, open_demo
from outrider.unit.settings.sections import Settings

_log = logging.getLogger(__name__)

_OFFICER_ANSWERS_AFTER_S = 1.5
_PRESS_S = 0.15
_OFFICER = (
    "Nobody sits in this car: a robot presses the alarm unit's button "
    f"{_OFFICER_ANSWERS_AFTER_S:g} s after each alert, as an officer would."
)
_KEYS = "You are the crew: a takes an alert as correct, m as misread, d dismisses it."
_TOO_SLOW = (
    "This machine is too slow, or too busy, to draw the road as fast as the car drives: the demo "
    "takes longer, reads come late and may have no position (the receiver does not wait), the "
    "alarm unit may seem away and miss the button. A unit with a camera drops pictures instead."
)
_AFTER = (
    "What was read, against what was on the road. Vehicles far away, or met at night, may not "
    "be read: only those whose plate could be are counted. Reads can be more than vehicles that "
    "are due, for some are read before their plate is large enough to count."
)
_SHOWN_ANYWAY = ("outrider.unit.health", "outrider.unit.alarm.outcomes")
_LATE_S = 3.0  # the road is so far behind the receiver, which gives positions for now
_LISTED_EVERY = 4  # of the vehicles whose plates can be read
_REASONS = (
    ("stolen", "STOP", 1),
    ("no insurance", "ASSESS", 3),
    ("seen near burglaries", "OBSERVE", 4),
)
_DECOYS = 500


def register(commands: Subparsers) -> None:
    """Add the command."""
    parser = new_parser(
        commands, "demo", "a minute on a rendered road, no hardware", "outrider demo --seed 7"
    )
    parser.add_argument(
        "--seed", type=whole(0, 2**63 - 1), default=1, help="another seed, another drive"
    )
    parser.add_argument(
        "--seconds", type=number(1, 3600), default=60.0, help="length of the drive, s"
    )
    finish(parser, _run, *START_ERRORS)


def _run(args: argparse.Namespace) -> int:
    """Drive. Exit 0: driven, with reads; 1: without any; 2: it could not start."""
    console = Screen()
    drive = RenderedDrive(
        RenderSettings(
            seed=args.seed, duration_s=args.seconds, rate_hz=12.0, width_px=960, height_px=720
        )
    )
    with ExitStack() as stack:
        return _drive(drive, console, stack)


def _drive(drive: RenderedDrive, console: Screen, stack: ExitStack) -> int:
    clock = SystemClock()
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="outrider-demo-")))
    stop = stack.enter_context(stop_on_signals())
    listed = _listed(drive.truth())
    hotlist = _write_hotlist(listed, folder / "hotlist.csv")
    board = _board(console, stack)
    officer = _Officer(board)
    source = PacedSource(drive, clock)
    events = _DemoEvents(console, officer, lambda: source.late_ns / NS_PER_S)
    inputs = Inputs(source, _positions(drive, clock, console, stack, stop), clock, "")
    settings = _settings(folder, hotlist, board)
    unit = Appliance(open_demo(settings, inputs), settings, events)
    _explain(drive, len(listed), board, settings, console)
    # The screen shows each part's state as it changes: the log would say it a second time.
    for name in _SHOWN_ANYWAY:
        logging.getLogger(name).setLevel(logging.ERROR)
    with officer.on_duty():
        unit.run(stop)
    console.print()
    console.print(_AFTER)
    truth = _driven(drive.truth(), source.given_ns)
    if truth.passes != drive.truth().passes:
        met = {one.vrm for one in truth.passes}
        listed = [vrm for vrm in listed if vrm in met]
        console.print("The drive was stopped: only vehicles that were met by then are counted.")
    _show_score(_score(truth, events.reads, source.offset_ns or 0), console)
    _show_alerts(listed, events.alerted, console)
    return 0 if events.reads else 1


def _explain(
    drive: RenderedDrive,
    listed: int,
    board: simulator.Simulator | None,
    settings: Settings,
    console: Screen,
) -> None:
    """Say to a person who has never seen it what will be on the screen."""
    truth = drive.truth()
    due = sum(map(truth.due, truth.passes))
    console.print()
    waits = said_duration(settings.hotlist.possible_waits_s)
    for words in (
        f"A police car drives for {said_duration(drive.settings.duration_s)} along a drawn road. "
        f"Vehicles that pass it: {len(truth.passes)}. Of these, near enough for the plate to be "
        f"read: {due}. Of those, on the demo's list of vehicles of interest: {listed}.",
        "Each line below is one plate that was read: time, mark, how sure, kind of plate, which "
        "way it went, in how many pictures, where. A box is an alert, one for each listed vehicle: "
        "at once where the plate is read surely; while it is doubtful the unit looks on for up to "
        f"{waits}, and then says POSSIBLE.",
        "Nothing here is a real vehicle's, and nothing stays on this machine.",
    ):
        console.print(words)
        console.print()
    console.print(_OFFICER if board else _KEYS)
    console.print(
        "To practise as the crew, and to see how each part is, in another terminal:\n"
        f"outrider crew queue --runtime-dir {settings.unit.runtime_dir}\n"
        f"outrider status --state-dir {settings.unit.state_dir}"
    )
    console.print()


def _settings(folder: Path, hotlist: Path, board: simulator.Simulator | None) -> Settings:
    port = str(board.port) if board else "terminal"
    return Settings.model_validate(
        {
            "unit": {"id": "demo", "state_dir": folder, "runtime_dir": folder / "run"},
            "hotlist": {"path": hotlist},
            "alarm": {"port": port},
            "recogniser": {"detector_width_px": 960},
            # Nothing here is a real vehicle's, and the folder goes when the demo ends.
            "journal": {"sealing": "none"},
        }
    )


def _listed(truth: DriveTruth) -> list[str]:
    """Return the marks that are on the demo's list."""
    due = [one.vrm for one in truth.passes if truth.due(one)]
    return due[1::_LISTED_EVERY] or due[:1]  # on a short road too there is an alert to see


def _write_hotlist(listed: Sequence[str], path: Path) -> Path:
    """List vehicles of the drive, among marks that nobody drives."""
    lines = ["vrm,reason,response,priority"]
    for place, vrm in enumerate(listed):
        reason, response, priority = _REASONS[place % len(_REASONS)]
        lines.append(f"{vrm},{reason},{response},{priority}")
    lines += [f"ZZ{n % 100:02d}ZZZ{n // 100},decoy,ASSESS,4" for n in range(_DECOYS)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _positions(
    drive: RenderedDrive, clock: Clock, console: Screen, stack: ExitStack, stop: threading.Event
) -> PositionSource:
    """Feed the drive's track to a real gpsd; without one, use the track itself."""
    try:
        feeder = stack.enter_context(GpsdFeeder())
    except SourceError as error:
        console.print(styled(f"no gpsd ({error}): using the drive's own track", "yellow"))
        return _own_track(drive, clock)
    player = threading.Thread(
        target=feeder.play,
        args=(_endless(drive.track()), clock, stop),
        name="receiver",
        daemon=True,
    )
    player.start()
    stack.callback(player.join, 2.0)
    stack.callback(stop.set)
    console.print(f"gpsd on port {feeder.port}, fed by a receiver on {feeder.receiver}")
    return GpsdPositions(clock, GpsdSettings(host=HOST, port=feeder.port))


def _endless(track: tuple[Fix, ...]) -> Iterator[Fix]:
    """Yield the track, then its last place for ever: a slow machine drives longer than it lasts."""
    yield from track
    step_ns = track[-1].mono_ns - track[-2].mono_ns
    for step in itertools.count(1):
        yield replace(track[-1], mono_ns=track[-1].mono_ns + step * step_ns)


def _own_track(drive: RenderedDrive, clock: Clock) -> TrackPositions:
    start_ns = clock.mono_ns()
    fixes = (replace(fix, mono_ns=fix.mono_ns + start_ns) for fix in drive.track())
    return TrackPositions(track_of(fixes), clock)


def _board(console: Screen, stack: ExitStack) -> simulator.Simulator | None:
    """Start the alarm unit's firmware in its simulator, built if need be; None if it cannot be."""
    try:
        board = simulator.start(built=_built(console))
    except (simulator.NoSimulatorError, TimeoutError) as error:
        words = f"no simulated alarm unit ({error}): alarms on the terminal"
        console.print(styled(words, "yellow"))
        return None
    stack.callback(board.close)
    console.print(f"alarm unit: its firmware, simulated, on {board.port}")
    return board


def _built(console: Screen) -> simulator.Built:
    try:
        return simulator.find()
    except simulator.NoSimulatorError:
        folder = Path(__file__).resolve().parents[4] / "firmware/alarm"
        if shutil.which("avr-gcc") is None or not (folder / "Makefile").is_file():
            raise
        console.print("building the alarm unit's firmware")
        subprocess.run(["make", "-C", str(folder), "all"], check=False, capture_output=True)
        return simulator.find()


class _Officer:
    """Presses the board's acknowledge button a moment after each hit."""

    def __init__(self, board: simulator.Simulator | None) -> None:
        self._board = board
        self._hits: queue.SimpleQueue[Hit | None] = queue.SimpleQueue()
        self._off_duty = threading.Event()

    def hear(self, hit: Hit) -> None:
        """Note a hit to be answered."""
        self._hits.put(hit)

    @contextmanager
    def on_duty(self) -> Iterator[None]:
        """Answer hits while the block runs."""
        thread = threading.Thread(target=self._serve, name="officer")
        thread.start()
        try:
            yield
        finally:
            self._off_duty.set()
            self._hits.put(None)
            thread.join()

    def _serve(self) -> None:
        while self._hits.get() is not None:
            if self._off_duty.wait(_OFFICER_ANSWERS_AFTER_S) or self._board is None:
                continue
            self._board.press("acknowledge")
            self._off_duty.wait(_PRESS_S)
            self._board.release("acknowledge")


class _DemoEvents(ConsoleEvents):
    """Prints events, keeps the reads for the score, and lets the officer hear the hits.

    How the journal is sealed is no news here: it goes when the demo ends.
    """

    def __init__(self, console: Screen, officer: _Officer, late_s: Callable[[], float]) -> None:
        super().__init__(console)
        self._officer = officer
        self._late_s = late_s
        self._said_late = False
        self.reads: list[Read] = []
        self.alerted: list[str] = []
        self.totals: RunSummary | None = None

    def health(self, components: Sequence[ComponentHealth]) -> None:
        """Print what changes, but for the demo's own journal; once, that the machine is slow."""
        if not self._said_late and self._late_s() > _LATE_S:
            self._said_late = True
            self._console.print(styled(_TOO_SLOW, "yellow"))
        known = (Level.FAULT, Level.OK)
        super().health(
            [one for one in components if one.name is not Part.JOURNAL or one.level in known]
        )

    def read(self, read: Read) -> None:
        """Print and keep a read."""
        self.reads.append(read)
        super().read(read)

    def hit(self, hit: Hit) -> None:
        """Print a hit and have it answered."""
        super().hit(hit)
        self.alerted.append(hit.match.entry.vrm)
        self._officer.hear(hit)

    def summary(self, summary: RunSummary) -> None:
        """Print and keep the totals."""
        self.totals = summary
        super().summary(summary)


def _score(truth: DriveTruth, reads: list[Read], offset_ns: int) -> DriveScore:
    """Score reads whose instants were moved by offset_ns from the drive's own."""
    moved = (DriveRead.of(read) for read in reads)
    return score(truth, (replace(one, mono_ns=one.mono_ns - offset_ns) for one in moved))


def _driven(truth: DriveTruth, until_ns: int) -> DriveTruth:
    """Return the truth of the part that was driven: the passes that began by then."""
    met = tuple(one for one in truth.passes if one.first_mono_ns <= until_ns)
    return replace(truth, passes=met)


def _show_score(result: DriveScore, console: Screen) -> None:
    table = Table(title="against what was on the road")
    table.add_column("measure")
    table.add_column("result", right=True)
    rows = (
        ("vehicle passes that could be read", str(result.due)),
        ("capture rate (passes with a read)", _percent(result.capture_rate)),
        ("read rate (of those, read right)", _percent(result.read_rate)),
        ("wrong reads", str(result.wrong_reads)),
        ("reads of no plate", str(len(result.false_reads))),
        ("a pass read twice", str(result.doubled_reads)),
    )
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _show_alerts(listed: Sequence[str], alerted: Sequence[str], console: Screen) -> None:
    """Say of each listed vehicle how it was told of: one vehicle, one alert."""
    counts = Counter(alerted)
    for vrm in listed:
        times = {0: "no alert", 1: "one alert"}.get(counts[vrm], f"{counts[vrm]} alerts")
        console.print(f"on the list: {vrm}, {times}")


def _percent(rate: float | None) -> str:
    return "none due" if rate is None else f"{rate:.1%}"
