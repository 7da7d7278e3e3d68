"""A plate that is cut off or partly hidden is said to be so, and is never at the alarm point."""

import numpy as np
import pytest

from outrider.records import Image, Standing
from outrider.unit.recognise.grammar import INCOMPLETE_AT_MOST, decide
from outrider.unit.recognise.grounds import Grounds
from outrider.unit.recognise.network import Tensor
from outrider.unit.recognise.read import ALPHABET, SLOTS, Reader
from outrider.unit.recognise.recogniser import touches_edge
from outrider.unit.recognise.vote import fuse_one
from tests.unit.recognise.making import (
    POINTS,
    TODAY,
    corners,
    frame,
    probabilities,
    seen,
    tracker,
)

WHOLE = Standing(0.99, 0.99, cut=False)
CUT = Standing(0.99, 0.99, cut=True)
HIDDEN = Standing(0.99, 0.1, cut=False)
EMPTY = np.zeros((240, 320), np.uint8)


@pytest.mark.parametrize("standing", [CUT, HIDDEN])
def test_an_incomplete_plate_is_at_most_possible(standing: Standing) -> None:
    """However sure the votes: CDE of AB12 CDE is a mark of its own."""
    grounds = Grounds(30, 0.3, 0.5, 1.0, standing)
    text = decide(fuse_one(probabilities("CDE1", 0.9999)), TODAY, lambda _: 0.99, grounds)
    assert text.confidence <= INCOMPLETE_AT_MOST < POINTS.alarm
    assert text.standing is not None
    assert text.standing.incomplete


@pytest.mark.parametrize(
    ("x", "y", "cut"),
    [(160, 120, False), (31, 120, True), (289.5, 120, True), (160, 7, True), (160, 236, True)],
)
def test_the_edge_is_tested_by_geometry_alone(x: float, y: float, cut: bool) -> None:
    """A plate of 60 x 14 px at an edge of the picture is cut, whatever the reader thinks of it."""
    assert touches_edge(EMPTY, corners(x, y)) is cut


def test_a_plate_cut_in_every_frame_never_alarms() -> None:
    """Twenty sure frames of the rest of a plate at the edge fuse to a possible, marked as cut."""
    follow = tracker()
    results = []
    for i in range(20):
        one = frame(i)
        look = seen(one, "CD123", corners(32, 120), 0.999, CUT)
        results += follow.update(one, [look])
    results += follow.finish()
    assert results
    assert all(one.text.confidence < POINTS.alarm for one in results)
    standing = results[-1].text.standing
    assert standing is not None
    assert standing.cut
    assert standing.whole == pytest.approx(0.99)


def test_whole_looks_are_not_outvoted_by_cut_ones() -> None:
    """Three frames of the whole plate say the mark; ten of its rest at the edge change nothing."""
    follow = tracker()
    results = []
    for i in range(13):
        one = frame(i)
        whole = i < 3
        mark, standing = ("AB12CDE", WHOLE) if whole else ("AB12", CUT)
        look = seen(one, mark, corners(260 + 2 * i, 120), 0.995, standing)
        results += follow.update(one, [look])
    final = [one for one in results + follow.finish() if one.final]
    assert [one.text.vrm for one in final] == ["AB12CDE"]
    assert final[0].text.confidence >= POINTS.alarm
    fused = final[0].text.standing
    assert fused is not None
    assert not fused.incomplete


class _Judging:
    """A network that gives a mark and a judgement."""

    name, digest, input_hw_px = "fake", "", (64, 128)

    def run(self, grey: Image) -> list[Tensor]:
        judged = np.array([[0.25, 0.75]], np.float32)
        return [judged, probabilities("AB12CDE")[None]]


def test_the_reader_tells_plate_and_whole_from_characters_by_size() -> None:
    """The order of a model's outputs does not matter: a converter may choose it."""
    reading = Reader(_Judging(), ALPHABET, SLOTS).look(np.zeros((64, 128), np.uint8))
    assert (reading.plate, reading.whole) == (0.25, 0.75)
    assert reading.probabilities.shape == (SLOTS, len(ALPHABET))
