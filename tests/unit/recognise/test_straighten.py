"""Moving the detector's corners onto the plate's."""

import numpy as np
import pytest
from numpy.typing import NDArray

from outrider.records import Image
from outrider.unit.recognise.network import ModelError
from outrider.unit.recognise.patch_geometry import PATCH_H_PX, PATCH_W_PX
from outrider.unit.recognise.straighten import (
    Straightener,
    expected_corners,
    widened,
)

PLATE = np.array([[100, 80], [190, 90], [192, 112], [98, 101]], np.float32)
GREY = np.zeros((240, 320), np.uint8)


class Answers:
    """A network that gives the same answer to every patch."""

    name = "answers"
    digest = ""

    def __init__(self, answer: NDArray[np.float32], hw_px: tuple[int, int]) -> None:
        self.answer = answer
        self.input_hw_px = hw_px

    def run(self, grey: Image) -> list[NDArray[np.float32]]:
        assert grey.shape == self.input_hw_px
        return [self.answer]


def _straightener(answer: NDArray[np.float32]) -> Straightener:
    return Straightener(Answers(answer, (PATCH_H_PX, PATCH_W_PX)))


def test_an_answer_of_no_change_keeps_a_parallelogram() -> None:
    """A plate that the network finds where it was expected comes back where it was."""
    slanted = np.array([[100, 80], [190, 90], [192, 112], [102, 102]], np.float32)
    again = _straightener(expected_corners().reshape(1, 8)).straighten(GREY, slanted)
    np.testing.assert_allclose(again, slanted, atol=0.01)


def test_an_answer_moves_the_corners_that_way() -> None:
    """An answer to the right in the patch moves the corners to the right in the picture."""
    moved = expected_corners() + np.array([0.05, 0], np.float32)
    again = _straightener(moved.reshape(1, 8)).straighten(GREY, PLATE)
    assert np.all(again[:, 0] > PLATE[:, 0] + 2)


def test_widened_keeps_the_middle_and_surrounds_the_plate() -> None:
    """The surroundings contain every corner and have the same middle."""
    wide = widened(PLATE)
    np.testing.assert_allclose(wide.mean(axis=0), PLATE.mean(axis=0), atol=1e-3)
    assert wide[:, 0].min() < PLATE[:, 0].min()
    assert wide[:, 1].max() > PLATE[:, 1].max()


def test_corners_without_area_are_refused() -> None:
    """A quadrilateral that is a line is an error, not a patch of noise."""
    line = np.array([[10, 10], [50, 10], [50, 10], [10, 10]], np.float32)
    with pytest.raises(ValueError, match="no area"):
        _straightener(expected_corners().reshape(1, 8)).straighten(GREY, line)


def test_a_network_of_another_shape_is_refused() -> None:
    """A model of another input or output is named as such."""
    with pytest.raises(ModelError, match="the patch is"):
        Straightener(Answers(expected_corners(), (32, 32)))
    with pytest.raises(ModelError, match="8 numbers"):
        _straightener(np.zeros((1, 9), np.float32)).straighten(GREY, PLATE)
