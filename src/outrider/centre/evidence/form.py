"""The form of an evidence pack: one signed JSON document, checked with a public key alone.

`{"pack": {...}, "signature": BASE64}`. What it proves, and what not, stands in
the README of this room.
"""

import hashlib
import uuid
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from outrider.centre.audit.lines import from_line
from outrider.centre.store.audit_chain import audit_hash
from outrider.records import Read, Role
from outrider.wire import canonical, checkpoint
from outrider.wire.canonical import WireError
from outrider.wire.chain import SealedRow
from outrider.wire.fields import NO_MORE, Base64, Form, Identifier, Instant, Whole
from outrider.wire.read_record import check_pictures, decode, read_in
from outrider.wire.signed import SignedMessage
from outrider.wire.signing import SigningIdentity, VerifyingKey

VERSION = 2
MAX_BYTES = 4 * 2**20


@dataclass(frozen=True, slots=True)
class AskedFor:
    """Who asked for a pack, for whom and why, and by which decision."""

    __pydantic_config__: ClassVar[ConfigDict] = NO_MORE

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


@dataclass(frozen=True, slots=True)
class Core:
    """What a pack says of a read. text: its record, in JSON; row: as its unit sealed it.

    pictures: by the words of their roles, opened.
    """

    __pydantic_config__: ClassVar[ConfigDict] = NO_MORE

    version: Annotated[Whole, Field(ge=VERSION, le=VERSION)]
    made_at: Instant
    read_id: Identifier
    asked: AskedFor
    text: str
    unit: str
    journal: Identifier
    arrived_at: Instant
    row: SealedRow
    pictures: dict[str, Base64]


@dataclass(frozen=True, slots=True)
class _Pack:
    __pydantic_config__: ClassVar[ConfigDict] = NO_MORE

    core: Core
    trail: Annotated[tuple[str, ...], Field(min_length=1, max_length=20)]
    checkpoint: str


_CORE = Form(Core)
_MESSAGE = SignedMessage("pack", _Pack, "evidence pack", MAX_BYTES)


@dataclass(frozen=True, slots=True)
class Proved:
    """What a pack proves: the read, its pictures, who made the pack for whom and why."""

    read: Read
    pictures: dict[Role, bytes]
    asked: AskedFor
    made_at: str
    unit_id: str
    trail_row: int


def core_digest(core: Core) -> str:
    """Return the SHA-256 of a pack's core, in hex: the trail names it."""
    return hashlib.sha256(canonical.dumps(_CORE.plain(core))).hexdigest()


def said_of(read_id: uuid.UUID, digest: str, what: str) -> str:
    """Return what the trail says of a pack."""
    return f"evidence pack of read {read_id}: {what}: SHA-256 {digest}"


def encode(core: Core, trail: list[bytes], signed: bytes, by: SigningIdentity) -> bytes:
    """Return a pack, signed. trail: its own rows of the audit trail; signed: a checkpoint."""
    lines = tuple(line.decode("utf-8") for line in trail)
    return _MESSAGE.encode(_Pack(core, lines, signed.decode("utf-8")), by) + b"\n"


def verify(data: bytes, key: VerifyingKey) -> Proved:
    """Return what a pack proves. Raises WireError with what is wrong."""
    pack = _MESSAGE.decode(data, key)
    core = pack.core
    trail_row = _check_trail(pack, key)
    read = _read(core)
    if not core.row.is_whole(core.journal):
        raise WireError("the unit's row is not what its hash says")
    pictures = _pictures(core, read)
    return Proved(read, pictures, core.asked, core.made_at, core.unit, trail_row)


def _check_trail(pack: _Pack, key: VerifyingKey) -> int:
    rows = [from_line(line.encode("utf-8")) for line in pack.trail]
    for row in rows:
        if audit_hash(row.number, row.event, row.previous) != row.hash:
            raise WireError(f"row {row.number} of the audit trail is not what was written")
    last = rows[-1]
    if core_digest(pack.core) not in last.event.subject:
        raise WireError("the audit trail speaks of another pack than this one")
    known = checkpoint.decode(pack.checkpoint.encode("utf-8"), key)
    if (known.number, known.hash) != (last.number, last.hash.hex()):
        raise WireError("the signed checkpoint is not of the row that speaks of this pack")
    return last.number


def _read(core: Core) -> Read:
    read = read_in(decode(core.text.encode("utf-8", errors="surrogatepass")))
    if read is None or read.read_id != core.read_id:
        raise WireError("the record is not the read that the pack names")
    if read.origin.unit_id != core.unit:
        raise WireError("the record is of another unit than its row")
    return read


def _pictures(core: Core, read: Read) -> dict[Role, bytes]:
    roles = {picture.role.label: picture.role for picture in core.row.pictures}
    if core.pictures.keys() - roles.keys():
        raise WireError("the pack holds a picture that the unit's row does not name")
    found = {roles[label]: data for label, data in core.pictures.items()}
    check_pictures(read, found)
    return found
