"""Paints the long side of vehicles: x is z (0 at the end that shows), y is up."""

import numpy as np

from outrider.rendered.bodies import Body
from outrider.rendered.paint import Canvas, Paint, box, ellipse, lighter, poly
from outrider.rendered.skin_car import GLASS, RUBBER, SKY, TRIM


def paint_low_side(canvas: Canvas, body: Body, paint: Paint, rear: bool) -> None:
    """Paint the side up to the shoulder (cars) or the roof (vans, lorries)."""
    length, wheel = body.length_m, body.wheel_m
    if body.style == "lorry":
        _lorry(canvas, body, paint, rear)
        axles: tuple[float, ...] = (1.4, length - 2.4)
    else:
        top = body.front.widths[4][0] if body.style in ("modern", "classic") else 2.2
        nose = 0.10 if rear else 0.0
        shell = poly(
            (0.02, 0.22), (0.0, top * 0.72), (0.06 + 0.9 * (0.1 - nose), top - 0.02),
            (length - 0.06, top), (length, 0.5), (length - 0.05, 0.22),
        )  # fmt: skip
        canvas.fill(shell, paint)
        canvas.shade(top, top * 0.62, 1.12, 0.92)
        canvas.fill(box(0.0, 0.1, length, 0.36), lighter(paint, -0.7), opacity=0.75, soft_m=0.05,
                    inside=True)  # fmt: skip
        canvas.line(poly((0.1, top * 0.74), (length - 0.1, top * 0.78)), 0.03,
                    lighter(paint, 0.5), opacity=0.35, soft_m=0.012)  # fmt: skip
        for z in (length * 0.30, length * 0.55, length * 0.78):
            canvas.line(poly((z, 0.3), (z, top)), 0.012, lighter(paint, -0.6), opacity=0.7)
        axles = (0.82, length - 0.78)
        if body.style == "van" and not rear:
            canvas.fill(poly((0.9, 1.30), (1.55, 2.0), (2.1, 2.0), (2.1, 1.30)), GLASS)
    for z in axles:
        _wheel(canvas, z, wheel)


def _lorry(canvas: Canvas, body: Body, paint: Paint, rear: bool) -> None:
    length, cab = body.length_m, 1.9
    start, end = (0.0, length - cab - 0.2) if rear else (cab + 0.2, length)
    canvas.fill(box(start, 1.0, end, body.height_m - 0.02), (204.0, 204.0, 200.0))
    canvas.shade(body.height_m, 1.0, 0.95, 0.80)
    for z in np.arange(start + 0.8, end, 0.8):
        canvas.line(poly((z, 1.0), (z, body.height_m)), 0.02, (150.0, 150.0, 150.0), opacity=0.6)
    low, high = (length - cab, length) if rear else (0.0, cab)
    canvas.fill(box(low, 0.35, high, 2.85, 0.08), paint)
    canvas.fill(box(low + 0.35, 1.65, high - 0.45, 2.4, 0.08), GLASS)
    canvas.fill(box(0.2, 0.7, length - 0.2, 1.0), TRIM)


def _wheel(canvas: Canvas, z: float, radius: float) -> None:
    canvas.fill(ellipse(z, radius + 0.02, radius * 1.17, radius * 1.15), (10.0, 10.0, 11.0))
    canvas.fill(ellipse(z, radius, radius, radius), RUBBER)
    canvas.fill(ellipse(z, radius, radius * 0.66, radius * 0.66), (150.0, 153.0, 158.0))
    for turn in np.linspace(0, 2 * np.pi, 5, endpoint=False):
        hole = ellipse(z + 0.42 * radius * np.cos(turn), radius + 0.42 * radius * np.sin(turn),
                       radius * 0.14, radius * 0.16, 12)  # fmt: skip
        canvas.fill(hole, (40.0, 41.0, 44.0))


def paint_high_side(canvas: Canvas, body: Body, paint: Paint, rear: bool) -> None:
    """Paint a car's pillars, roof edge and side windows, from the shoulder up (y from 0)."""
    height = body.height_m - 0.03 - body.front.widths[4][0]
    length = body.length_m
    start, roof_start = (0.14, 0.62) if rear else (1.05, 1.85)
    end, roof_end = (length - 1.05, length - 1.85) if rear else (length - 0.14, length - 0.62)
    shell = poly((start, 0.0), (roof_start, height), (roof_end, height), (end, 0.0))
    canvas.fill(shell, lighter(paint, -0.1))
    canvas.line(poly((roof_start, height - 0.02), (roof_end, height - 0.02)), 0.05,
                lighter(paint, 0.35))  # fmt: skip
    glass = poly((start + 0.16, 0.03), (roof_start + 0.10, height - 0.07),
                 (roof_end - 0.10, height - 0.07), (end - 0.16, 0.03))  # fmt: skip
    canvas.fill(glass, GLASS)
    canvas.fill(box(0.0, height * 0.55, length, height), SKY, opacity=0.28, soft_m=0.04,
                inside=True)  # fmt: skip
    for part in (0.40, 0.68):
        z = start + part * (end - start)
        canvas.line(poly((z, 0.0), (z, height)), 0.07, TRIM)
