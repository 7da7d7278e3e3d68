"""Picture segments: append-only files of sealed pictures, each under a key of its own.

A segment is a header, then pictures, each behind a short head; all numbers big-endian:
`ORSEG1\\r\\n`, journal id (16), number (8), stream (1), key id (8), centre key id (1 + n), sealed
key (2 + n); then `PIC1`, seq (8), role (1), length (4), sealed bytes. A row names each picture by
segment, offset and digest, so nothing in a file is believed that no row names.
"""

import contextlib
import hashlib
import os
import struct
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from outrider.records import Role
from outrider.wire.sealing import PICTURE_PART, DataKey, Place, SealedKey, Sealer

FOLDER = "segments"
SET_APART = "quarantine/segments"
MAGIC = b"ORSEG1\r\n"
HEAD = struct.Struct(">8s16sQBQ")
PICTURE_HEAD = struct.Struct(">4sQBI")
PICTURE_MAGIC = b"PIC1"


class Stream(IntEnum):
    """What a segment holds, so that a whole file can be dropped: hits never mix with the rest."""

    HITS = 0
    PATCHES = 1
    OVERVIEWS = 2


class PictureState(IntEnum):
    """Where a picture stands."""

    PENDING = 0
    ACKNOWLEDGED = 1
    DROPPED = 2
    DAMAGED = 3


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """A picture on disk: where it is, and what its sealed bytes must hash to."""

    seq: int
    role: Role
    segment: int
    offset: int
    length: int
    key_id: int
    digest: bytes


def path_of(directory: Path, number: int) -> Path:
    """Return the file of a segment; its name tells neither day nor content."""
    return directory / FOLDER / f"{number:08d}.seg"


def stream_for(role: Role, of_hit: bool) -> Stream:
    """Return the stream that a picture belongs to."""
    if of_hit:
        return Stream.HITS
    return Stream.PATCHES if role is Role.PATCH else Stream.OVERVIEWS


class SegmentFile:
    """One segment open for appending; it is never opened for that again once closed."""

    def __init__(
        self, directory: Path, number: int, stream: Stream, journal_id: uuid.UUID, sealer: Sealer
    ) -> None:
        """Make the file and its header. Raises OSError."""
        self.number = number
        self.stream = stream
        self._journal_id = journal_id
        self.key, self.sealed_key = sealer.new_key(journal_id)
        self.size = 0
        path = path_of(directory, number)
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            self._append(_header(journal_id, number, stream, self.sealed_key))
            sync_folder(path.parent)
        except OSError:
            os.close(self._handle)
            path.unlink(missing_ok=True)
            raise

    def append(self, seq: int, role: Role, picture: bytes) -> StoredPicture:
        """Seal a picture and append it. Raises OSError; then the file is not to be used again."""
        sealed = self.key.seal(picture, Place(self._journal_id, seq, PICTURE_PART + role))
        self._append(PICTURE_HEAD.pack(PICTURE_MAGIC, seq, role, len(sealed)))
        offset = self.size
        self._append(sealed)
        digest = hashlib.sha256(sealed).digest()
        return StoredPicture(seq, role, self.number, offset, len(sealed), self.key.key_id, digest)

    def _append(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            written = os.pwrite(self._handle, view, self.size)
            self.size += written
            view = view[written:]

    def sync(self) -> None:
        """Wait until what was appended is on the disk. Raises OSError."""
        os.fdatasync(self._handle)

    def close(self) -> None:
        """Close the file."""
        os.close(self._handle)


def _header(journal_id: uuid.UUID, number: int, stream: Stream, key: SealedKey) -> bytes:
    name = key.centre_key_id.encode("ascii")
    head = HEAD.pack(MAGIC, journal_id.bytes, number, stream, key.key_id)
    return head + bytes([len(name)]) + name + len(key.sealed).to_bytes(2, "big") + key.sealed


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class SegmentWriter:
    """The open segment of each stream; a full or old one is closed and another begun."""

    def __init__(
        self,
        directory: Path,
        journal_id: uuid.UUID,
        sealer: Sealer,
        next_number: Callable[[], int],
        max_bytes: int,
    ) -> None:
        self._directory = directory
        self._journal_id = journal_id
        self._sealer = sealer
        self._next_number = next_number
        self._max_bytes = max_bytes
        self._open: dict[Stream, SegmentFile] = {}
        self._unsynced: set[Stream] = set()
        self._begun: list[SegmentFile] = []
        (directory / FOLDER).mkdir(mode=0o700, exist_ok=True)

    def append(self, stream: Stream, seq: int, role: Role, picture: bytes) -> StoredPicture:
        """Append a picture to its stream. Raises OSError."""
        self._unsynced.add(stream)
        return self._segment(stream).append(seq, role, picture)

    def _segment(self, stream: Stream) -> SegmentFile:
        found = self._open.get(stream)
        if found is not None and found.size < self._max_bytes:
            return found
        if found is not None:
            found.sync()
            self._open.pop(stream).close()
        made = SegmentFile(
            self._directory, self._next_number(), stream, self._journal_id, self._sealer
        )
        self._open[stream] = made
        self._begun.append(made)
        return made

    def begun(self) -> list[SegmentFile]:
        """Return the segments begun since the last commit; some may be full and closed already."""
        return list(self._begun)

    def committed(self) -> None:
        """Note that the segments begun so far are known to the database."""
        self._begun.clear()

    def sync(self) -> None:
        """Wait until all that was appended is on the disk. Raises OSError."""
        for stream in self._unsynced:
            self._open[stream].sync()
        self._unsynced.clear()

    def open_segments(self) -> list[SegmentFile]:
        """Return the segments that are being written."""
        return list(self._open.values())

    def abandon(self) -> None:
        """Close all segments for good: after a failed write or sync a file is not to be trusted.

        A failed fsync may have thrown away what it could not write, and says so only once.
        """
        for segment in self._open.values():
            with contextlib.suppress(OSError):  # what matters of it has failed already
                segment.close()
        self._open.clear()
        self._unsynced.clear()
        self._begun.clear()

    rotate = abandon


def read_sealed(directory: Path, picture: StoredPicture) -> bytes | None:
    """Return the sealed bytes of a picture; None where they are not what was written.

    Raises OSError where the card cannot be read: for now, perhaps, so that nothing is given up.
    """
    with path_of(directory, picture.segment).open("rb") as file:
        file.seek(picture.offset)
        data = file.read(picture.length)
    return data if hashlib.sha256(data).digest() == picture.digest else None


def read_if_there(directory: Path, picture: StoredPicture) -> bytes | None:
    """Return the sealed bytes of a picture; None where they are gone, damaged or not readable.

    For whoever looks at a journal and changes nothing by it.
    """
    try:
        return read_sealed(directory, picture)
    except OSError:
        return None


def open_picture(key: DataKey, journal_id: uuid.UUID, picture: StoredPicture, data: bytes) -> bytes:
    """Return the JPEG under the sealed bytes. Raises SealingError."""
    return key.open(data, Place(journal_id, picture.seq, PICTURE_PART + picture.role))
