"""Epochs: what keeps two histories of one journal apart.

A journal's numbers are given out on the card, and a card can be copied, or put back to how it was.
So numbers count within an *epoch*: a UUID that is made at random whenever a journal is opened and
cannot prove to be what it was when it was last written. Two cars with copies of one card, and a
card before and after it was put back, then write in different epochs, and nothing that one of them
writes is taken for the other's. Hash and sealing of a row do not cover its epoch: a row may be
moved to another (*re-homed*) by a unit that can no longer open it.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from outrider.wire.fields import NO_MORE, Digest, Identifier, Seq


@dataclass(frozen=True, slots=True)
class Past:
    """A row that an epoch goes on from: its epoch, number and hash (zeros where it is lost)."""

    __pydantic_config__: ClassVar[ConfigDict] = NO_MORE

    epoch_id: Annotated[Identifier, Field(alias="epoch")]
    seq: Seq
    hash: Digest


@dataclass(frozen=True, slots=True)
class Epoch:
    """One epoch of a journal: its name, its first number, and what its first row follows."""

    __pydantic_config__: ClassVar[ConfigDict] = NO_MORE

    epoch_id: Annotated[Identifier, Field(alias="id")]
    first_seq: Annotated[Seq, Field(alias="first")] = 1
    after: Past | None = None
