"""`outrider read`: plates on still pictures, one line a picture."""

import argparse
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from outrider.clock import Clock, SystemClock
from outrider.command_line import Subparsers, add_json, new_parser
from outrider.command_line.exits import finish
from outrider.command_line.values import whole
from outrider.console import Screen, progress
from outrider.shown import say, say_json
from outrider.sources import SourceError
from outrider.unit.devices.picture_files import PictureError, read_rgb
from outrider.unit.devices.recogniser_models import (
    OpenedRecogniser,
    RecogniserOptions,
    open_recogniser,
)
from outrider.unit.devices.source_pictures import SUFFIXES, natural_key, why
from outrider.unit.recognise.network import ModelError
from outrider.unit.recognise.still import StillPlate, read_still, worth_keeping
from outrider.unit.run.json_events import standing_fields
from outrider.unit.settings import sections as config


def register(commands: Subparsers) -> None:
    """Add the command."""
    parser = new_parser(
        commands, "read", "plates on still pictures", "outrider read pictures/ --json > reads.jsonl"
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="picture or folder")
    parser.add_argument("-c", "--config", type=Path, help=f"TOML file ({config.DEFAULT_PATH})")
    parser.add_argument(
        "--threads", type=whole(1, 64), default=1, help="CPU threads of the models (1)"
    )
    add_json(parser)
    finish(parser, run, ModelError)


def run(args: argparse.Namespace) -> int:
    """Read every picture. Exit 0: all read; 1: some could not be; 2: wrong use."""
    settings = config.load(args.config).recogniser
    opened = open_recogniser(
        RecogniserOptions(
            models_dir=settings.models_dir,
            runtime=settings.runtime,
            precision=settings.precision,
            threads=args.threads,
            detector_width_px=None,
        )
    )
    pictures = list(pictures_at(args.paths))
    clock = SystemClock()
    failed = 0
    for path in _with_progress(pictures):
        line = line_of(opened, path, clock)
        failed += "error" in line
        if args.json:
            say_json(line, flush=True)
        else:
            say(_as_text(line), flush=True)
    return 1 if failed else 0


def pictures_at(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the files named, and the pictures in and below the folders named, in natural order.

    Raises SourceError for a folder without any.
    """
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        inside = [one for one in path.rglob("*") if one.suffix.lower() in SUFFIXES]
        if not inside:
            kinds = ", ".join(sorted(SUFFIXES))
            raise SourceError(f"{path}: no picture is in or below it ({kinds})")
        yield from sorted(inside, key=lambda one: natural_key(str(one.relative_to(path))))


def line_of(opened: OpenedRecogniser, path: Path, clock: Clock) -> dict[str, Any]:
    """Return what is said of a picture; ms and cpu_ms cover recognition, not decoding."""
    try:
        image = read_rgb(path)
    except (OSError, PictureError) as error:
        return {"file": str(path), "error": f"{path}: {why(error)}", "results": []}
    today = clock.stamp(clock.mono_ns()).utc.date()
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    try:
        plates = read_still(opened.recogniser, image, opened.calibration, today)
    except ModelError as error:
        return {"file": str(path), "error": str(error), "results": []}
    cpu_ms, ms = (time.process_time() - cpu_s) * 1e3, (time.perf_counter() - wall_s) * 1e3
    kept = worth_keeping(plates, opened.points)
    return {
        "file": str(path),
        "ms": round(ms, 2),
        "cpu_ms": round(cpu_ms, 2),
        "results": [_result(plate) for plate in kept],
    }


def _result(plate: StillPlate) -> dict[str, Any]:
    return {
        "vrm": plate.text.vrm,
        "text": plate.text.vrm,
        "conf": round(plate.text.confidence, 4),
        "box": [round(value, 1) for value in plate.box],
        "corners": [[round(float(x), 1), round(float(y), 1)] for x, y in plate.corners],
        "family": plate.text.family.value,
        **standing_fields(plate.text),
        "chars": [round(char.confidence, 4) for char in plate.text.characters],
    }


def _as_text(line: dict[str, Any]) -> str:
    if "error" in line:
        return f"error: {line['error']}"
    plates = ", ".join(f"{one['text']} ({one['conf']:.2f})" for one in line["results"])
    return f"{line['file']}: {plates or 'no plate'}"


def _with_progress(pictures: list[Path]) -> Iterator[Path]:
    """Yield the pictures; on a terminal, show how far it is.

    Lines go above the bar where they go to the terminal too, and straight out where they do not.
    """
    with ExitStack() as stack:
        console = Screen(stderr=True)
        hidden = not console.is_terminal or len(pictures) < 2
        bar = progress(console, disable=hidden, redirect_stdout=sys.stdout.isatty())
        stack.enter_context(bar)
        task = bar.add_task("reading", total=len(pictures))
        for path in pictures:
            yield path
            bar.advance(task)
