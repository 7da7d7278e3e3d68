"""The road: a curved line over open country, and where it lies on the Earth.

The road is invented. It is laid from a point in Warwickshire so that the track looks like any
other, but no such road is there.
"""

from dataclasses import dataclass
from math import cos, degrees, radians

import numpy as np
from numpy.typing import NDArray

ORIGIN_LATITUDE_DEG = 52.1730
ORIGIN_LONGITUDE_DEG = -1.6120
LANE_M = 3.5
LEFT_LANE_M = -LANE_M / 2
RIGHT_LANE_M = LANE_M / 2
_STEP_M = 0.5
_BEHIND_M = 120.0
_EARTH_RADIUS_M = 6_371_008.8  # mean radius, IUGG

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Road:
    """Centre line sampled every half metre: arc length, east, north, heading (rad from north)."""

    along_m: Floats
    east_m: Floats
    north_m: Floats
    heading_rad: Floats

    @classmethod
    def laid(cls, rng: np.random.Generator, length_m: float) -> "Road":
        """Lay a road of gentle bends (radius 450 m and up), straight where it begins."""
        along = np.arange(-_BEHIND_M, length_m + 600.0, _STEP_M)
        curvature = np.zeros_like(along)
        for wave_m in (310.0, 530.0, 900.0):
            phase = rng.uniform(0, 2 * np.pi)
            curvature += rng.uniform(0.4, 1.0) * np.sin(2 * np.pi * along / wave_m + phase)
        curvature *= np.clip((along + 20.0) / 150.0, 0, 1) / np.abs(curvature).max() / 450.0
        heading = radians(rng.uniform(20, 70)) + np.cumsum(curvature) * _STEP_M
        east = np.cumsum(np.sin(heading)) * _STEP_M
        north = np.cumsum(np.cos(heading)) * _STEP_M
        return cls(along, east, north, heading)

    def at(self, along_m: float) -> tuple[float, float, float]:
        """Return east, north (m) and heading (rad) of the centre line."""
        return (
            float(np.interp(along_m, self.along_m, self.east_m)),
            float(np.interp(along_m, self.along_m, self.north_m)),
            float(np.interp(along_m, self.along_m, self.heading_rad)),
        )

    def points(self, along_m: Floats, side_m: Floats) -> Floats:
        """Return world points (N x 2) at distances along the road and to its right."""
        heading = np.interp(along_m, self.along_m, self.heading_rad)
        east = np.interp(along_m, self.along_m, self.east_m) + side_m * np.cos(heading)
        north = np.interp(along_m, self.along_m, self.north_m) - side_m * np.sin(heading)
        return np.stack([east, north], axis=1)


def geographic(east_m: float, north_m: float) -> tuple[float, float]:
    """Return latitude and longitude in degrees, by the plane that touches the sphere there."""
    latitude = ORIGIN_LATITUDE_DEG + degrees(north_m / _EARTH_RADIUS_M)
    parallel = _EARTH_RADIUS_M * cos(radians(ORIGIN_LATITUDE_DEG))
    return latitude, ORIGIN_LONGITUDE_DEG + degrees(east_m / parallel)
