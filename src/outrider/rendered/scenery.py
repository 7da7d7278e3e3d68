"""What stands beside the road and behind it: placed once, drawn for each frame."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from outrider.rendered.camera import HORIZON, Camera
from outrider.rendered.light import Light, as_levels
from outrider.rendered.road import Road
from outrider.rendered.sprites import Sprite, clouds, hills, make_sprites
from outrider.rendered.vehicle import over, tinted, with_haze

Image = NDArray[np.uint8]
Floats = NDArray[np.float64]

_SIGHT_M = 290.0
_NEAREST_M = 9.0
_PANORAMA_WIDTH = 4096
_WINDOW = 256


@dataclass(frozen=True, slots=True)
class Standing:
    """A sprite in the scene of one frame: where its foot is (px) and how large it is."""

    sprite: Sprite
    x_px: float
    y_px: float
    px_per_m: float
    depth_m: float


class Scenery:
    """Trees, hedges, houses, poles and signs along one road."""

    def __init__(self, road: Road, seed: int, length_m: float) -> None:
        self._sprites = make_sprites(seed)
        rng = np.random.default_rng([seed, 4])
        along, side, names = _planted(rng, length_m + 320.0)
        order = np.argsort(along)
        self._along = along[order]
        self._points = np.column_stack([road.points(along, side)[order], np.zeros(len(order))])
        self._names = [names[i] for i in order]

    def standing(self, camera: Camera, along_m: float) -> list[Standing]:
        """Return what the camera sees, farthest first."""
        low, high = np.searchsorted(self._along, [along_m + 4.0, along_m + _SIGHT_M])
        if low == high:
            return []
        feet, depths = camera.project(self._points[low:high])
        found = []
        for name, (x, y), depth in zip(self._names[low:high], feet, depths, strict=True):
            sprite = self._sprites[name]
            per_m = camera.focal_px / depth
            if (
                depth > _NEAREST_M
                and -sprite.width_m < x / per_m
                and (x - camera.width_px) / per_m < sprite.width_m
            ):
                found.append(Standing(sprite, float(x), float(y), float(per_m), float(depth)))
        return sorted(found, key=lambda one: -one.depth_m)


def _planted(rng: np.random.Generator, length_m: float) -> tuple[Floats, Floats, list[str]]:
    """Return along, side (m) and sprite of everything beside a road."""
    rows: list[tuple[float, float, str]] = []
    for hand in (-1.0, 1.0):
        for at in np.arange(0.0, length_m, 4.4):
            if np.sin(at / 47.0 + hand) <= 0.86:  # else a gap that shows the fields
                rows.append((at, hand * (9.3 + rng.normal(0, 0.12)), f"hedge{rng.integers(4)}"))
        for at in np.cumsum(rng.uniform(6.0, 30.0, int(length_m / 18))):
            rows.append((at, hand * rng.uniform(12.0, 30.0), f"tree{rng.integers(5)}"))
        for at in np.cumsum(rng.uniform(90.0, 240.0, int(length_m / 165) + 1)):
            rows.append((at, hand * rng.uniform(22.0, 30.0), f"house{rng.integers(3)}"))
        rows += [(at, hand * 6.6, "post") for at in np.arange(30.0, length_m, 50.0)]
    rows += [(at, -7.9, "pole") for at in np.arange(20.0, length_m, 42.0)]
    rows += [(at, -7.0, "sign") for at in np.arange(70.0, length_m, 260.0)]
    along, side, names = zip(*rows, strict=True)
    return np.array(along), np.array(side), list(names)


def draw_standing(picture: Image, one: Standing, light: Light) -> None:
    """Draw one sprite, resized to its distance."""
    height = max(1, round(one.sprite.height_m * one.px_per_m))
    width = max(1, round(one.sprite.width_m * one.px_per_m))
    x0, y1 = round(one.x_px - width / 2), round(one.y_px) + 1
    y0 = y1 - height
    left, top = max(0, -x0), max(0, -y0)
    right = min(width, picture.shape[1] - x0)
    bottom = min(height, picture.shape[0] - y0)
    if right - left < 1 or bottom - top < 1:
        return
    chain = one.sprite.chain
    finer = [image for image in chain if image.shape[0] >= height]
    texture = finer[-1] if finer else chain[0]
    cut = _cut(texture, (left / width, top / height, right / width, bottom / height))
    drawn = cv2.resize(cut, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)
    lit = light.on_face(one.depth_m, 0.55, (one.x_px - picture.shape[1] / 2) / one.px_per_m)
    part = picture[y0 + top : y0 + bottom, x0 + left : x0 + right]
    over(part, tinted(np.asarray(drawn, np.uint8), with_haze(lit, light, one.depth_m)))


def _cut(texture: Image, part: tuple[float, float, float, float]) -> Image:
    height, width = texture.shape[:2]
    x0, y0 = int(part[0] * width), int(part[1] * height)
    x1, y1 = max(x0 + 1, round(part[2] * width)), max(y0 + 1, round(part[3] * height))
    return texture[y0:y1, x0:x1]


class Backdrop:
    """Sky, clouds and hills as a band that turns with the car's heading."""

    def __init__(self, seed: int, height_px: int, focal_px: float) -> None:
        rng = np.random.default_rng([seed, 5])
        self._height = round(height_px * (HORIZON + 0.05))
        self._focal_px = focal_px
        self._clouds = clouds(rng, self._height // 2, _PANORAMA_WIDTH // 2)
        self._hills = hills(rng, self._height, _PANORAMA_WIDTH)
        self._painted_for: tuple[Light, int] | None = None
        self._band = np.zeros((1, 1, 3), np.uint8)

    def draw(self, picture: Image, camera: Camera, light: Light) -> None:
        """Fill the picture down to a little below the horizon."""
        start = round(camera.axis_rad * self._focal_px) % _PANORAMA_WIDTH
        window = start // _WINDOW * _WINDOW
        if self._painted_for != (light, window):
            self._band = self._painted(light, window, camera.width_px + _WINDOW)
            self._painted_for = (light, window)
        foot = min(picture.shape[0], int(np.ceil(camera.horizon_px)) + 4)
        above = max(0, foot - self._height)
        cut = self._band[self._height - (foot - above) :, start - window :]
        picture[above:foot] = cut[:, : camera.width_px]
        picture[:above] = cut[:1, : camera.width_px]

    def _painted(self, light: Light, window: int, width_px: int) -> Image:
        """Paint the piece of the panorama from a column on: sky at half size, hills at full."""
        columns = (window // 2 + np.arange((width_px + 1) // 2)) % self._clouds.shape[1]
        cloud = self._clouds[:, columns]
        up = np.linspace(1, 0, cloud.shape[0], dtype=np.float32)[:, None, None] ** 0.8
        sky = as_levels(light.sky_low) * (1 - up) + as_levels(light.sky_top) * up
        cover = (cloud * light.cloudiness)[..., None] * (0.35 + 0.65 * up)
        shadow = 1.0 - 0.16 * np.roll(cloud, -7, axis=0)[..., None]
        half = sky * (1 - cover) + as_levels(light.cloud) * shadow * cover
        band = np.asarray(cv2.resize(half.astype(np.float32), (width_px, self._height)), np.float32)
        across = (window + np.arange(width_px)) % _PANORAMA_WIDTH
        for ridge, colour, far_m in self._hills:
            lit = np.array(colour, np.float32) * np.array(light.on_face(far_m, 0.6), np.float32)
            haze = light.haze_at(far_m)
            shown = lit * (1 - haze) + as_levels(light.haze) * haze
            part = band[-ridge.shape[0] :]
            part += (shown.astype(np.float32) - part) * ridge[:, across, None]
        return np.clip(band, 0, 255).astype(np.uint8)
