"""`outrider bench speed`: ms and MACs of each model on each runtime, and of the other stages."""

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date

import cv2
import numpy as np

from outrider.bench.tflite_graph import count_macs, plain_convolution
from outrider.command_line import Subparsers, add_json, new_parser
from outrider.console import Screen
from outrider.records import Frame
from outrider.shown import complain, say_json
from outrider.tables import Table
from outrider.unit.devices.tflite import RuntimeChoice, installed_runtimes, time_model
from outrider.unit.recognise.evidence import FrameViews, encode
from outrider.unit.recognise.grammar import decide
from outrider.unit.recognise.manifest import ModelStore, Precision, Variant, open_store
from outrider.unit.recognise.network import ModelError
from outrider.unit.recognise.patch_geometry import cut_patch
from outrider.unit.recognise.quality import sharpness
from outrider.unit.recognise.vote import fuse_one

_PRECISIONS: tuple[Precision, ...] = ("int8", "f32")


@dataclass(frozen=True, slots=True)
class ModelSpeed:
    """A model on a runtime: least and median ms, and of a plain convolution of its MACs, least."""

    file: str
    runtime: str
    threads: int
    mmacs: float
    least_ms: float
    median_ms: float
    plain_least_ms: float


@dataclass(frozen=True, slots=True)
class StageSpeed:
    """A stage that runs no model: least and median ms."""

    stage: str
    least_ms: float
    median_ms: float


def register(commands: Subparsers) -> None:
    """Add the benchmark."""
    parser = new_parser(
        commands, "speed", "ms and MACs per stage and runtime", "outrider bench speed --rounds 50"
    )
    parser.add_argument("--rounds", type=int, default=30, help="runs of each model (30)")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (1)")
    parser.add_argument("--models", metavar="DIR", help="folder of the models")
    add_json(parser)
    parser.set_defaults(handler=run)


def run(args: argparse.Namespace) -> int:
    """Measure and report. Exit 2: the models cannot be used."""
    try:
        store = open_store(args.models)
        models = list(model_speeds(store, args.threads, args.rounds))
    except ModelError as error:
        complain(error)
        return 2
    stages = list(stage_speeds(args.rounds))
    if args.json:
        found = {"models": [asdict(m) for m in models], "stages": [asdict(s) for s in stages]}
        say_json(found)
    else:
        _show(Screen(), models, stages)
    return 0


def model_speeds(store: ModelStore, threads: int, rounds: int) -> Iterator[ModelSpeed]:
    """Yield every model of the store on every runtime installed. Raises ModelError."""
    for runtime in installed_runtimes():
        for precision in _PRECISIONS:
            choice = RuntimeChoice(runtime, precision, threads)
            for variant in store.manifest.detector.variants + store.manifest.reader.variants:
                if variant.precision == precision:
                    yield _model_speed(store, variant, choice, rounds)


def _model_speed(
    store: ModelStore, variant: Variant, choice: RuntimeChoice, rounds: int
) -> ModelSpeed:
    content = store.load(variant)
    macs = count_macs(content)
    plain, plain_macs = plain_convolution(macs, int8=variant.precision == "int8")
    times_ms = time_model(content, choice, rounds)
    plain_ms = min(time_model(plain, choice, rounds)) * macs / plain_macs
    return ModelSpeed(
        variant.file,
        choice.runtime,
        choice.threads,
        macs / 1e6,
        min(times_ms),
        float(np.median(times_ms)),
        plain_ms,
    )


def stage_speeds(rounds: int) -> Iterator[StageSpeed]:
    """Yield the stages that run no model, on noise of a global-shutter camera's size."""
    rng = np.random.default_rng(1)
    rgb = rng.integers(0, 255, (1088, 1456, 3), np.uint8)
    grey = np.ascontiguousarray(rgb[:, :, 0])
    corners = np.array([[600, 500], [720, 504], [720, 530], [600, 526]], np.float32)
    patch = cut_patch(grey, corners)
    tensor = rng.dirichlet(np.full(37, 0.1), 9).astype(np.float32)
    frame, day = Frame(0, 0, rgb), date(2026, 11, 21)
    stages: dict[str, Callable[[], object]] = {
        "grey of 1456 x 1088": lambda: cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY),
        "shrink to 640 x 478": lambda: cv2.resize(grey, (640, 478), interpolation=cv2.INTER_AREA),
        "cut a patch": lambda: cut_patch(grey, corners),
        "sharpness of a patch": lambda: sharpness(patch),
        "vote and grammar of a plate": lambda: decide(
            fuse_one(tensor), day, lambda claim: claim.probability
        ),
        "evidence of a pass": lambda: encode(FrameViews(frame).of(corners)),
    }
    for name, stage in stages.items():
        times_ms = [_ms(stage) for _ in range(rounds)]
        yield StageSpeed(name, min(times_ms), float(np.median(times_ms)))


def _ms(stage: Callable[[], object]) -> float:
    start_s = time.perf_counter()
    stage()
    return (time.perf_counter() - start_s) * 1e3


def _show(console: Screen, models: list[ModelSpeed], stages: list[StageSpeed]) -> None:
    table = Table(title="plain: one 3 x 3 convolution of as many MACs, the machine's limit")
    for title in ("model", "runtime"):
        table.add_column(title)
    for title in ("MMACs", "ms least", "median", "plain", "of limit"):
        table.add_column(title, right=True)
    for one in models:
        table.add_row(
            one.file, one.runtime, f"{one.mmacs:.0f}", f"{one.least_ms:.2f}",
            f"{one.median_ms:.2f}", f"{one.plain_least_ms:.2f}",
            f"{one.plain_least_ms / one.least_ms:.0%}",
        )  # fmt: skip
    console.print(table)
    others = Table("stage", "ms least", "ms median")
    for stage in stages:
        others.add_row(stage.stage, f"{stage.least_ms:.3f}", f"{stage.median_ms:.3f}")
    console.print(others)
