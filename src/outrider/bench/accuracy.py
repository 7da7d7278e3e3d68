"""`outrider bench accuracy`: capture rate and read rate on labelled pictures."""

import argparse
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from outrider.bench import accuracy_report, choices, rates, validation_log
from outrider.bench.contact_sheet import SheetError, refuse_in_checkout, write_sheet
from outrider.bench.curve_plot import write_curve
from outrider.bench.labels import LabelError, LabelledPicture, load
from outrider.bench.runtime_options import add_runtime, runtime_options
from outrider.bench.scoring import Scored, score_picture
from outrider.clock import SystemClock
from outrider.command_line import Subparsers, add_json, new_parser
from outrider.console import Screen, tracked
from outrider.shown import complain, say_json
from outrider.unit.devices.picture_files import read_rgb
from outrider.unit.devices.recogniser_models import OpenedRecogniser, open_recogniser
from outrider.unit.recognise.calibration import CalibrationError
from outrider.unit.recognise.network import ModelError
from outrider.unit.recognise.operating_points import OperatingPoints
from outrider.unit.recognise.still import read_still, worth_keeping

_EXAMPLE = """outrider bench accuracy ../shared/plates/gb --roads ../shared/plates/negatives
      --held-out models/training/splits/gb_heldout.csv --sheet /tmp/misses.png"""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was scored and what it cost; unreadable: pictures that could not be opened."""

    scored: Scored
    cpu_ms: tuple[float, ...]
    unreadable: tuple[str, ...] = ()


def register(commands: Subparsers) -> None:
    """Add the benchmark."""
    parser = new_parser(
        commands, "accuracy", "capture rate and read rate on labelled pictures", _EXAMPLE
    )
    parser.add_argument("folders", nargs="+", type=Path, metavar="DIR", help="has a labels.csv")
    parser.add_argument(
        "--held-out", nargs="+", type=Path, default=[], metavar="CSV", help="only files named here"
    )
    parser.add_argument("--split", default="", help="only rows whose column `split` says this")
    parser.add_argument(
        "--log",
        type=Path,
        metavar="CSV",
        help="append this scoring: a validation set is never unseen",
    )
    parser.add_argument(
        "--drawn", nargs="+", type=Path, default=[], metavar="DIR",
        help="drawn pictures that help to fit the calibration and are not scored",
    )  # fmt: skip
    parser.add_argument("--roads", type=Path, metavar="DIR", help="roads without legible plates")
    parser.add_argument("--sheet", type=Path, metavar="PNG", help="misses, to look at")
    parser.add_argument("--curve", type=Path, metavar="PNG", help="draw it; its CSV lies beside it")
    parser.add_argument(
        "--fit-calibration",
        action="store_true",
        help="write calibration.json; the tables are as before it, curve and points as after it",
    )
    parser.add_argument(
        "--choose-operating-points", action="store_true", help="write operating_points.json"
    )
    add_runtime(parser)
    add_json(parser)
    parser.set_defaults(handler=run)


def run(args: argparse.Namespace) -> int:
    """Measure and report. Exit 1: a picture could not be read; 2: wrong use, models or labels."""
    try:
        if args.sheet:
            refuse_in_checkout(args.sheet)
        opened = open_recogniser(runtime_options(args))
        pictures = [
            one for folder in args.folders for one in load(folder, args.held_out, args.split)
        ]
        roads = load(args.roads) if args.roads else []
        painted = [one for folder in args.drawn for one in load(folder)]
        points = opened.points
        if args.fit_calibration:  # the confidence is about to change: look at everything
            points = points.model_copy(update={"kept": 0.0})
        found = measure(opened, pictures, "plates", points)
        empty = measure(opened, roads, "roads", points)
        drawn = measure(opened, painted, "drawn", points)
        _report(args, opened, found, empty, drawn)
        if args.log:
            _log(args, opened, found.scored)
    except (ModelError, LabelError, SheetError, CalibrationError, OSError) as error:
        complain(error)
        return 2
    for name in found.unreadable + empty.unreadable:
        complain(f"error: {name}")
    return 1 if found.unreadable or empty.unreadable else 0


def measure(
    opened: OpenedRecogniser, pictures: list[LabelledPicture], what: str, points: OperatingPoints
) -> Measured:
    """Read every picture and score the reads that are worth keeping by these points."""
    clock = SystemClock()
    today = clock.stamp(clock.mono_ns()).utc.date()
    scored, cpu_ms, unreadable = Scored((), (), 0), [], []
    console = Screen(stderr=True)
    for picture in tracked(pictures, what, console):
        try:
            image = read_rgb(picture.path)
        except (OSError, ValueError) as error:
            unreadable.append(f"{picture.path}: {error}")
            continue
        start_s = time.process_time()
        plates = read_still(opened.recogniser, image, opened.calibration, today)
        cpu_ms.append((time.process_time() - start_s) * 1e3)
        told = worth_keeping(plates, points)
        scored = scored.plus(score_picture(picture, image, told, today))
    return Measured(scored, tuple(cpu_ms), tuple(unreadable))


def _log(args: argparse.Namespace, opened: OpenedRecogniser, scored: Scored) -> None:
    """Append the scoring to the log of validation."""
    clock = SystemClock()
    name = " ".join(folder.name for folder in args.folders) + (
        f":{args.split}" if args.split else ""
    )
    figures = accuracy_report.figures(opened, scored)
    reader = dict(opened.recogniser.model_digests)["reader"]
    utc = clock.stamp(clock.mono_ns()).utc
    validation_log.append(args.log, utc, reader, name, validation_log.as_text(figures))


def _report(
    args: argparse.Namespace,
    opened: OpenedRecogniser,
    found: Measured,
    roads: Measured,
    drawn: Measured,
) -> None:
    if args.json:
        say_json(accuracy_report.as_json(opened, found.scored, roads.scored, found.cpu_ms))
    else:
        accuracy_report.show(Screen(), opened, found.scored, roads.scored, found.cpu_ms)
    console = Screen(stderr=True)
    if args.sheet:
        misses = [one for one in found.scored.plates if not one.right]
        count = write_sheet(misses, args.sheet)
        console.print(f"{args.sheet}: {count} misses; it shows real marks: delete it after use")
    scored, on_roads = found.scored, roads.scored
    if args.fit_calibration:
        fitted, said = choices.fit_calibration(opened, scored, drawn.scored, on_roads)
        console.print(said)
        scored, on_roads = (choices.recalibrated(one, fitted) for one in (scored, on_roads))
    if args.curve:
        points = rates.curve(scored)
        written = write_curve(points, [asdict(p) for p in points], opened.points, args.curve)
        console.print(f"curve: {args.curve} and {written}")
    if args.choose_operating_points:
        console.print(choices.choose_operating_points(opened, scored, on_roads))
