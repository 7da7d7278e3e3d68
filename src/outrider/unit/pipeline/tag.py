"""Tag: the time of day of the exposure, the position at that instant, who read it."""

import hashlib
import secrets
import uuid
from collections.abc import Callable

from outrider.clock import Clock
from outrider.records import Origin, PassResult, Read, facts_of, uuid7
from outrider.unit.ports import PositionSource

IdBits = Callable[[int], int]
"""Gives the random bits of a record's identifier, from a number unique within the run."""

_ID_BITS = 74


def drawn_bits(_number: int) -> int:
    """Return fresh random bits, for a live run."""
    return secrets.randbits(_ID_BITS)


def repeatable_bits(recording: str) -> IdBits:
    """Return bits that follow from the recording's name, so that replays make the same ids."""

    def bits(number: int) -> int:
        digest = hashlib.blake2b(f"{recording}:{number}".encode(), digest_size=16).digest()
        return int.from_bytes(digest, "big") >> (128 - _ID_BITS)

    return bits


class Tagger:
    """Makes the Read of a pass. Owned by the decide thread."""

    def __init__(
        self, clock: Clock, positions: PositionSource, origin: Origin, id_bits: IdBits
    ) -> None:
        self._clock = clock
        self._positions = positions
        self._origin = origin
        self._id_bits = id_bits
        self._reads_named = 0
        self._hits_named = 0

    def new_read_id(self, mono_ns: int) -> uuid.UUID:
        """Return a new read's identifier (UUIDv7), for a pass that began at mono_ns."""
        self._reads_named += 1
        return self._id(mono_ns, self._reads_named)

    def new_hit_id(self, mono_ns: int) -> uuid.UUID:
        """Return a new hit's identifier; a hit, perhaps silent, moves no read's identifier."""
        self._hits_named += 1
        return self._id(mono_ns, -self._hits_named)

    def _id(self, mono_ns: int, number: int) -> uuid.UUID:
        return uuid7(self._clock.stamp(mono_ns).utc_ns, self._id_bits(number))

    def read_of(self, result: PassResult, read_id: uuid.UUID, hotlist_revision: str) -> Read:
        """Return the read that a pass has given, tagged with the time and place of exposure."""
        return Read(
            read_id=read_id,
            text=result.text,
            at=self._clock.stamp(result.mono_ns),
            mono_ns=result.mono_ns,
            position=self._positions.at(result.mono_ns),
            origin=self._origin,
            direction=result.direction,
            frames_fused=result.frames_fused,
            corners=tuple((round(float(x), 1), round(float(y), 1)) for x, y in result.corners),
            pictures=facts_of(result.pictures),
            hotlist_revision=hotlist_revision,
        )
