"""Whether an entry is armed here and now: dates, hours and areas."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from outrider.records import Position, VehicleOfInterest
from outrider.wire.hotlist_policy import ListPolicy, Span, parse_hours, within_hours

_UK = ZoneInfo("Europe/London")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_ERROR_S = 100 * 366 * 86_400.0
_HOURS_WITHIN_S = 900.0


def uk_time(utc_ns: int) -> datetime:
    """Return the civil time of the United Kingdom at an instant."""
    return (_EPOCH + timedelta(microseconds=utc_ns // 1000)).astimezone(_UK)


@lru_cache(maxsize=256)
def _spans(hours: str) -> tuple[Span, ...]:
    return parse_hours(hours)


def is_armed(
    entry: VehicleOfInterest,
    policy: ListPolicy,
    position: Position,
    local: datetime,
    error_s: float = 0.0,
) -> bool:
    """Return whether an entry of a list holds at a place and a UK time.

    Where the unit is unknown, areas do not disarm; where its time is known to error_s only, dates
    disarm by what is certain, hours not at all: a hit too many is better than one lost.
    """
    error = timedelta(seconds=min(error_s, _LONGEST_ERROR_S))
    if entry.valid_from is not None and (local + error).date() < entry.valid_from:
        return False
    if entry.weed_date is not None and (local - error).date() > entry.weed_date:
        return False
    timed = error_s <= _HOURS_WITHIN_S
    hours = (policy.hours, entry.armed_hours) if timed else ()
    if not all(within_hours(_spans(one), local) for one in hours):
        return False
    return all(_inside(area, policy, position) for area in (policy.area, entry.armed_area))


def _inside(area: str, policy: ListPolicy, position: Position) -> bool:
    latitude, longitude = position.latitude_deg, position.longitude_deg
    polygon = policy.areas.get(area)
    if polygon is None or latitude is None or longitude is None:
        return True
    return contains(polygon, latitude, longitude)


def contains(polygon: Sequence[tuple[float, float]], latitude: float, longitude: float) -> bool:
    """Return whether a point lies in a polygon of (latitude, longitude), degrees.

    Counts the edges that a ray along the parallel crosses; edges are straight in degrees, which
    over a police area differs from a geodesic by metres. No area crosses the 180th meridian.
    """
    inside = False
    for (lat_a, lon_a), (lat_b, lon_b) in zip(polygon, (*polygon[1:], polygon[0]), strict=True):
        if (lat_a > latitude) != (lat_b > latitude):
            crossing = lon_a + (latitude - lat_a) / (lat_b - lat_a) * (lon_b - lon_a)
            inside ^= longitude < crossing
    return inside
