"""Calibrated confidence: of marks at 0.95, 95 in 100 are right.

A logistic curve (Platt 1999) over the votes' own log-odds and over what else bears on a mark: the
frames, the plate's height, contrast and sharpness, how far the looks agree, whether it is a plate
and all of it, whether its family is known. Few numbers, drawn towards "the votes alone", fitted
to plates that the reader never learnt from, real and drawn: `outrider bench accuracy ...
--fit-calibration` writes them. Texts without a digit, of which most are lettering, have a curve
of their own.
"""

import itertools
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from outrider.unit.recognise.grounds import Claim
from outrider.unit.recognise.network import ModelError
from outrider.vrm import Family

CALIBRATION_NAME = "calibration.json"

_LIMIT = 9.0  # log-odds beyond which the votes' own probability says nothing more
_TOP = 0.995  # no table of a few hundred plates supports more
Floats = NDArray[np.float64]
_BINS = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 1.0)


class CalibrationError(ModelError):
    """A calibration cannot be used or fitted: why, and what to do."""


FEATURES = (
    "offset", "log_odds", "log_frames", "log_height", "log_contrast", "sharpness", "disagreement",
    "plate", "whole", "unknown_family",
)  # fmt: skip
_PRIOR = np.array([0.0, 1.0, *([0.0] * (len(FEATURES) - 2))])
_UNJUDGED = 4.0  # log-odds of a plate, and of all of it, where the reader does not judge


class LettersCurve(BaseModel):
    """confidence of a text without a digit = 1 / (1 + exp(-(offset + slope * log-odds)))."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    offset: float = -3.0
    slope: Annotated[float, Field(gt=0)] = 0.5


class Calibration(BaseModel):
    """confidence = 1 / (1 + exp(-sum of weight * feature)), the features as FEATURES names them.

    reader_sha256: the reader that it was fitted to. fitted_on: with what, for people.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_version: Annotated[Literal[2], Field(alias="schema")] = 2
    reader_sha256: str = ""
    weights: dict[str, float] = Field(
        default_factory=lambda: dict(zip(FEATURES, _PRIOR.tolist(), strict=True))
    )
    letters_only: LettersCurve = LettersCurve()
    fitted_on: str = "nothing: the votes' own probability"

    @model_validator(mode="after")
    def _known_weights(self) -> "Calibration":
        if unknown := set(self.weights) - set(FEATURES):
            raise ValueError(f"weights: unknown {sorted(unknown)}")
        if self.weights.get("log_odds", 0.0) <= 0:
            raise ValueError("weights.log_odds is not above 0")
        return self

    @property
    def is_fitted(self) -> bool:
        """Whether it rests on data."""
        return bool(self.reader_sha256)

    def __call__(self, claim: Claim) -> float:
        """Return the calibrated confidence of a claim."""
        if claim.letters_only:
            own = self.letters_only
            return _sure(own.offset + own.slope * log_odds(claim.probability))
        pairs = zip(FEATURES, features(claim), strict=True)
        return _sure(sum(self.weights.get(name, 0.0) * value for name, value in pairs))


def features(claim: Claim) -> list[float]:
    """Return what the curve weighs, in the order of FEATURES; each is about 0 for a good look."""
    grounds, standing = claim.grounds, claim.grounds.standing
    plate = log_odds(standing.plate) if standing else _UNJUDGED
    whole = log_odds(standing.whole) if standing else _UNJUDGED
    return [
        1.0,
        log_odds(claim.probability),
        math.log(max(1, claim.frames)),
        _held(math.log(max(grounds.height_px, 1.0) / 25.0), 1.2),
        _held(math.log(max(grounds.contrast, 0.01) / 0.2), 1.5),
        min(grounds.sharpness, 0.8) - 0.4,
        grounds.agreement - 1.0,
        _held(plate - _UNJUDGED, _UNJUDGED),
        _held(whole - _UNJUDGED, _UNJUDGED),
        1.0 if claim.family is Family.UNKNOWN else 0.0,
    ]


def _held(value: float, most: float) -> float:
    return min(most, max(-most, value))


def _sure(strength: float) -> float:
    return min(_TOP, 1 / (1 + math.exp(-_held(strength, 30.0))))


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
    claims: Sequence[Claim],
    right: ArrayLike,
    sources: Sequence[str] = (),
    ridge: float = 2.0,
) -> dict[str, float]:
    """Return the weights of greatest likelihood, by Newton's method.

    One entry a claim with a digit in its mark. sources: where each comes from (real, drawn ...):
    all sources weigh alike in sum, and each has an offset of its own of which the first source's
    is kept, so that a large easy set does not make the small true one look sure. ridge pulls
    towards the votes' own probability, so that little data changes little. Targets are Platt's:
    (n + 1) / (n + 2) rather than 1, so that no fit claims certainty.
    Raises CalibrationError with fewer than 20 marks, or none right, or none wrong.
    """
    won = np.asarray(right, bool)
    if len(won) < 20 or won.all() or not won.any():
        raise CalibrationError(
            f"{len(won)} marks, {int(won.sum())} right: at least 20 with both kinds are needed"
        )
    names = list(dict.fromkeys(sources)) or [""]
    own = np.array([names.index(one) for one in sources] or [0] * len(won))
    counts = np.bincount(own, minlength=len(names))
    weigh = (counts[0] / counts)[own]
    elsewhere = np.eye(len(names))[own][:, 1:]
    columns = np.hstack([np.array([features(one) for one in claims]), elsewhere])
    target = np.where(won, (won.sum() + 1) / (won.sum() + 2), 1 / ((~won).sum() + 2))
    beta = _newton(columns, target, weigh, ridge)
    chosen = dict(zip(FEATURES, beta.tolist(), strict=False))
    return {**chosen, "log_odds": max(chosen["log_odds"], 0.05)}


def _newton(columns: Floats, target: Floats, weigh: Floats, ridge: float) -> Floats:
    """Weighted logistic regression drawn towards the prior."""
    extra = columns.shape[1] - len(FEATURES)
    prior = np.concatenate([_PRIOR, np.zeros(extra)])
    pull = np.array([1e-3, *([ridge] * (len(FEATURES) - 1)), *([1e-2] * extra)])
    return logistic(columns, target, weigh, prior, pull)


def logistic(columns: Floats, target: Floats, weigh: Floats, prior: Floats, pull: Floats) -> Floats:
    """Return the weights of least loss: each entry's own, and half of pull * (weight - prior)^2.

    Newton's method; a step that worsens the loss is halved.
    """

    def loss(beta: Floats) -> float:
        strength = columns @ beta
        each = np.logaddexp(0, strength) - target * strength
        return float(weigh @ each + 0.5 * pull @ (beta - prior) ** 2)

    beta = prior.copy()
    for _ in range(60):
        predicted = 1 / (1 + np.exp(-np.clip(columns @ beta, -30, 30)))
        gradient = columns.T @ (weigh * (predicted - target)) + pull * (beta - prior)
        bend = (columns * (weigh * predicted * (1 - predicted))[:, None]).T @ columns
        step = np.linalg.solve(bend + np.diag(pull) + 1e-9 * np.eye(len(beta)), gradient)
        part, now = 1.0, loss(beta)
        while loss(beta - part * step) > now and part > 1e-4:
            part /= 2
        beta = beta - part * step
        if float(np.abs(part * step).max()) < 1e-7:
            break
    return np.asarray(beta)


def cross_fitted(
    claims: Sequence[Claim],
    right: ArrayLike,
    groups: Sequence[str],
    sources: Sequence[str] = (),
    folds: int = 5,
) -> list[float]:
    """Return each mark's confidence by a fit that never saw its group.

    groups: what must not be divided, such as the true mark, that occurs in several pictures.
    Raises CalibrationError as fit does.
    """
    won = np.asarray(right, bool)
    named = list(sources) or [""] * len(won)
    fold = np.array([zlib.crc32(group.encode()) % folds for group in groups])
    confidences = np.zeros(len(won))
    for i in range(folds):
        inside, rest = np.flatnonzero(fold == i), np.flatnonzero(fold != i)
        order = sorted(rest, key=lambda k: named[k] != named[0])
        weights = fit([claims[k] for k in order], won[order], [named[k] for k in order])
        curve = Calibration(weights=weights)
        confidences[inside] = [curve(claims[k]) for k in inside]
    return [float(value) for value in confidences]


def fit_letters(probabilities: Sequence[float], right: Sequence[bool]) -> LettersCurve:
    """Return the curve of texts without a digit, drawn hard towards the cautious one."""
    default = LettersCurve()
    if len(right) < 20:
        return default
    columns = np.array([[1.0, log_odds(p)] for p in probabilities])
    target, prior = np.asarray(right, float), np.array([default.offset, default.slope])
    beta = logistic(columns, target, np.ones(len(target)), prior, np.array([0.5, 4.0]))
    return LettersCurve(offset=float(beta[0]), slope=max(0.05, float(beta[1])))


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
