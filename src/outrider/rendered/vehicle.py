"""Draws a vehicle as one camera sees it: skins laid on its measures, plate exactly in place."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from outrider.plates.draw import draw_plate
from outrider.rendered.bodies import Body
from outrider.rendered.camera import Camera
from outrider.rendered.light import Light, as_levels
from outrider.rendered.paint import Canvas, Paint, Rgba, levels
from outrider.rendered.skin_car import paint_car, paint_classic
from outrider.rendered.skin_large import paint_lorry, paint_motorcycle, paint_van
from outrider.rendered.skin_side import paint_high_side, paint_low_side
from outrider.rendered.traffic import Vehicle
from outrider.rendered.world import Seen

Floats = NDArray[np.float64]

_MARGIN_M = 0.25
_PAINTERS = {
    "modern": paint_car, "classic": paint_classic, "van": paint_van, "lorry": paint_lorry,
    "motorcycle": paint_motorcycle,
}  # fmt: skip
_PLATE_PX_PER_MM = 1.5
_SUPERSAMPLE = 2


@dataclass(frozen=True, slots=True)
class Skin:
    """Paintings of one vehicle, each with its halvings; high is None where there is no cabin."""

    px_per_m: float
    end: list[Rgba]
    low: list[Rgba]
    high: list[Rgba] | None
    plate: list[Rgba]


@dataclass(slots=True)
class Layer:
    """A piece of the picture to draw on: premultiplied RGBA, and where its corner lies."""

    pixels: Rgba
    x0: int
    y0: int


def make_skin(vehicle: Vehicle) -> Skin:
    """Paint a vehicle."""
    body, rear = vehicle.body, vehicle.rear
    paint: Paint = tuple(float(value) for value in vehicle.paint)  # type: ignore[assignment]
    px = 220.0 if body.style != "lorry" else 140.0
    half = body.width_m / 2 + _MARGIN_M
    end = Canvas(-half, 2 * half, body.height_m + 0.08, px)
    _PAINTERS[body.style](end, body, paint, rear)
    low = Canvas(0.0, body.length_m, _low_top(body), 90.0)
    if body.style != "motorcycle":
        paint_low_side(low, body, paint, rear)
    high = None
    if _has_cabin(body):
        canvas = Canvas(0.0, body.length_m, body.height_m - 0.03 - _low_top(body), 90.0)
        paint_high_side(canvas, body, paint, rear)
        high = levels(canvas.rgba())
    plate = draw_plate(vehicle.spec, _PLATE_PX_PER_MM).rgb
    opaque = np.dstack([plate, np.full(plate.shape[:2], 255, np.uint8)])
    return Skin(px, levels(end.rgba()), levels(low.rgba()), high, levels(opaque))


def _has_cabin(body: Body) -> bool:
    return body.style in ("modern", "classic")


def _low_top(body: Body) -> float:
    return body.front.widths[4][0] if _has_cabin(body) else body.height_m - 0.02


def vehicle_layer(seen: Seen, skin: Skin, camera: Camera, light: Light) -> Layer | None:
    """Return the drawn vehicle, or None where it lies outside the picture."""
    body = seen.vehicle.body
    layer = _empty_layer(seen, camera)
    if layer is None:
        return None
    _shadow(layer, seen, camera, light)
    own = _camera_side(seen, camera)
    if abs(own) > body.width_m / 2 and body.style != "motorcycle":
        _side(layer, seen, skin, camera, light, -1.0 if own < 0 else 1.0)
    _end(layer, seen, skin, camera, light)
    _plate(layer, seen, skin, light, own)
    return layer


def _camera_side(seen: Seen, camera: Camera) -> float:
    """Return how far to the vehicle's right (local x, m) the camera is."""
    place = seen.placement
    east, north = camera.east_m - place.east_m, camera.north_m - place.north_m
    return float(east * np.cos(place.heading_rad) - north * np.sin(place.heading_rad))


def _empty_layer(seen: Seen, camera: Camera) -> Layer | None:
    body = seen.vehicle.body
    half, top, length = body.width_m / 2 + 0.5, body.height_m + 0.1, body.length_m + 0.4
    corners = np.array(
        [(x, y, z) for x in (-half, half) for y in (0.0, top) for z in (-0.4, length)]
    )
    points, _ = camera.project(seen.placement.world(corners))
    x0, y0 = np.maximum(np.floor(points.min(0)).astype(int) - 6, 0)
    x1 = min(int(np.ceil(points[:, 0].max())) + 6, camera.width_px)
    y1 = min(int(np.ceil(points[:, 1].max())) + 6, camera.height_px)
    if x1 - x0 < 4 or y1 - y0 < 4:
        return None
    return Layer(np.zeros((y1 - y0, x1 - x0, 4), np.uint8), int(x0), int(y0))


def _shadow(layer: Layer, seen: Seen, camera: Camera, light: Light) -> None:
    body = seen.vehicle.body
    half, length = body.width_m / 2, body.length_m
    sun = min(1.0, max(light.sun) * 2)
    for grow, shift, alpha in ((0.28, 0.30 * sun, 60), (0.12, 0.15 * sun, 90), (-0.06, 0.0, 130)):
        grow, shift = min(grow, 0.4 * half), min(shift, 0.4 * half)
        ground = np.array([
            (-half - grow + shift, 0.0, -grow), (half + grow + shift, 0.0, -grow),
            (half + grow + shift, 0.0, length + grow), (-half - grow + shift, 0.0, length + grow),
        ])  # fmt: skip
        points, _ = camera.project(seen.placement.world(ground))
        mask = np.zeros(layer.pixels.shape[:2], np.uint8)
        shifted = np.round((points - (layer.x0, layer.y0)) * 16).astype(np.int32)
        cv2.fillConvexPoly(mask, shifted, (alpha,), cv2.LINE_AA, 4)
        np.maximum(layer.pixels[..., 3], mask, out=layer.pixels[..., 3])


def _side(layer: Layer, seen: Seen, skin: Skin, camera: Camera, light: Light, hand: float) -> None:
    """Lay the long side on: below the shoulder upright, the cabin leaning in."""
    body = seen.vehicle.body
    half, top, length = body.width_m / 2 * 0.975, _low_top(body), body.length_m
    lit = light.on_face(seen.depth_m + 1.5, 0.35)
    lean = half if _has_cabin(body) else half * 0.99
    pieces = [(skin.low, 0.0, top, half, lean)]
    if skin.high is not None:
        roof = body.height_m - 0.03
        pieces.append((skin.high, top, roof, half * 0.95, half * 0.66))
    for chain, low, high, x_low, x_high in pieces:
        quad = np.array([
            (hand * x_high, high, 0.0), (hand * x_high, high, length),
            (hand * x_low, low, length), (hand * x_low, low, 0.0),
        ])  # fmt: skip
        quad[:, 2] += 0.06
        points, depths = camera.project(seen.placement.world(quad))
        if depths.min() > 0.6:
            _lay_quad(layer, chain, points, _with_haze(lit, light, seen.depth_m), 1)


def _end(layer: Layer, seen: Seen, skin: Skin, camera: Camera, light: Light) -> None:
    """Lay the painted end on its profile: row by row, each at its own depth."""
    body, end = seen.vehicle.body, seen.vehicle.body.end(seen.vehicle.rear)
    ys = np.linspace(0.0, body.height_m + 0.06, 56)
    zs = end.depth_m(ys)
    middle = np.stack([np.zeros_like(ys), ys, zs], axis=1)
    centre, _ = camera.project(seen.placement.world(middle))
    right, _ = camera.project(seen.placement.world(middle + np.array((1.0, 0.0, 0.0))))
    rows = np.minimum.accumulate(centre[:, 1])[::-1]
    wanted = np.arange(layer.pixels.shape[0]) + layer.y0
    height = np.interp(wanted, rows, ys[::-1], left=-1.0, right=-1.0)
    at_x = np.interp(wanted, rows, centre[::-1, 0])
    per_m = np.interp(wanted, rows, (right - centre)[::-1, 0])
    level = _level_for(skin.px_per_m, float(per_m.max()), len(skin.end))
    texture = skin.end[level]
    scale = skin.px_per_m / 2**level
    columns = np.arange(layer.pixels.shape[1]) + layer.x0
    across = (columns[None, :] - at_x[:, None]) / per_m[:, None]
    map_x = ((across + body.width_m / 2 + _MARGIN_M) * scale - 0.5).astype(np.float32)
    map_y = np.broadcast_to((texture.shape[0] - height * scale - 0.5)[:, None], map_x.shape)
    drawn = np.asarray(
        cv2.remap(texture, map_x, map_y.astype(np.float32), cv2.INTER_LINEAR), np.uint8
    )
    lit = light.on_face(seen.depth_m, 0.75, _beam_side(seen, camera))
    over(layer.pixels, _tinted(drawn, _with_haze(lit, light, seen.depth_m)))


def _beam_side(seen: Seen, camera: Camera) -> float:
    middle = float(seen.corners[:, 0].mean()) - camera.width_px / 2
    return middle * seen.depth_m / camera.focal_px + 0.06 * seen.depth_m


def _plate(layer: Layer, seen: Seen, skin: Skin, light: Light, side_m: float) -> None:
    lit = light.on_plate(seen.depth_m, side_m)
    _lay_quad(layer, skin.plate, seen.corners, _with_haze(lit, light, seen.depth_m), _SUPERSAMPLE)


@dataclass(frozen=True, slots=True)
class Tint:
    """What light and haze do to a colour: times gain, plus a part of the haze's colour."""

    gain: tuple[float, float, float]
    haze: tuple[float, float, float]


def _with_haze(lit: tuple[float, float, float], light: Light, depth_m: float) -> Tint:
    haze = light.haze_at(depth_m)
    r, g, b = (min(value, 1.25) * (1 - haze) for value in lit)
    hr, hg, hb = (as_levels(light.haze) * haze).tolist()
    return Tint((r, g, b), (hr, hg, hb))


def _tinted(rgba: Rgba, tint: Tint) -> Rgba:
    matrix = np.diag((*tint.gain, 1.0)).astype(np.float32)
    matrix[:3, 3] = np.array(tint.haze, np.float32) / 255
    return np.asarray(cv2.transform(rgba, matrix), np.uint8)


tinted = _tinted
with_haze = _with_haze


def _lay_quad(layer: Layer, chain: list[Rgba], points: Floats, tint: Tint, finer: int) -> None:
    """Lay a painting on four points of the picture (TL, TR, BR, BL), drawn `finer` times finer."""
    x0, y0 = np.maximum(np.floor(points.min(0)).astype(int) - 2, (layer.x0, layer.y0))
    height, width = layer.pixels.shape[:2]
    x1 = min(int(np.ceil(points[:, 0].max())) + 3, layer.x0 + width)
    y1 = min(int(np.ceil(points[:, 1].max())) + 3, layer.y0 + height)
    if x1 <= x0 or y1 <= y0:
        return
    wide = float(np.linalg.norm(points[1] - points[0]))
    texture = chain[_level_for(chain[0].shape[1], wide * finer, len(chain))]
    rows, columns = texture.shape[:2]
    source = np.array([(-0.5, -0.5), (columns - 0.5, -0.5), (columns - 0.5, rows - 0.5),
                       (-0.5, rows - 0.5)], np.float32)  # fmt: skip
    goal = ((points - (x0, y0) + 0.5) * finer - 0.5).astype(np.float32)
    turn = cv2.getPerspectiveTransform(source, goal)
    size = (int(x1 - x0) * finer, int(y1 - y0) * finer)
    drawn = cv2.warpPerspective(texture, turn, size, flags=cv2.INTER_LINEAR)
    if finer > 1:
        drawn = cv2.resize(drawn, (int(x1 - x0), int(y1 - y0)), interpolation=cv2.INTER_AREA)
    part = layer.pixels[y0 - layer.y0 : y1 - layer.y0, x0 - layer.x0 : x1 - layer.x0]
    over(part, _tinted(np.asarray(drawn, np.uint8), tint))


def _level_for(have_px: float, want_px: float, count: int) -> int:
    """Return the halving that has between one and two pixels for each one wanted."""
    return int(np.clip(np.floor(np.log2(max(have_px / max(want_px, 1.0), 1.0))), 0, count - 1))


def over(base: NDArray[np.uint8], top: Rgba) -> None:
    """Lay a premultiplied RGBA piece over RGB or RGBA pixels of the same size, in place."""
    through = 255 - top[..., 3]
    channels = base.shape[2]
    piece = np.asarray(cv2.cvtColor(top, cv2.COLOR_RGBA2RGB) if channels == 3 else top)
    dimmed = cv2.multiply(base, cv2.merge([through] * channels), scale=1 / 255)
    cv2.add(dimmed, piece, dst=base)
