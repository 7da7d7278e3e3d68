"""Endless synthetic patches for the reader: drawn plates, each photographed several times."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from camera_model import Scene, Severity, background, photograph, scene
from reader_net import PATCH_HW_PX, SLOTS
from reader_real import RealPatches
from reader_text import Patches, Targets, encode

from outrider.plates.draw import draw_plate
from outrider.plates.marks import ROAD_MIX
from outrider.plates.style import random_spec

DRAWN_PX_PER_MM: Final = 0.6
POOL: Final = 1500
RENEWED: Final = 0.22
"""Share of the samples for which a new plate is drawn; the rest re-photograph the pool."""
EASY: Final = Severity((18.0, 80.0), 0.02, 0.15, 0.5, 0.5)
BLANK_SHARE: Final = 0.03
TRAINING_MIX: Final = {
    name: share * 0.78 for name, share in (ROAD_MIX | {"current": 0.48, "prefix": 0.2,
    "suffix": 0.07, "dateless": 0.12, "northern_ireland": 0.08, "special": 0.05}).items()
} | {"foreign": 0.22}  # fmt: skip


class PlatePool:
    """Drawn plates on their cars, ready to be photographed; a part is renewed all the time."""

    def __init__(self, seed: int, severity: Severity | None = None, size: int = POOL) -> None:
        self.rng = np.random.default_rng(seed)
        self.severity = severity or Severity()
        self._scenes: list[tuple[Scene, Targets]] = []
        self._size = size

    def sample(self) -> tuple[Patches, Targets]:
        """One patch uint8 [64, 128] with its target int64 [9]."""
        view, target = self._scene()
        return photograph(view, self.rng, self.severity), target

    def _scene(self) -> tuple[Scene, Targets]:
        if len(self._scenes) < self._size or self.rng.random() < RENEWED:
            fresh = self._draw()
            if len(self._scenes) < self._size:
                self._scenes.append(fresh)
            else:
                self._scenes[int(self.rng.integers(self._size))] = fresh
            return fresh
        return self._scenes[int(self.rng.integers(self._size))]

    def _draw(self) -> tuple[Scene, Targets]:
        if self.rng.random() < BLANK_SHARE:
            return background(self.rng), encode("")
        spec = random_spec(self.rng, mix=TRAINING_MIX)
        image = draw_plate(spec, DRAWN_PX_PER_MM)
        return scene(image.rgb, self.rng), encode(spec.mark)


class MixedPatches:
    """Drawn plates, easy ones first if asked, and real ones in a given share."""

    def __init__(
        self, seed: int, real: Path | None = None, real_share: float = 0.3, easy: int = 0
    ) -> None:
        self.rng = np.random.default_rng(seed + 1)
        self._easy = easy
        self._pool = PlatePool(seed, EASY if easy else None)
        self._real = RealPatches(real, seed + 2) if real else None
        self._share = real_share if real else 0.0

    def sample(self) -> tuple[Patches, Targets]:
        """One patch uint8 [64, 128] with its target int64 [9]."""
        if self._easy:
            self._easy -= 1
            if not self._easy:
                self._pool.severity = Severity()
        if self._real and self.rng.random() < self._share:
            return self._real.sample()
        return self._pool.sample()

    def batches(self, count: int) -> Iterator[tuple[Patches, Targets]]:
        """Batches for ever: uint8 [count, 64, 128] and int64 [count, 9]."""
        while True:
            patches = np.empty((count, *PATCH_HW_PX), np.uint8)
            targets = np.empty((count, SLOTS), np.int64)
            for i in range(count):
                patches[i], targets[i] = self.sample()
            yield patches, targets
