"""Rows on the wire: NDJSON under zstd, a header line and then a row a line, with limits.

`{"version": 2, "unit", "journal", "epoch": {"id", "first", "after": {"epoch", "seq", "hash"} or
null}, "rows": N, "keys": [...], "gaps": [...]}`, then `{"seq", "kind", "key", "previous", "hash",
"body", "pictures": [{"role", "key", "length", "sha256"}]}` in ascending order, all of one epoch;
hashes in hex, sealed bytes in base64. Nothing in it is in clear
that is not so on the unit: the centre's intake stores what only its opening service can read.
"""

import uuid
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, ClassVar, TypeVar

import zstandard
from pydantic import ConfigDict, Field

from outrider.outside import parsing
from outrider.wire import canonical
from outrider.wire.canonical import WireError
from outrider.wire.chain import SealedRow
from outrider.wire.epoch import Epoch
from outrider.wire.fields import NO_MORE, ONE_FAULT, Digest, Form, Identifier, Seq, Whole
from outrider.wire.names import Name
from outrider.wire.sealing import SealedKey

VERSION = 2
MAX_ROWS = 1000
MAX_PLAIN_BYTES = 16 * 2**20
_MAX_LINE_BYTES = 512 * 1024
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers of a unit's journal that will never come, why, and the hash the chain goes on from.

    cause: `erased` (the centre has them), `damaged` (lost with their storage), `skipped`.
    """

    __pydantic_config__: ClassVar[ConfigDict] = NO_MORE

    first_seq: Annotated[Seq, Field(alias="first")]
    last_seq: Annotated[Seq, Field(alias="last")]
    last_hash: Annotated[Digest, Field(alias="hash")]
    cause: Annotated[str, Field(pattern=r"^[a-z]{1,16}$")]


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one epoch, with the sealed keys of those rows and of their pictures."""

    unit_id: str
    journal_id: uuid.UUID
    epoch: Epoch
    rows: tuple[SealedRow, ...]
    keys: tuple[SealedKey, ...]
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class _Header:
    """The first line: a batch without its rows, and how many they are."""

    __pydantic_config__: ClassVar[ConfigDict] = NO_MORE

    version: Whole
    unit: Name
    journal: Identifier
    epoch: Epoch
    rows: Annotated[Whole, Field(ge=0, le=MAX_ROWS)]
    keys: Annotated[tuple[SealedKey, ...], ONE_FAULT, Field(max_length=4 * MAX_ROWS)]
    gaps: Annotated[tuple[Gap, ...], ONE_FAULT, Field(max_length=MAX_ROWS)]


_HEADER = Form(_Header, exact=True)
_ROW = Form(SealedRow)


def encode(batch: Batch) -> bytes:
    """Return a batch as it travels."""
    header = _Header(
        VERSION,
        batch.unit_id,
        batch.journal_id,
        batch.epoch,
        len(batch.rows),
        batch.keys,
        batch.gaps,
    )
    lines = [_HEADER.plain(header), *map(_ROW.plain, batch.rows)]
    text = b"".join(canonical.dumps(line) + b"\n" for line in lines)
    return zstandard.ZstdCompressor(level=6).compress(text)


def decode(body: bytes) -> Batch:
    """Return the batch that a body holds, each row checked against its own hash.

    Raises WireError, saying in which line, where it is cut short, unpacks to too much, is not of
    this version, or a row is not what its hash says.
    """
    with parsing(WireError, "batch"):
        return _decode(body)


def _decode(body: bytes) -> Batch:
    lines = _unpack(body).split(b"\n")
    if lines.pop() != b"" or not lines:
        raise WireError("the last line is cut short")
    header = _parse(_HEADER, lines[0], 1)
    if header.version != VERSION:
        raise WireError(f"line 1: batch version {header.version}, this version reads {VERSION}")
    if header.rows != len(lines) - 1:
        raise WireError(f"line 1: says {header.rows} rows, {len(lines) - 1} are there")
    epoch = header.epoch
    if epoch.after is not None and epoch.after.seq >= epoch.first_seq:
        raise WireError(f"line 1: epoch: begins at {epoch.first_seq}, after row {epoch.after.seq}")
    rows = tuple(_row(line, n, header.journal) for n, line in enumerate(lines[1:], start=2))
    if any(after.seq <= before.seq for before, after in pairwise(rows)):
        raise WireError("rows are not in ascending order")
    if rows and rows[0].seq < epoch.first_seq:
        raise WireError(
            f"row {rows[0].seq} is of before its epoch, which begins at {epoch.first_seq}"
        )
    _check_keys(rows, header.keys)
    return Batch(header.unit, header.journal, epoch, rows, header.keys, header.gaps)


def _unpack(body: bytes) -> bytes:
    """Return what one zstd frame holds; its header says how much, so no more is made room for."""
    try:
        size = zstandard.frame_content_size(body)
        if size > MAX_PLAIN_BYTES:
            raise WireError(f"unpacks to more than {MAX_PLAIN_BYTES} bytes")
        if size < 0:
            raise WireError("zstd without its length: nobody can tell what it unpacks to")
        return zstandard.ZstdDecompressor().decompress(body, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise WireError(f"not zstd, cut short, or more than one frame: {error}") from error


def _parse(form: Form[_T], line: bytes, number: int) -> _T:
    try:
        return form.read(canonical.loads(line, _MAX_LINE_BYTES))
    except WireError as error:
        raise WireError(f"line {number}: {error}") from error


def _row(line: bytes, number: int, journal_id: uuid.UUID) -> SealedRow:
    row = _parse(_ROW, line, number)
    if not row.is_whole(journal_id):
        raise WireError(f"line {number}: row {row.seq} is not what its hash says")
    return row


def _check_keys(rows: tuple[SealedRow, ...], keys: tuple[SealedKey, ...]) -> None:
    known = {key.key_id for key in keys}
    for row in rows:
        needed = {row.key_id, *(picture.key_id for picture in row.pictures)}
        if not needed <= known:
            raise WireError(f"row {row.seq}: a sealed key that it needs is not in the batch")
