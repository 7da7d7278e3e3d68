"""Paints the front and the back of passenger cars in elevation."""

import numpy as np

from outrider.rendered.bodies import Body, End
from outrider.rendered.paint import (
    Canvas,
    Outline,
    Paint,
    box,
    ellipse,
    lighter,
    mirrored,
    poly,
)  # fmt: skip

GLASS: Paint = (30.0, 38.0, 44.0)
SKY: Paint = (176.0, 196.0, 210.0)
RUBBER: Paint = (20.0, 20.0, 22.0)
TRIM: Paint = (30.0, 31.0, 33.0)
CHROME: Paint = (206.0, 210.0, 214.0)
TAIL_RED: Paint = (168.0, 16.0, 20.0)
HEADLAMP: Paint = (226.0, 232.0, 238.0)


def outline(end: End, low_m: float, high_m: float, part: float = 1.0) -> Outline:
    """Return the vehicle's outline between two heights; part: of its width."""
    ys = np.linspace(low_m, high_m, 40)
    halves = end.half_width_m(ys) * part
    kernel = np.array([1, 2, 3, 2, 1]) / 9
    smooth = np.convolve(np.pad(halves, 2, mode="edge"), kernel, "valid")
    return np.concatenate([np.stack([smooth, ys], 1), np.stack([-smooth[::-1], ys[::-1]], 1)])


def paint_car(canvas: Canvas, body: Body, paint: Paint, rear: bool) -> None:
    """Paint one end of a modern car."""
    end = body.end(rear)
    shoulder, roof = end.widths[4][0], body.height_m - 0.07
    _wheels(canvas, body)
    _shell(canvas, body, end, paint, shoulder)
    _screen(canvas, end, shoulder, roof, rear)
    if rear:
        _rear_details(canvas, body, paint, shoulder, roof)
    else:
        _front_details(canvas, body, paint, shoulder)
    _plate_recess(canvas, end, paint, rear)
    _mirrors(canvas, body, paint, shoulder)


def _wheels(canvas: Canvas, body: Body) -> None:
    half = body.width_m / 2
    for tyre in mirrored(box(half * 0.68, 0.0, half * 0.94, 0.42, 0.05)):
        canvas.fill(tyre, RUBBER)
    canvas.fill(box(-half * 0.7, 0.13, half * 0.7, 0.3), (12.0, 12.0, 13.0))


def _shell(canvas: Canvas, body: Body, end: End, paint: Paint, shoulder: float) -> None:
    """Lay the painted body with the light that falls on its curves."""
    bonnet = end.widths[3][0]
    canvas.fill(outline(end, 0.17, body.height_m), paint)
    half = body.width_m / 2
    canvas.fill(outline(end, shoulder - 0.01, body.height_m), lighter(paint, -0.22), inside=True)
    canvas.fill(
        outline(end, body.height_m - 0.075, body.height_m + 0.03), lighter(paint, 0.30),
        opacity=0.8, soft_m=0.012, inside=True,
    )  # fmt: skip
    canvas.fill(
        box(-half, bonnet + 0.03, half, shoulder + 0.02), lighter(paint, 0.32),
        opacity=0.6, soft_m=0.035, inside=True,
    )  # fmt: skip
    canvas.fill(
        box(-half * 0.8, bonnet - 0.02, half * 0.8, bonnet + 0.015, 0.015), lighter(paint, 0.55),
        opacity=0.35, soft_m=0.015, inside=True,
    )  # fmt: skip
    for side in mirrored(box(half * 0.86, 0.1, half * 1.05, shoulder)):
        canvas.fill(side, lighter(paint, -0.55), opacity=0.55, soft_m=0.05, inside=True)
    canvas.fill(
        box(-half, 0.1, half, 0.36), lighter(paint, -0.65), opacity=0.6, soft_m=0.05, inside=True
    )
    canvas.fill(
        box(-half * 0.75, 0.47, half * 0.75, 0.55), lighter(paint, 0.35), opacity=0.3,
        soft_m=0.04, inside=True,
    )  # fmt: skip


def _screen(canvas: Canvas, end: End, shoulder: float, roof: float, rear: bool) -> None:
    low = shoulder + (0.06 if rear else 0.015)
    top = roof - (0.05 if rear else 0.005)
    wide = 0.84 if rear else 0.91
    glass = outline(end, low, top, wide)
    canvas.fill(outline(end, low - 0.02, top + 0.012, wide + 0.03), TRIM, inside=True)
    canvas.fill(glass, GLASS, inside=True)
    _cabin(canvas, low, top, rear)
    height = top - low
    canvas.fill(
        outline(end, top - 0.42 * height, top, wide), SKY, opacity=0.30, soft_m=0.03, inside=True
    )
    canvas.fill(
        poly((-0.55, low), (-0.12, low), (0.22, top), (-0.10, top)), SKY, opacity=0.13,
        soft_m=0.01, inside=True,
    )  # fmt: skip


def _cabin(canvas: Canvas, low: float, top: float, rear: bool) -> None:
    """Hint at what is behind the glass: head-rests, and at the wheel on the right a driver."""
    driver = 0.34 if rear else -0.34
    seat: Paint = (14.0, 16.0, 18.0)
    for x in (-0.34, 0.34):
        canvas.fill(box(x - 0.11, low, x + 0.11, low + 0.20, 0.05), seat, opacity=0.75, inside=True)
    if not rear:
        canvas.fill(box(driver - 0.21, low, driver + 0.21, low + 0.12, 0.05), (44.0, 46.0, 58.0),
                    opacity=0.9, inside=True)  # fmt: skip
    head = ellipse(driver, low + 0.22, 0.078, 0.105)
    canvas.fill(head, (24.0, 20.0, 18.0) if rear else (112.0, 84.0, 70.0), opacity=0.8, inside=True)
    if not rear:
        hair = ellipse(driver, low + 0.275, 0.078, 0.06)
        canvas.fill(hair, (34.0, 27.0, 22.0), opacity=0.85, inside=True)
        canvas.fill(box(-0.07, top - 0.09, 0.07, top - 0.05, 0.015), seat, inside=True)
        canvas.line(poly((-0.62, low + 0.01), (-0.05, low + 0.045)), 0.014, RUBBER)
        canvas.line(poly((-0.02, low + 0.01), (0.55, low + 0.05)), 0.014, RUBBER)


def _front_details(canvas: Canvas, body: Body, paint: Paint, shoulder: float) -> None:
    half, bonnet = body.width_m / 2, body.front.widths[3][0]
    _headlamps(canvas, half, bonnet)
    grille = poly(
        (-half * 0.48, bonnet - 0.05), (half * 0.48, bonnet - 0.05),
        (half * 0.40, bonnet - 0.17), (-half * 0.40, bonnet - 0.17),
    )  # fmt: skip
    canvas.fill(grille, TRIM, inside=True)
    for y in np.arange(bonnet - 0.15, bonnet - 0.06, 0.028):
        canvas.line(poly((-half * 0.43, y), (half * 0.43, y)), 0.007, (92.0, 95.0, 98.0))
    canvas.fill(ellipse(0.0, bonnet - 0.10, 0.058, 0.045), CHROME)
    canvas.fill(ellipse(0.0, bonnet - 0.10, 0.042, 0.030), lighter(paint, -0.4))
    canvas.fill(box(-half * 0.56, 0.20, half * 0.56, 0.33, 0.04), TRIM, inside=True)
    for y in (0.235, 0.265, 0.295):
        canvas.line(poly((-half * 0.5, y), (half * 0.5, y)), 0.008, (62.0, 64.0, 66.0))
    for fog in mirrored(box(half * 0.66, 0.24, half * 0.86, 0.36, 0.04)):
        canvas.fill(fog, TRIM, inside=True)
    for lamp in mirrored(ellipse(half * 0.76, 0.30, 0.042, 0.042)):
        canvas.fill(lamp, (150.0, 156.0, 160.0), inside=True)
    for crease in mirrored(poly((half * 0.42, bonnet), (half * 0.60, shoulder))):
        canvas.line(crease, 0.02, lighter(paint, -0.35), opacity=0.5, soft_m=0.008)
    seam = poly((-half * 0.9, bonnet - 0.025), (0.0, bonnet - 0.015), (half * 0.9, bonnet - 0.025))
    canvas.line(seam, 0.008, lighter(paint, -0.7), opacity=0.8)


def _headlamps(canvas: Canvas, half: float, bonnet: float) -> None:
    shape = poly(
        (half * 0.50, bonnet - 0.14), (half * 0.54, bonnet - 0.05), (half * 0.93, bonnet + 0.01),
        (half * 0.955, bonnet - 0.06), (half * 0.86, bonnet - 0.15),
    )  # fmt: skip
    for lamp in mirrored(shape):
        canvas.fill(lamp, (58.0, 62.0, 68.0), inside=True)
    for x in (0.63, 0.80):
        for bowl in mirrored(ellipse(half * x, bonnet - 0.085, 0.047, 0.043)):
            canvas.fill(bowl, (150.0, 158.0, 166.0), inside=True)
        for bulb in mirrored(ellipse(half * x, bonnet - 0.085, 0.030, 0.028)):
            canvas.fill(bulb, HEADLAMP, inside=True)
    for strip in mirrored(poly((half * 0.54, bonnet - 0.055), (half * 0.92, bonnet + 0.0))):
        canvas.line(strip, 0.014, (246.0, 248.0, 250.0))


def _rear_details(canvas: Canvas, body: Body, paint: Paint, shoulder: float, roof: float) -> None:
    half = body.width_m / 2
    low = body.rear.plate_y_m - 0.14
    tail = poly(
        (half * 0.68, shoulder - 0.05), (half * 0.97, shoulder - 0.02), (half * 0.985, low + 0.04),
        (half * 0.80, low + 0.08), (half * 0.70, shoulder - 0.15),
    )  # fmt: skip
    for lamp in mirrored(tail):
        canvas.fill(lamp, TAIL_RED, inside=True)
    inner = poly((half * 0.75, shoulder - 0.08), (half * 0.93, shoulder - 0.06),
                 (half * 0.92, shoulder - 0.14), (half * 0.78, shoulder - 0.16))  # fmt: skip
    for lamp in mirrored(inner):
        canvas.fill(lamp, (226.0, 52.0, 44.0), inside=True)
    for lamp in mirrored(box(half * 0.82, low + 0.07, half * 0.95, low + 0.12, 0.01)):
        canvas.fill(lamp, (226.0, 208.0, 190.0), inside=True)
    canvas.line(poly((-half * 0.88, low), (half * 0.88, low)), 0.009, lighter(paint, -0.75))
    for edge in mirrored(poly((half * 0.80, low), (half * 0.72, shoulder - 0.02))):
        canvas.line(edge, 0.008, lighter(paint, -0.7), opacity=0.7)
    canvas.fill(box(-half * 0.82, 0.19, half * 0.82, 0.33, 0.05), TRIM, inside=True)
    for lamp in mirrored(box(half * 0.60, 0.36, half * 0.80, 0.395, 0.01)):
        canvas.fill(lamp, (140.0, 18.0, 20.0), inside=True)
    canvas.fill(ellipse(0.0, shoulder - 0.035, 0.05, 0.034), CHROME)
    canvas.fill(box(-0.16, roof - 0.035, 0.16, roof - 0.015, 0.008), (150.0, 20.0, 24.0))
    canvas.line(poly((0.02, shoulder + 0.07), (0.36, shoulder + 0.13)), 0.014, RUBBER)
    canvas.fill(ellipse(-half * 0.55, 0.19, 0.045, 0.028), (70.0, 70.0, 72.0))


def _plate_recess(canvas: Canvas, end: End, paint: Paint, rear: bool) -> None:
    x, y = end.plate_x_m, end.plate_y_m
    high = 0.125 if rear else 0.075
    recess = box(x - 0.32, y - high, x + 0.32, y + high, 0.03)
    canvas.fill(recess, lighter(paint, -0.45), opacity=0.75, inside=True)
    canvas.fill(box(x - 0.31, y + high * 0.5, x + 0.31, y + high, 0.02), (8.0, 8.0, 9.0),
                opacity=0.55, soft_m=0.02, inside=True)  # fmt: skip


def _mirrors(canvas: Canvas, body: Body, paint: Paint, shoulder: float) -> None:
    half = body.width_m / 2
    for mirror in mirrored(box(half * 0.93, shoulder + 0.02, half + 0.13, shoulder + 0.14, 0.05)):
        canvas.fill(mirror, lighter(paint, -0.25))
    for mirror in mirrored(box(half * 0.96, shoulder + 0.02, half + 0.12, shoulder + 0.06, 0.02)):
        canvas.fill(mirror, TRIM, opacity=0.7, soft_m=0.008, inside=True)


def paint_classic(canvas: Canvas, body: Body, paint: Paint, rear: bool) -> None:
    """Paint one end of a car of the sixties: round lamps, chrome, upright glass."""
    end = body.end(rear)
    half, shoulder, roof = body.width_m / 2, end.widths[4][0], body.height_m - 0.07
    _wheels(canvas, body)
    _shell(canvas, body, end, paint, shoulder)
    _screen(canvas, end, shoulder, roof, rear)
    bonnet = end.widths[3][0]
    if rear:
        for lamp in mirrored(box(half * 0.80, bonnet - 0.14, half * 0.94, bonnet + 0.10, 0.04)):
            canvas.fill(lamp, TAIL_RED, inside=True)
    else:
        _round_face(canvas, half, bonnet)
    bumper = box(-half * 1.0, 0.29, half * 1.0, 0.37, 0.035)
    canvas.fill(bumper, CHROME)
    canvas.fill(box(-half, 0.285, half, 0.315), (66.0, 70.0, 76.0), soft_m=0.012, inside=True)
    canvas.fill(box(-half * 0.95, 0.345, half * 0.95, 0.358), (250.0, 250.0, 250.0), inside=True)
    canvas.fill(box(-half * 0.9, 0.14, half * 0.9, 0.27, 0.04), lighter(paint, -0.4), inside=True)


def _round_face(canvas: Canvas, half: float, bonnet: float) -> None:
    grille = box(-half * 0.55, bonnet - 0.25, half * 0.55, bonnet - 0.06, 0.05)
    canvas.fill(grille, CHROME, inside=True)
    canvas.fill(box(-half * 0.52, bonnet - 0.235, half * 0.52, bonnet - 0.075, 0.04), TRIM)
    for x in np.linspace(-half * 0.48, half * 0.48, 17):
        canvas.line(poly((x, bonnet - 0.23), (x, bonnet - 0.08)), 0.012, CHROME)
    for lamp in mirrored(ellipse(half * 0.76, bonnet - 0.14, 0.115, 0.115)):
        canvas.fill(lamp, CHROME)
    for lamp in mirrored(ellipse(half * 0.76, bonnet - 0.14, 0.095, 0.095)):
        canvas.fill(lamp, (186.0, 196.0, 204.0))
    for lamp in mirrored(ellipse(half * 0.76, bonnet - 0.12, 0.055, 0.05)):
        canvas.fill(lamp, HEADLAMP, soft_m=0.01, inside=True)
    for lamp in mirrored(box(half * 0.68, bonnet - 0.36, half * 0.84, bonnet - 0.31, 0.015)):
        canvas.fill(lamp, (206.0, 120.0, 36.0), inside=True)
