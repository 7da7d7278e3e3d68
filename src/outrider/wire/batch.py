"""Rows on the wire: NDJSON under zstd, a header line and then a row a line, with limits.

`{"version": 2, "unit", "journal", "epoch": {"id", "first", "after": {"epoch", "seq", "hash"} or
null}, "rows": N, "keys": [...], "gaps": [...]}`, then `{"seq", "kind", "key", "previous", "hash",
"body", "pictures": [{"role", "key", "length", "sha256"}]}` in ascending order, all of one epoch;
hashes in hex, sealed bytes in base64. Nothing in it is in clear
that is not so on the unit: the centre's intake stores what only its opening service can read.
"""

import base64
import uuid
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeVar

import zstandard
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from outrider.outside import parsing
from outrider.records import Role
from outrider.wire import canonical
from outrider.wire.canonical import WireError
from outrider.wire.chain import SealedPicture, SealedRow
from outrider.wire.epoch import Epoch, Past
from outrider.wire.names import Name
from outrider.wire.read_record import RecordKind
from outrider.wire.sealing import SealedKey

VERSION = 2
MAX_ROWS = 1000
MAX_PLAIN_BYTES = 16 * 2**20
_MAX_LINE_BYTES = 512 * 1024
_MAX_WINDOW_BYTES = 8 * 2**20
_HEX = r"^[0-9a-f]{64}$"
_CAUSE = r"^[a-z]{1,16}$"


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers of a unit's journal that will never come, why, and the hash the chain goes on from.

    cause: `erased` (the centre has them), `damaged` (lost with their storage), `skipped`.
    """

    first_seq: int
    last_seq: int
    last_hash: bytes
    cause: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one epoch, with the sealed keys of those rows and of their pictures."""

    unit_id: str
    journal_id: uuid.UUID
    epoch: Epoch
    rows: tuple[SealedRow, ...]
    keys: tuple[SealedKey, ...]
    gaps: tuple[Gap, ...] = ()


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


_Seq = Field(ge=1, lt=2**62)
_KeyId = Field(ge=0, lt=2**63)


class _Key(_Strict):
    key: int = _KeyId
    centre_key: str = Field(pattern=r"^[0-9a-z]{1,32}$")
    sealed: str = Field(max_length=512)


class _Gap(_Strict):
    first: int = _Seq
    last: int = _Seq
    hash: str = Field(pattern=_HEX)
    cause: str = Field(pattern=_CAUSE)


class _Past(_Strict):
    epoch: str = Field(max_length=36)
    seq: int = _Seq
    hash: str = Field(pattern=_HEX)


class _Epoch(_Strict):
    id: str = Field(max_length=36)
    first: int = _Seq
    after: _Past | None


class _Header(_Strict):
    version: int
    unit: Name
    journal: str = Field(max_length=36)
    epoch: _Epoch
    rows: int = Field(ge=0, le=MAX_ROWS)
    keys: list[_Key] = Field(max_length=4 * MAX_ROWS)
    gaps: list[_Gap] = Field(max_length=MAX_ROWS)


class _Picture(_Strict):
    role: int
    key: int = _KeyId
    length: int = Field(ge=1, lt=2**32)
    sha256: str = Field(pattern=_HEX)


class _Row(_Strict):
    seq: int = _Seq
    kind: int
    key: int = _KeyId
    previous: str = Field(pattern=_HEX)
    hash: str = Field(pattern=_HEX)
    body: str
    pictures: list[_Picture] = Field(max_length=len(Role))


def encode(batch: Batch) -> bytes:
    """Return a batch as it travels."""
    header = {
        "version": VERSION,
        "unit": batch.unit_id,
        "journal": str(batch.journal_id),
        "epoch": _epoch_json(batch.epoch),
        "rows": len(batch.rows),
        "keys": [
            {"key": k.key_id, "centre_key": k.centre_key_id, "sealed": _b64(k.sealed)}
            for k in batch.keys
        ],
        "gaps": [
            {"first": g.first_seq, "last": g.last_seq, "hash": g.last_hash.hex(), "cause": g.cause}
            for g in batch.gaps
        ],
    }
    lines = [canonical.dumps(header), *(canonical.dumps(_row_json(row)) for row in batch.rows)]
    return zstandard.ZstdCompressor(level=6).compress(b"\n".join(lines) + b"\n")


def _epoch_json(epoch: Epoch) -> dict[str, Any]:
    after = epoch.after
    past = after and {
        "epoch": str(after.epoch_id),
        "seq": after.seq,
        "hash": after.hash.hex(),
    }
    return {"id": str(epoch.epoch_id), "first": epoch.first_seq, "after": past}


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _row_json(row: SealedRow) -> dict[str, Any]:
    return {
        "seq": row.seq,
        "kind": int(row.kind),
        "key": row.key_id,
        "previous": row.previous.hex(),
        "hash": row.hash.hex(),
        "body": _b64(row.body),
        "pictures": [
            {"role": int(p.role), "key": p.key_id, "length": p.length, "sha256": p.digest.hex()}
            for p in row.pictures
        ],
    }


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
    header = _parse(_Header, lines[0], 1)
    if header.version != VERSION:
        raise WireError(f"line 1: batch version {header.version}, this version reads {VERSION}")
    if header.rows != len(lines) - 1:
        raise WireError(f"line 1: says {header.rows} rows, {len(lines) - 1} are there")
    journal_id = _uuid(header.journal)
    epoch = _epoch(header.epoch)
    rows = tuple(_row(line, number, journal_id) for number, line in enumerate(lines[1:], start=2))
    if any(after.seq <= before.seq for before, after in pairwise(rows)):
        raise WireError("rows are not in ascending order")
    if rows and rows[0].seq < epoch.first_seq:
        raise WireError(
            f"row {rows[0].seq} is of before its epoch, which begins at {epoch.first_seq}"
        )
    keys = tuple(SealedKey(k.key, k.centre_key, _from_b64(k.sealed, 1)) for k in header.keys)
    _check_keys(rows, keys)
    gaps = tuple(Gap(g.first, g.last, bytes.fromhex(g.hash), g.cause) for g in header.gaps)
    return Batch(header.unit, journal_id, epoch, rows, keys, gaps)


def _unpack(body: bytes) -> bytes:
    """Return what one zstd frame holds; its header says how much, so no more is made room for."""
    try:
        size = zstandard.frame_content_size(body)
        if size > MAX_PLAIN_BYTES:
            raise WireError(f"unpacks to more than {MAX_PLAIN_BYTES} bytes")
        if size < 0:
            raise WireError("zstd without its length: nobody can tell what it unpacks to")
        unpacker = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW_BYTES)
        return unpacker.decompress(body, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise WireError(f"not zstd, cut short, or more than one frame: {error}") from error


_M = TypeVar("_M", bound=_Strict)


def _parse(model: type[_M], line: bytes, number: int) -> _M:
    try:
        return model.model_validate(canonical.loads(line, _MAX_LINE_BYTES))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise WireError(f"line {number}: {where}: {first['msg']}") from error
    except WireError as error:
        raise WireError(f"line {number}: {error}") from error


def _row(line: bytes, number: int, journal_id: uuid.UUID) -> SealedRow:
    raw = _parse(_Row, line, number)
    try:
        row = SealedRow(
            raw.seq,
            RecordKind(raw.kind),
            raw.key,
            bytes.fromhex(raw.previous),
            _from_b64(raw.body, number),
            tuple(
                SealedPicture(Role(p.role), p.key, p.length, bytes.fromhex(p.sha256))
                for p in raw.pictures
            ),
            bytes.fromhex(raw.hash),
        )
    except ValueError as error:
        raise WireError(f"line {number}: {error}") from error
    if not row.is_whole(journal_id):
        raise WireError(f"line {number}: row {row.seq} is not what its hash says")
    return row


def _from_b64(text: str, number: int) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise WireError(f"line {number}: not base64: {error}") from error


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise WireError(f"line 1: journal or epoch: {error}") from error


def _epoch(raw: _Epoch) -> Epoch:
    after = raw.after
    if after is None:
        return Epoch(_uuid(raw.id), raw.first)
    if after.seq >= raw.first:
        raise WireError(f"line 1: epoch: begins at {raw.first}, after row {after.seq}")
    past = Past(_uuid(after.epoch), after.seq, bytes.fromhex(after.hash))
    return Epoch(_uuid(raw.id), raw.first, past)


def _check_keys(rows: tuple[SealedRow, ...], keys: tuple[SealedKey, ...]) -> None:
    known = {key.key_id for key in keys}
    for row in rows:
        needed = {row.key_id, *(picture.key_id for picture in row.pictures)}
        if not needed <= known:
            raise WireError(f"row {row.seq}: a sealed key that it needs is not in the batch")
