"""Where a plate will be in the next frame, and how far off it may be.

Both cars move, so a plate may cross the picture fast: what is allowed is measured in the plate's
own widths, which stand for its distance, and grows with the time since it was seen.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from outrider.records import Corners
from outrider.unit.recognise.detect import box_of, iou, plate_height_px, plate_width_px

_NS_PER_S = 1e9
_HORIZON_S = 0.5  # a velocity says nothing about what happens later
_REACH_WIDTHS = 1.3
_REACH_WIDTHS_PER_S = 4.0
_MOST_REACH_WIDTHS = 4.0
_LOG_SIZE_REACH = 0.35
_LOG_SIZE_REACH_PER_S = 1.0
_MOST_LOG_SIZE_REACH = 1.0
_VELOCITY_GAIN = 0.5


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a plate was: centre (x, y) px, size (width, height) px, upright box, and when."""

    mono_ns: int
    centre: NDArray[np.float64]
    width_px: float
    height_px: float
    box: NDArray[np.float64]

    @classmethod
    def of(cls, corners: Corners, mono_ns: int) -> "Placed":
        """Return the place of corners; sizes are at least 1 px."""
        centre = np.asarray(corners, np.float64).reshape(4, 2).mean(axis=0)
        width, height = max(1.0, plate_width_px(corners)), max(1.0, plate_height_px(corners))
        return cls(mono_ns, centre, width, height, box_of(corners))


@dataclass(frozen=True, slots=True)
class Closeness:
    """How a new place meets a prediction: 0 is exact; up to 1 is within reach."""

    distance: float
    size: float
    overlap: float
    since_s: float

    @property
    def within_reach(self) -> bool:
        """Whether the plate may have come there."""
        return self.distance <= 1.0 and self.size <= 1.0


class Motion:
    """A plate's last place and its velocity in px/s and log-size/s."""

    def __init__(self, first: Placed) -> None:
        self.last = first
        self._velocity = np.zeros(3)
        self._steps = 0

    def move_to(self, place: Placed) -> None:
        """Take in a newer place."""
        since_s = (place.mono_ns - self.last.mono_ns) / _NS_PER_S
        if since_s > 0:
            measured = self._difference(place) / since_s
            gain = _VELOCITY_GAIN if self._steps else 1.0
            self._velocity += gain * (measured - self._velocity)
            self._steps += 1
        self.last = place

    def closeness(self, place: Placed) -> Closeness:
        """Return how near a place is to where the plate should be by then."""
        since_s = max(0.0, (place.mono_ns - self.last.mono_ns) / _NS_PER_S)
        expected = self._velocity * min(since_s, _HORIZON_S)
        off = self._difference(place) - expected
        reach = min(_MOST_REACH_WIDTHS, _REACH_WIDTHS + _REACH_WIDTHS_PER_S * since_s)
        size_reach = min(_MOST_LOG_SIZE_REACH, _LOG_SIZE_REACH + _LOG_SIZE_REACH_PER_S * since_s)
        width = max(self.last.width_px, place.width_px)
        moved = self.last.box + np.tile(expected[:2], 2)
        return Closeness(
            distance=float(np.hypot(off[0], off[1])) / (reach * width),
            size=abs(float(off[2])) / size_reach,
            overlap=iou(moved, place.box),
            since_s=since_s,
        )

    def _difference(self, place: Placed) -> NDArray[np.float64]:
        x, y = place.centre - self.last.centre
        return np.array([x, y, math.log(place.height_px / self.last.height_px)])
