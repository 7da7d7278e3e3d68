"""Receipts: what the centre signs once an upload is on its disk.

`{"receipt": {"version": 1, "unit", "kind", "upload", "sha256", "stored", "duplicates", "at"},
"signature": BASE64}`. Nothing is erased on a unit, and nothing counts as delivered, without one.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from outrider.wire.canonical import WireError
from outrider.wire.fields import NO_MORE, Instant, Whole
from outrider.wire.signed import SignedMessage
from outrider.wire.signing import SigningIdentity, VerifyingKey
from outrider.wire.upload import Body, UploadName

VERSION = 1
MAX_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class Receipt:
    """The centre has so many new things of an upload, and had so many already. at: ISO 8601."""

    __pydantic_config__: ClassVar[ConfigDict] = NO_MORE

    unit: Annotated[str, Field(max_length=64)]
    kind: Annotated[str, Field(max_length=16)]
    upload: Annotated[str, Field(max_length=36)]
    sha256: Annotated[str, Field(max_length=64)]
    stored: Annotated[Whole, Field(ge=0, le=10**6)]
    duplicates: Annotated[Whole, Field(ge=0, le=10**6)]
    at: Instant
    version: Whole = VERSION


_MESSAGE = SignedMessage("receipt", Receipt, "receipt", MAX_BYTES)


def make(name: UploadName, body: Body, stored: int, duplicates: int, at: str) -> Receipt:
    """Return the receipt for an upload."""
    digest = body.sha256.hex()
    return Receipt(
        name.unit_id, name.kind.value, str(name.upload_id), digest, stored, duplicates, at
    )


def encode(receipt: Receipt, identity: SigningIdentity) -> bytes:
    """Return a receipt, signed, as it travels."""
    return _MESSAGE.encode(receipt, identity)


def decode(data: bytes, key: VerifyingKey) -> Receipt:
    """Return a receipt that the centre has signed. Raises WireError for anything else."""
    receipt = _MESSAGE.decode(data, key)
    if receipt.version != VERSION:
        raise WireError(f"receipt version {receipt.version}, this one reads {VERSION}")
    return receipt


def check(receipt: Receipt, name: UploadName, body: Body, count: int) -> None:
    """Check that a receipt is for this very upload and accounts for all of it. Raises WireError."""
    expected = (name.unit_id, name.kind.value, str(name.upload_id))
    if (receipt.unit, receipt.kind, receipt.upload) != expected:
        raise WireError(f"a receipt for another upload ({receipt.unit} {receipt.upload})")
    if receipt.sha256 != body.sha256.hex():
        raise WireError("a receipt for another body: the centre has not what was sent")
    if receipt.stored + receipt.duplicates != count:
        raise WireError(
            f"a receipt for {receipt.stored + receipt.duplicates} of {count} sent: none counts"
        )
