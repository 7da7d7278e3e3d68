"""How a unit joins: a ticket from the centre, one request with a one-time code, and the answer.

The keys are made on the unit and stay there; what travels is their public halves. The ticket comes
to the unit on a stick or by hand and carries the centre's own authority, so that the first
connection is no leap of faith. Certificates are renewed by a request signed as uploads are.
"""

import base64
import hashlib
from datetime import datetime
from typing import Annotated, Self, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from outrider.outside import parsing
from outrider.wire import canonical
from outrider.wire.canonical import WireError
from outrider.wire.fields import faults_in
from outrider.wire.names import Name

ENROL_PATH = "/v1/enrol"
RENEWAL_PURPOSE = "renewal"
MAX_BYTES = 64 * 1024
NOBODY = "unenrolled"  # what a unit calls itself until it is enrolled; no unit may have the name

_Pem = Annotated[str, Field(max_length=16 * 1024, pattern=r"^-----BEGIN ")]
_Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{43}=$")]


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Annotated[int, Field(ge=1, le=1)] = 1

    def encode(self) -> bytes:
        """Return the message as canonical JSON."""
        return canonical.dumps(self.model_dump(mode="json"))

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Return the message that the bytes hold. Raises WireError, saying which field."""
        return _decode(cls, data)


class Ticket(_Message):
    """Lets one unit enrol once. enrol_url: where; url: the centre for all that follows.

    code: the one-time secret; ca_certificate: PEM of the authority that the centre's own
    certificate must come from.
    """

    unit_id: Name
    enrol_url: Annotated[str, Field(pattern=r"^https://", max_length=300)]
    url: Annotated[str, Field(pattern=r"^https://", max_length=300)]
    code: Annotated[str, Field(pattern=r"^[A-Z2-7]{26}$")]  # 128 bits in base32
    ca_certificate: _Pem
    expires: AwareDatetime


class EnrolmentRequest(_Message):
    """What the unit sends: the code, its public signing key, and its certificate request (PEM)."""

    unit_id: Name
    code: Annotated[str, Field(pattern=r"^[A-Z2-7]{26}$")]
    signing_key: _Key
    certificate_request: _Pem


class EnrolmentAnswer(_Message):
    """What the unit gets: its certificate, and the public keys that it needs from then on.

    receipt_key verifies receipts; sealing_key is what the journal is sealed to. hotlist_root: the
    root of trust of the signed hotlists, as the text of its JSON; empty where there are none yet.
    revoked: the authority's list of revoked certificates (PEM).
    """

    certificate: _Pem
    ca_certificate: _Pem
    revoked: _Pem
    receipt_key: _Key
    sealing_key: _Key
    hotlist_root: Annotated[str, Field(max_length=32 * 1024)] = ""


class RenewalRequest(_Message):
    """A unit asks for its next certificate: `POST /v1/units/UNIT/certificate`, signed."""

    unit_id: Name
    sent: Annotated[str, Field(max_length=60)]
    certificate_request: _Pem


class RenewalAnswer(_Message):
    """The next certificate, the list of revoked ones, and what to seal to from now on.

    sealing_key: the centre's present one, so that a new one reaches units that are enrolled; empty
    where the one that the unit has stays in use.
    """

    certificate: _Pem
    revoked: _Pem
    sealing_key: Annotated[str, Field(pattern=r"^([A-Za-z0-9+/]{43}=)?$")] = ""


_M = TypeVar("_M", bound=_Message)


def _decode(kind: type[_M], data: bytes) -> _M:
    with parsing(WireError, kind.__name__):
        try:
            return kind.model_validate(canonical.loads(data, MAX_BYTES))
        except ValidationError as error:
            raise WireError(faults_in(error)) from error


def code_digest(code: str) -> bytes:
    """Return what the centre keeps of a one-time code: its SHA-256 (128 random bits: no salt)."""
    return hashlib.sha256(b"outrider enrolment code 1\0" + code.encode("ascii")).digest()


def key_text(raw: bytes) -> str:
    """Return a public key's 32 bytes as they stand in these messages."""
    return base64.b64encode(raw).decode("ascii")


def key_from_text(text: str) -> bytes:
    """Return the 32 bytes of a key that a message, once decoded, holds."""
    return base64.b64decode(text)


def has_expired(ticket: Ticket, now: datetime) -> bool:
    """Whether a ticket is past its time at an aware instant."""
    return now >= ticket.expires
