"""The table of fused confidence counts a pass's reads by the frames behind them."""

import numpy as np

from outrider.bench.fused_confidence import by_frames
from outrider.drive.truth import (
    DriveRead,
    DriveScore,
    PassScore,
    PlateColour,
    VehiclePass,
)
from outrider.records import Direction, PassResult, PlateText
from outrider.vrm import Family


def _result(mark: str, mono_ns: int, confidence: float, frames: int) -> PassResult:
    text = PlateText(mark, mark, Family.CURRENT, confidence, ())
    return PassResult(
        1, text, mono_ns, 0, mono_ns, Direction.UNKNOWN, frames,
        np.zeros((4, 2), np.float32), {}, True,
    )  # fmt: skip


def _pass(mark: str, *reads: PassResult) -> PassScore:
    truth = VehiclePass(
        number=1, vrm=mark, family=Family.CURRENT, colour=PlateColour.WHITE, two_line=False,
        vehicle="", direction=Direction.UNKNOWN, first_frame=0, last_frame=9, first_mono_ns=0,
        last_mono_ns=9, max_height_px=30.0, readable_frames=9, sightings=(),
    )  # fmt: skip
    return PassScore(truth, True, tuple(DriveRead(r.text.vrm, r.mono_ns) for r in reads))


def test_reads_are_grouped_by_frames_and_folded() -> None:
    """A right read (O as 0), a wrong one, and one of another group; false reads count nowhere."""
    right, wrong = _result("AB1OCDE", 1, 0.9, 3), _result("XX10XXX", 2, 0.7, 4)
    many, nobody = _result("CD12EFG", 3, 0.99, 80), _result("EF12GHJ", 4, 0.99, 80)
    found = DriveScore(
        (_pass("AB10CDE", right, wrong), _pass("CD12EFG", many)), (DriveRead("EF12GHJ", 4),)
    )
    few, lots = by_frames(found, [right, wrong, many, nobody])
    assert (few.frames, few.reads, few.share_right) == ("2-4", 2, 0.5)
    assert few.mean_confidence == 0.8
    assert (lots.frames, lots.reads, lots.share_right) == ("15+", 1, 1.0)
