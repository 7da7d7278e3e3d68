"""Move the detector's corners onto the plate's true ones.

The detector works at a fixed stride and places corners to some per cent of the plate's width; the
reader loses characters at that. A second, small network looks at the plate itself, cut out with
room around it and brought to one size, and says where the corners are in that patch.
"""

import numpy as np
from numpy.typing import NDArray

from outrider.records import Corners, Image
from outrider.unit.recognise.network import ModelError, Network
from outrider.unit.recognise.patch_geometry import (
    MARGIN_X,
    MARGIN_Y,
    PATCH_H_PX,
    PATCH_W_PX,
    cut_patch,
    homography,
)

ROOM_X = 1.4
"""The patch shows the coarse plate's width times this (and patch_geometry's margin)."""
ROOM_Y = 1.7
"""The same for its height."""
LOOKS = 2
"""The second look starts from corners that are nearly right, and halves the worst errors."""


def widened(corners: Corners) -> Corners:
    """Return the corners of the plate's surroundings: float32 4 x 2, as sheared as the plate.

    The sides are prolonged in the quadrilateral's own bilinear frame about its middle.
    """
    quad = np.asarray(corners, np.float64).reshape(4, 2)
    signs = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float64)
    basis = np.column_stack([np.ones(4), signs, signs.prod(axis=1)])
    grown = signs * (ROOM_X, ROOM_Y)
    out = np.column_stack([np.ones(4), grown, grown.prod(axis=1)]) @ (basis.T @ quad / 4)
    return np.asarray(out, np.float32)


def expected_corners() -> Corners:
    """Return where the corners lie in the patch if the coarse ones were right: 4 x 2, 0..1."""
    middle = np.array([0.5, 0.5])
    half = 0.5 / np.array([ROOM_X * (1 + 2 * MARGIN_X), ROOM_Y * (1 + 2 * MARGIN_Y)])
    signs = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float64)
    return np.asarray(middle + signs * half, np.float32)


def through(matrix: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Map n x 2 points by a 3 x 3 homography."""
    mapped = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return np.asarray(mapped[:, :2] / mapped[:, 2:], np.float64)


class Straightener:
    """Runs the network. Owned by one thread."""

    def __init__(self, network: Network) -> None:
        if network.input_hw_px != (PATCH_H_PX, PATCH_W_PX):
            raise ModelError(
                f"{network.name}: takes {network.input_hw_px}, the patch is"
                f" {(PATCH_H_PX, PATCH_W_PX)}; install the models of this version"
            )
        self._network = network

    def straighten(self, grey: Image, corners: Corners) -> Corners:
        """Return better corners (float32 4 x 2, px of the picture) for coarse ones.

        grey: uint8 H x W, the full-resolution picture. Raises ValueError where the coarse corners
        span no area, ModelError where the network fails or answers in another shape.
        """
        for _ in range(LOOKS):
            corners = self._once(grey, corners)
        return corners

    def _once(self, grey: Image, corners: Corners) -> Corners:
        wide = widened(corners)
        answer = self._network.run(cut_patch(grey, wide))[0]
        if answer.size != 8:
            raise ModelError(f"{self._network.name}: gave {answer.shape}, 8 numbers expected")
        in_patch = np.asarray(answer, np.float64).reshape(4, 2) * (PATCH_W_PX, PATCH_H_PX)
        back = np.asarray(np.linalg.inv(homography(wide)), np.float64)
        return np.asarray(through(back, in_patch), np.float32)
