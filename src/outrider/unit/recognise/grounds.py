"""What a mark's confidence rests on beside the votes: the picture, the looks, the plate itself."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from outrider.records import Observation, Standing
from outrider.unit.recognise.detect import plate_height_px
from outrider.vrm import Family


@dataclass(frozen=True, slots=True)
class Grounds:
    """The best picture of a plate, and how far the looks agree.

    height_px: of the plate. contrast: standard deviation of the patch's grey levels, 0..1.
    sharpness: see quality.sharpness. agreement: share of the looks, by weight, that say the same
    mark by themselves. standing: None where nothing judged it.
    """

    height_px: float
    contrast: float
    sharpness: float
    agreement: float = 1.0
    standing: Standing | None = None

    @classmethod
    def of(cls, seen: Observation) -> "Grounds":
        """Return what one look alone gives."""
        contrast = float(np.float32(seen.patch).std()) / 255
        height = plate_height_px(seen.detection.corners)
        return cls(height, contrast, seen.sharpness, 1.0, seen.standing)


@dataclass(frozen=True, slots=True)
class Claim:
    """A mark that asks for a confidence: the votes' own probability, and all that bears on it."""

    probability: float
    frames: int
    mark: str
    family: Family
    grounds: Grounds

    @property
    def letters_only(self) -> bool:
        """Whether it holds no digit, as lettering does and a GB mark never."""
        return not any(char.isdigit() for char in self.mark)


Calibrate = Callable[[Claim], float]
"""Maps a claim to the share of such claims that are right."""

NO_GROUNDS = Grounds(30.0, 0.25, 0.5)
"""Those of an ordinary picture, where none is at hand."""
