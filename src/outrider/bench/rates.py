"""Rates from scored plates, in all and by group, and the curve of wrong reads against right ones.

capture rate: of the plates, those with any read. read rate: of the plates, those read right.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from outrider.bench.scoring import Scored, ScoredPlate

LEAST_ALARM, LEAST_POSSIBLE = 0.85, 0.3
LEAST_IN_BAND = 30
"""Fewer reads say too little of a band: one plate would be three points and more."""
HEIGHTS_PX = (0, 12, 16, 20, 28, 40, 70, 10_000)


@dataclass(frozen=True, slots=True)
class Rates:
    """Counts of plates: all, with a read, right as given, right folded."""

    plates: int
    captured: int
    exact: int
    right: int

    @classmethod
    def of(cls, plates: Iterable[ScoredPlate]) -> "Rates":
        """Count plates."""
        found = list(plates)
        captured = sum(one.read is not None for one in found)
        exact = sum(one.exact for one in found)
        return cls(len(found), captured, exact, sum(one.right for one in found))

    def share(self, count: int) -> float:
        """Return a count as a part of the plates; 0 without any."""
        return count / self.plates if self.plates else 0.0


@dataclass(frozen=True, slots=True)
class PointRates:
    """What holds with reads below a confidence left out.

    wrong: on plates; wrong_share: of the reads on plates, those that are wrong; elsewhere: reads
    where no plate is; each also per 100 pictures.
    """

    confidence: float
    right_share: float
    wrong: int
    wrong_share: float
    elsewhere: int
    wrong_per_100: float
    elsewhere_per_100: float


def by_vehicle(plates: Iterable[ScoredPlate]) -> tuple[int, float]:
    """Return how many vehicles, and the mean over them of the share of their plates read right.

    A mark is a vehicle: one that stands in twenty pictures counts as much as one in a single one.
    """
    right: dict[str, list[bool]] = {}
    for one in plates:
        right.setdefault(one.truth.mark, []).append(one.right)
    shares = [sum(found) / len(found) for found in right.values()]
    return len(shares), sum(shares) / len(shares) if shares else 0.0


def at_confidence(scored: Scored, confidence: float) -> PointRates:
    """Return the rates with only reads at or above a confidence."""
    told = [one for one in scored.plates if one.read and one.read.text.confidence >= confidence]
    right = sum(one.right for one in told)
    wrong = len(told) - right
    elsewhere = sum(read.text.confidence >= confidence for read in scored.elsewhere)
    per_100 = 100 / max(1, scored.pictures)
    return PointRates(
        confidence=confidence,
        right_share=right / len(scored.plates) if scored.plates else 0.0,
        wrong=wrong,
        wrong_share=wrong / len(told) if told else 0.0,
        elsewhere=elsewhere,
        wrong_per_100=wrong * per_100,
        elsewhere_per_100=elsewhere * per_100,
    )


def curve(scored: Scored) -> list[PointRates]:
    """Return the rates at 200 confidences from 0 to 0.995."""
    return [at_confidence(scored, float(value)) for value in np.linspace(0, 0.995, 200)]


def by_group(
    plates: Sequence[ScoredPlate], group: Callable[[ScoredPlate], str]
) -> dict[str, Rates]:
    """Return the rates of each group, in the groups' own order."""
    names = sorted({group(one) for one in plates})
    return {name: Rates.of(one for one in plates if group(one) == name) for name in names}


def height_group(plate: ScoredPlate) -> str:
    """Return the plate's range of heights."""
    height = plate.truth.height_px
    i = int(np.searchsorted(HEIGHTS_PX, height, side="right")) - 1
    low, high = HEIGHTS_PX[i], HEIGHTS_PX[i + 1]
    return f"{low:3d}+ px" if high == HEIGHTS_PX[-1] else f"{low:3d}-{high} px"


@dataclass(frozen=True, slots=True)
class BandReliability:
    """Reads of one band: how sure they were on the mean, and the share that was right."""

    reads: int
    mean_confidence: float
    share_right: float

    @property
    def gap(self) -> float:
        """Surer than right: above 0; too modest: below."""
        return self.mean_confidence - self.share_right


def reliability_by(
    plates: Sequence[ScoredPlate], group: Callable[[ScoredPlate], str], least: int = LEAST_IN_BAND
) -> dict[str, BandReliability]:
    """Return the reliability of each group with at least so many reads on plates."""
    bands: dict[str, list[ScoredPlate]] = {}
    for one in plates:
        if one.read:
            bands.setdefault(group(one), []).append(one)
    return {
        name: BandReliability(
            len(found),
            sum(one.read.text.confidence for one in found if one.read) / len(found),
            sum(one.right for one in found) / len(found),
        )
        for name, found in sorted(bands.items())
        if len(found) >= least
    }


def choose_points(scored: Scored, roads: Scored) -> tuple[float, float]:
    """Return the confidences for *alarm* and *possible*: the lowest that keep the limits.

    alarm: from there up at most 2 wrong in 100 reads of plates, and at most 1 read in 100
    pictures of roads without plates. possible: at most 1 wrong in 4, and 5 in 100 pictures. The
    limits are of all reads together; no single read below LEAST_ALARM sounds an alarm.
    """
    alarm = _lowest(scored, roads, most_wrong=0.02, most_false_per_100=1.0)
    possible = _lowest(scored, roads, most_wrong=0.25, most_false_per_100=5.0)
    alarm = max(alarm, LEAST_ALARM)
    return alarm, min(max(possible, LEAST_POSSIBLE), alarm)


def _lowest(scored: Scored, roads: Scored, most_wrong: float, most_false_per_100: float) -> float:
    chosen = 0.99
    for point in reversed(curve(scored)):
        false = at_confidence(roads, point.confidence).elsewhere_per_100 if roads.pictures else 0.0
        if point.wrong_share > most_wrong or false > most_false_per_100:
            break
        chosen = point.confidence
    return round(min(chosen, 0.99), 3)
