"""The reader's view of a patch: contrast stretched, so that a dark plate reads as a bright one.

Eight-bit activations would lose a plate that spans few grey levels. Training and run-time both
stretch here; the patch kept as evidence stays as the camera gave it.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

TAIL: Final = 0.01
"""Part of the pixels clipped at either end."""
LEAST_SPAN: Final = 24
"""Grey levels below which the span is not stretched further: noise is not to look like text."""


def stretch_contrast(patch: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the patch with its 1st and 99th percentile at 0 and 255; uint8, same shape."""
    below = np.cumsum(np.bincount(patch.reshape(-1), minlength=256))
    low = int(np.searchsorted(below, TAIL * patch.size))
    high = int(np.searchsorted(below, (1 - TAIL) * patch.size))
    span = max(high - low, LEAST_SPAN)
    middle = (low + high) / 2
    levels = (np.arange(256) - middle) * (255.0 / span) + 127.5
    table = np.clip(np.round(levels), 0, 255).astype(np.uint8)
    return np.asarray(table[patch], np.uint8)
