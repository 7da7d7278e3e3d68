"""What a unit sends, common to rows and pictures: names, limits, digest and signature.

A body travels by `PUT /v1/units/UNIT/batches/ID` (rows) or `.../pictures/ID` (pictures), with
`Content-Digest` (RFC 9530) and `Outrider-Signature`: the unit's Ed25519 signature, in base64, over
the unit, the kind, the ID and the digest. The answer is a signed receipt.
"""

import base64
import hashlib
import uuid
from dataclasses import dataclass
from enum import StrEnum

from outrider.wire.canonical import WireError
from outrider.wire.signing import SigningIdentity, VerifyingKey

SIGNATURE_HEADER = "Outrider-Signature"
DIGEST_HEADER = "Content-Digest"
PURPOSE = "upload"
MAX_BODY_BYTES = 8 * 2**20


class UploadKind(StrEnum):
    """What a body holds; also the last part of its path."""

    ROWS = "batches"
    PICTURES = "pictures"


MEDIA_TYPES = {
    UploadKind.ROWS: "application/vnd.outrider.rows+ndjson+zstd",
    UploadKind.PICTURES: "application/vnd.outrider.pictures",
}


@dataclass(frozen=True, slots=True)
class UploadName:
    """Which upload: of which unit, what kind, and its identifier."""

    unit_id: str
    kind: UploadKind
    upload_id: uuid.UUID

    @property
    def path(self) -> str:
        """The path that it is PUT to."""
        return f"/v1/units/{self.unit_id}/{self.kind}/{self.upload_id}"

    def signed_text(self, body: bytes) -> bytes:
        """Return what the unit's signature covers."""
        parts = (self.unit_id, self.kind, str(self.upload_id), hashlib.sha256(body).hexdigest())
        return "\n".join(parts).encode("utf-8")


def content_digest(body: bytes) -> str:
    """Return the value of Content-Digest for a body."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode('ascii')}:"


def headers(name: UploadName, body: bytes, identity: SigningIdentity) -> dict[str, str]:
    """Return the headers that go with an upload."""
    return {
        "Content-Type": MEDIA_TYPES[name.kind],
        DIGEST_HEADER: content_digest(body),
        SIGNATURE_HEADER: identity.sign(PURPOSE, name.signed_text(body)),
    }


def check(name: UploadName, body: bytes, digest: str, signature: str, key: VerifyingKey) -> None:
    """Check that a body is whole and signed by the unit under this name. Raises WireError."""
    if len(body) > MAX_BODY_BYTES:
        raise WireError(f"a body of {len(body)} bytes, at most {MAX_BODY_BYTES} allowed")
    if digest != content_digest(body):
        raise WireError("the body is not what its Content-Digest says: cut short or changed")
    key.verify(PURPOSE, name.signed_text(body), signature)
