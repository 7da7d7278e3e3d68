"""Marks as the reader's slots and back."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from reader_net import ALPHABET, BLANK, SLOTS

Patches = npt.NDArray[np.uint8]
Targets = npt.NDArray[np.int64]

_FOLD = str.maketrans("OI", "01")

__all__ = ["ALPHABET", "BLANK", "SLOTS", "Patches", "Targets", "decode", "encode", "folded"]


def encode(mark: str) -> Targets:
    """A mark as slot indices int64 [9], blanks behind. Raises ValueError if it does not fit."""
    if len(mark) > SLOTS:
        raise ValueError(f"{mark!r} has {len(mark)} characters; the reader has {SLOTS} slots")
    codes = [ALPHABET.index(character) for character in mark]
    return np.array(codes + [BLANK] * (SLOTS - len(codes)), np.int64)


def decode(codes: npt.NDArray[np.integer]) -> str:
    """Slot indices to text, blanks left out."""
    return "".join(ALPHABET[int(c)] for c in codes if c != BLANK)


def folded(mark: str) -> str:
    """O as 0 and I as 1: the same drawing on a GB plate."""
    return mark.translate(_FOLD)
