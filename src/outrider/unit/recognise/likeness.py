"""How alike two readings of a plate are: do they show one plate, or two?

Per character place the log of how much likelier two readings are if both are of one plate than if
they are of two: ln(sum of p * q over the alphabet's size). Places are aligned as in Needleman and
Wunsch (1970), because a reader loses and doubles characters.
"""

import math
from dataclasses import dataclass

import numpy as np

from outrider.unit.recognise.vote import Fused

_DISTINCT = 34  # characters that look different: O is 0, I is 1
_BEST = math.log(_DISTINCT)
_LEAST_AGREEMENT = 0.004  # of two readings that are sure of different characters: one is wrong
_GAP = 2.5
_SAME, _SIMILAR, _OTHER = 0.75, 0.5, 0.4
_LEAST_CHARACTERS = 4
_LEGIBLE = 0.3  # probability from which a reading says which plate it is


@dataclass(frozen=True, slots=True)
class Likeness:
    """share: of the agreement that two sure equal readings have, 1 at most.

    same: one plate wherever it is; similar: one plate if it may have come there; other: two.
    """

    share: float
    same: bool
    similar: bool
    other: bool


def likeness(first: Fused, second: Fused) -> Likeness:
    """Return how alike two readings are. None of same, similar, other: they do not tell."""
    shortest = min(len(first.key), len(second.key))
    longest = max(len(first.key), len(second.key))
    if not shortest:
        return Likeness(0.0, same=False, similar=False, other=False)
    share = _aligned(first, second) / (_BEST * longest)
    enough = shortest >= _LEAST_CHARACTERS
    legible = min(first.probability, second.probability) >= _LEGIBLE
    return Likeness(
        share,
        same=enough and share >= _SAME,
        similar=enough and share >= _SIMILAR,
        other=legible and share < _OTHER,
    )


def admits(look: Fused, key: str, least: float = 0.03) -> bool:
    """Return whether a reading leaves it open that the plate says key (folded)."""
    return look.probability_of(key) >= least


def _aligned(first: Fused, second: Fused) -> float:
    """Return the best alignment's log-likelihood ratio of one plate against two."""
    agreement = np.maximum(first.places @ second.places.T, _LEAST_AGREEMENT)
    gains = np.log(agreement * _DISTINCT).tolist()
    row = [-_GAP * j for j in range(len(gains[0]) + 1)]
    for line in gains:
        diagonal, row[0] = row[0], row[0] - _GAP
        for j, gain in enumerate(line, 1):
            best = max(diagonal + gain, row[j] - _GAP, row[j - 1] - _GAP)
            diagonal, row[j] = row[j], best
    return float(row[-1])
