"""The patch that the reader sees holds the plate where it is said to."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.records import Corners
from outrider.unit.recognise import patch_geometry as pg

SIDES = st.tuples(st.floats(12, 900), st.floats(8, 300))
PLACES = st.tuples(st.floats(-50, 900), st.floats(-50, 600))


def _rectangle(x: float, y: float, w: float, h: float) -> Corners:
    return np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]], np.float32)


@given(PLACES, SIDES)
def test_homography_puts_corners_at_the_margins(
    place: tuple[float, float], sides: tuple[float, float]
) -> None:
    """The plate's corners land where patch_corners says, for any plate."""
    corners = _rectangle(*place, *sides)
    points = np.c_[corners, np.ones(4)] @ pg.homography(corners).T
    np.testing.assert_allclose(points[:, :2] / points[:, 2:], pg.patch_corners(), atol=0.05)


@given(PLACES, SIDES)
def test_a_patch_comes_out_wherever_the_plate_lies(
    place: tuple[float, float], sides: tuple[float, float]
) -> None:
    """A plate partly or wholly outside the picture, tiny or huge, still gives a whole patch."""
    grey = np.zeros((480, 640), np.uint8)
    assert pg.cut_patch(grey, _rectangle(*place, *sides)).shape == (64, 128)


@pytest.mark.parametrize("scale", [0.5, 1, 2, 5, 9])
def test_margins_show_what_surrounds_the_plate(scale: float) -> None:
    """A white plate on black gives a white middle of the promised size, to half a pixel."""
    grey = np.zeros((800, 1400), np.uint8)
    w, h = round(104 * scale), round(22 * scale)
    grey[100 : 100 + h, 100 : 100 + w] = 255
    patch = pg.cut_patch(grey, _rectangle(100, 100, w, h)) / 255
    left, top = pg.patch_corners()[0]
    assert patch[32].sum() == pytest.approx(128 - 2 * left, abs=0.5)
    assert patch[:, 64].sum() == pytest.approx(64 - 2 * top, abs=0.5)
    assert patch[32, :64].sum() == pytest.approx(64 - left, abs=0.3)


def test_a_tilted_plate_comes_out_upright() -> None:
    """A quadrilateral's own texture is put straight: left half dark, right half light."""
    grey = np.zeros((400, 400), np.uint8)
    corners = np.array([[100, 100], [260, 180], [250, 230], [90, 150]], np.float32)
    middle = (corners[0] + corners[1]) / 2, (corners[2] + corners[3]) / 2
    right = np.array([middle[0], corners[1], corners[2], middle[1]], np.int32)
    cv2.fillPoly(grey, [right], (255,))
    patch = pg.cut_patch(grey, corners)
    assert patch[20:44, 10:58].mean() < 10
    assert patch[20:44, 70:118].mean() > 245


def test_corners_without_area_are_refused() -> None:
    """Corners on one line name the fault instead of giving a random patch."""
    with pytest.raises(ValueError, match="span no area"):
        pg.cut_patch(np.zeros((50, 50), np.uint8), _rectangle(5, 5, 20, 0))
