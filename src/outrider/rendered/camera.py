"""The pinhole camera behind the windscreen: where a point of the world falls on the picture.

World: metres, east and north on a flat plane, height up. Camera: right, down, forward. Picture:
px, (0, 0) the centre of the top left pixel. Heading and yaw turn clockwise seen from above.
"""

from dataclasses import dataclass
from math import atan2, cos, radians, sin, tan

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

MOUNT_HEIGHT_M = 1.2
YAW_TO_ONCOMING_DEG = 3.2
"""Aimed a little to the right, where a car on the left of the road meets the others."""
HORIZON = 0.44
"""Height of the horizon, part of the picture from its top."""


@dataclass(frozen=True, slots=True)
class Camera:
    """One exposure's camera. axis_rad: heading of the optical axis; pitch_rad: down is positive."""

    east_m: float
    north_m: float
    axis_rad: float
    pitch_rad: float
    focal_px: float
    width_px: int
    height_px: int
    mount_m: float = MOUNT_HEIGHT_M

    def project(self, points: Points) -> tuple[Points, Points]:
        """Return px (N x 2) and depth along the axis in m (N) of world points (N x 3: E, N, up).

        A point nearer than 0.4 m or behind is put at 0.4 m: out of the picture all the same.
        """
        east, north = points[:, 0] - self.east_m, points[:, 1] - self.north_m
        right = east * cos(self.axis_rad) - north * sin(self.axis_rad)
        ahead = east * sin(self.axis_rad) + north * cos(self.axis_rad)
        down = self.mount_m - points[:, 2]
        depth = np.maximum(ahead * cos(self.pitch_rad) + down * sin(self.pitch_rad), 0.4)
        drop = down * cos(self.pitch_rad) - ahead * sin(self.pitch_rad)
        x = (self.width_px - 1) / 2 + self.focal_px * right / depth
        y = (self.height_px - 1) / 2 + self.focal_px * drop / depth
        return np.stack([x, y], axis=1), depth

    @property
    def horizon_px(self) -> float:
        """Row of the horizon."""
        return (self.height_px - 1) / 2 - self.focal_px * tan(self.pitch_rad)

    def ground_rows(self) -> tuple[int, Points, Points]:
        """Return the first row that shows ground, and for each from there on two values.

        They are how far ahead the ground lies (m), and metres of ground for a pixel sideways.
        """
        first = max(0, int(np.ceil(self.horizon_px + 1.0)))
        rows = np.arange(first, self.height_px, dtype=np.float64)
        fall = np.arctan((rows - (self.height_px - 1) / 2) / self.focal_px) + self.pitch_rad
        ahead = self.mount_m / np.tan(fall)
        depth = ahead * cos(self.pitch_rad) + self.mount_m * sin(self.pitch_rad)
        return first, ahead, depth / self.focal_px


def nominal_pitch_rad(focal_px: float, height_px: int) -> float:
    """Return the pitch that puts the horizon where it belongs in the picture."""
    return atan2((0.5 - HORIZON) * height_px, focal_px)


def shake_rad(t_s: float, seed: int) -> tuple[float, float]:
    """Return yaw and pitch that the road and the engine shake into the mount at a time.

    Smooth in time: the body sways at 1-2 Hz by hundredths of a degree, the mount trembles less.
    """
    phase = float(seed % 97)
    yaw = 0.020 * sin(2 * np.pi * 0.9 * t_s + phase) + 0.004 * sin(2 * np.pi * 9.0 * t_s + phase)
    pitch = (
        0.045 * sin(2 * np.pi * 1.35 * t_s + 2 * phase)
        + 0.020 * sin(2 * np.pi * 2.3 * t_s + 3 * phase)
        + 0.006 * sin(2 * np.pi * 11.0 * t_s)
    )
    return radians(yaw), radians(pitch)
