"""What a unit sends, common to rows and pictures: names, limits, digest and signature.

A body travels by `PUT /v1/units/UNIT/batches/ID` (rows) or `.../pictures/ID` (pictures), with
`Content-Digest` (RFC 9530), `Outrider-Sent` (the unit's time of day and what it rests on) and
`Outrider-Signature`: the unit's Ed25519 signature, in base64, over the unit, the kind, the ID, the
digest and the time. The answer is a signed receipt. Other requests of a unit are signed alike.
"""

import base64
import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Self

from outrider.clock import ClockQuality, UtcStamp
from outrider.wire.canonical import WireError
from outrider.wire.signing import SigningIdentity, VerifyingKey

SIGNATURE_HEADER = "Outrider-Signature"
DIGEST_HEADER = "Content-Digest"
SENT_HEADER = "Outrider-Sent"
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

    def signed_text(self, sha256: bytes, sent: str) -> bytes:
        """Return what the unit's signature covers; sha256: of the body."""
        parts = (self.unit_id, self.kind, str(self.upload_id), sha256.hex(), sent)
        return "\n".join(parts).encode()


@dataclass(frozen=True, slots=True)
class Sent:
    """When the unit says that it sent: aware UTC to the ms, and what its clock rested on."""

    at: datetime
    quality: ClockQuality

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return what `Outrider-Sent` says. Raises WireError."""
        time, _, quality = text.partition(";")
        try:
            at = datetime.strptime(time, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
            return cls(at, ClockQuality(quality))
        except ValueError as error:
            raise WireError(f"{SENT_HEADER}: {text[:60]!r} is not TIME;QUALITY: {error}") from error


@dataclass(frozen=True, slots=True)
class Body:
    """A body with its SHA-256, which is taken once: all that names the body goes by it."""

    data: bytes
    sha256: bytes = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sha256", hashlib.sha256(self.data).digest())

    def __len__(self) -> int:
        return len(self.data)

    @property
    def content_digest(self) -> str:
        """The value of Content-Digest for it."""
        return f"sha-256=:{base64.b64encode(self.sha256).decode('ascii')}:"


def content_digest(body: bytes) -> str:
    """Return the value of Content-Digest for a body."""
    return Body(body).content_digest


def sent_text(sent: UtcStamp) -> str:
    """Return the value of `Outrider-Sent` for an instant."""
    return f"{sent.iso_ms()};{sent.quality}"


def headers(
    name: UploadName, body: Body, identity: SigningIdentity, sent: UtcStamp
) -> dict[str, str]:
    """Return the headers that go with an upload."""
    said = sent_text(sent)
    return {
        "Content-Type": MEDIA_TYPES[name.kind],
        DIGEST_HEADER: body.content_digest,
        SENT_HEADER: said,
        SIGNATURE_HEADER: identity.sign(PURPOSE, name.signed_text(body.sha256, said)),
    }


def check(name: UploadName, body: Body, headers: Mapping[str, str], key: VerifyingKey) -> Sent:
    """Check that a body is whole and signed by the unit under this name, and return when.

    headers: by name in any case, as a server's mapping finds them. Raises WireError.
    """
    if len(body) > MAX_BODY_BYTES:
        raise WireError(f"a body of {len(body)} bytes, at most {MAX_BODY_BYTES} allowed")
    if headers.get(DIGEST_HEADER, "") != body.content_digest:
        raise WireError("the body is not what its Content-Digest says: cut short or changed")
    sent = headers.get(SENT_HEADER, "")
    key.verify(PURPOSE, name.signed_text(body.sha256, sent), headers.get(SIGNATURE_HEADER, ""))
    return Sent.parse(sent)
