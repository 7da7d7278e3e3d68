"""Places as people type them: degrees, or a reference of the national grid, with a radius."""

import math
import re

from outrider.centre.search.asking import AskedWrongly
from outrider.centre.store.bounds import E7
from outrider.centre.store.places import Circle, PlaceFault

_DEGREES = re.compile(r"(?<![\w.])(-?\d{1,2}\.\d+)\s*[, ]\s*(-?\d{1,3}\.\d+)(?![\w.])")
_GRID = re.compile(r"\b([HNOST][A-HJ-Z])\s*(?:(\d{3,5})\s+(\d{3,5})|(\d{6}|\d{8}|\d{10}))\b", re.I)
_RADIUS = re.compile(
    r"\b(?:within\s+)?(\d{1,5}(?:\.\d+)?)\s*(m|km|miles?|metres?)\b(?:\s+of\b)?", re.I
)
_USUAL_M = 500.0
_METRES = {"m": 1.0, "metre": 1.0, "km": 1000.0, "mile": 1609.344}


def take_place(text: str) -> tuple[Circle | None, str]:
    """Return the circle that a text names, if it does, and the text without it.

    Raises AskedWrongly.
    """
    degrees, grid = _DEGREES.search(text), _GRID.search(text)
    found = degrees or grid
    if found is None:
        return None, text
    rest = f"{text[: found.start()]} {text[found.end() :]}"
    radius, metres = _RADIUS.search(rest), _USUAL_M
    if radius is not None:
        metres = float(radius[1]) * _METRES[radius[2].lower().removesuffix("s")]
        rest = f"{rest[: radius.start()]} {rest[radius.end() :]}"
    latitude, longitude = (float(found[1]), float(found[2])) if degrees else _of_grid(found)
    try:
        return Circle(round(latitude * E7), round(longitude * E7), metres), rest
    except (PlaceFault, ValueError) as error:
        raise AskedWrongly(f"place: {error}") from error


def _of_grid(found: re.Match[str]) -> tuple[float, float]:
    digits = (found[2] or "") + (found[3] or "") or found[4]
    if found[2] and len(found[2]) != len(found[3]):
        raise AskedWrongly("place: a grid reference has as many digits east as north: SK 352 871")
    half = len(digits) // 2
    scale = 10 ** (5 - half)
    east, north = int(digits[:half]) * scale, int(digits[half:]) * scale
    column, row = _square(found[1].upper())
    return degrees_of(column * 100_000 + east + scale / 2, row * 100_000 + north + scale / 2)


def _square(letters: str) -> tuple[int, int]:
    """Return the square's column and row of 100 km from the grid's false origin."""
    first, second = (ord(char) - ord("A") - (char > "I") for char in letters)
    return (first - 2) % 5 * 5 + second % 5, 19 - first // 5 * 5 - second // 5


def degrees_of(east: float, north: float) -> tuple[float, float]:
    """Return WGS 84 degrees of a point of the national grid (metres), within 10 m.

    By the Ordnance Survey's published formulae: Airy 1830 backwards, then a Helmert transformation.
    """
    latitude, longitude = _airy(east, north)
    return _to_wgs84(latitude, longitude)


_A, _B = 6_377_563.396, 6_356_256.909
_E2 = 1 - (_B / _A) ** 2
_F0, _LAT0, _LON0, _E0, _N0 = 0.9996012717, math.radians(49), math.radians(-2), 4e5, -1e5
_N = (_A - _B) / (_A + _B)


def _arc(latitude: float) -> float:
    """Return the developed arc of the meridian from the true origin, metres."""
    n, less, more = _N, latitude - _LAT0, latitude + _LAT0
    return _B * _F0 * (
        (1 + n + 5 / 4 * n**2 + 5 / 4 * n**3) * less
        - (3 * n + 3 * n**2 + 21 / 8 * n**3) * math.sin(less) * math.cos(more)
        + (15 / 8 * n**2 + 15 / 8 * n**3) * math.sin(2 * less) * math.cos(2 * more)
        - 35 / 24 * n**3 * math.sin(3 * less) * math.cos(3 * more)
    )  # fmt: skip


def _airy(east: float, north: float) -> tuple[float, float]:
    latitude = _LAT0
    for _ in range(20):
        short = north - _N0 - _arc(latitude)
        latitude += short / (_A * _F0)
        if abs(short) < 1e-5:
            break
    sine, tangent, cosine = math.sin(latitude), math.tan(latitude), math.cos(latitude)
    nu = _A * _F0 / math.sqrt(1 - _E2 * sine**2)
    rho = _A * _F0 * (1 - _E2) / (1 - _E2 * sine**2) ** 1.5
    eta2 = nu / rho - 1
    d = east - _E0
    t2 = tangent**2
    vii = tangent / (2 * rho * nu)
    viii = tangent / (24 * rho * nu**3) * (5 + 3 * t2 + eta2 - 9 * t2 * eta2)
    ix = tangent / (720 * rho * nu**5) * (61 + 90 * t2 + 45 * t2**2)
    x = 1 / (cosine * nu)
    xi = 1 / (cosine * 6 * nu**3) * (nu / rho + 2 * t2)
    xii = 1 / (cosine * 120 * nu**5) * (5 + 28 * t2 + 24 * t2**2)
    return (
        latitude - vii * d**2 + viii * d**4 - ix * d**6,
        _LON0 + x * d - xi * d**3 + xii * d**5,
    )


_SHIFT = (446.448, -125.157, 542.060)
_TURN = tuple(math.radians(seconds / 3600) for seconds in (0.1502, 0.2470, 0.8421))
_SCALE = 1 - 20.4894e-6


def _to_wgs84(latitude: float, longitude: float) -> tuple[float, float]:
    nu = _A / math.sqrt(1 - _E2 * math.sin(latitude) ** 2)
    x = nu * math.cos(latitude) * math.cos(longitude)
    y = nu * math.cos(latitude) * math.sin(longitude)
    z = (1 - _E2) * nu * math.sin(latitude)
    (tx, ty, tz), (rx, ry, rz), s = _SHIFT, _TURN, _SCALE
    x, y, z = (
        tx + s * x - rz * y + ry * z,
        ty + rz * x + s * y - rx * z,
        tz - ry * x + rx * y + s * z,
    )
    a, b = 6_378_137.0, 6_356_752.3142
    e2 = 1 - (b / a) ** 2
    p = math.hypot(x, y)
    found = math.atan2(z, p * (1 - e2))
    for _ in range(10):
        nu = a / math.sqrt(1 - e2 * math.sin(found) ** 2)
        found = math.atan2(z + e2 * nu * math.sin(found), p)
    return math.degrees(found), math.degrees(math.atan2(y, x))
