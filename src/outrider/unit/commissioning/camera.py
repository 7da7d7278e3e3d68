"""What the camera sees: how many frames, how bright, how sharp, and how large plates are."""

import itertools
import statistics
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from outrider.clock import said_duration
from outrider.records import Frame, Image, Level, Observation
from outrider.sources import FrameSource
from outrider.unit.commissioning.finding import Finding, failed, judged, not_tried
from outrider.unit.ports import Recogniser
from outrider.unit.recognise.detect import plate_height_px

_LOOK_EACH = 5
"""One frame in so many is read: a Pi reads slower than its camera shoots."""
_DARK_GREY = 20.0
_BRIGHT_GREY = 235.0
_SHARP = 0.3
"""Of a plate's patch (recognise/quality.py): 0.6 is crisp, below this letters run together."""
_SCENE_SHARP = 20.0
"""Variance of the Laplacian of a scene: below it nothing has an edge."""
PLATE_HEIGHT_PX = (18.0, 90.0)
"""Where plates read best; a mount is aimed so that they pass through this."""


@dataclass(slots=True)
class Looked:
    """What was seen. frame: the last one, to keep as a picture."""

    frames: int = 0
    seconds: float = 0.0
    greys: list[float] = field(default_factory=list)
    scene_sharpness: list[float] = field(default_factory=list)
    plate_sharpness: list[float] = field(default_factory=list)
    plate_heights_px: list[float] = field(default_factory=list)
    frame: Frame | None = None


def look(source: FrameSource, recogniser: Recogniser, seconds: float) -> Looked:
    """Take frames for so long, or to a recording's end. Raises SourceError, ModelError."""
    seen, stop = Looked(), threading.Event()
    began_s = time.monotonic()
    timer = threading.Timer(seconds, stop.set)
    if source.live:  # one that gives nothing has to end too; a recording begins when it can
        timer.start()
    try:
        for number, frame in zip(itertools.count(), source.frames(stop), strict=False):
            if number == 0 and not source.live:
                began_s = time.monotonic()
            seen.frames += 1
            seen.frame = frame
            if number % _LOOK_EACH == 0:
                _note(seen, frame, recogniser.observe(frame))
            if time.monotonic() - began_s >= seconds:
                break
    finally:
        timer.cancel()
        source.close()
    seen.seconds = time.monotonic() - began_s
    return seen


def _note(seen: Looked, frame: Frame, plates: list[Observation]) -> None:
    grey = _grey(frame.image)
    seen.greys.append(float(grey.mean()))
    small = cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    seen.scene_sharpness.append(float(cv2.Laplacian(small, cv2.CV_32F).var()))
    for plate in plates:
        seen.plate_sharpness.append(plate.sharpness)
        seen.plate_heights_px.append(plate_height_px(plate.detection.corners))


def _grey(image: Image) -> Image:
    return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.uint8)


def check_camera(source: FrameSource, seen: Looked) -> Iterator[Finding]:
    """Yield frames, exposure, focus and aim."""
    health = source.health()
    rate_hz = seen.frames / max(seen.seconds, 1e-3)
    well = seen.frames > 0 and health.level is not Level.FAULT
    yield judged(
        "camera",
        well,
        f"{seen.frames} frames in {said_duration(seen.seconds)} ({rate_hz:.1f} Hz)"
        f" from {source.source_id}",
        f"{health.detail}: is the cable in, does `rpicam-hello --list-cameras` name it, does "
        "another program (a running unit) hold it?",
    )
    if not seen.greys:
        return
    yield _exposure(statistics.median(seen.greys))
    yield _focus(seen)
    yield _aim(seen.plate_heights_px)


def _exposure(grey: float) -> Finding:
    measured = f"mean grey {grey:.0f} of 255"
    if grey < _DARK_GREY:
        remedy = "take off the lens cap; by night this is right only with the infrared lamp on"
        return failed("exposure", measured, f"too dark: {remedy}")
    return judged(
        "exposure",
        grey <= _BRIGHT_GREY,
        measured,
        "too bright: shorten camera.exposure_us or lower camera.analogue_gain",
    )


def _focus(seen: Looked) -> Finding:
    remedy = "turn the lens until a plate 10 m ahead is sharp, then lock its screw"
    if seen.plate_sharpness:
        score = statistics.median(seen.plate_sharpness)
        measured = f"{score:.2f} on plates (above {_SHARP:g}; crisp is 0.6)"
        return judged("focus", score >= _SHARP, measured, remedy)
    score = statistics.median(seen.scene_sharpness)
    measured = f"{score:.0f} on the scene (above {_SCENE_SHARP:g}); no plate was in sight"
    return judged("focus", score >= _SCENE_SHARP, measured, remedy)


def _aim(heights_px: list[float]) -> Finding:
    if not heights_px:
        why = "no plate was in sight"
        return not_tried("aim", why, "point it at traffic or a parked car, and test again")
    height_px = statistics.median(heights_px)
    low_px, high_px = PLATE_HEIGHT_PX
    return judged(
        "aim",
        low_px <= height_px <= high_px,
        f"plates {height_px:.0f} px high (best {low_px:g} to {high_px:g}), {len(heights_px)} looks",
        "a longer lens or nearer traffic makes plates higher, a shorter lens lower",
    )


def keep_picture(seen: Looked, path: Path) -> None:
    """Keep the last frame, where one came, as a JPEG for a technician. Raises OSError."""
    if seen.frame is None:
        return
    image = seen.frame.image
    ready = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    path.write_bytes(cv2.imencode(".jpg", ready)[1].tobytes())
