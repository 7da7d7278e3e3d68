"""Read a patch: for each character place, how likely each character is. Nothing is decided."""

import numpy as np

from outrider.records import Image, Probabilities
from outrider.unit.recognise.network import ModelError, Network
from outrider.unit.recognise.patch_contrast import stretch_contrast
from outrider.unit.recognise.patch_geometry import PATCH_H_PX, PATCH_W_PX

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-"
BLANK = len(ALPHABET) - 1
SLOTS = 9


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
        (output,) = self._network.run(stretch_contrast(patch))
        if output.size != SLOTS * len(ALPHABET):
            raise ModelError(f"{self._network.name}: output {output.shape}, 9 x 37 expected")
        rows = np.maximum(output.reshape(SLOTS, len(ALPHABET)), 1e-6)
        return np.asarray(rows / rows.sum(axis=1, keepdims=True), np.float32)
