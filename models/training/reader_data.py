"""Synthetic and real patches for the reader, each batch a function of its seed and number alone."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from camera_model import Scene, Severity, background, photograph, scene
from hard_plates import HardShares, hard_spec
from reader_net import PATCH_HW_PX, SLOTS
from reader_real import RealPatches
from reader_text import Patches, Targets, encode

from outrider.plates.draw import draw_plate

Rng = np.random.Generator
Batch = tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]

DRAWN_PX_PER_MM: Final = 0.6
VIEWS: Final = 4
"""Pictures taken of each drawn plate: drawing costs as much as photographing."""
BLANK_SHARE: Final = 0.03
EASY: Final = Severity((18.0, 80.0), 0.02, 0.15, 0.5, 0.5)
HARD: Final = Severity()
TRAINING_MIX: Final = {
    "current": 0.38,
    "prefix": 0.16,
    "suffix": 0.06,
    "dateless": 0.10,
    "northern_ireland": 0.06,
    "special": 0.04,
    "foreign": 0.20,
}
"""Flatter than the road's: rare families must be learnt, and grammar not forced on a plate."""

HARD_PLATES: Final = HardShares(two_line=0.12, black=0.10)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What batches are made of; `real` is the folder of labelled pictures, if any."""

    batch: int = 96
    seed: int = 1
    real: Path | None = None
    real_share: float = 0.15
    easy_steps: int = 0


def rendered_scene(rng: Rng) -> tuple[Scene, Targets]:
    """A random plate on its car, or something that is no plate, with the reader's target."""
    if rng.random() < BLANK_SHARE:
        return background(rng), encode("")
    spec = hard_spec(rng, HARD_PLATES, TRAINING_MIX)
    return scene(draw_plate(spec, DRAWN_PX_PER_MM).rgb, rng), encode(spec.mark)


def rendered_patch(rng: Rng, severity: Severity = HARD) -> tuple[Patches, Targets]:
    """One patch uint8 [64, 128] and its target int64 [9]."""
    view, target = rendered_scene(rng)
    return photograph(view, rng, severity), target


class BatchMaker:
    """Makes batch number `step`: the same on every machine, whatever was made before."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self._real = RealPatches(recipe.real) if recipe.real and recipe.real_share else None

    def make(self, step: int) -> Batch:
        """Patches uint8 [batch, 64, 128] and targets int64 [batch, 9]."""
        recipe = self.recipe
        rng = np.random.default_rng((recipe.seed, step))
        severity = EASY if step < recipe.easy_steps else HARD
        patches = np.empty((recipe.batch, *PATCH_HW_PX), np.uint8)
        targets = np.empty((recipe.batch, SLOTS), np.int64)
        real = round(recipe.batch * recipe.real_share) if self._real else 0
        for i in range(real):
            assert self._real is not None
            patches[i], targets[i] = self._real.sample(rng)
        for i in range(real, recipe.batch):
            if (i - real) % VIEWS == 0:
                view, target = rendered_scene(rng)
            patches[i], targets[i] = photograph(view, rng, severity), target
        return patches, targets


_maker: BatchMaker | None = None


def _begin(recipe: Recipe) -> None:
    global _maker
    _maker = BatchMaker(recipe)


def _make(step: int) -> Batch:
    assert _maker is not None
    return _maker.make(step)


class Feed:
    """Batches in order from `first_step`, made ahead by `workers` processes (0: in this one)."""

    def __init__(self, recipe: Recipe, first_step: int, workers: int) -> None:
        self._next = first_step
        self._ahead: deque[Future[Batch]] = deque()
        self._maker = None if workers else BatchMaker(recipe)
        self._pool = (
            ProcessPoolExecutor(workers, initializer=_begin, initargs=(recipe,))
            if workers
            else None
        )
        self._depth = 3 * workers

    def take(self) -> Batch:
        """The next batch, waiting for it if need be."""
        step = self._next
        self._next += 1
        if self._pool is None:
            assert self._maker is not None
            return self._maker.make(step)
        while len(self._ahead) < self._depth:
            self._ahead.append(self._pool.submit(_make, step + len(self._ahead)))
        return self._ahead.popleft().result()

    def close(self) -> None:
        """End the worker processes; batches not taken are dropped."""
        if self._pool:
            self._pool.shutdown(cancel_futures=True)
