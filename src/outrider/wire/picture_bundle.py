"""Sealed pictures on the wire: one header line of JSON, then their bytes one after another.

`{"version": 1, "unit", "journal", "pictures": [{"seq", "role", "length", "sha256"}]}`. The rows
that name them have come before; a picture is accepted if its bytes are those that its row's hash
covers.
"""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, ConfigDict, Field

from outrider.outside import parsing
from outrider.records import Role
from outrider.wire import canonical
from outrider.wire.canonical import WireError
from outrider.wire.fields import NO_MORE, ONE_FAULT, Digest, Form, Identifier, Seq, Whole, numbered
from outrider.wire.names import Name

VERSION = 1
MAX_PICTURES = 1000
_MAX_HEADER_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class BundledPicture:
    """One sealed picture and the row that it belongs to; digest: its SHA-256, taken once."""

    seq: int
    role: Role
    data: bytes
    digest: bytes = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", hashlib.sha256(self.data).digest())


@dataclass(frozen=True, slots=True)
class PictureBundle:
    """Sealed pictures of one journal."""

    unit_id: str
    journal_id: uuid.UUID
    pictures: tuple[BundledPicture, ...]


@dataclass(frozen=True, slots=True)
class _Picture:
    __pydantic_config__: ClassVar[ConfigDict] = NO_MORE

    seq: Seq
    role: Annotated[Role, BeforeValidator(numbered(Role))]
    length: Annotated[Whole, Field(ge=1, lt=2**24)]
    sha256: Digest


@dataclass(frozen=True, slots=True)
class _Header:
    __pydantic_config__: ClassVar[ConfigDict] = NO_MORE

    version: Whole
    unit: Name
    journal: Identifier
    pictures: Annotated[tuple[_Picture, ...], ONE_FAULT, Field(max_length=MAX_PICTURES)]


_HEADER = Form(_Header, exact=True)


def encode(bundle: PictureBundle) -> bytes:
    """Return a bundle as it travels."""
    pictures = tuple(_Picture(p.seq, p.role, len(p.data), p.digest) for p in bundle.pictures)
    header = _Header(VERSION, bundle.unit_id, bundle.journal_id, pictures)
    line = canonical.dumps(_HEADER.plain(header))
    return b"\n".join([line, b"".join(p.data for p in bundle.pictures)])


def decode(body: bytes) -> PictureBundle:
    """Return the bundle that a body holds. Raises WireError where any byte is not as it says."""
    with parsing(WireError, "pictures"):
        return _decode(body)


def _decode(body: bytes) -> PictureBundle:
    line, newline, rest = body.partition(b"\n")
    if not newline:
        raise WireError("the header is cut short")
    header = _HEADER.read(canonical.loads(line, _MAX_HEADER_BYTES))
    if header.version != VERSION:
        raise WireError(f"bundle version {header.version}, this version reads {VERSION}")
    if len(rest) != sum(p.length for p in header.pictures):
        raise WireError("the pictures are longer or shorter than the header says")
    return PictureBundle(header.unit, header.journal, tuple(_cut(header.pictures, rest)))


def _cut(facts: Sequence[_Picture], rest: bytes) -> list[BundledPicture]:
    found, start = [], 0
    for fact in facts:
        data = rest[start : start + fact.length]
        start += fact.length
        picture = BundledPicture(fact.seq, fact.role, data)
        if picture.digest != fact.sha256:
            raise WireError(f"row {fact.seq}: the {fact.role.label} is not what it should be")
        found.append(picture)
    return found
