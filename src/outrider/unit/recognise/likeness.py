"""How alike two readings of a plate are, for telling plates apart that lie near each other."""

from dataclasses import dataclass

from outrider.unit.recognise.vote import Fused

_LEGIBLE = 0.3  # probability from which a reading says which plate it is
_LEAST_CHARACTERS = 4
_SAME_EDITS = 1
_OTHER_EDITS = 3


@dataclass(frozen=True, slots=True)
class Likeness:
    """edits between the likeliest marks; same, other: both legible, and alike or not."""

    edits: int
    same: bool
    other: bool


def likeness(first: Fused, second: Fused) -> Likeness:
    """Return how alike two readings are. Neither same nor other: they do not tell."""
    edits = edit_distance(first.key, second.key)
    sure = min(first.probability, second.probability)
    long_enough = min(len(first.key), len(second.key)) >= _LEAST_CHARACTERS
    identical = edits == 0 and long_enough and max(first.probability, second.probability) > 0.1
    legible = sure >= _LEGIBLE and long_enough
    return Likeness(
        edits,
        same=identical or (legible and edits <= _SAME_EDITS),
        other=legible and edits >= _OTHER_EDITS,
    )


def admits(look: Fused, key: str, least: float = 0.03) -> bool:
    """Return whether a reading leaves it open that the plate says key (folded)."""
    return look.probability_of(key) >= least


def edit_distance(first: str, second: str) -> int:
    """Return the Levenshtein distance of two texts."""
    row = list(range(len(second) + 1))
    for i, char in enumerate(first, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(second, 1):
            best = min(row[j] + 1, row[j - 1] + 1, diagonal + (char != other))
            diagonal, row[j] = row[j], best
    return row[-1]
