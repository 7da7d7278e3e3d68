"""Paints vans, lorries and motorcycles in elevation."""

import numpy as np

from outrider.rendered.bodies import Body
from outrider.rendered.paint import (
    Canvas,
    Paint,
    box,
    ellipse,
    lighter,
    mirrored,
    poly,
)  # fmt: skip
from outrider.rendered.skin_car import (
    CHROME,
    GLASS,
    HEADLAMP,
    RUBBER,
    SKY,
    TAIL_RED,
    TRIM,
    outline,
)  # fmt: skip


def paint_van(canvas: Canvas, body: Body, paint: Paint, rear: bool) -> None:
    """Paint one end of a panel van."""
    half = body.width_m / 2
    for tyre in mirrored(box(half * 0.70, 0.0, half * 0.93, 0.5, 0.05)):
        canvas.fill(tyre, RUBBER)
    canvas.fill(outline(body.end(rear), 0.22, body.height_m), paint)
    for side in mirrored(box(half * 0.88, 0.1, half * 1.05, body.height_m)):
        canvas.fill(side, lighter(paint, -0.5), opacity=0.5, soft_m=0.06, inside=True)
    canvas.fill(box(-half, 0.1, half, 0.45), lighter(paint, -0.6), opacity=0.55, soft_m=0.06,
                inside=True)  # fmt: skip
    if rear:
        _van_rear(canvas, body, paint)
    else:
        _van_front(canvas, body, paint)


def _van_front(canvas: Canvas, body: Body, paint: Paint) -> None:
    half = body.width_m / 2
    canvas.fill(box(-half, 1.04, half, 1.26), lighter(paint, 0.4), opacity=0.6, soft_m=0.04,
                inside=True)  # fmt: skip
    glass = outline(body.front, 1.30, 2.02, 0.93)
    canvas.fill(outline(body.front, 1.27, 2.05, 0.95), TRIM, inside=True)
    canvas.fill(glass, GLASS, inside=True)
    for x in (-0.45, 0.45):
        canvas.fill(box(x - 0.2, 1.28, x + 0.2, 1.62, 0.08), (18.0, 20.0, 22.0), opacity=0.8,
                    inside=True)  # fmt: skip
    canvas.fill(box(-0.68, 1.28, -0.22, 1.48, 0.08), (150.0, 96.0, 30.0), opacity=0.8, inside=True)
    canvas.fill(ellipse(-0.45, 1.62, 0.085, 0.115), (112.0, 84.0, 70.0), opacity=0.8, inside=True)
    canvas.fill(outline(body.front, 1.72, 2.02, 0.93), SKY, opacity=0.32, soft_m=0.05, inside=True)
    canvas.fill(poly((-0.6, 1.3), (-0.2, 1.3), (0.3, 2.02), (0.0, 2.02)), SKY, opacity=0.12,
                inside=True)  # fmt: skip
    grille = poly((-0.55, 0.98), (0.55, 0.98), (0.48, 0.68), (-0.48, 0.68))
    canvas.fill(grille, TRIM, inside=True)
    for y in np.arange(0.72, 0.97, 0.06):
        canvas.line(poly((-0.52, y), (0.52, y)), 0.016, (96.0, 98.0, 100.0))
    canvas.fill(ellipse(0.0, 0.85, 0.075, 0.06), CHROME)
    for lamp in mirrored(
        poly((0.58, 0.70), (0.60, 0.92), (0.92, 1.08), (0.95, 0.90), (0.90, 0.72))
    ):
        canvas.fill(lamp, (64.0, 68.0, 74.0), inside=True)
    for lamp in mirrored(ellipse(0.76, 0.84, 0.085, 0.075)):
        canvas.fill(lamp, HEADLAMP, inside=True)
    canvas.fill(box(-half * 0.97, 0.24, half * 0.97, 0.62, 0.08), TRIM, opacity=0.93, inside=True)
    canvas.fill(box(-0.50, 0.27, 0.50, 0.40, 0.03), (12.0, 12.0, 13.0), inside=True)
    for mirror in mirrored(box(half * 0.97, 1.34, half + 0.20, 1.66, 0.05)):
        canvas.fill(mirror, TRIM)


def _van_rear(canvas: Canvas, body: Body, paint: Paint) -> None:
    half = body.width_m / 2
    for window in mirrored(box(0.07, 1.38, 0.76, 1.98, 0.06)):
        canvas.fill(window, GLASS, inside=True)
    for window in mirrored(box(0.07, 1.72, 0.76, 1.98, 0.06)):
        canvas.fill(window, SKY, opacity=0.22, soft_m=0.05, inside=True)
    canvas.line(poly((0.0, 0.50), (0.0, 2.20)), 0.018, lighter(paint, -0.75))
    for hinge in mirrored(poly((half * 0.88, 0.50), (half * 0.84, 2.16))):
        canvas.line(hinge, 0.012, lighter(paint, -0.6))
    for y in (0.70, 1.28):
        for panel in mirrored(poly((0.08, y), (0.78, y))):
            canvas.line(panel, 0.02, lighter(paint, -0.3), opacity=0.5, soft_m=0.008)
    for lamp in mirrored(box(half * 0.89, 0.62, half * 0.985, 1.22, 0.03)):
        canvas.fill(lamp, TAIL_RED, inside=True)
    for lamp in mirrored(box(half * 0.89, 0.90, half * 0.985, 1.00)):
        canvas.fill(lamp, (226.0, 150.0, 40.0), inside=True)
    canvas.fill(box(-half * 0.98, 0.27, half * 0.98, 0.48, 0.04), TRIM, inside=True)
    canvas.fill(box(-0.20, 2.16, 0.20, 2.20, 0.01), TAIL_RED, inside=True)
    canvas.fill(box(0.08, 0.98, 0.12, 1.12, 0.01), TRIM)


def paint_lorry(canvas: Canvas, body: Body, paint: Paint, rear: bool) -> None:
    """Paint the cab of a rigid lorry, or the doors of its box."""
    half = body.width_m / 2
    for tyre in mirrored(box(half * 0.66, 0.0, half * 0.93, 0.8, 0.06)):
        canvas.fill(tyre, RUBBER)
    canvas.fill(box(-half * 0.8, 0.35, half * 0.8, 0.7), (16.0, 16.0, 17.0))
    if rear:
        _lorry_doors(canvas, body)
    else:
        _lorry_cab(canvas, body, paint)


def _lorry_doors(canvas: Canvas, body: Body) -> None:
    half, white = body.width_m / 2, (214.0, 214.0, 210.0)
    canvas.fill(box(-half, 0.98, half, body.height_m - 0.02, 0.02), white)
    canvas.shade(body.height_m, 1.0, 1.04, 0.84)
    canvas.fill(box(-half, 3.34, half, 3.45), (150.0, 152.0, 154.0), inside=True)
    canvas.line(poly((0.0, 1.0), (0.0, 3.36)), 0.02, (70.0, 70.0, 70.0))
    for edge in mirrored(poly((half * 0.97, 0.98), (half * 0.97, 3.4))):
        canvas.line(edge, 0.06, (150.0, 152.0, 154.0))
    for x in (0.28, 0.86):
        for rod in mirrored(poly((x, 1.02), (x, 3.34))):
            canvas.line(rod, 0.035, (128.0, 130.0, 134.0))
        for handle in mirrored(box(x - 0.05, 1.62, x + 0.22, 1.67)):
            canvas.fill(handle, (96.0, 98.0, 100.0))
    canvas.fill(box(-half * 0.96, 0.50, half * 0.96, 0.62, 0.02), (70.0, 72.0, 75.0))
    for board in mirrored(box(half * 0.42, 0.62, half * 0.94, 0.82, 0.01)):
        canvas.fill(board, (214.0, 158.0, 26.0))
    for x in np.arange(0.44, 0.92, 0.12):
        foot, top = (x, x + 0.06), (x + 0.11, x + 0.05)
        stripe = poly((foot[0], 0.63), (foot[1], 0.63), (top[0], 0.81), (top[1], 0.81))
        for bar in mirrored(stripe * (half, 1.0)):
            canvas.fill(bar, (176.0, 24.0, 26.0), inside=True)
    canvas.fill(box(-half * 0.93, 0.84, half * 0.93, 0.97, 0.01), (48.0, 49.0, 51.0))
    for lamp in mirrored(box(half * 0.66, 0.85, half * 0.92, 0.96, 0.02)):
        canvas.fill(lamp, TAIL_RED)


def _lorry_cab(canvas: Canvas, body: Body, paint: Paint) -> None:
    half = body.width_m / 2
    canvas.fill(box(-half, 2.6, half, body.height_m - 0.02, 0.03), (206.0, 206.0, 203.0))
    canvas.fill(outline(body.front, 0.30, 2.92), paint)
    for side in mirrored(box(half * 0.90, 0.3, half * 1.02, 2.9)):
        canvas.fill(side, lighter(paint, -0.5), opacity=0.5, soft_m=0.06, inside=True)
    canvas.fill(box(-half * 0.90, 1.62, half * 0.90, 2.48, 0.10), TRIM, inside=True)
    canvas.fill(box(-half * 0.87, 1.66, half * 0.87, 2.44, 0.08), GLASS, inside=True)
    canvas.fill(box(-0.86, 1.64, -0.36, 1.94, 0.1), (196.0, 110.0, 30.0), opacity=0.75, inside=True)
    canvas.fill(ellipse(-0.61, 2.06, 0.09, 0.12), (112.0, 84.0, 70.0), opacity=0.8, inside=True)
    canvas.fill(box(-half * 0.87, 2.1, half * 0.87, 2.44, 0.08), SKY, opacity=0.34, soft_m=0.06,
                inside=True)  # fmt: skip
    canvas.fill(box(-half * 0.92, 2.46, half * 0.92, 2.56, 0.03), lighter(paint, -0.5), inside=True)
    canvas.fill(box(-0.72, 0.84, 0.72, 1.50, 0.06), TRIM, inside=True)
    for y in np.arange(0.92, 1.5, 0.11):
        canvas.line(poly((-0.68, y), (0.68, y)), 0.035, (104.0, 106.0, 110.0))
    canvas.fill(
        box(-half * 0.96, 0.32, half * 0.96, 0.76, 0.06), lighter(paint, -0.35), inside=True
    )
    for lamp in mirrored(box(half * 0.64, 0.50, half * 0.92, 0.70, 0.04)):
        canvas.fill(lamp, (70.0, 74.0, 80.0), inside=True)
    for lamp in mirrored(ellipse(half * 0.80, 0.60, 0.085, 0.075)):
        canvas.fill(lamp, HEADLAMP, inside=True)
    canvas.fill(box(-0.40, 0.46, 0.40, 0.68, 0.02), TRIM, inside=True)
    for mirror in mirrored(box(half + 0.02, 1.75, half + 0.20, 2.35, 0.05)):
        canvas.fill(mirror, TRIM)


def paint_motorcycle(canvas: Canvas, body: Body, paint: Paint, rear: bool) -> None:
    """Paint a motorcycle and its rider from behind (the only end with a plate)."""
    del rear
    jacket: Paint = (38.0, 42.0, 52.0)
    canvas.fill(box(-0.085, 0.0, 0.085, 0.62, 0.07), RUBBER)
    canvas.fill(box(-0.03, 0.02, 0.03, 0.60, 0.02), (34.0, 34.0, 36.0), inside=True)
    for pipe in mirrored(box(0.12, 0.28, 0.22, 0.46, 0.05)):
        canvas.fill(pipe, (120.0, 122.0, 126.0))
    for leg in mirrored(poly((0.10, 0.82), (0.30, 0.86), (0.34, 0.55), (0.27, 0.32), (0.18, 0.32),
                             (0.22, 0.56))):  # fmt: skip
        canvas.fill(leg, (30.0, 32.0, 38.0))
    canvas.fill(poly((-0.20, 0.88), (0.20, 0.88), (0.15, 0.68), (-0.15, 0.68)), paint)
    canvas.fill(box(-0.10, 0.72, 0.10, 0.80, 0.03), TAIL_RED)
    canvas.fill(poly((-0.24, 0.84), (0.24, 0.84), (0.30, 1.18), (0.25, 1.42), (0.11, 1.49),
                     (-0.11, 1.49), (-0.25, 1.42), (-0.30, 1.18)), jacket)  # fmt: skip
    for arm in mirrored(poly((0.24, 1.40), (0.33, 1.30), (0.45, 1.05), (0.40, 0.98), (0.27, 1.16))):
        canvas.fill(arm, lighter(jacket, 0.08))
    canvas.line(poly((-0.27, 1.24), (0.27, 1.24)), 0.07, (206.0, 224.0, 60.0))
    canvas.line(poly((0.0, 0.86), (0.0, 1.46)), 0.012, lighter(jacket, -0.4))
    canvas.fill(ellipse(0.0, 1.60, 0.125, 0.145), paint)
    canvas.fill(ellipse(0.04, 1.65, 0.06, 0.06), (250.0, 250.0, 250.0), opacity=0.35, soft_m=0.02,
                inside=True)  # fmt: skip
    for mirror in mirrored(box(0.38, 1.12, 0.50, 1.19, 0.02)):
        canvas.fill(mirror, TRIM)
    del body
