"""Find plates in a picture: scale it for the network, decode what comes back.

The network gives, for cells of stride px, the score that a plate's centre lies there and where the
plate's four corners are from the cell's centre. A plate is a peak among its eight neighbours.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from outrider.records import Corners, Detection, Image
from outrider.unit.recognise.network import ModelError, Network, Tensor

MAX_PLATES = 24
"""Most plates taken from one picture, the surest first; more are counted, not read."""

_SAME_PLATE_IOU = 0.35
_MIN_SIDE_PX = 3.0  # in the network's picture; less holds no character
_NEARLY_FULL_SIZE = 0.9
_AREA_FROM = 0.75  # bilinear sampling aliases below this scale


@dataclass(frozen=True, slots=True)
class Found:
    """The plates of one picture, the surest first; beyond: how many more peaks there were."""

    plates: list[Detection]
    beyond: int


class Detector:
    """Runs the detector network. Owned by one thread."""

    def __init__(self, network: Network, stride_px: int, score_threshold: float) -> None:
        self._network = network
        self._stride_px = stride_px
        self._threshold = score_threshold
        height, width = network.input_hw_px
        self._canvas = np.zeros((height, width), np.uint8)

    @property
    def input_hw_px(self) -> tuple[int, int]:
        """Height and width of the network's picture."""
        return self._network.input_hw_px

    def find(self, grey: Image) -> Found:
        """Return the plates of a uint8 H x W picture, corners in its own px.

        Raises ModelError where the network fails or gives what its contract does not.
        """
        scale = self._fit(grey)
        heat, offsets = _by_shape(self._network.run(self._canvas), self._network.name)
        cells = peaks(heat, self._threshold)
        scores = heat[cells[:, 0], cells[:, 1]]
        corners = corners_at(heat, offsets, cells, self._stride_px)
        kept = distinct(corners, scores)
        plates = [
            Detection(np.asarray(corners[i] / scale, np.float32), float(scores[i])) for i in kept
        ]
        return Found(plates[:MAX_PLATES], max(0, len(plates) - MAX_PLATES))

    def _fit(self, grey: Image) -> float:
        """Draw the picture at the canvas's top left, aspect kept; return the scale."""
        rows, columns = self._canvas.shape
        height, width = grey.shape
        scale: float = min(rows / height, columns / width)
        to_h, to_w = max(1, round(height * scale)), max(1, round(width * scale))
        how = cv2.INTER_AREA if scale < _AREA_FROM else cv2.INTER_LINEAR
        self._canvas[to_h:], self._canvas[:to_h, to_w:] = 0, 0
        self._canvas[:to_h, :to_w] = cv2.resize(grey, (to_w, to_h), interpolation=how)
        return scale


def _by_shape(outputs: list[Tensor], name: str) -> tuple[Tensor, Tensor]:
    """Return heat (rows x columns) and corner offsets (rows x columns x 8)."""
    by_depth = {one.shape[-1]: one for one in outputs if one.ndim == 4}
    if set(by_depth) != {1, 8} or by_depth[1].shape[:3] != by_depth[8].shape[:3]:
        shapes = [one.shape for one in outputs]
        raise ModelError(f"{name}: outputs {shapes}; heat [1,H,W,1] and corners [1,H,W,8] expected")
    return by_depth[1][0, :, :, 0], by_depth[8][0]


def peaks(heat: Tensor, threshold: float) -> NDArray[np.intp]:
    """Return row and column of every cell at or above the threshold and its 8 neighbours.

    The surest come first. Of equal neighbours all are given: distinct() keeps one plate.
    """
    highest = cv2.dilate(heat, np.ones((3, 3), np.uint8))
    rows, columns = np.nonzero((heat >= threshold) & (heat >= highest))
    order = np.argsort(-heat[rows, columns], kind="stable")
    return np.stack([rows[order], columns[order]], axis=1)


def corners_at(
    heat: Tensor, offsets: Tensor, cells: NDArray[np.intp], stride_px: int
) -> NDArray[np.float64]:
    """Return the corners (n x 4 x 2, px of the network's picture) that the cells tell."""
    from_centre = offsets[cells[:, 0], cells[:, 1]].reshape(-1, 4, 2)
    centres = cells[:, None, ::-1] + 0.5
    return np.asarray((centres + from_centre) * float(stride_px), np.float64)


def distinct(corners: NDArray[np.float64], scores: Tensor) -> list[int]:
    """Return the indices of plates that overlap no surer one, and are large enough to be one."""
    kept: list[int] = []
    boxes = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
    for i in np.argsort(-scores, kind="stable"):
        sides = boxes[i, 2:] - boxes[i, :2]
        if sides.min() < _MIN_SIDE_PX:
            continue
        if all(iou(boxes[i], boxes[j]) < _SAME_PLATE_IOU for j in kept):
            kept.append(int(i))
    return kept


def iou(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Return the intersection over union of two boxes (x0, y0, x1, y1)."""
    low, high = np.maximum(first[:2], second[:2]), np.minimum(first[2:], second[2:])
    width, height = high - low
    if width <= 0 or height <= 0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return float(width * height / (sum(areas) - width * height))


def nearest_size(detectors: Sequence[Detector], picture_hw_px: tuple[int, int]) -> Detector:
    """Return the smallest detector that takes the picture at (nearly) full size.

    A picture may be shrunk by a tenth: the next size up would cost more than that gains. Where
    none takes it, the one that shrinks it least: upright pictures have their own.
    """

    def scale(one: Detector) -> float:
        rows, columns = one.input_hw_px
        return min(rows / picture_hw_px[0], columns / picture_hw_px[1])

    enough = [one for one in detectors if scale(one) >= _NEARLY_FULL_SIZE]
    if not enough:
        return max(detectors, key=scale)
    return min(enough, key=lambda one: one.input_hw_px[0] * one.input_hw_px[1])


def box_of(corners: Corners) -> NDArray[np.float64]:
    """Return the upright box (x0, y0, x1, y1) around corners."""
    points = np.asarray(corners, np.float64).reshape(4, 2)
    return np.concatenate([points.min(axis=0), points.max(axis=0)])


def plate_height_px(corners: Corners) -> float:
    """Return the mean length of the plate's two upright edges."""
    points = np.asarray(corners, np.float64).reshape(4, 2)
    return float(np.linalg.norm(points[[3, 2]] - points[[0, 1]], axis=1).mean())


def plate_width_px(corners: Corners) -> float:
    """Return the mean length of the plate's two level edges."""
    points = np.asarray(corners, np.float64).reshape(4, 2)
    return float(np.linalg.norm(points[[1, 2]] - points[[0, 3]], axis=1).mean())
