"""The votes of one pass: looks at the whole plate, and apart from them those that the edge cuts.

What is left of a plate at the picture's edge may look like a whole mark of its own. Looks that are
cut vote only while there is no other.
"""

from dataclasses import dataclass, field

import numpy as np

from outrider.records import Observation, Standing
from outrider.unit.recognise.grounds import Grounds
from outrider.unit.recognise.vote import Fused, Vote

_LEAST_WHOLE = 0.15  # of a look's weight that is left where the reader thinks a part hidden
_MOST_TEXTS = 24
_LIMIT = 6.0  # log-odds: no one look decides alone


@dataclass(slots=True)
class _Side:
    """Votes, what the looks say one by one (by weight), and the mean judgement of them."""

    vote: Vote = field(default_factory=Vote)
    texts: dict[str, float] = field(default_factory=dict)
    weight: float = 0.0
    judged: float = 0.0
    plate: float = 0.0
    whole: float = 0.0

    def add(self, seen: Observation, key: str, weight: float) -> None:
        standing = seen.standing
        if standing is not None and not standing.cut:
            weight *= _LEAST_WHOLE + (1 - _LEAST_WHOLE) * standing.whole
        self.vote.add(seen.probabilities, weight)
        self.weight += weight
        if len(self.texts) < _MOST_TEXTS or key in self.texts:
            self.texts[key] = self.texts.get(key, 0.0) + weight
        if standing is not None:
            self.judged += weight
            self.plate += weight * _log_odds(standing.plate)
            self.whole += weight * _log_odds(standing.whole)

    def standing(self, cut: bool) -> Standing | None:
        if not self.judged:
            return None
        plate, whole = (_chance(total / self.judged) for total in (self.plate, self.whole))
        return Standing(plate, whole, cut)


@dataclass(slots=True)
class PassVotes:
    """Collects the looks of a pass; its size does not grow with their number."""

    _whole: _Side = field(default_factory=_Side)
    _cut: _Side = field(default_factory=_Side)

    @property
    def frames(self) -> int:
        """How many looks were taken in."""
        return self._whole.vote.frames + self._cut.vote.frames

    def add(self, seen: Observation, key: str, weight: float) -> None:
        """Count a look that says `key` by itself; weight (> 0): how good its picture is."""
        cut = seen.standing is not None and seen.standing.cut
        (self._cut if cut else self._whole).add(seen, key, weight)

    def fused(self) -> Fused:
        """Return what the looks say together. Raises ValueError before the first."""
        return self._side().vote.fused()

    def grounds(self, best: Grounds, key: str) -> Grounds:
        """Return the grounds of the mark `key`, whose best picture's own are given."""
        side = self._side()
        agreement = side.texts.get(key, 0.0) / side.weight if side.weight else 1.0
        return Grounds(
            best.height_px,
            best.contrast,
            best.sharpness,
            min(1.0, agreement),
            side.standing(cut=side is self._cut),
        )

    def _side(self) -> _Side:
        return self._whole if self._whole.vote.frames else self._cut


def _log_odds(chance: float) -> float:
    held = min(max(chance, 1e-6), 1 - 1e-6)
    return float(np.clip(np.log(held / (1 - held)), -_LIMIT, _LIMIT))


def _chance(log_odds: float) -> float:
    return float(1 / (1 + np.exp(-log_odds)))
