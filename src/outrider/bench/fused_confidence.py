"""Whether the confidence of a pass holds, however many frames it was fused from.

Calibration is fitted to single pictures; this shows whether fusing makes it claim too much.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from outrider.drive.truth import DriveScore
from outrider.records import PassResult
from outrider.vrm import fold

_FRAMES = ((1, 1), (2, 4), (5, 14), (15, 1_000_000))


@dataclass(frozen=True, slots=True)
class FusedBin:
    """Of `reads` fused from least to most frames: the mean confidence and the share right."""

    least: int
    most: int
    reads: int
    mean_confidence: float
    share_right: float

    @property
    def frames(self) -> str:
        """Return the range for people."""
        if self.least == self.most:
            return str(self.least)
        return f"{self.least}-{self.most}" if self.most < _FRAMES[-1][1] else f"{self.least}+"


def by_frames(found: DriveScore, reads: Sequence[PassResult]) -> list[FusedBin]:
    """Return the table over the reads that belong to a pass; empty groups are left out."""
    results = {(one.text.vrm, one.mono_ns): one for one in reads}
    told = [
        (results[read.vrm, read.mono_ns], fold(read.vrm) == fold(one.vehicle_pass.vrm))
        for one in found.passes
        for read in one.reads
    ]
    bins = []
    for least, most in _FRAMES:
        inside = [(one, right) for one, right in told if least <= one.frames_fused <= most]
        if inside:
            mean = sum(one.text.confidence for one, _ in inside) / len(inside)
            share = sum(right for _, right in inside) / len(inside)
            bins.append(FusedBin(least, most, len(inside), mean, share))
    return bins
