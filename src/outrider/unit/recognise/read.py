"""Read a patch: for each character place, how likely each character is. Nothing is decided."""

from dataclasses import dataclass

import numpy as np

from outrider.records import Image, Probabilities
from outrider.unit.recognise.network import ModelError, Network
from outrider.unit.recognise.patch_contrast import stretch_contrast
from outrider.unit.recognise.patch_geometry import PATCH_H_PX, PATCH_W_PX

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-"
BLANK = len(ALPHABET) - 1
SLOTS = 9
_JUDGED = 2


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader says of a patch: the character places, and its own judgement of it.

    plate, whole: probabilities that it is a plate, and all of one; None from a reader without.
    """

    probabilities: Probabilities
    plate: float | None = None
    whole: float | None = None


class Reader:
    """Runs the reader network. Owned by one thread."""

    def __init__(self, network: Network, alphabet: str, slots: int) -> None:
        if alphabet != ALPHABET or slots != SLOTS:
            raise ModelError(
                f"{network.name}: {slots} places over {alphabet!r}; this version reads"
                f" {SLOTS} over {ALPHABET!r}: install models and program of one version"
            )
        if network.input_hw_px != (PATCH_H_PX, PATCH_W_PX):
            raise ModelError(
                f"{network.name}: takes {network.input_hw_px} px, patches are"
                f" {PATCH_H_PX} x {PATCH_W_PX}"
            )
        self._network = network

    def read(self, patch: Image) -> Probabilities:
        """Return float32 9 x 37 for a uint8 patch; every row sums to 1. Raises ModelError."""
        return self.look(patch).probabilities

    def look(self, patch: Image) -> Reading:
        """Return all that the reader says of a uint8 patch. Raises ModelError."""
        outputs = self._network.run(stretch_contrast(patch))
        by_size = {one.size: one for one in outputs}
        names, judged = by_size.pop(SLOTS * len(ALPHABET), None), by_size.pop(_JUDGED, None)
        if names is None or by_size:
            shapes = [one.shape for one in outputs]
            raise ModelError(f"{self._network.name}: outputs {shapes}, 9 x 37 and 2 expected")
        rows = np.maximum(names.reshape(SLOTS, len(ALPHABET)), 1e-6)
        probabilities = np.asarray(rows / rows.sum(axis=1, keepdims=True), np.float32)
        if judged is None:
            return Reading(probabilities)
        plate, whole = (float(value) for value in np.clip(judged.reshape(-1), 0.0, 1.0))
        return Reading(probabilities, plate, whole)
