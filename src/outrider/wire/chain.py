"""Journal rows as links of a hash chain: each hash covers sealed bytes alone.

Only sealed bytes are hashed, so a hash tells nothing about the mark under it, and anyone can check
the chain without a key: the unit at start, the centre as rows come in.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, ConfigDict, Field

from outrider.records import Role
from outrider.wire.fields import NO_MORE, ONE_FAULT, Base64, Digest, KeyId, Seq, Whole, numbered
from outrider.wire.hash_chain import link_hash
from outrider.wire.read_record import RecordKind

_CHAIN = b"outrider row 2\0"


@dataclass(frozen=True, slots=True)
class SealedPicture:
    """A sealed picture as a row names it: length in bytes and SHA-256 of the sealed bytes."""

    __pydantic_config__: ClassVar[ConfigDict] = NO_MORE

    role: Annotated[Role, BeforeValidator(numbered(Role))]
    key_id: Annotated[KeyId, Field(alias="key")]
    length: Annotated[Whole, Field(ge=1, lt=2**32)]
    digest: Annotated[Digest, Field(alias="sha256")]


@dataclass(frozen=True, slots=True)
class SealedRow:
    """A journal row as it stands on disk and crosses to the centre: all that is not sealed."""

    __pydantic_config__: ClassVar[ConfigDict] = NO_MORE

    seq: Seq
    kind: Annotated[RecordKind, BeforeValidator(numbered(RecordKind))]
    key_id: Annotated[KeyId, Field(alias="key")]
    previous: Digest
    body: Base64
    pictures: Annotated[tuple[SealedPicture, ...], ONE_FAULT, Field(max_length=len(Role))]
    hash: Digest

    def is_whole(self, journal_id: uuid.UUID) -> bool:
        """Whether the row's hash is that of its content."""
        found = row_hash(
            journal_id, self.seq, self.kind, self.key_id, self.previous, self.pictures, self.body
        )
        return found == self.hash


def row_hash(
    journal_id: uuid.UUID,
    seq: int,
    kind: RecordKind,
    key_id: int,
    previous: bytes,
    pictures: Sequence[SealedPicture],
    body: bytes,
) -> bytes:
    """Return the SHA-256 that stands for a row and, through previous, for all rows before it."""
    head = [journal_id.bytes, bytes([kind]), key_id.to_bytes(8, "big"), bytes([len(pictures)])]
    for picture in pictures:
        head.append(bytes([picture.role]) + picture.key_id.to_bytes(8, "big"))
        head.append(picture.length.to_bytes(4, "big") + picture.digest)
    return link_hash(_CHAIN, seq, previous, b"".join((*head, body)))
