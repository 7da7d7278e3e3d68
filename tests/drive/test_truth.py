"""How a drive's reads are scored against what it showed."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.drive.truth import (
    DriveRead,
    DriveTruth,
    PlateColour,
    TruthError,
    VehiclePass,
    from_json,
    score,
    to_json,
)  # fmt: skip
from outrider.records import Direction
from outrider.vrm import Family

S = 1_000_000_000


def a_pass(number: int, vrm: str, start_s: int, readable: int = 5) -> VehiclePass:
    return VehiclePass(
        number, vrm, Family.CURRENT, PlateColour.WHITE, False, "suv", Direction.APPROACHING,
        start_s * 10, start_s * 10 + 20, start_s * S, (start_s + 2) * S, 30.0, readable,
    )  # fmt: skip


MARKS = ("TA12BCD", "JK63WXY", "UE07HNR", "TV51LMP")
TRUTH = DriveTruth(
    "render:1", "", 640, 480, 10.0, 200, 16.0, 0.02, 2,
    tuple(a_pass(n, mark, 4 * n) for n, mark in enumerate(MARKS)),
)  # fmt: skip


@given(st.sets(st.sampled_from(range(4))), st.randoms())
def test_rates_count_what_was_read(chosen: set[int], random: Random) -> None:
    """Right reads of any passes, in any order: captured and right are theirs, the rest missed."""
    reads = [DriveRead(MARKS[n], (4 * n + 1) * S) for n in chosen]
    random.shuffle(reads)
    result = score(TRUTH, reads)
    assert (result.right, result.captured, result.missed) == (
        len(chosen),
        len(chosen),
        4 - len(chosen),
    )
    assert (result.wrong_reads, result.doubled_reads, result.false_reads) == (0, 0, ())


def test_doubled_wrong_and_false_reads_are_told_apart() -> None:
    """A second read is doubled, a near mark is wrong, a mark of nothing in sight is false."""
    reads = [DriveRead(MARKS[0], S), DriveRead(MARKS[0], S + 1), DriveRead("JK68WXY", 5 * S),
             DriveRead("QQQQQQQ", 9 * S)]  # fmt: skip
    result = score(TRUTH, reads)
    assert (result.doubled_reads, result.wrong_reads, len(result.false_reads)) == (1, 1, 1)
    assert (result.captured, result.right) == (2, 1)
    assert result.read_rate == 0.5


def test_json_goes_both_ways_and_faults_are_named() -> None:
    """Truth survives JSON; a damaged one is refused with the place."""
    assert from_json(to_json(TRUTH)) == TRUTH
    with pytest.raises(TruthError, match=r"passes.0.vrm"):
        from_json(to_json(TRUTH).replace("TA12BCD", "ta12"))
