"""Peaks of a heat map become plates, in the picture's own pixels."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.records import Corners, Image
from outrider.unit.recognise.detect import (
    MAX_PLATES,
    Detector,
    Found,
    box_of,
    iou,
    nearest_size,
)
from outrider.unit.recognise.network import ModelError, Tensor
from tests.unit.recognise.making import corners

H, W, STRIDE = 160, 240, 8
Plates = list[tuple[Corners, float]]


@dataclass
class Net:
    """A network that answers with given tensors and keeps what it was shown."""

    outputs: list[Tensor]
    shown: list[Image] = field(default_factory=list)
    name: str = "net"
    digest: str = "0" * 64
    input_hw_px: tuple[int, int] = (H, W)

    def run(self, grey: Image) -> list[Tensor]:
        self.shown.append(grey.copy())
        return self.outputs


def _tensors(plates: Plates) -> tuple[Tensor, Tensor]:
    """Return heat and corners that tell the plates (corners in the network's px, score)."""
    heat = np.zeros((1, H // STRIDE, W // STRIDE, 1), np.float32)
    offsets = np.zeros((1, H // STRIDE, W // STRIDE, 8), np.float32)
    for at, score in plates:
        j, i = (at.mean(axis=0) // STRIDE).astype(int)
        centre = np.array([(j + 0.5) * STRIDE, (i + 0.5) * STRIDE])
        heat[0, i, j, 0] = score
        offsets[0, i, j] = ((at - centre) / STRIDE).ravel()
    return heat, offsets


def _find(plates: Plates, picture_hw: tuple[int, int] = (H, W)) -> tuple[Found, Net]:
    net = Net(list(_tensors(plates)))
    return Detector(net, STRIDE, 0.3).find(np.full(picture_hw, 77, np.uint8)), net


@given(st.floats(20, 220), st.floats(20, 140), st.floats(10, 60), st.floats(4, 30))
def test_a_peak_gives_its_plate_back(x: float, y: float, w: float, h: float) -> None:
    """Any plate encoded as the contract says comes out where it was."""
    found, _ = _find([(corners(x, y, w, h), 0.8)])
    assert len(found.plates) == 1
    np.testing.assert_allclose(found.plates[0].corners, corners(x, y, w, h), atol=1e-3)
    assert found.plates[0].score == pytest.approx(0.8)


def test_corners_are_in_the_pixels_of_the_picture_given() -> None:
    """A picture twice as large gives corners twice as far, and is fitted at the top left."""
    found, net = _find([(corners(100, 60), 0.8)], picture_hw=(2 * H, 2 * W - 80))
    np.testing.assert_allclose(found.plates[0].corners, 2 * corners(100, 60), atol=1e-3)
    assert (net.shown[0][:, : W - 40] == 77).all()
    assert (net.shown[0][:, W - 40 :] == 0).all()


def test_an_old_picture_leaves_nothing_behind() -> None:
    """After a wide picture a narrow one is padded with 0, not with the wide one's rest."""
    net = Net(list(_tensors([])))
    detector = Detector(net, STRIDE, 0.3)
    detector.find(np.full((H, W), 200, np.uint8))
    detector.find(np.full((H, W // 2), 100, np.uint8))
    assert (net.shown[1][:, W // 2 :] == 0).all()


def test_weak_and_doubled_peaks_are_no_plates() -> None:
    """Below the threshold nothing is found; of overlapping plates the surer one stays."""
    at = corners(100, 60)
    found, _ = _find([(at, 0.6), (corners(100 + 9, 60), 0.7), (corners(50, 120), 0.2)])
    assert [plate.score for plate in found.plates] == [pytest.approx(0.7)]


def test_more_plates_than_the_limit_are_counted() -> None:
    """The surest are taken; how many are beyond is told."""
    plates = [
        (corners(8 + 24 * (i % 10), 8 + 24 * (i // 10), 12, 5), 0.4 + i / 100) for i in range(40)
    ]
    found, _ = _find(plates)
    assert len(found.plates) == MAX_PLATES
    assert found.beyond == 40 - MAX_PLATES
    assert min(plate.score for plate in found.plates) == pytest.approx(0.4 + 16 / 100)


def test_tensors_of_another_shape_name_the_model() -> None:
    """A model of another contract is refused with its name."""
    heat, _ = _tensors([])
    with pytest.raises(ModelError, match="net: outputs"):
        Detector(Net([heat, heat]), STRIDE, 0.3).find(np.zeros((H, W), np.uint8))


def test_iou_of_boxes() -> None:
    """Half-overlapping boxes have a third in common; boxes apart nothing."""
    first, second = box_of(corners(50, 50, 20, 10)), box_of(corners(60, 50, 20, 10))
    assert iou(first, second) == pytest.approx(1 / 3)
    assert iou(first, box_of(corners(80, 50, 20, 10))) == 0.0


@pytest.mark.parametrize(
    ("picture_hw", "canvas_hw"),
    [
        ((480, 640), (480, 640)),
        ((768, 1024), (768, 1024)),
        ((1024, 768), (1024, 768)),
        ((720, 1280), (768, 1024)),
        ((3000, 2000), (1024, 768)),
    ],
)
def test_the_size_that_shrinks_a_picture_least_is_chosen(
    picture_hw: tuple[int, int], canvas_hw: tuple[int, int]
) -> None:
    """An upright picture goes to the upright canvas, a wide one never does."""
    sizes = ((768, 1024), (480, 640), (1024, 768))
    detectors = [Detector(Net([], input_hw_px=size), STRIDE, 0.3) for size in sizes]
    chosen = nearest_size(detectors, picture_hw)
    assert chosen is detectors[sizes.index(canvas_hw)]


@pytest.mark.parametrize(
    ("picture_hw", "chosen_hw"),
    [
        ((480, 640), (480, 640)),
        ((500, 690), (480, 640)),
        ((768, 1024), (768, 1024)),
        ((1024, 768), (1024, 768)),
        ((1088, 1456), (768, 1024)),
        ((3000, 2000), (1024, 768)),
    ],
)
def test_the_detector_fits_the_picture(
    picture_hw: tuple[int, int], chosen_hw: tuple[int, int]
) -> None:
    """The smallest that hardly shrinks it; of those too small, the one of its own orientation."""
    sizes = ((480, 640), (768, 1024), (1024, 768))
    nets = [Detector(Net([], input_hw_px=size), STRIDE, 0.3) for size in sizes]
    assert nearest_size(nets, picture_hw).input_hw_px == chosen_hw
