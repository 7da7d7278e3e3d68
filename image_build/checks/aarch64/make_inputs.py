"""Render what both machines are given: patches of plates, and frames of a drive.

Usage: python make_inputs.py PATCHES OUT.npz
       python make_inputs.py --frames OUT.npz     (the camera's full pictures alone)
"""

import sys
from pathlib import Path

import cv2
import numpy as np

from outrider.plates.draw import draw_plate
from outrider.plates.style import random_spec
from outrider.records import Image
from outrider.rendered.settings import LightPlan, RenderSettings
from outrider.rendered.source import RenderedDrive
from outrider.unit.recognise.patch_contrast import stretch_contrast

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "models" / "training"))
from camera_model import photograph, scene

_SEED = 2026
_DRIVE = RenderSettings(seed=3, width_px=640, height_px=480, light=LightPlan.SUN)
_SECONDS = (5.0, 11.0, 17.0, 23.0)
_FULL = RenderSettings(seed=3, width_px=1456, height_px=1088, light=LightPlan.SUN)
_FULL_SECONDS = (4.0, 28.0, 46.0, 55.0)
"""No plate, three, one that is looked at twice, and one: 1.25 a frame."""


def patches(count: int) -> Image:
    """Return plates through the camera model at its usual severity, uint8 count x 64 x 128."""
    rng = np.random.default_rng(_SEED)
    views = (scene(draw_plate(random_spec(rng), 0.6).rgb, rng) for _ in range(count))
    return np.stack([stretch_contrast(photograph(view, rng)) for view in views])


def frames(settings: RenderSettings, seconds: tuple[float, ...]) -> Image:
    """Return frames of a rendered drive, uint8 n x H x W grey."""
    drive = RenderedDrive(settings)
    pictures = (drive.picture(round(second * settings.rate_hz)) for second in seconds)
    return np.stack([cv2.cvtColor(one, cv2.COLOR_RGB2GRAY) for one in pictures])


if __name__ == "__main__":
    if sys.argv[1] == "--frames":
        np.savez(sys.argv[2], frames=frames(_FULL, _FULL_SECONDS))
    else:
        small = frames(_DRIVE, _SECONDS)
        np.savez(sys.argv[2], patches=patches(int(sys.argv[1])), frames=small)
