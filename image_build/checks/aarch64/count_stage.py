"""Do one stage of recognition so many times, to have its instructions counted.

Runs as aarch64 code under qemu-user, with the repo's own code and the wheels of the arm64 root.

Usage: python count_stage.py STAGE TIMES INPUTS.npz      (STAGE: see STAGES)
"""

import sys
from collections.abc import Callable
from datetime import date

import numpy as np

from outrider.records import Frame
from outrider.unit.devices.recogniser_models import RecogniserOptions, open_recogniser
from outrider.unit.devices.tflite import choose_runtime, open_network
from outrider.unit.recognise.manifest import open_store
from outrider.unit.recognise.track import Tracker, TrackerLimits

_PERIOD_NS = 50_000_000


def network(model: str) -> Callable[[], object]:
    """Return one call of a network, on a grey picture."""
    store = open_store()
    parts = (store.manifest.detector, store.manifest.reader, store.manifest.straightener)
    variants = [variant for part in parts if part is not None for variant in part.variants]
    (variant,) = (one for one in variants if one.file == f"{model}_int8.tflite")
    net = open_network(store, variant, choose_runtime("ai-edge-litert", "int8"))
    grey = np.full(net.input_hw_px, 127, np.uint8)
    return lambda: net.run(grey)


def frames(inputs: str) -> Callable[[], object]:
    """Return one pass over the frames of a drive: the recogniser and the tracker."""
    opened = open_recogniser(RecogniserOptions())
    tracker = Tracker(
        opened.calibration, opened.points, lambda: date(2026, 11, 30), TrackerLimits()
    )
    pictures = np.load(inputs)["frames"]

    def once() -> None:
        for number, picture in enumerate(pictures):
            frame = Frame(number, number * _PERIOD_NS, picture)
            tracker.update(frame, opened.recogniser.observe(frame))

    return once


STAGES: dict[str, Callable[[str], Callable[[], object]]] = {
    "detector_640x480": lambda _: network("detector_640x480"),
    "detector_1024x768": lambda _: network("detector_1024x768"),
    "reader": lambda _: network("reader"),
    "straightener": lambda _: network("straightener"),
    "frames": frames,
}


def main(stage: str, times: int, inputs: str) -> None:
    """Prepare, then do it."""
    once = STAGES[stage](inputs)
    for _ in range(times):
        once()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
