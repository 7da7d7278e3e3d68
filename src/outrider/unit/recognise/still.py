"""Plates on one still picture: no pass, no vote, each plate read by itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from outrider.records import Corners, Frame, Image, PlateText
from outrider.unit.recognise.detect import box_of
from outrider.unit.recognise.grammar import decide, is_scrap
from outrider.unit.recognise.grounds import Calibrate, Claim, Grounds
from outrider.unit.recognise.operating_points import OperatingPoints
from outrider.unit.recognise.recogniser import PlateRecogniser
from outrider.unit.recognise.vote import fuse_one

_LEAST_CHARACTERS = 2


@dataclass(frozen=True, slots=True)
class StillPlate:
    """A plate on a picture. score: the detector's; claim: what its confidence rests on."""

    text: PlateText
    corners: Corners
    score: float
    claim: Claim

    @property
    def box(self) -> tuple[float, float, float, float]:
        """The upright box around it: x, y, width, height in px."""
        x0, y0, x1, y1 = box_of(self.corners)
        return float(x0), float(y0), float(x1 - x0), float(y1 - y0)


def read_still(
    recogniser: PlateRecogniser, image: Image, calibrate: Calibrate, on: date
) -> list[StillPlate]:
    """Return every plate with at least two characters, the surest first.

    image: uint8, H x W (grey) or H x W x 3 (RGB). on: the day whose grammar applies. Raises
    ModelError where a network fails.
    """
    plates = []
    for seen in recogniser.observe(Frame(0, 0, image)):
        fused = fuse_one(seen.probabilities)
        grounds = Grounds.of(seen)
        text = decide(fused, on, calibrate, grounds)
        if len(text.vrm) >= _LEAST_CHARACTERS:
            found = seen.detection
            claim = Claim(fused.probability, 1, text.vrm, text.family, grounds)
            plates.append(StillPlate(text, found.corners, found.score, claim))
    return sorted(plates, key=lambda plate: -plate.text.confidence)


def worth_keeping(plates: Sequence[StillPlate], points: OperatingPoints) -> list[StillPlate]:
    """Return the plates that are no scrap and at least as sure as the points' `kept`."""
    sure = (one for one in plates if one.text.confidence >= points.kept)
    return [one for one in sure if not is_scrap(one.text, points.alarm)]
