"""Receipts: what the centre signs once an upload is on its disk.

`{"receipt": {"version": 1, "unit", "kind", "upload", "sha256", "stored", "duplicates", "at"},
"signature": BASE64}`. Nothing is erased on a unit, and nothing counts as delivered, without one.
"""

import hashlib
from dataclasses import asdict, dataclass

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from outrider.wire import canonical
from outrider.wire.canonical import WireError
from outrider.wire.signing import SigningIdentity, VerifyingKey
from outrider.wire.upload import UploadName

VERSION = 1
MAX_BYTES = 16 * 1024
_PURPOSE = "receipt"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The centre has so many new things of an upload, and had so many already. at: ISO 8601."""

    unit: str
    kind: str
    upload: str
    sha256: str
    stored: int
    duplicates: int
    at: str
    version: int = VERSION


class _Content(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    version: int
    unit: str = Field(max_length=64)
    kind: str = Field(max_length=16)
    upload: str = Field(max_length=36)
    sha256: str = Field(max_length=64)
    stored: int = Field(ge=0)
    duplicates: int = Field(ge=0)
    at: str = Field(max_length=40)


class _Envelope(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    receipt: _Content
    signature: str = Field(max_length=128)


def make(name: UploadName, body: bytes, stored: int, duplicates: int, at: str) -> Receipt:
    """Return the receipt for an upload."""
    digest = hashlib.sha256(body).hexdigest()
    return Receipt(
        name.unit_id, name.kind.value, str(name.upload_id), digest, stored, duplicates, at
    )


def encode(receipt: Receipt, identity: SigningIdentity) -> bytes:
    """Return a receipt, signed, as it travels."""
    content = asdict(receipt)
    signature = identity.sign(_PURPOSE, canonical.dumps(content))
    return canonical.dumps({"receipt": content, "signature": signature})


def decode(data: bytes, key: VerifyingKey) -> Receipt:
    """Return a receipt that the centre has signed. Raises WireError for anything else."""
    try:
        envelope = _Envelope.model_validate(canonical.loads(data, MAX_BYTES))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise WireError(f"no receipt: {where}: {first['msg']}") from error
    content = envelope.receipt.model_dump()
    key.verify(_PURPOSE, canonical.dumps(content), envelope.signature)
    if envelope.receipt.version != VERSION:
        raise WireError(f"receipt version {envelope.receipt.version}, this one reads {VERSION}")
    return Receipt(**content)


def check(receipt: Receipt, name: UploadName, body: bytes, count: int) -> None:
    """Check that a receipt is for this very upload and accounts for all of it. Raises WireError."""
    expected = (name.unit_id, name.kind.value, str(name.upload_id))
    if (receipt.unit, receipt.kind, receipt.upload) != expected:
        raise WireError(f"a receipt for another upload ({receipt.unit} {receipt.upload})")
    if receipt.sha256 != hashlib.sha256(body).hexdigest():
        raise WireError("a receipt for another body: the centre has not what was sent")
    if receipt.stored + receipt.duplicates != count:
        raise WireError(
            f"a receipt for {receipt.stored + receipt.duplicates} of {count} sent: none counts"
        )
