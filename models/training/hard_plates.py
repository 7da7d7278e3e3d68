"""Plates to learn from: those of the road, and more of what is rare there and hard to read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from outrider.plates.damage import damaged
from outrider.plates.spec import Band, PlateSpec
from outrider.plates.style import random_spec

Rng = np.random.Generator
OLD_MIX: Final = {"suffix": 0.4, "dateless": 0.4, "northern_ireland": 0.2}
DARK_GROUND: Final = 110
OVAL_SHARE: Final = 0.05
OVAL_WIDTH_MM: Final = 62.0
_TRIES: Final = 60


@dataclass(frozen=True, slots=True)
class HardShares:
    """Share of plates made sure to be in two lines, and of those silver on black."""

    two_line: float
    black: float


def hard_spec(rng: Rng, shares: HardShares, mix: dict[str, float] | None = None) -> PlateSpec:
    """A random plate by `mix`, of which the shares are of a hard kind; some bent or hidden."""
    chance = rng.random()
    if chance < shares.black:
        spec = _wanted(rng, OLD_MIX, black=True)
    elif chance < shares.black + shares.two_line:
        spec = _wanted(rng, mix, black=False)
    else:
        spec = random_spec(rng, mix=mix)
    if len(spec.lines) == 1 and spec.band is None and rng.random() < OVAL_SHARE:
        letters = str(rng.choice(["GB", "UK", "IRL", "D", "NL", "F"]))
        spec = replace(spec, band=Band("oval", letters, OVAL_WIDTH_MM))
    return damaged(rng, spec)


def _wanted(rng: Rng, mix: dict[str, float] | None, *, black: bool) -> PlateSpec:
    """The first plate that is dark (or in two lines); after many tries the last one."""
    for _ in range(_TRIES):
        spec = random_spec(rng, mix=mix)
        if (spec.background[0] < DARK_GROUND) if black else len(spec.lines) == 2:
            break
    return spec
