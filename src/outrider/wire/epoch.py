"""Epochs: what keeps two histories of one journal apart.

A journal's numbers are given out on the card, and a card can be copied, or put back to how it was.
So numbers count within an *epoch*: a UUID that is made at random whenever a journal is opened and
cannot prove to be what it was when it was last written. Two cars with copies of one card, and a
card before and after it was put back, then write in different epochs, and nothing that one of them
writes is taken for the other's. Hash and sealing of a row do not cover its epoch: a row may be
moved to another (*re-homed*) by a unit that can no longer open it.
"""

import uuid
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Past:
    """A row that an epoch goes on from: its epoch, number and hash (zeros where it is lost)."""

    epoch_id: uuid.UUID
    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Epoch:
    """One epoch of a journal: its name, its first number, and what its first row follows."""

    epoch_id: uuid.UUID
    first_seq: int = 1
    after: Past | None = None
