"""Places as they are typed: a circle, or a polygon's corners."""

from outrider.centre.store.bounds import E7
from outrider.centre.store.places import Circle, Place, Polygon


def place_of(text: str) -> Place:
    """Return a circle `LAT,LON,METRES`, or a polygon `LAT,LON LAT,LON LAT,LON ...`.

    Raises ValueError.
    """
    try:
        points = [tuple(float(part) for part in point.split(",")) for point in text.split()]
    except ValueError as error:
        raise ValueError("place: numbers, as in 53.4,-1.5,500") from error
    if len(points) == 1 and len(points[0]) == 3:
        latitude, longitude, radius = points[0]
        return Circle(_e7(latitude), _e7(longitude), radius)
    if any(len(point) != 2 for point in points):
        raise ValueError("place: LAT,LON,METRES for a circle, or LAT,LON for each corner")
    return Polygon(tuple((_e7(p[0]), _e7(p[1])) for p in points))


def _e7(degrees: float) -> int:
    if not abs(degrees) <= 180:  # nor is NaN
        raise ValueError("place: degrees, as in 53.4,-1.5,500")
    return round(degrees * E7)
