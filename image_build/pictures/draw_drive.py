"""Draws drive.jpg for the README: a frame of a rendered drive with what the recogniser read in it.

Usage: python image_build/pictures/draw_drive.py SEED SECOND
"""

import sys
from datetime import date
from pathlib import Path

import cv2
import numpy as np

from outrider.records import Image
from outrider.rendered.settings import LightPlan, RenderSettings
from outrider.rendered.source import RenderedDrive
from outrider.unit.devices.recogniser_models import RecogniserOptions, open_recogniser
from outrider.unit.recognise.still import StillPlate, read_still

_GREEN, _SHADE = (70, 220, 90), (20, 20, 20)
_DAY = date(2026, 10, 14)
_SURE = 0.5


def draw(seed: int, second: float) -> Image:
    """Return the frame at a second of a drive, uint8 H x W x 3 RGB, with its reads drawn in."""
    settings = RenderSettings(seed=seed, width_px=1280, height_px=800, light=LightPlan.SUN)
    picture = RenderedDrive(settings).picture(round(second * settings.rate_hz))
    opened = open_recogniser(RecogniserOptions(detector_width_px=1024))
    drawn = picture.copy()
    for plate in read_still(opened.recogniser, picture, opened.calibration, _DAY):
        if plate.text.confidence >= _SURE:
            _mark(drawn, plate)
    return drawn


def _mark(picture: Image, plate: StillPlate) -> None:
    corners = np.round(plate.corners).astype(np.int32)
    cv2.polylines(picture, [corners], True, _GREEN, 2, cv2.LINE_AA)
    place = (int(corners[:, 0].min()) - 20, int(corners[:, 1].min()) - 10)
    text = f"{plate.text.vrm}  {plate.text.confidence:.0%}"
    for colour, width in ((_SHADE, 6), (_GREEN, 2)):
        cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.8, colour, width, cv2.LINE_AA)


if __name__ == "__main__":
    out = Path(__file__).with_name("drive.jpg")
    shown = draw(int(sys.argv[1]), float(sys.argv[2]))
    cv2.imwrite(str(out), cv2.cvtColor(shown, cv2.COLOR_RGB2BGR))
    print(out)
