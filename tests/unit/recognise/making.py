"""Makes what networks give, and frames and plates, for tests without a network."""

from datetime import date

import numpy as np

from outrider.records import (
    Corners,
    Detection,
    Frame,
    Image,
    Observation,
    PassResult,
    Probabilities,
    Standing,
)
from outrider.unit.recognise.operating_points import OperatingPoints
from outrider.unit.recognise.read import ALPHABET, SLOTS
from outrider.unit.recognise.track import Tracker, TrackerLimits

TODAY = date(2026, 11, 21)
POINTS = OperatingPoints(alarm=0.9, possible=0.5, kept=0.05)
SCENE = np.random.default_rng(5).integers(0, 255, (240, 320, 3), dtype=np.uint8)


def probabilities(mark: str, sure: float = 0.97) -> Probabilities:
    """Return 9 x 37 for a mark, each character with the same certainty."""
    rows = np.full((SLOTS, len(ALPHABET)), (1 - sure) / (len(ALPHABET) - 1), np.float32)
    for place in range(SLOTS):
        char = mark[place] if place < len(mark) else "-"
        rows[place, ALPHABET.index(char)] = sure
    return np.asarray(rows / rows.sum(axis=1, keepdims=True), np.float32)


def corners(x: float, y: float, width: float = 60, height: float = 14) -> Corners:
    """Return the corners of an upright plate with its centre at x, y."""
    x0, x1, y0, y1 = x - width / 2, x + width / 2, y - height / 2, y + height / 2
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)


def frame(index: int, rate_hz: float = 25.0, image: Image = SCENE) -> Frame:
    """Return a frame of a camera that began at 0."""
    return Frame(index, round(index * 1e9 / rate_hz), image)


def seen(
    of: Frame, mark: str, at: Corners, sure: float = 0.97, standing: Standing | None = None
) -> Observation:
    """Return an observation of a plate with these corners."""
    patch = np.random.default_rng(len(mark)).integers(0, 255, (64, 128), dtype=np.uint8)
    return Observation(of, Detection(at, 0.8), probabilities(mark, sure), patch, 0.5, standing)


def misread(of: Frame, mark: str, at: Corners, wrong: list[int]) -> Observation:
    """Return a look that takes some characters for W, or for V, and the rest for what they are.

    The true character keeps so little that the look does not admit it.
    """
    look = seen(of, mark, at, 0.995)
    for place in wrong:
        row = look.probabilities[place]
        row[:] = 0.04 / len(row)
        for char, part in (("W", 0.53), ("V", 0.42), (mark[place], 0.01)):
            row[ALPHABET.index(char)] = part
        row /= row.sum()
    return look


def tracker(limits: TrackerLimits | None = None, points: OperatingPoints = POINTS) -> Tracker:
    """Return a tracker whose confidence is the votes' own probability."""
    return Tracker(lambda claim: claim.probability, points, lambda: TODAY, limits)


def finals(results: list[PassResult]) -> list[str]:
    """Return the marks of the passes that ended."""
    return [one.text.vrm for one in results if one.final]
