"""A small canvas in metres on which sprites and vehicle skins are painted, once each."""

import cv2
import numpy as np
from numpy.typing import NDArray

Rgba = NDArray[np.uint8]
Outline = NDArray[np.float64]
Paint = tuple[float, float, float]
Floats = NDArray[np.float64]
_SHIFT = 4
_TURN = np.linspace(0, 2 * np.pi, 8, endpoint=False)
_SPOT = np.stack([np.cos(_TURN), 0.75 * np.sin(_TURN)], axis=1)


class Canvas:
    """Float RGBA, premultiplied. x goes right from `left_m`, y goes up from 0."""

    def __init__(self, left_m: float, width_m: float, height_m: float, px_per_m: float) -> None:
        self.left_m = left_m
        self.px_per_m = px_per_m
        self.height_px = max(2, round(height_m * px_per_m))
        self.width_px = max(2, round(width_m * px_per_m))
        self.pixels = np.zeros((self.height_px, self.width_px, 4), np.float32)

    def fill(
        self, outline: Outline, paint: Paint, *, opacity: float = 1.0, soft_m: float = 0.0,
        inside: bool = False,
    ) -> None:  # fmt: skip
        """Fill an outline (N x 2, m). soft_m blurs its edge; inside: only where paint is."""
        points = self._to_px(outline)
        margin = 2 + int(3 * soft_m * self.px_per_m)
        x0, y0 = np.maximum(np.floor(points.min(0)).astype(int) - margin, 0)
        x1, y1 = np.ceil(points.max(0)).astype(int) + margin
        x1, y1 = min(x1, self.width_px), min(y1, self.height_px)
        if x1 <= x0 or y1 <= y0:
            return
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        shifted = np.round((points - (x0, y0)) * (1 << _SHIFT)).astype(np.int32)
        cv2.fillPoly(mask, [shifted], (255,), cv2.LINE_AA, _SHIFT)
        if soft_m > 0:
            mask = np.asarray(
                cv2.GaussianBlur(mask, (0, 0), max(0.5, soft_m * self.px_per_m)), np.uint8
            )
        part = self.pixels[y0:y1, x0:x1]
        cover = mask.astype(np.float32)[..., None] * (opacity / 255.0)
        if inside:
            cover *= part[..., 3:]
        part *= 1.0 - cover
        part += (
            cover * np.array((*paint, 255.0), np.float32) / np.array((1, 1, 1, 255.0), np.float32)
        )

    def dab(
        self, sheet: Rgba, x: Floats, y: Floats, size_m: Floats, paint: Paint, tone: Floats
    ) -> None:
        """Dab spots of paint (times tone) on a sheet taken with `rgba`: quick, for thousands."""
        centres = self._to_px(np.stack([x, y], axis=1))
        reach = (size_m * self.px_per_m)[:, None, None]
        spots = np.round((centres[:, None] + reach * _SPOT) * (1 << _SHIFT)).astype(np.int32)
        colours = np.clip(np.multiply.outer(tone, paint), 0, 255).tolist()
        for spot, (r, g, b) in zip(spots, colours, strict=True):
            cv2.fillConvexPoly(sheet, spot, (r, g, b, 255.0), cv2.LINE_AA, _SHIFT)

    def line(
        self, points: Outline, width_m: float, paint: Paint, *, opacity: float = 1.0,
        soft_m: float = 0.0,
    ) -> None:  # fmt: skip
        """Draw an open line of a width, only on what is painted."""
        steps = np.diff(points, axis=0)
        lengths = np.maximum(np.linalg.norm(steps, axis=1, keepdims=True), 1e-9)
        normals = np.stack([-steps[:, 1], steps[:, 0]], axis=1) / lengths * width_m / 2
        for start, end, normal in zip(points[:-1], points[1:], normals, strict=True):
            quad = np.array([start + normal, end + normal, end - normal, start - normal])
            self.fill(quad, paint, opacity=opacity, soft_m=soft_m, inside=True)

    def shade(self, top_y: float, bottom_y: float, top: float, bottom: float) -> None:
        """Multiply the painted colour by a factor that runs from one height to another."""
        rows = (self.height_px - 0.5 - np.arange(self.height_px)) / self.px_per_m
        factor = np.interp(rows, [bottom_y, top_y], [bottom, top], left=1.0, right=1.0)
        self.pixels[..., :3] *= factor[:, None, None].astype(np.float32)

    def rgba(self) -> Rgba:
        """Return the painting as premultiplied uint8 RGBA."""
        colour = np.clip(self.pixels[..., :3], 0, 255)
        alpha = np.clip(self.pixels[..., 3:] * 255.0, 0, 255)
        colour = np.minimum(colour, alpha)
        return np.asarray(np.concatenate([colour, alpha], axis=2).round(), np.uint8)

    def _to_px(self, outline: Outline) -> Outline:
        x = (outline[:, 0] - self.left_m) * self.px_per_m - 0.5
        y = self.height_px - outline[:, 1] * self.px_per_m - 0.5
        return np.stack([x, y], axis=1)


def box(x0: float, y0: float, x1: float, y1: float, radius: float = 0.0) -> Outline:
    """Return a rectangle with rounded corners."""
    if radius <= 0:
        return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float64)
    turn = np.linspace(0, np.pi / 2, 6)
    corners = []
    for cx, cy, start in (
        (x1 - radius, y0 + radius, -np.pi / 2), (x1 - radius, y1 - radius, 0.0),
        (x0 + radius, y1 - radius, np.pi / 2), (x0 + radius, y0 + radius, np.pi),
    ):  # fmt: skip
        angle = start + turn
        corners.append(np.stack([cx + radius * np.cos(angle), cy + radius * np.sin(angle)], 1))
    return np.concatenate(corners)


def ellipse(x: float, y: float, half_w: float, half_h: float, points: int = 28) -> Outline:
    """Return an ellipse."""
    angle = np.linspace(0, 2 * np.pi, points, endpoint=False)
    return np.stack([x + half_w * np.cos(angle), y + half_h * np.sin(angle)], axis=1)


def poly(*points: tuple[float, float]) -> Outline:
    """Return an outline through points."""
    return np.array(points, np.float64)


def mirrored(outline: Outline) -> tuple[Outline, Outline]:
    """Return an outline and its mirror image about x = 0."""
    return outline, outline * (-1.0, 1.0)


def lighter(paint: Paint, by: float) -> Paint:
    """Return a paint moved towards white (by > 0) or black (by < 0)."""
    goal = 255.0 if by > 0 else 0.0
    r, g, b = (value + (goal - value) * abs(by) for value in paint)
    return r, g, b


def levels(image: Rgba, least_px: int = 3) -> list[Rgba]:
    """Return an image and its halvings, the sharpest first."""
    chain = [image]
    while min(chain[-1].shape[:2]) // 2 >= least_px:
        height, width = chain[-1].shape[:2]
        half = cv2.resize(chain[-1], (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        chain.append(np.asarray(half, np.uint8))
    return chain
