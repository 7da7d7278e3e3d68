"""Opens the recogniser: models of a folder, on the runtime that is installed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import threadpoolctl

from outrider.unit.devices.tflite import Runtime, RuntimeChoice, choose_runtime, open_network
from outrider.unit.recognise import calibration, operating_points
from outrider.unit.recognise.calibration import Calibration
from outrider.unit.recognise.detect import Detector
from outrider.unit.recognise.manifest import (
    ModelStore,
    Precision,
    choose_detectors,
    choose_reader,
    choose_straightener,
    open_store,
)
from outrider.unit.recognise.operating_points import OperatingPoints
from outrider.unit.recognise.read import Reader
from outrider.unit.recognise.recogniser import ModelNames, PlateRecogniser
from outrider.unit.recognise.straighten import Straightener


@dataclass(frozen=True, slots=True)
class RecogniserOptions:
    """How to open it: see RecogniserSettings for the settings of the same names.

    detector_width_px None: every size, chosen picture by picture, as stills need it.
    """

    models_dir: Path | None = None
    runtime: Runtime | Literal["auto"] = "auto"
    precision: Precision | Literal["auto"] = "auto"
    threads: int = 1
    detector_width_px: int | None = 640
    score_threshold: float | None = None
    second_looks: bool = True
    workers: int = 1


@dataclass(frozen=True, slots=True)
class OpenedRecogniser:
    """The recogniser with what belongs to its models."""

    recogniser: PlateRecogniser
    calibration: Calibration
    points: OperatingPoints
    store: ModelStore
    others: tuple[PlateRecogniser, ...] = ()
    """Beside the first, each with networks of its own: one thread owns one."""


def still_threads() -> None:
    """Keep the libraries' own threads asleep; only `threads` of the settings count.

    Between two calls numpy's BLAS threads spin: measured at as much CPU again as recognition takes.
    """
    threadpoolctl.threadpool_limits(1, user_api="blas")
    cv2.setNumThreads(1)


def open_recogniser(options: RecogniserOptions) -> OpenedRecogniser:
    """Load the networks and what belongs to them, once for each worker.

    Raises ModelError, naming the file and the remedy, where any of it cannot be used.
    """
    still_threads()
    store = open_store(options.models_dir)
    choice = choose_runtime(options.runtime, options.precision, options.threads)
    digest = choose_reader(store.manifest.reader, choice.precision).sha256
    calibrated = calibration.load(store.folder, digest)
    first, *others = (
        _recogniser(store, choice, options, calibrated.is_fitted)
        for _ in range(max(1, options.workers))
    )
    points = operating_points.load(store.folder)
    return OpenedRecogniser(first, calibrated, points, store, tuple(others))


def _recogniser(
    store: ModelStore, choice: RuntimeChoice, options: RecogniserOptions, is_calibrated: bool
) -> PlateRecogniser:
    """Return a recogniser with interpreters of its own."""
    found, read = store.manifest.detector, store.manifest.reader
    variants = choose_detectors(found, choice.precision, options.detector_width_px)
    detector_nets = [open_network(store, variant, choice) for variant in variants]
    reader_net = open_network(store, choose_reader(read, choice.precision), choice)
    straight = store.manifest.straightener
    straight_nets = (
        [open_network(store, choose_straightener(straight, choice.precision), choice)]
        if straight
        else []
    )
    threshold = options.score_threshold or found.score_threshold
    names = ModelNames(
        " and ".join(net.name for net in detector_nets),
        reader_net.name,
        (
            *(("detector", net.digest) for net in detector_nets),
            *(("straightener", net.digest) for net in straight_nets),
            ("reader", reader_net.digest),
        ),
        is_calibrated,
    )
    return PlateRecogniser(
        [Detector(net, found.stride_px, threshold) for net in detector_nets],
        Reader(reader_net, read.alphabet, read.slots),
        names,
        options.second_looks,
        next((Straightener(net) for net in straight_nets), None),
    )
