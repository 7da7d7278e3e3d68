"""Where the unit was at an instant, from the fixes around it. Pure: no clock, no device.

Everything goes by the instant at which a fix was true, never by when it came: a receiver that
repeats an old fix adds nothing, and a step of the time of day moves nothing.
"""

import bisect
import math
import threading
from dataclasses import dataclass, replace

from outrider.records import NO_POSITION, Fix, FixQuality, Position

NS_PER_S = 1_000_000_000
EARTH_RADIUS_M = 6_371_008.8  # mean radius, IUGG
_UNKNOWN_SPEED_MPS = 30.0  # how far a vehicle may have gone where its speed is not known
_ACCELERATION_MPS2 = 5.0  # hard braking or turning, m/s^2: how wrong a straight line becomes
_RANK = {FixQuality.NONE: 0, FixQuality.FIX_2D: 1, FixQuality.FIX_3D: 2, FixQuality.SURVEYED: 3}


@dataclass(frozen=True, slots=True)
class TrackLimits:
    """How far fixes are trusted.

    capacity: fixes kept. gap_s: longest gap between two fixes that is bridged by a line.
    extrapolate_s: how long after the last fix the vehicle is taken to go straight on. stale_s:
    after that long without a fix there is no position.
    """

    capacity: int = 1200
    gap_s: float = 5.0
    extrapolate_s: float = 2.0
    stale_s: float = 10.0


class GnssTrack:
    """A bounded run of fixes in the order of their own times. Thread-safe; nothing blocks."""

    def __init__(self, limits: TrackLimits | None = None) -> None:
        self._limits = limits or TrackLimits()
        self._lock = threading.Lock()
        self._fixes: list[Fix] = []
        self._instants: list[int] = []
        self.refused = 0

    def add(self, fix: Fix) -> bool:
        """Take in a fix; return False (and count it) if it is not newer than the newest."""
        with self._lock:
            if self._instants and fix.mono_ns <= self._instants[-1]:
                self.refused += 1
                return False
            self._fixes.append(fix)
            self._instants.append(fix.mono_ns)
            if len(self._fixes) > self._limits.capacity:
                del self._fixes[0], self._instants[0]
            return True

    def latest(self, mono_ns: int | None = None) -> Fix | None:
        """Return the newest fix, or the newest that was true by mono_ns."""
        with self._lock:
            end = len(self._fixes)
            if mono_ns is not None:
                end = bisect.bisect_right(self._instants, mono_ns)
            return self._fixes[end - 1] if end else None

    def at(self, mono_ns: int) -> Position:
        """Return the position at an instant; without a usable fix, NO_POSITION with its age."""
        before, after = self._around(mono_ns)
        if before and after and after.mono_ns - before.mono_ns <= self._limits.gap_s * NS_PER_S:
            return between(before, after, mono_ns)
        nearest = _nearest(before, after, mono_ns)
        return NO_POSITION if nearest is None else self._beyond(nearest, mono_ns)

    def _around(self, mono_ns: int) -> tuple[Fix | None, Fix | None]:
        with self._lock:
            at = bisect.bisect_right(self._instants, mono_ns)
            before = self._fixes[at - 1] if at else None
            after = self._fixes[at] if at < len(self._fixes) else None
        return before, after

    def _beyond(self, fix: Fix, mono_ns: int) -> Position:
        age_s = abs(mono_ns - fix.mono_ns) / NS_PER_S
        if age_s > self._limits.stale_s or fix.quality is FixQuality.NONE:
            return replace(NO_POSITION, age_s=age_s)
        ahead_s = (mono_ns - fix.mono_ns) / NS_PER_S
        reach_s = max(-self._limits.extrapolate_s, min(ahead_s, self._limits.extrapolate_s))
        return carried_on(fix, reach_s, age_s)


def between(before: Fix, after: Fix, mono_ns: int) -> Position:
    """Return the position on the line between two fixes; its quality is the poorer of the two."""
    span_ns = after.mono_ns - before.mono_ns
    part = (mono_ns - before.mono_ns) / span_ns
    turn_deg = _shortest_turn_deg(before.longitude_deg, after.longitude_deg)
    return Position(
        latitude_deg=before.latitude_deg + part * (after.latitude_deg - before.latitude_deg),
        longitude_deg=_wrapped_deg(before.longitude_deg + part * turn_deg),
        speed_mps=_blend(before.speed_mps, after.speed_mps, part),
        heading_deg=_blend_heading(before.heading_deg, after.heading_deg, part),
        quality=min(before.quality, after.quality, key=_RANK.__getitem__),
        age_s=min(mono_ns - before.mono_ns, after.mono_ns - mono_ns) / NS_PER_S,
        error_m=_worse(before.error_m, after.error_m),
    )


def carried_on(fix: Fix, reach_s: float, age_s: float) -> Position:
    """Return the position after (or before) a fix: straight on for reach_s, then where it was.

    Its error grows by what an unseen turn or braking can do, and past reach_s by the whole way.
    """
    latitude_deg, longitude_deg = fix.latitude_deg, fix.longitude_deg
    speed_mps = fix.speed_mps
    if speed_mps is not None and fix.heading_deg is not None:
        latitude_deg, longitude_deg = moved(
            latitude_deg, longitude_deg, speed_mps * reach_s, fix.heading_deg
        )
        unseen_s = age_s - abs(reach_s)
    else:
        unseen_s = age_s
    drift_m = 0.5 * _ACCELERATION_MPS2 * (age_s - unseen_s) ** 2
    way_m = unseen_s * (_UNKNOWN_SPEED_MPS if speed_mps is None else speed_mps)
    error_m = None if fix.error_m is None else fix.error_m + drift_m + way_m
    return Position(
        latitude_deg, longitude_deg, speed_mps, fix.heading_deg, fix.quality, age_s, error_m
    )


def moved(
    latitude_deg: float, longitude_deg: float, distance_m: float, heading_deg: float
) -> tuple[float, float]:
    """Return the place distance_m away on a heading (flat earth: good to mm over 100 m)."""
    heading = math.radians(heading_deg)
    north_deg = math.degrees(distance_m * math.cos(heading) / EARTH_RADIUS_M)
    circle_m = EARTH_RADIUS_M * max(math.cos(math.radians(latitude_deg)), 1e-9)
    east_deg = math.degrees(distance_m * math.sin(heading) / circle_m)
    return latitude_deg + north_deg, _wrapped_deg(longitude_deg + east_deg)


def _nearest(before: Fix | None, after: Fix | None, mono_ns: int) -> Fix | None:
    if before is None or after is None:
        return before or after
    return before if mono_ns - before.mono_ns <= after.mono_ns - mono_ns else after


def _shortest_turn_deg(start_deg: float, end_deg: float) -> float:
    return (end_deg - start_deg + 180.0) % 360.0 - 180.0


def _wrapped_deg(longitude_deg: float) -> float:
    return (longitude_deg + 180.0) % 360.0 - 180.0


def _blend(before: float | None, after: float | None, part: float) -> float | None:
    if before is None or after is None:
        return before if after is None else after
    return before + part * (after - before)


def _blend_heading(before: float | None, after: float | None, part: float) -> float | None:
    if before is None or after is None:
        return before if after is None else after
    return (before + part * _shortest_turn_deg(before, after)) % 360.0


def _worse(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else max(one, other)
