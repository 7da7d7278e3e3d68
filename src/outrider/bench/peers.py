"""`outrider bench peers`: other readers that come whole from PyPI, on the same pictures.

Each peer is installed in an environment of its own, after a question (or `--install`), and runs in
the same run as we do: its figures stand beside ours on the reader's own pictures and processor.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import venv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from outrider.bench import rates
from outrider.bench.labels import LabelError, LabelledPicture, load
from outrider.bench.runtime_options import add_runtime, runtime_options
from outrider.bench.scoring import Scored, score_picture
from outrider.clock import SystemClock
from outrider.command_line import Subparsers, add_json, new_parser
from outrider.console import Screen, ask
from outrider.records import PlateText
from outrider.shown import complain, say_json
from outrider.tables import Table
from outrider.unit.commands.read import line_of
from outrider.unit.devices.picture_files import read_rgb
from outrider.unit.devices.recogniser_models import open_recogniser
from outrider.unit.recognise.grounds import NO_GROUNDS, Claim
from outrider.unit.recognise.network import ModelError
from outrider.unit.recognise.still import StillPlate
from outrider.vrm import family

_PROGRAMS = Path(__file__).parent / "peer_programs"
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "outrider" / "peers"
_TEXT = re.compile(r"[0-9A-Z]{2,9}")
US = "outrider"


@dataclass(frozen=True, slots=True)
class Peer:
    """A peer: its name, what is installed for it, and the program that asks it."""

    name: str
    packages: tuple[str, ...]
    program: str
    takes_country: bool = False


PEERS = (
    Peer("simplelpr", ("simplelpr>=3.6,<4",), "simplelpr_reads.py", takes_country=True),
    Peer("rapidocr", ("rapidocr>=3.10,<4", "onnxruntime>=1.20,<2"), "rapidocr_reads.py"),
)


class PeerError(Exception):
    """A peer cannot be installed or run: which, and what it said."""


@dataclass(frozen=True, slots=True)
class PeerScore:
    """What one reader gave: its scored plates, and its CPU time a picture, ms."""

    name: str
    scored: Scored
    cpu_ms: float


def register(commands: Subparsers) -> None:
    """Add the benchmark."""
    parser = new_parser(
        commands, "peers", "other readers from PyPI on the same pictures",
        "outrider bench peers ../shared/plates/gb2 --split validate",
    )  # fmt: skip
    parser.add_argument("folder", type=Path, metavar="DIR", help="has a labels.csv")
    parser.add_argument("--split", default="", help="only rows whose column `split` says this")
    parser.add_argument("--install", action="store_true", help="install the peers unasked")
    parser.add_argument("--country", default="UK-GreatBritain", help="of SimpleLPR")
    add_runtime(parser)
    add_json(parser)
    parser.set_defaults(handler=run)


def run(args: argparse.Namespace) -> int:
    """Measure and report. Exit 1: a peer was left out; 2: wrong use, models or labels."""
    clock = SystemClock()
    today = clock.stamp(clock.mono_ns()).utc.date()
    screen = Screen()
    try:
        pictures = load(args.folder, split=args.split)
        ours, boxes = _ours(args, pictures, clock, today)
    except (LabelError, ModelError, OSError, ValueError) as error:
        complain(str(error))
        return 2
    scores, left_out = [ours], False
    for peer in PEERS:
        try:
            python = _installed(peer, args.install, screen)
            arguments = [args.country] if peer.takes_country else []
            scores.append(_ask(peer, python, arguments, pictures, boxes, today))
        except PeerError as error:
            complain(str(error))
            left_out = True
    _report(args, screen, scores)
    return 1 if left_out else 0


def _ours(
    args: argparse.Namespace, pictures: Sequence[LabelledPicture], clock: SystemClock, today: date
) -> tuple[PeerScore, dict[Path, list[list[float]]]]:
    """Return our own score, and the boxes that we found in each picture."""
    opened = open_recogniser(runtime_options(args))
    lines = {one.path: line_of(opened, one.path, clock) for one in pictures}
    if wrong := [str(line["error"]) for line in lines.values() if "error" in line]:
        raise ValueError(wrong[0])
    boxes = {path: [read["box"] for read in line["results"]] for path, line in lines.items()}
    cpu_ms = float(np.median([line["cpu_ms"] for line in lines.values()]))
    scored = _scored(pictures, (line["results"] for line in lines.values()), today)
    return PeerScore(US, scored, cpu_ms), boxes


def _installed(peer: Peer, unasked: bool, screen: Screen) -> Path:
    """Return the Python of the peer's environment, made now where there is none."""
    folder = _CACHE / peer.name
    python, done = folder / "bin" / "python", folder / "installed"
    if done.exists():
        return python
    what = ", ".join(peer.packages)
    if not unasked and not ask(f"Install {what} from PyPI into {folder}?", screen):
        raise PeerError(f"{peer.name}: left out, not installed")
    venv.create(folder, with_pip=True, clear=True)
    command = [str(python), "-m", "pip", "install", "--quiet", *peer.packages]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        raise PeerError(f"{peer.name}: pip failed: {made.stderr.strip()[-400:]}")
    done.touch()
    return python


def _ask(
    peer: Peer,
    python: Path,
    arguments: Sequence[str],
    pictures: Sequence[LabelledPicture],
    boxes: dict[Path, list[list[float]]],
    today: date,
) -> PeerScore:
    """Run the peer's program over every picture, on one thread. Raises PeerError."""
    asked = "".join(
        json.dumps({"file": str(one.path.resolve()), "boxes": boxes[one.path]}) + "\n"
        for one in pictures
    )
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONNOUSERSITE": "1"}
    environment.pop("PYTHONPATH", None)
    command = [str(python), str(_PROGRAMS / peer.program), *arguments]
    done = subprocess.run(
        command, input=asked, capture_output=True, text=True, check=False, env=environment
    )
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or len(answers) != len(pictures):
        raise PeerError(f"{peer.name}: failed: {done.stderr.strip()[-400:]}")
    cpu_ms = float(np.median([one["cpu_ms"] for one in answers]))
    return PeerScore(peer.name, _scored(pictures, (one["reads"] for one in answers), today), cpu_ms)


def _scored(
    pictures: Sequence[LabelledPicture], found: Iterator[list[dict[str, Any]]], today: date
) -> Scored:
    total = Scored((), (), 0)
    for picture, reads in zip(pictures, found, strict=True):
        plates = [one for read in reads if (one := _plate(read, today)) is not None]
        total = total.plus(score_picture(picture, read_rgb(picture.path), plates, today))
    return total


def _plate(read: dict[str, Any], today: date) -> StillPlate | None:
    """Return a read as ours are scored; None for a text that is no mark's."""
    mark = str(read["text"]).upper()
    if not _TEXT.fullmatch(mark):
        return None
    x, y, w, h = (float(value) for value in read["box"])
    corners = np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]], np.float32)
    sure, kind = float(read["conf"]), family(mark, today)
    text = PlateText(mark, mark, kind, sure, ())
    return StillPlate(text, corners, sure, Claim(sure, 1, mark, kind, NO_GROUNDS))


def _report(args: argparse.Namespace, screen: Screen, scores: Sequence[PeerScore]) -> None:
    rows = [_figures(one, scores[0].cpu_ms) for one in scores]
    if args.json:
        say_json({"processor": processor(), "python": sys.version.split()[0], "readers": rows})
        return
    table = Table(*(name.replace("_", " ") for name in rows[0]))
    for row in rows:
        table.add_row(*(f"{v:.3g}" if isinstance(v, float) else str(v) for v in row.values()))
    screen.print(table)
    screen.print(f"processor: {processor()}; CPU time, one thread; median a picture")


def _figures(one: PeerScore, our_cpu_ms: float) -> dict[str, str | int | float]:
    every = rates.Rates.of(one.scored.plates)
    vehicles, share = rates.by_vehicle(one.scored.plates)
    return {
        "reader": one.name, "plates": every.plates, "read": every.share(every.right),
        "vehicles": vehicles, "by_vehicle": share, "wrong": every.captured - every.right,
        "elsewhere": len(one.scored.elsewhere), "cpu_ms": one.cpu_ms,
        "our_cpu_to_its": our_cpu_ms / one.cpu_ms if one.cpu_ms else 0.0,
    }  # fmt: skip


def processor() -> str:
    """Return the processor's name and what bears on int8 speed, for beside every figure."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or platform.machine()
    name = re.search(r"^(?:model name|Model)\s*:\s*(.+)$", text, re.MULTILINE)
    known = ("avx512_vnni", "avx_vnni", "amx_int8", "asimddp")
    has = [one for one in known if re.search(rf"\b{one}\b", text)]
    said = name.group(1) if name else platform.machine()
    return f"{said} ({', '.join(has) or 'no int8 dot product'})"
