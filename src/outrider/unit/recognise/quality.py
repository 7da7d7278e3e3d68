"""How good a picture of a plate is: what its vote weighs, and which frame is kept as evidence."""

import cv2
import numpy as np

from outrider.records import Image, Observation
from outrider.unit.recognise.detect import plate_height_px

_FULL_HEIGHT_PX = 30.0  # a plate this high has all the detail that a patch can hold
_LEAST_SIZE = 0.15
_FULL_SHARPNESS = 0.6
_LEAST_SHARPNESS = 0.2
_EVEN_GREY = 25.0  # variance of a patch that shows nothing


def sharpness(patch: Image) -> float:
    """Return the energy of the patch's edges over its contrast: 0 for none, above 0.6 for crisp.

    Variance of the Laplacian (Pech-Pacheco et al. 2000), divided by the grey levels' own variance
    so that a dim plate is not taken for a blurred one.
    """
    edges = cv2.Laplacian(patch, cv2.CV_32F)
    return float(edges.var() / (np.float32(patch).var() + _EVEN_GREY))


def weight(seen: Observation) -> float:
    """Return the weight of an observation's vote, above 0 and at most 1."""
    size = plate_height_px(seen.detection.corners) / _FULL_HEIGHT_PX
    crisp = seen.sharpness / _FULL_SHARPNESS
    return min(1.0, max(_LEAST_SIZE, size)) * min(1.0, max(_LEAST_SHARPNESS, crisp))
