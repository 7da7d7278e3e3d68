"""Whether the models are whole, read a known plate, and are as fast as this board should be."""

import statistics
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import cv2
import numpy as np

from outrider.plates.draw import draw_plate
from outrider.plates.spec import one_line
from outrider.records import Frame, Image
from outrider.unit.commissioning.finding import Finding, failed, judged, passed
from outrider.unit.devices.recogniser_models import OpenedRecogniser
from outrider.unit.recognise.still import read_still, worth_keeping

MARK = "AB12CDE"
_SIZE_PX = (1456, 1088)
_PX_PER_MM = 0.45
_ROUNDS = 8
_BOARD = Path("/proc/device-tree/model")
BUDGET_MS = {"Raspberry Pi 5": 60.0, "Raspberry Pi 4": 260.0}
"""One thread, one plate in 1456 x 1088: from counted instructions, not yet from a board."""


def test_picture() -> Image:
    """Return a grey picture, uint8 1088 x 1456, with one drawn plate that reads MARK."""
    drawn = draw_plate(one_line("AB12 CDE"), _PX_PER_MM).rgb
    plate = cv2.cvtColor(drawn, cv2.COLOR_RGB2GRAY)
    height, width = plate.shape
    columns = np.linspace(70, 130, _SIZE_PX[0], dtype=np.float32)
    picture = np.repeat(columns[None], _SIZE_PX[1], axis=0).astype(np.uint8)
    picture[600 : 600 + height, 600 : 600 + width] = plate
    return cv2.GaussianBlur(picture, (3, 3), 0).astype(np.uint8)


def check_recogniser(opened: OpenedRecogniser, today: date) -> Iterator[Finding]:
    """Yield what the models are, what they read, and how fast."""
    digests = opened.recogniser.model_digests
    yield passed("models", ", ".join(f"{name} {digest[:8]}" for name, digest in digests))
    picture = test_picture()
    plates = read_still(opened.recogniser, picture, opened.calibration, today)
    texts = [plate.text.vrm for plate in worth_keeping(plates, opened.points)]
    yield judged(
        "reading",
        texts == [MARK],
        "the test plate was read right"
        if texts == [MARK]
        else f"{len(texts)} plates, not as drawn",
        "the models are damaged or do not belong together: install the package anew",
    )
    yield _speed(opened, picture)


def _speed(opened: OpenedRecogniser, picture: Image) -> Finding:
    times_ms = []
    for number in range(_ROUNDS):
        began_s = time.perf_counter()
        opened.recogniser.observe(Frame(number, number, picture))
        times_ms.append((time.perf_counter() - began_s) * 1000)
    median_ms = statistics.median(times_ms[1:])
    board = board_name()
    budget = next((ms for name, ms in BUDGET_MS.items() if board.startswith(name)), None)
    said = f"{median_ms:.0f} ms a picture on {board}"
    if budget is None:
        return passed("speed", f"{said}; nothing is expected of this board")
    return judged(
        "speed",
        median_ms <= budget,
        f"{said}, {budget:.0f} expected",
        "is it hot or short of power? `vcgencmd get_throttled`; stop what else runs on it",
    )


def board_name() -> str:
    """Return what the board calls itself, or the machine's kind."""
    try:
        return _BOARD.read_text("utf-8", errors="replace").rstrip("\0\n") or "an unknown board"
    except OSError:
        return "a board that does not say its name"


def no_models(error: Exception) -> Finding:
    """Return that the models cannot be opened."""
    return failed("models", str(error), "install the package anew, or set recogniser.models_dir")
