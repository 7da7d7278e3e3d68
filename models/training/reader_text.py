"""Marks as the reader's slots and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from reader_net import ALPHABET, BLANK, SLOTS

Patches = npt.NDArray[np.uint8]
Targets = npt.NDArray[np.int64]

NOT_TAUGHT: Final = -100
"""In place of a character's index: this place teaches nothing (cross-entropy's `ignore_index`)."""

_FOLD = str.maketrans("OI", "01")

__all__ = [
    "ALPHABET",
    "BLANK",
    "NOT_TAUGHT",
    "SLOTS",
    "Answer",
    "Patches",
    "Targets",
    "decode",
    "encode",
    "folded",
    "nothing",
    "unread",
]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a patch holds: slot indices int64 [9]; whether a plate, and all of it (-1: unknown)."""

    codes: Targets
    plate: float
    whole: float


NOTHING_CODES: Final = np.full(SLOTS, BLANK, np.int64)


def unread() -> Targets:
    """Slots that teach nothing."""
    return np.full(SLOTS, NOT_TAUGHT, np.int64)


def nothing() -> Answer:
    """The answer to a patch without a plate."""
    return Answer(NOTHING_CODES.copy(), 0.0, -1.0)


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
