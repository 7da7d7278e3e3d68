"""A row of the audit trail as a line of NDJSON, and back."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from outrider.centre.store.records import AuditRow
from outrider.wire import canonical
from outrider.wire.audit import AuditEvent
from outrider.wire.canonical import WireError
from outrider.wire.read_record import MAX_BYTES, decode, encode

_KEYS = {"number", "previous", "hash", "schema", "kind", "record"}


def as_line(row: AuditRow) -> bytes:
    """Return `{"number", "previous", "hash", "schema", "kind", "record"}` and a line feed."""
    facts = {"number": row.number, "previous": row.previous.hex(), "hash": row.hash.hex()}
    return canonical.dumps(facts | json.loads(encode(row.event))) + b"\n"


def from_line(line: bytes) -> AuditRow:
    """Return the row that a line holds. Raises WireError."""
    found = canonical.loads(line, MAX_BYTES)
    if set(found) != _KEYS:
        raise WireError(f"a line of the trail has the keys {', '.join(sorted(_KEYS))}")
    event = decode(canonical.dumps({key: found[key] for key in ("schema", "kind", "record")}))
    if not isinstance(event, AuditEvent):
        raise WireError("the line holds no audit event")
    return AuditRow(_number(found["number"]), event, *map(_digest, _hashes(found)))


def _hashes(found: dict[str, Any]) -> tuple[Any, Any]:
    return found["previous"], found["hash"]


def _number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise WireError(f"number: {value!r} is not a number from 1 on")
    return value


def _digest(value: Any) -> bytes:
    try:
        raw = bytes.fromhex(value)
    except (TypeError, ValueError) as error:
        raise WireError(f"hash: not hex: {error}") from error
    if len(raw) != 32:
        raise WireError("hash: not 32 bytes")
    return raw


def read_file(path: Path) -> Iterator[AuditRow]:
    """Yield the rows of an export. Raises WireError with the line's number, OSError."""
    with path.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(MAX_BYTES + 1), b""), start=1):
            try:
                yield from_line(line)
            except WireError as error:
                raise WireError(f"{path}: line {number}: {error}") from error
