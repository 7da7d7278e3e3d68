"""Calibrated confidence: of marks at 0.95, 95 in 100 are right.

The votes' own probability of a mark is mapped by a logistic curve (Platt 1999) on its log-odds,
with a second term for the number of frames. Few numbers, fitted to real plates that the reader
never learnt from: `outrider bench accuracy ... --fit-calibration` writes them.
"""

import itertools
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import ArrayLike
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from outrider.unit.recognise.network import ModelError

CALIBRATION_NAME = "calibration.json"

_LIMIT = 9.0  # log-odds beyond which the votes' own probability says nothing more
_TOP = 0.995  # no table of a few hundred plates supports more
_BINS = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 1.0)


class CalibrationError(ModelError):
    """A calibration cannot be used or fitted: why, and what to do."""


class Calibration(BaseModel):
    """confidence = 1 / (1 + exp(-(offset + slope * log-odds + per_log_frames * ln(frames)))).

    reader_sha256: the reader that it was fitted to. fitted_on: with what, for people.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_version: Annotated[Literal[1], Field(alias="schema")] = 1
    reader_sha256: str = ""
    offset: float = 0.0
    slope: Annotated[float, Field(gt=0)] = 1.0
    per_log_frames: float = 0.0
    fitted_on: str = "nothing: the votes' own probability"

    @property
    def is_fitted(self) -> bool:
        """Whether it rests on data."""
        return bool(self.reader_sha256)

    def __call__(self, probability: float, frames: int) -> float:
        """Return the calibrated confidence of a mark that frames give this probability."""
        strength = self.offset + self.slope * log_odds(probability)
        strength += self.per_log_frames * math.log(max(1, frames))
        return min(_TOP, 1 / (1 + math.exp(-strength)))


def log_odds(probability: float) -> float:
    """Return ln(p / (1 - p)), limited to what a probability near 0 or 1 can support."""
    held = min(max(probability, 1e-9), 1 - 1e-9)
    return min(_LIMIT, max(-_LIMIT, math.log(held / (1 - held))))


def load(folder: Path, reader_sha256: str) -> Calibration:
    """Return the calibration beside the models; an unfitted one where none belongs to the reader.

    Raises CalibrationError where the file is there and cannot be used.
    """
    path = folder / CALIBRATION_NAME
    try:
        found = Calibration.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return Calibration()
    except (OSError, ValidationError) as error:
        raise CalibrationError(f"{path}: cannot be used: {error}; install it again") from error
    return found if found.reader_sha256 == reader_sha256 else Calibration()


def save(calibration: Calibration, folder: Path) -> Path:
    """Write the calibration beside the models; return the file."""
    path = folder / CALIBRATION_NAME
    path.write_text(calibration.model_dump_json(by_alias=True, indent=1) + "\n", encoding="utf-8")
    return path


def fit(
    probabilities: ArrayLike, frames: ArrayLike, right: ArrayLike, ridge: float = 1.0
) -> tuple[float, float, float]:
    """Return offset, slope and per_log_frames of greatest likelihood, by Newton's method.

    One entry a mark: the votes' own probability, its frames, whether it was right. ridge pulls
    the slope towards 1 and the frames' term towards 0, so that little data changes little.
    Targets are Platt's: (n + 1) / (n + 2) rather than 1, so that no fit claims certainty.
    Raises CalibrationError with fewer than 20 marks, or none right, or none wrong.
    """
    won = np.asarray(right, bool)
    if len(won) < 20 or won.all() or not won.any():
        raise CalibrationError(
            f"{len(won)} marks, {int(won.sum())} right: at least 20 with both kinds are needed"
        )
    strengths = [log_odds(float(p)) for p in np.asarray(probabilities, float)]
    columns = np.stack([np.ones(len(won)), strengths, np.log(np.asarray(frames, float))], axis=1)
    target = np.where(won, (won.sum() + 1) / (won.sum() + 2), 1 / ((~won).sum() + 2))
    prior, pull = np.array([0.0, 1.0, 0.0]), np.diag([1e-3, ridge, ridge])
    beta = prior.copy()
    for _ in range(50):
        predicted = 1 / (1 + np.exp(-columns @ beta))
        gradient = columns.T @ (predicted - target) + pull @ (beta - prior)
        curvature = (columns * (predicted * (1 - predicted))[:, None]).T @ columns + pull
        beta = beta - np.linalg.solve(curvature + 1e-6 * np.eye(3), gradient)
    offset, slope, per_log_frames = (float(value) for value in beta)
    return offset, max(slope, 0.05), per_log_frames


def cross_fitted(
    probabilities: ArrayLike, right: ArrayLike, groups: Sequence[str], folds: int = 5
) -> list[float]:
    """Return each mark's confidence by a fit that never saw its group; one frame each.

    groups: what must not be divided, such as the true mark, that occurs in several pictures.
    Raises CalibrationError as fit does.
    """
    chances, won = np.asarray(probabilities, float), np.asarray(right, bool)
    fold = np.array([zlib.crc32(group.encode()) % folds for group in groups])
    confidences = np.zeros(len(won))
    for i in range(folds):
        inside, rest = fold == i, fold != i
        offset, slope, _ = fit(chances[rest], np.ones(rest.sum()), won[rest])
        curve = Calibration(offset=offset, slope=slope)
        confidences[inside] = [curve(float(p), 1) for p in chances[inside]]
    return [float(value) for value in confidences]


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Of `marks` with confidence in [low, high): the mean confidence and the share right."""

    low: float
    high: float
    marks: int
    mean_confidence: float
    share_right: float


def reliability(confidences: ArrayLike, right: ArrayLike) -> list[ReliabilityBin]:
    """Return the reliability table; empty bins are left out."""
    sure, won = np.asarray(confidences, float), np.asarray(right, bool)
    table = []
    for low, high in itertools.pairwise(_BINS):
        inside = (sure >= low) & ((sure < high) | (high == 1.0))
        if inside.any():
            mean, share = float(sure[inside].mean()), float(won[inside].mean())
            table.append(ReliabilityBin(low, high, int(inside.sum()), mean, share))
    return table


def expected_error(table: list[ReliabilityBin]) -> float:
    """Return the expected calibration error: the mean gap, weighed by marks."""
    total = sum(one.marks for one in table)
    gaps = (one.marks * abs(one.mean_confidence - one.share_right) for one in table)
    return sum(gaps) / total if total else 0.0
