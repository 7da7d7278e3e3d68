"""Certificates of erasure: what was erased, when, by which rule; signed by the centre."""

from dataclasses import asdict, dataclass

from pydantic import Field

from outrider.wire.signed import Content, SignedMessage
from outrider.wire.signing import SigningIdentity, VerifyingKey

VERSION = 1
MAX_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Erasure:
    """Rows of before an instant (ISO 8601) went at `at`, kept for so many months; and ended holds.

    trail_row, trail_hash: where the audit trail stood after it: the event of it lies before.
    """

    at: str
    before: str
    months: int
    rows: int
    holds: tuple[str, ...]
    trail_row: int
    trail_hash: str
    version: int = VERSION


class _Content(Content):
    version: int = Field(ge=VERSION, le=VERSION)
    at: str = Field(max_length=40)
    before: str = Field(max_length=40)
    months: int = Field(ge=1, le=24)
    rows: int = Field(ge=0)
    holds: list[str] = Field(max_length=5000)
    trail_row: int = Field(ge=0)
    trail_hash: str = Field(pattern=r"^([0-9a-f]{64})?$")


_MESSAGE = SignedMessage("erasure", _Content, "certificate of erasure", MAX_BYTES)


def encode(erasure: Erasure, identity: SigningIdentity) -> bytes:
    """Return the certificate."""
    content = asdict(erasure) | {"holds": list(erasure.holds)}
    return _MESSAGE.encode(content, identity) + b"\n"


def decode(data: bytes, key: VerifyingKey) -> Erasure:
    """Return what a certificate says. Raises WireError where the centre signed it not."""
    content = _MESSAGE.decode(data, key)
    return Erasure(**(content | {"holds": tuple(content["holds"])}))
