"""`outrider bench drive`: capture rate and read rate per vehicle pass."""

import argparse
import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from outrider.bench.alerts import Alerts
from outrider.bench.fused_confidence import by_frames
from outrider.bench.labelled_drive import LabelledDrive
from outrider.bench.labels import LABELS_NAME, LabelError
from outrider.bench.runtime_options import add_runtime, runtime_options
from outrider.clock import SystemClock
from outrider.command_line import Subparsers, add_json, new_parser
from outrider.console import Screen
from outrider.drive.truth import (
    DriveRead,
    DriveScore,
    DriveTruth,
    Outcome,
    PassScore,
    TruthError,
    from_json,
    score,
)
from outrider.records import Direction, Frame, PassResult
from outrider.rendered.settings import RenderSettings
from outrider.rendered.source import RenderedDrive
from outrider.shown import complain, say_json
from outrider.sources import FrameSource, SourceError
from outrider.tables import Table
from outrider.unit.devices.recogniser_models import OpenedRecogniser, open_recogniser
from outrider.unit.devices.source_drive import DriveSource
from outrider.unit.recognise.detect import box_of, iou
from outrider.unit.recognise.network import ModelError
from outrider.unit.recognise.track import Tracker, TrackerLimits
from outrider.unit.settings.sections import HotlistSettings

_HEIGHTS_PX = (0, 16, 24, 40, 80, 10_000)
_SAME_PLACE_IOU = 0.2


@dataclass(frozen=True, slots=True)
class Driven:
    """What a drive gave. told: results before a pass's end; cpu_s: recognition and tracking.

    alerts: what each mark would have alerted, were it listed.
    """

    reads: tuple[PassResult, ...]
    told: int
    frames: int
    cpu_s: float
    tracker: Tracker
    alerts: Alerts


@dataclass(frozen=True, slots=True)
class Subject:
    """A drive to measure: where its frames come from, its truth, and which reads not to count."""

    source: FrameSource
    truth: DriveTruth
    counts: Callable[[PassResult], bool]
    tolerance_s: float


def register(commands: Subparsers) -> None:
    """Add the benchmark."""
    parser = new_parser(
        commands,
        "drive",
        "capture rate and read rate per vehicle pass",
        "outrider bench drive render:7 --seconds 30",
    )
    parser.add_argument(
        "drive", help="render:SEED, drive:DIR with a truth.json, or DIR with a labels.csv"
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="of a rendered drive (60)")
    parser.add_argument("--rate-hz", type=float, default=1.0, help="of labelled pictures (1)")
    parser.add_argument("--held-out", nargs="+", type=Path, default=[], metavar="CSV")
    parser.add_argument("--least", type=float, default=0.0, help="leave surer reads only")
    parser.add_argument("--passes", action="store_true", help="list every pass that is not right")
    add_runtime(parser)
    add_json(parser)
    parser.set_defaults(handler=run)


def run(args: argparse.Namespace) -> int:
    """Measure and report. Exit 2: wrong use, models, labels or drive."""
    clock = SystemClock()
    today = clock.stamp(clock.mono_ns()).utc.date()
    try:
        subject = _subject(args, today)
        opened = open_recogniser(runtime_options(args))
        driven = drive(subject.source, opened, today)
    except (ModelError, LabelError, SourceError, TruthError) as error:
        complain(error)
        return 2
    reads = [one for one in driven.reads if subject.counts(one) and _sure(one, args.least)]
    found = score(subject.truth, map(as_read, reads), subject.tolerance_s)
    if args.json:
        say_json(_as_json(found, driven, reads))
    else:
        _show(Screen(), found, driven, args.passes)
        _show_confidence(Screen(), found, reads)
    return 0


def drive(source: FrameSource, opened: OpenedRecogniser, today: date) -> Driven:
    """Run a drive through recogniser and tracker on one thread."""
    tracker = Tracker(opened.calibration, opened.points, lambda: today, TrackerLimits())
    finals: list[PassResult] = []
    told = frames = 0
    cpu_s = 0.0
    alerts = Alerts(opened.points, HotlistSettings().possible_waits_s)
    for frame in source.frames(threading.Event()):
        start_s = time.process_time()
        results = _step(opened, tracker, frame)
        cpu_s += time.process_time() - start_s
        frames += 1
        finals += (one for one in results if one.final)
        told += sum(not one.final for one in results)
        alerts.take(results, frame.mono_ns, tracker.in_sight)
    ended = tracker.finish()
    alerts.take(ended, frame.mono_ns if frames else 0, frozenset())
    return Driven((*finals, *ended), told, frames, cpu_s, tracker, alerts)


def _step(opened: OpenedRecogniser, tracker: Tracker, frame: Frame) -> list[PassResult]:
    return tracker.update(frame, opened.recogniser.observe(frame))


def as_read(result: PassResult) -> DriveRead:
    """Return what scoring needs of a pass's read."""
    corners = tuple((float(x), float(y)) for x, y in result.corners)
    return DriveRead(result.text.vrm, result.mono_ns, result.direction, corners)


def _sure(result: PassResult, least: float) -> bool:
    return result.text.confidence >= least


def _subject(args: argparse.Namespace, today: date) -> Subject:
    kind, _, rest = args.drive.partition(":")
    if kind == "render" and rest.isdigit():
        rendered = RenderedDrive(RenderSettings(seed=int(rest), duration_s=args.seconds))
        return Subject(rendered, rendered.truth(), lambda _: True, 1.0)
    if kind == "drive" and rest:
        return _recorded(Path(rest))
    folder = Path(args.drive)
    if not (folder / LABELS_NAME).is_file():
        raise SourceError(
            f"{args.drive}: no drive; render:SEED, drive:DIR or a folder with {LABELS_NAME}"
        )
    labelled = LabelledDrive.of(folder, args.rate_hz, tuple(args.held_out))
    tolerance_s = 6.0 / args.rate_hz  # a plate is in sight before and after its labelled frames
    return Subject(labelled, labelled.truth(today), _off_ignored(labelled), tolerance_s)


def _recorded(folder: Path) -> Subject:
    source = DriveSource(folder)
    if source.truth is None:
        raise SourceError(f"{folder}: has no truth.json to score against")
    return Subject(
        source, from_json(source.truth.read_bytes(), str(source.truth)), lambda _: True, 1.0
    )


def _off_ignored(labelled: LabelledDrive) -> Callable[[PassResult], bool]:
    """Return a test that leaves out reads of boxes whose mark nobody could tell."""

    def counts(result: PassResult) -> bool:
        boxes = (one.box for one in labelled.ignored_boxes(result.mono_ns))
        own = box_of(result.corners)
        return all(iou(own, _corners(*box)) < _SAME_PLACE_IOU for box in boxes)

    return counts


def _corners(x: float, y: float, w: float, h: float) -> Any:
    return np.array([x, y, x + w, y + h])


def _show(console: Screen, found: DriveScore, driven: Driven, each: bool) -> None:
    table = Table("passes", "due", "captured", "right", "wrong", "missed")
    for name, passes in _groups(found):
        due = [one for one in passes if one.due]
        outcomes = Counter(one.outcome for one in due)
        captured = len(due) - outcomes[Outcome.MISSED]
        right = outcomes[Outcome.RIGHT]
        table.add_row(
            name, str(len(due)), _share(captured, len(due)), _share(right, len(due)),
            str(outcomes[Outcome.WRONG]), str(outcomes[Outcome.MISSED]),
        )  # fmt: skip
    console.print(table)
    counts = driven.tracker.counts
    known = (one for one in found.passes if one.vehicle_pass.direction is not Direction.UNKNOWN)
    named = [one.direction_right for one in known if one.direction_right is not None]
    console.print(
        f"reads {len(driven.reads)}: wrong {found.wrong_reads}, doubled {found.doubled_reads},"
        f" of no vehicle {len(found.false_reads)}; right beyond due {found.right_beyond_due}\n"
        "if every mark were listed, alerted twice (possible, then sure):"
        f" passes {_share(driven.alerts.passes_twice, driven.alerts.passes)},"
        f" marks {_share(driven.alerts.marks_twice, driven.alerts.marks)}\n"
        f"told early {driven.told}; passes {counts.passes}, merged {counts.merged},"
        f" rejected {counts.rejected or 'none'};"
        f" direction right {sum(named)} of {len(named)} named\n"
        f"{driven.frames} frames, {driven.cpu_s / max(1, driven.frames) * 1e3:.1f} ms CPU a frame"
    )
    if each:
        for one in _told_apart(found):
            console.print(one)


def _show_confidence(console: Screen, found: DriveScore, reads: Sequence[PassResult]) -> None:
    table = Table("frames fused", "reads of passes", "mean confidence", "right")
    for one in by_frames(found, reads):
        table.add_row(
            one.frames, str(one.reads), f"{one.mean_confidence:.3f}", f"{one.share_right:.3f}"
        )
    console.print(table)


def _told_apart(found: DriveScore) -> Iterator[str]:
    for one in found.passes:
        texts = [f"{read.vrm}@{read.mono_ns / 1e9:.1f}s" for read in one.reads]
        if (one.due and one.outcome is not Outcome.RIGHT) or len(texts) > 1:
            truth = one.vehicle_pass
            yield f"{truth.vrm} {truth.max_height_px:.0f} px {one.outcome.value}: {texts}"
    for read in found.false_reads:
        yield f"of no vehicle: {read.vrm}@{read.mono_ns / 1e9:.1f}s"


def _groups(found: DriveScore) -> Iterator[tuple[str, list[PassScore]]]:
    yield "all", list(found.passes)
    for low, high in itertools.pairwise(_HEIGHTS_PX):
        inside = [one for one in found.passes if low <= one.vehicle_pass.max_height_px < high]
        if any(one.due for one in inside):
            yield f"best {low}-{high} px" if high < _HEIGHTS_PX[-1] else f"best {low}+ px", inside


def _share(count: int, whole: int) -> str:
    return f"{count} ({count / whole:.1%})" if whole else "-"


def _as_json(found: DriveScore, driven: Driven, reads: Sequence[PassResult]) -> dict[str, Any]:
    return {
        "due": found.due, "captured": found.captured, "right": found.right,
        "wrong_reads": found.wrong_reads, "doubled_reads": found.doubled_reads,
        "false_reads": len(found.false_reads), "reads": len(driven.reads),
        "frames": driven.frames, "cpu_ms_a_frame": driven.cpu_s / max(1, driven.frames) * 1e3,
        "alerting": driven.alerts.passes, "alerting_twice": driven.alerts.passes_twice,
        "marks_alerting": driven.alerts.marks, "marks_alerting_twice": driven.alerts.marks_twice,
        "rejected": driven.tracker.counts.rejected, "merged": driven.tracker.counts.merged,
        "by_frames": [asdict(one) for one in by_frames(found, reads)],
    }  # fmt: skip
