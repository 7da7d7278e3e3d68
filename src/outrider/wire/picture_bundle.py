"""Sealed pictures on the wire: one header line of JSON, then their bytes one after another.

`{"version": 1, "unit", "journal", "pictures": [{"seq", "role", "length", "sha256"}]}`. The rows
that name them have come before; a picture is accepted if its bytes are those that its row's hash
covers.
"""

import hashlib
import uuid
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from outrider.outside import parsing
from outrider.records import Role
from outrider.wire import canonical
from outrider.wire.canonical import WireError
from outrider.wire.names import Name

VERSION = 1
MAX_PICTURES = 1000
_MAX_HEADER_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class BundledPicture:
    """One sealed picture and the row that it belongs to."""

    seq: int
    role: Role
    data: bytes


@dataclass(frozen=True, slots=True)
class PictureBundle:
    """Sealed pictures of one journal."""

    unit_id: str
    journal_id: uuid.UUID
    pictures: tuple[BundledPicture, ...]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Picture(_Strict):
    seq: int = Field(ge=1, lt=2**62)
    role: int = Field(ge=1, le=2)
    length: int = Field(ge=1, lt=2**24)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class _Header(_Strict):
    version: int
    unit: Name
    journal: str = Field(max_length=36)
    pictures: list[_Picture] = Field(max_length=MAX_PICTURES)


def encode(bundle: PictureBundle) -> bytes:
    """Return a bundle as it travels."""
    header = {
        "version": VERSION,
        "unit": bundle.unit_id,
        "journal": str(bundle.journal_id),
        "pictures": [
            {
                "seq": p.seq,
                "role": int(p.role),
                "length": len(p.data),
                "sha256": hashlib.sha256(p.data).hexdigest(),
            }
            for p in bundle.pictures
        ],
    }
    return b"\n".join([canonical.dumps(header), b"".join(p.data for p in bundle.pictures)])


def decode(body: bytes) -> PictureBundle:
    """Return the bundle that a body holds. Raises WireError where any byte is not as it says."""
    with parsing(WireError, "pictures"):
        return _decode(body)


def _decode(body: bytes) -> PictureBundle:
    line, newline, rest = body.partition(b"\n")
    if not newline:
        raise WireError("the header is cut short")
    try:
        header = _Header.model_validate(canonical.loads(line, _MAX_HEADER_BYTES))
        journal_id = uuid.UUID(header.journal)
    except ValidationError as error:
        first = error.errors()[0]
        raise WireError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except ValueError as error:
        raise WireError(f"header: {error}") from error
    if header.version != VERSION:
        raise WireError(f"bundle version {header.version}, this version reads {VERSION}")
    if len(rest) != sum(p.length for p in header.pictures):
        raise WireError("the pictures are longer or shorter than the header says")
    return PictureBundle(header.unit, journal_id, tuple(_cut(header.pictures, rest)))


def _cut(facts: list[_Picture], rest: bytes) -> list[BundledPicture]:
    found, start = [], 0
    for fact in facts:
        data = rest[start : start + fact.length]
        start += fact.length
        if hashlib.sha256(data).hexdigest() != fact.sha256:
            raise WireError(f"row {fact.seq}: the {Role(fact.role).label} is not what it should be")
        found.append(BundledPicture(fact.seq, Role(fact.role), data))
    return found
