"""The form of an evidence pack: one signed JSON document, checked with a public key alone.

`{"pack": {...}, "signature": BASE64}`. What it proves, and what not, stands in the README.
"""

import base64
import hashlib
import uuid
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from outrider.centre.audit.lines import from_line
from outrider.centre.store.audit_chain import audit_hash
from outrider.records import Read, Role
from outrider.wire import canonical, checkpoint
from outrider.wire.canonical import WireError
from outrider.wire.chain import SealedPicture, SealedRow
from outrider.wire.read_record import RecordKind, check_pictures, decode, read_in
from outrider.wire.signed import Content, SignedMessage
from outrider.wire.signing import SigningIdentity, VerifyingKey

VERSION = 1
MAX_BYTES = 4 * 2**20


class _Asked(Content):
    by: str
    force: str
    case: str
    purpose: str
    authority: str
    words: str
    recipient: str
    decision: str
    authorisation: str
    rules: str


class _Picture(Content):
    role: str
    key: int
    length: int
    sha256: str


class _Row(Content):
    unit: str
    journal: str
    arrived_at: str
    seq: int
    kind: int
    key: int
    previous: str
    hash: str
    body: str
    pictures: list[_Picture]


class _Core(Content):
    version: int = Field(ge=VERSION, le=VERSION)
    made_at: str
    read_id: str
    asked: _Asked
    text: str
    row: _Row
    pictures: dict[str, str]


class _Pack(Content):
    core: _Core
    trail: list[str] = Field(min_length=1, max_length=20)
    checkpoint: str


_MESSAGE = SignedMessage("pack", _Pack, "evidence pack", MAX_BYTES)


@dataclass(frozen=True, slots=True)
class Proved:
    """What a pack proves: the read, its pictures, who made the pack for whom and why."""

    read: Read
    pictures: dict[Role, bytes]
    asked: dict[str, str]
    made_at: str
    unit_id: str
    trail_row: int


def core_digest(core: dict[str, Any]) -> str:
    """Return the SHA-256 of a pack's core, in hex: the trail names it."""
    return hashlib.sha256(canonical.dumps(core)).hexdigest()


def said_of(read_id: uuid.UUID, digest: str, what: str) -> str:
    """Return what the trail says of a pack."""
    return f"evidence pack of read {read_id}: {what}: SHA-256 {digest}"


def encode(core: dict[str, Any], trail: list[bytes], signed: bytes, by: SigningIdentity) -> bytes:
    """Return a pack, signed. trail: its own rows of the audit trail; signed: a checkpoint."""
    lines = [line.decode("utf-8") for line in trail]
    content = {"core": core, "trail": lines, "checkpoint": signed.decode("utf-8")}
    return _MESSAGE.encode(content, by) + b"\n"


def verify(data: bytes, key: VerifyingKey) -> Proved:
    """Return what a pack proves. Raises WireError with what is wrong."""
    content = _MESSAGE.decode(data, key)
    core: dict[str, Any] = content["core"]
    trail_row = _check_trail(core, content["trail"], content["checkpoint"], key)
    read = _read(core)
    return Proved(
        read,
        _pictures(core["pictures"], read, _check_row(core["row"])),
        core["asked"],
        core["made_at"],
        core["row"]["unit"],
        trail_row,
    )


def _check_trail(core: dict[str, Any], lines: list[str], signed: str, key: VerifyingKey) -> int:
    rows = [from_line(line.encode("utf-8")) for line in lines]
    for row in rows:
        if audit_hash(row.number, row.event, row.previous) != row.hash:
            raise WireError(f"row {row.number} of the audit trail is not what was written")
    last = rows[-1]
    if core_digest(core) not in last.event.subject:
        raise WireError("the audit trail speaks of another pack than this one")
    known = checkpoint.decode(signed.encode("utf-8"), key)
    if (known.number, known.hash) != (last.number, last.hash.hex()):
        raise WireError("the signed checkpoint is not of the row that speaks of this pack")
    return last.number


def _read(core: dict[str, Any]) -> Read:
    text = core["text"].encode("utf-8", errors="surrogatepass")
    read = read_in(decode(text))
    if read is None or str(read.read_id) != core["read_id"]:
        raise WireError("the record is not the read that the pack names")
    if read.origin.unit_id != core["row"]["unit"]:
        raise WireError("the record is of another unit than its row")
    return read


def _check_row(raw: dict[str, Any]) -> SealedRow:
    """Return the row as the unit sealed it, held against its hash."""
    try:
        row = SealedRow(
            raw["seq"],
            RecordKind(raw["kind"]),
            raw["key"],
            bytes.fromhex(raw["previous"]),
            base64.b64decode(raw["body"], validate=True),
            tuple(
                SealedPicture(
                    Role[p["role"].upper()], p["key"], p["length"], bytes.fromhex(p["sha256"])
                )
                for p in raw["pictures"]
            ),
            bytes.fromhex(raw["hash"]),
        )
        whole = row.is_whole(uuid.UUID(raw["journal"]))
    except (ValueError, KeyError, OverflowError) as error:
        raise WireError(f"the unit's row: {error}") from error
    if not whole:
        raise WireError("the unit's row is not what its hash says")
    return row


def _pictures(told: dict[str, str], read: Read, row: SealedRow) -> dict[Role, bytes]:
    named = {picture.role.label for picture in row.pictures}
    if set(told) - named:
        raise WireError("the pack holds a picture that the unit's row does not name")
    found: dict[Role, bytes] = {}
    for label, text in told.items():
        try:
            data = base64.b64decode(text, validate=True)
        except ValueError as error:
            raise WireError(f"{label}: not base64") from error
        found[Role[label.upper()]] = data
    check_pictures(read, found)
    return found
