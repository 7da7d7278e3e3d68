"""Signed checkpoints: where the trail stood, to be kept where nobody of the centre can reach.

`{"checkpoint": {"version": 1, "number", "hash", "at"}, "signature": BASE64}`. A hash chain alone
shows that a row was changed, not that the whole was written anew or its end cut off; held against
a checkpoint that left the building, both show.
"""

from dataclasses import asdict, dataclass

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from outrider.wire import canonical
from outrider.wire.canonical import WireError
from outrider.wire.signing import SigningIdentity, VerifyingKey

VERSION = 1
MAX_BYTES = 4096
_PURPOSE = "audit checkpoint"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The trail had so many rows, the last with this hash (hex), at this time (ISO 8601)."""

    number: int
    hash: str
    at: str
    version: int = VERSION


class _Content(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    version: int = Field(ge=VERSION, le=VERSION)
    number: int = Field(ge=1)
    hash: str = Field(pattern=r"^[0-9a-f]{64}$")
    at: str = Field(max_length=40)


class _Envelope(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    checkpoint: _Content
    signature: str = Field(max_length=128)


def encode(checkpoint: Checkpoint, identity: SigningIdentity) -> bytes:
    """Return a checkpoint, signed, as it is kept."""
    content = asdict(checkpoint)
    signature = identity.sign(_PURPOSE, canonical.dumps(content))
    return canonical.dumps({"checkpoint": content, "signature": signature}) + b"\n"


def decode(data: bytes, key: VerifyingKey) -> Checkpoint:
    """Return a checkpoint that the centre has signed. Raises WireError for anything else."""
    try:
        envelope = _Envelope.model_validate(canonical.loads(data, MAX_BYTES))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise WireError(f"no checkpoint: {where}: {first['msg']}") from error
    content = envelope.checkpoint.model_dump()
    key.verify(_PURPOSE, canonical.dumps(content), envelope.signature)
    return Checkpoint(**content)
