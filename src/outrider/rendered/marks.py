"""Invented marks and the plates that carry them.

Current-style marks begin with J, T or U, which stand for no region in DVLA's INF104 and are not
given to new vehicles. The older families have no such room: a mark of theirs may belong to a real
vehicle by chance, and says nothing about it.
"""

from datetime import date

import numpy as np

from outrider.drive.truth import PlateColour
from outrider.plates.marks import ROAD_MIX, random_mark
from outrider.plates.spec import PlateSpec
from outrider.plates.style import random_spec
from outrider.vrm import Family, family, normalise

DRIVE_DAY = date(2026, 10, 14)
_FREE_AREAS = "JTU"
_MOTORCYCLE_HEIGHT_MM = 164.0
_TRIES = 2000
_MAX_DIRT = 0.45  # a rendered plate that counts as readable should be so to a person


class MarkMaker:
    """Gives marks, none of them twice."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def new(self, rng: np.random.Generator, *, splits: bool) -> tuple[str, str]:
        """Return (plates' family name, mark with its group space); splits: into two lines."""
        while True:
            name, mark = random_mark(rng, ROAD_MIX)
            if name == "current":
                mark = _FREE_AREAS[int(rng.integers(3))] + mark[1:]
            plain = normalise(mark)
            known = family(plain, DRIVE_DAY) is not Family.UNKNOWN
            if known and plain not in self._given and (" " in mark or not splits):
                self._given.add(plain)
                return name, mark


def make_plate(
    rng: np.random.Generator,
    named: tuple[str, str],
    *,
    rear: bool,
    motorcycle: bool,
    two_line: bool,
) -> PlateSpec:
    """Return a plate of the wanted layout for a mark.

    Raises ValueError where no such plate comes up: a two-line one of a mark that does not split.
    """
    name, mark = named
    for _ in range(_TRIES):
        spec = random_spec(rng, mark=mark, family=name, rear=rear)
        is_motorcycle = spec.height_mm == _MOTORCYCLE_HEIGHT_MM
        if spec.dirt > _MAX_DIRT or is_motorcycle != motorcycle:
            continue
        if motorcycle or not two_line or len(spec.lines) == 2:
            return spec
    raise ValueError(f"no plate of the wanted layout for {mark!r} in {_TRIES} tries")


def plate_colour(spec: PlateSpec) -> PlateColour:
    """Return the colour of a plate's ground."""
    red, _, blue = spec.background
    if red < 110:
        return PlateColour.BLACK
    return PlateColour.YELLOW if red - blue > 70 else PlateColour.WHITE
