"""Reading segments without the database, for salvage: their heads, and the pictures in them."""

import hashlib
import struct
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from outrider.records import Role
from outrider.unit.journal.segments import (
    FOLDER,
    HEAD,
    MAGIC,
    PICTURE_HEAD,
    PICTURE_MAGIC,
    StoredPicture,
    Stream,
)
from outrider.wire.sealing import SealedKey


@dataclass(frozen=True, slots=True)
class SegmentHead:
    """What the head of a segment says."""

    journal_id: uuid.UUID
    number: int
    stream: Stream
    sealed_key: SealedKey


def scan_segments(directory: Path) -> tuple[list[SegmentHead], dict[int, list[StoredPicture]]]:
    """Return the segments that have a sound head, and the pictures in them by row number.

    A picture counts as far as its file is whole; whether it is the one that a row names, its
    digest says.
    """
    heads: list[SegmentHead] = []
    pictures: dict[int, list[StoredPicture]] = {}
    for path in sorted((directory / FOLDER).glob("[0-9]*.seg")):
        with path.open("rb") as file:
            head = _read_head(file)
            if head is None:
                continue
            heads.append(head)
            for picture in _pictures(file, head):
                pictures.setdefault(picture.seq, []).append(picture)
    for found in pictures.values():
        found.sort(key=lambda picture: picture.role)
    return heads, pictures


def _read_head(file: BinaryIO) -> SegmentHead | None:
    try:
        magic, journal, number, stream, key_id = HEAD.unpack(file.read(HEAD.size))
        name = file.read(file.read(1)[0]).decode("ascii")
        sealed = file.read(int.from_bytes(file.read(2), "big"))
        if magic != MAGIC:
            return None
        key = SealedKey(key_id, name, sealed)
        return SegmentHead(uuid.UUID(bytes=journal), number, Stream(stream), key)
    except (struct.error, IndexError, ValueError):
        return None  # a torn or foreign file: no row can name anything in it


def _pictures(file: BinaryIO, head: SegmentHead) -> Iterator[StoredPicture]:
    while len(raw := file.read(PICTURE_HEAD.size)) == PICTURE_HEAD.size:
        magic, seq, role, length = PICTURE_HEAD.unpack(raw)
        offset = file.tell()
        data = file.read(length)
        if magic != PICTURE_MAGIC or len(data) != length or role not in list(Role):
            return
        digest = hashlib.sha256(data).digest()
        key_id = head.sealed_key.key_id
        yield StoredPicture(seq, Role(role), head.number, offset, length, key_id, digest)
