"""Certificates of erasure: what was erased, when, by which rule; signed by the centre."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from outrider.wire.fields import NO_MORE, ONE_FAULT, Instant, Whole
from outrider.wire.signed import SignedMessage
from outrider.wire.signing import SigningIdentity, VerifyingKey

VERSION = 1
MAX_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Erasure:
    """Rows of before an instant (ISO 8601) went at `at`, kept for so many months; and ended holds.

    trail_row, trail_hash: where the audit trail stood after it: the event of it lies before.
    """

    __pydantic_config__: ClassVar[ConfigDict] = NO_MORE

    at: Instant
    before: Instant
    months: Annotated[Whole, Field(ge=1, le=24)]
    rows: Annotated[Whole, Field(ge=0)]
    holds: Annotated[tuple[str, ...], ONE_FAULT, Field(max_length=5000)]
    trail_row: Annotated[Whole, Field(ge=0)]
    trail_hash: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]
    version: Annotated[Whole, Field(ge=VERSION, le=VERSION)] = VERSION


_MESSAGE = SignedMessage("erasure", Erasure, "certificate of erasure", MAX_BYTES)


def encode(erasure: Erasure, identity: SigningIdentity) -> bytes:
    """Return the certificate."""
    return _MESSAGE.encode(erasure, identity) + b"\n"


def decode(data: bytes, key: VerifyingKey) -> Erasure:
    """Return what a certificate says. Raises WireError where the centre signed it not."""
    return _MESSAGE.decode(data, key)
