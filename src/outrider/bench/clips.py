"""`outrider bench clips`: short videos with known passes, each run as a drive of its own."""

import argparse
import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from outrider.bench import validation_log
from outrider.bench.drive import drive
from outrider.bench.runtime_options import add_runtime, runtime_options
from outrider.clock import SystemClock
from outrider.command_line import Subparsers, add_json, new_parser
from outrider.console import Screen
from outrider.records import PassResult
from outrider.shown import complain, say_json
from outrider.sources import SourceError
from outrider.tables import Table
from outrider.unit.devices.recogniser_models import OpenedRecogniser, open_recogniser
from outrider.unit.devices.source_video import VideoSource
from outrider.unit.recognise.network import ModelError
from outrider.vrm import fold

PASSES_NAME = "passes.csv"


@dataclass(frozen=True, slots=True)
class ClipScore:
    """One clip: how often each mark passes, and what was read at or above the alarm point.

    right: passes that have a read; doubled: reads of a mark beyond its passes; wrong: of no pass.
    """

    clip: str
    due: int
    right: int
    doubled: int
    wrong: int
    wrong_at_alarm: int


def register(commands: Subparsers) -> None:
    """Add the benchmark."""
    parser = new_parser(
        commands, "clips", "short videos with known passes", "outrider bench clips DIR"
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help=f"has {PASSES_NAME} and the clips")
    parser.add_argument("--log", type=Path, metavar="CSV", help="append this scoring")
    add_runtime(parser)
    add_json(parser)
    parser.set_defaults(handler=run)


def run(args: argparse.Namespace) -> int:
    """Measure and report. Exit 2: wrong use, models or clips."""
    clock = SystemClock()
    utc = clock.stamp(clock.mono_ns()).utc
    try:
        due = passes_of(args.folder / PASSES_NAME)
        opened = open_recogniser(runtime_options(args))
        scores = [_clip(opened, args.folder / name, due[name], utc.date()) for name in sorted(due)]
        if args.log:
            reader = dict(opened.recogniser.model_digests)["reader"]
            figures = validation_log.as_text(_sums(scores))
            validation_log.append(args.log, utc, reader, args.folder.name, figures)
    except (ModelError, SourceError, OSError, KeyError, UnicodeDecodeError) as error:
        complain(str(error))
        return 2
    if args.json:
        say_json({"sum": _sums(scores)})
        return 0
    table = Table("clip", "passes", "right", "doubled", "wrong", "wrong at the alarm point")
    for one in scores:
        counts = (one.due, one.right, one.doubled, one.wrong, one.wrong_at_alarm)
        table.add_row(one.clip, *map(str, counts))
    Screen().print(table)
    return 0


def passes_of(path: Path) -> dict[str, Counter[str]]:
    """Return how often each mark (folded) passes in each clip.

    Raises OSError where the file cannot be read, KeyError where a column is missing.
    """
    found: dict[str, Counter[str]] = {}
    with path.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            marks = found.setdefault(row["clip"], Counter())
            if row["status"] == "verified":
                marks[fold(row["mark"])] += 1
    return found


def scored(clip: str, due: Counter[str], reads: Sequence[PassResult], alarm: float) -> ClipScore:
    """Return the score of a clip from its reads; alarm: the least confidence of an alarm."""
    told = Counter(fold(one.text.vrm) for one in reads)
    wrong = [one for one in reads if fold(one.text.vrm) not in due]
    return ClipScore(
        clip=clip,
        due=due.total(),
        right=sum(min(count, told[mark]) for mark, count in due.items()),
        doubled=sum(max(0, told[mark] - count) for mark, count in due.items()),
        wrong=len(wrong),
        wrong_at_alarm=sum(one.text.confidence >= alarm for one in wrong),
    )


def _clip(opened: OpenedRecogniser, path: Path, due: Counter[str], today: date) -> ClipScore:
    driven = drive(VideoSource(path), opened, today)
    return scored(path.name, due, driven.reads, opened.points.alarm)


def _sums(scores: Sequence[ClipScore]) -> dict[str, str | int | float]:
    names = ("due", "right", "doubled", "wrong", "wrong_at_alarm")
    return {"clips": len(scores)} | {
        name.replace("_", " "): sum(getattr(one, name) for one in scores) for name in names
    }
