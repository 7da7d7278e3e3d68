"""Signed checkpoints: where the trail stood, to be kept where nobody of the centre can reach.

`{"checkpoint": {"version": 1, "number", "hash", "at"}, "signature": BASE64}`. A hash chain alone
shows that a row was changed, not that the whole was written anew or its end cut off; held against
a checkpoint that left the building, both show.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from outrider.wire.fields import NO_MORE, HexDigest, Instant, Whole
from outrider.wire.signed import SignedMessage
from outrider.wire.signing import SigningIdentity, VerifyingKey

VERSION = 1
MAX_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The trail had so many rows, the last with this hash (hex), at this time (ISO 8601)."""

    __pydantic_config__: ClassVar[ConfigDict] = NO_MORE

    number: Annotated[Whole, Field(ge=1)]
    hash: HexDigest
    at: Instant
    version: Annotated[Whole, Field(ge=VERSION, le=VERSION)] = VERSION


_MESSAGE = SignedMessage("checkpoint", Checkpoint, "audit checkpoint", MAX_BYTES)


def path_of(unit_id: str) -> str:
    """Return where a unit shows the checkpoint that it carries, and is handed the newest."""
    return f"/v1/units/{unit_id}/checkpoint"


def encode(checkpoint: Checkpoint, identity: SigningIdentity) -> bytes:
    """Return a checkpoint, signed, as it is kept."""
    return _MESSAGE.encode(checkpoint, identity) + b"\n"


def decode(data: bytes, key: VerifyingKey) -> Checkpoint:
    """Return a checkpoint that the centre has signed. Raises WireError for anything else."""
    return _MESSAGE.decode(data, key)
