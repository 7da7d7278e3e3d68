"""The ground: carriageway, hard strip, verge and field, with markings, seen in perspective."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from outrider.rendered.camera import Camera
from outrider.rendered.light import Light, as_levels, beam_on
from outrider.rendered.road import Road

Floats = NDArray[np.floating[Any]]
Image = NDArray[np.uint8]
Patches = NDArray[np.float32]

PERIOD_M = 54.0
_BAND_ENDS_M = (13.0, 22.0, 38.0, 70.0, 140.0, 1e9)
_DASH_M, _DASH_EVERY_M = 2.0, 6.0  # centre line up to 40 mph (TSRGD 2016, diagram 1008)
_LINE_HALF_M = 0.05
_EDGE_M = 3.32
_PAINT = np.array((222.0, 222.0, 214.0))
_NEAR_M, _FAR_M = 3.0, 220.0


@dataclass(frozen=True, slots=True)
class _Band:
    """One stretch of distance with the texture that suits it."""

    end_m: float
    half_m: float
    across_px_per_m: float
    along_px_per_m: float
    texture: Image


class Ground:
    """Draws the ground of one drive."""

    def __init__(self, seed: int, camera: Camera) -> None:
        rng = np.random.default_rng([seed, 2])
        patches = rng.standard_normal((27, 240)).astype(np.float32)
        focal_px, spread = camera.focal_px, camera.width_px / (2 * camera.focal_px) + 0.08
        self._bands = []
        start = 5.0
        for end in _BAND_ENDS_M:
            middle = min((start * min(end, 260.0)) ** 0.5, 150.0)
            across = min(90.0, focal_px / middle)
            along = float(np.clip(focal_px * camera.mount_m / middle**2, 0.6, 28.0))
            half = min(60.0, 3.2 + spread * min(end, 190.0))
            texture = _texture(rng, patches, (half, across, along))
            self._bands.append(_Band(end, half, across, along, texture))
            start = end

    def draw(self, picture: Image, camera: Camera, line: "RoadLine") -> int:
        """Draw the bare ground into the picture; return its first row."""
        first, ahead, metres = camera.ground_rows()
        middle = np.interp(ahead, line.ahead_m, line.right_m)
        along = np.interp(ahead, line.ahead_m, line.along_m)
        slope = np.interp(ahead, line.ahead_m, line.slope)
        columns = np.arange(camera.width_px, dtype=np.float32) - (camera.width_px - 1) / 2
        near = np.searchsorted(-ahead, [-band.end_m for band in self._bands])
        stop = camera.height_px - first
        for band, top in zip(self._bands, near, strict=True):
            if top >= stop:
                continue
            rows = slice(int(top), stop)
            across = columns[None, :] * metres[rows, None].astype(np.float32)
            across -= middle[rows, None].astype(np.float32)
            base = (along[rows] % PERIOD_M * band.along_px_per_m).astype(np.float32)[:, None]
            lean = (slope[rows] * band.along_px_per_m).astype(np.float32)[:, None]
            map_y = base + across * lean
            map_x = (across + np.float32(band.half_m)) * np.float32(band.across_px_per_m)
            picture[first + int(top) : first + stop] = cv2.remap(
                band.texture, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP
            )
            stop = int(top)
        return first


@dataclass(frozen=True, slots=True)
class RoadLine:
    """The centre line as one camera has it: right of the axis (m) by distance ahead, and slope."""

    ahead_m: Floats
    right_m: Floats
    along_m: Floats
    slope: Floats

    @classmethod
    def before(cls, road: Road, camera: Camera, along_m: float) -> "RoadLine":
        """Return the line from a little behind the camera onwards."""
        stations = (
            np.concatenate([np.arange(-10.0, 60.0, 1.0), np.arange(60.0, 330.0, 5.0)]) + along_m
        )
        points = road.points(stations, np.zeros_like(stations))
        east, north = points[:, 0] - camera.east_m, points[:, 1] - camera.north_m
        sine, cosine = np.sin(camera.axis_rad), np.cos(camera.axis_rad)
        ahead, right = east * sine + north * cosine, east * cosine - north * sine
        return cls(ahead, right, stations, np.gradient(right, ahead))


def draw_markings(picture: Image, road: Road, camera: Camera, along_m: float, light: Light) -> None:
    """Draw centre and edge lines as they stand on the road."""
    first = np.floor((along_m + _NEAR_M) / _DASH_EVERY_M) * _DASH_EVERY_M
    dashes = np.arange(first, along_m + _FAR_M, _DASH_EVERY_M)
    for start in dashes[::-1]:
        _mark(picture, road, camera, light, (start, start + _DASH_M, 0.0))
    steps = along_m + np.geomspace(_NEAR_M, _FAR_M, 26)
    for side in (-_EDGE_M, _EDGE_M):
        for start, end in zip(steps[-2::-1], steps[:0:-1], strict=True):
            _mark(picture, road, camera, light, (start, end, side))


def _mark(
    picture: Image, road: Road, camera: Camera, light: Light,
    where: tuple[float, float, float],
) -> None:  # fmt: skip
    start, end, side = where
    along = np.array([start, start, end, end])
    sides = side + np.array([-1, 1, 1, -1]) * _LINE_HALF_M
    points, depths = camera.project(np.column_stack([road.points(along, sides), np.zeros(4)]))
    if depths.min() < 1.0:
        return
    depth = float(depths.mean())
    haze = light.haze_at(depth)
    own = float(points[:, 0].mean() - camera.width_px / 2) * depth / camera.focal_px
    lit = np.minimum(_PAINT * light.on_face(depth, 0.8, own), 250.0)
    colour = lit * (1 - haze) + as_levels(light.haze) * haze
    quad = np.round(points * 16).astype(np.int32)
    cv2.fillConvexPoly(picture, quad, colour.tolist(), cv2.LINE_AA, 4)


def ground_light(camera: Camera, light: Light) -> tuple[int, Image, Image]:
    """Return from which row on, and for each pixel, the gain (128 is 1) and haze to add."""
    first, ahead, metres = camera.ground_rows()
    columns = (np.arange(0, camera.width_px, 8) - (camera.width_px - 1) / 2)[None, :]
    side = columns * metres[:, None]
    beam = light.beam * beam_on(ahead[:, None], side)
    haze = 1.0 - np.exp(-ahead[:, None, None] / light.haze_m)
    lit = np.array(light.ambient) + 0.85 * np.array(light.sun) + beam[..., None] * (1, 0.97, 0.9)
    gain = np.clip(lit * (1 - haze) * 128, 0, 255).astype(np.uint8)
    added = np.clip(as_levels(light.haze) * haze, 0, 255).astype(np.uint8)
    size = (camera.width_px, gain.shape[0])
    return (
        first,
        np.asarray(cv2.resize(gain, size), np.uint8),
        np.asarray(cv2.resize(added, size), np.uint8),
    )


def _texture(
    rng: np.random.Generator, patches: Patches, scale: tuple[float, float, float]
) -> Image:
    """Paint one period of road and verge, periodic along the road.

    patches: chance values for soft spots, the same for every band, 2 m along by half a metre
    across. scale: half width in m, px per m across and along.
    """
    half_m, across, along = scale
    rows, columns = max(4, round(PERIOD_M * along)), round(2 * half_m * across)
    side = ((np.arange(columns, dtype=np.float32) + 0.5) / across - half_m)[None, :]
    forward = ((np.arange(rows, dtype=np.float32) + 0.5) / along / PERIOD_M * 2 * np.pi)[:, None]
    wobble = 0.10 * np.sin(7 * forward) + 0.07 * np.sin(17 * forward + 1)
    soft = _blotches(patches, rows, columns, half_m)
    texture = _grass(rng, soft, side)
    hard = _soft_step(np.abs(side) + 2.2 * wobble, 5.9, 0.25)
    _blend(texture, _gravel(rng, soft), hard)
    tarmac = _soft_step(np.abs(side) + wobble, 3.62, 0.07)
    _blend(texture, _tarmac(rng, soft, side, forward), tarmac)
    return np.clip(texture, 0, 255).astype(np.uint8)


def _tarmac(rng: np.random.Generator, soft: Floats, side: Floats, forward: Floats) -> Floats:
    tracks = sum(np.exp(-(((side - at) / 0.30) ** 2)) for at in (-2.55, -0.95, 0.95, 2.55))
    oil = np.exp(-(((np.abs(side) - 1.75) / 0.25) ** 2))
    value = 92.0 + 5.0 * tracks - 6.0 * oil + 3.5 * np.sin(3 * forward) * np.sin(5 * forward + 2)
    value = value + _grain(rng, soft.shape, 7.5) + 4.0 * soft
    for start, end, left, right in ((0.8, 1.15, -3.3, -0.9), (3.9, 4.05, 0.3, 3.2)):
        patch = (forward > start) & (forward < end) & (side > left) & (side < right)
        value = value - 9.0 * patch
    seam = np.exp(-(((side - 0.16 - 0.02 * np.sin(9 * forward)) / 0.03) ** 2))
    value = value - 16.0 * seam
    return np.asarray(value[..., None] * np.array((0.985, 0.995, 1.03), np.float32))


def _gravel(rng: np.random.Generator, soft: Floats) -> Floats:
    value = 112.0 + _grain(rng, soft.shape, 12.0) + 9.0 * soft
    return np.asarray(value[..., None] * np.array((1.04, 0.99, 0.88), np.float32))


def _grass(rng: np.random.Generator, soft: Floats, side: Floats) -> Floats:
    value = 1.0 + (_grain(rng, soft.shape, 12.0) + 13.0 * soft) / 110
    verge = np.array((92.0, 112.0, 52.0), np.float32)
    field = np.array((118.0, 128.0, 66.0), np.float32)
    far = (1 - _soft_step(np.abs(side), 11.0, 1.0))[..., None]
    return np.asarray(value[..., None] * (verge * (1 - far) + field * far))


def _soft_step(distance: Floats, edge_m: float, width_m: float) -> Floats:
    """Return 1 inside an edge, 0 outside."""
    return np.clip(0.5 + (edge_m - distance) / (2 * width_m), 0, 1)


def _blend(base: Floats, over: Floats, cover: Floats) -> None:
    base += (over - base) * cover[..., None]


def _grain(rng: np.random.Generator, shape: tuple[int, ...], strength: float) -> Floats:
    fine = rng.standard_normal(shape, np.float32)
    return (0.6 * fine + 0.9 * cv2.blur(fine, (3, 3))) * strength


def _blotches(patches: Patches, rows: int, columns: int, half_m: float) -> Floats:
    """Return soft patches over a band's width, joining where the period ends."""
    middle, reach = patches.shape[1] // 2, min(patches.shape[1] // 2, int(np.ceil(2 * half_m)))
    cut = patches[:, middle - reach : middle + reach]
    thrice = np.concatenate([cut, cut, cut])
    tall = cv2.resize(thrice, (columns, 3 * rows), interpolation=cv2.INTER_CUBIC)
    return np.asarray(tall[rows : 2 * rows], np.float32)


__all__ = ["Ground", "RoadLine", "draw_markings", "ground_light"]
