"""Taking opened reads out of a journal, with the note of who looked and why."""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from outrider import durable
from outrider.clock import Clock
from outrider.records import Hit, Read, uuid7
from outrider.unit.journal.reader import JournalReader, Opened
from outrider.unit.journal.schema import JournalError
from outrider.wire.audit import AuditEvent, AuditKind
from outrider.wire.read_record import RecordKind, encode


@dataclass(frozen=True, slots=True)
class Consultation:
    """Who opens the reads, and why, as section 62(2) of the Data Protection Act 2018 asks."""

    who: str
    why: str


def export(
    reader: JournalReader,
    target: Path,
    consultation: Consultation,
    clock: Clock,
    progress: Callable[[int], None] | None = None,
) -> tuple[int, int]:
    """Write every row that opens to target, a new folder; return (opened, not opened).

    records.ndjson: `{"seq", "hash", "sent", "utc", "schema", "kind", "record"}` a line;
    pictures/SEQ-patch.jpg and -overview.jpg; audit.ndjson: the consultation, written first.
    Raises JournalError where the folder is there already, OSError.
    """
    try:
        target.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        raise JournalError(f"{target}: is there already; name a new folder") from None
    (target / "pictures").mkdir(mode=0o700)
    _write_note(reader, target / "audit.ndjson", consultation, clock)
    opened = closed = 0
    with (target / "records.ndjson").open("w", encoding="utf-8") as file:
        for one in reader.rows(pictures=False):
            if one.record is None:
                closed += 1
                continue
            opened += 1
            file.write(json.dumps(as_json(one), ensure_ascii=False) + "\n")
            for role, data in reader.pictures(one.row.seq).items():
                name = f"{one.row.seq:08d}-{role.label}.jpg"
                (target / "pictures" / name).write_bytes(data)
            if progress is not None:
                progress(one.row.seq)
    return opened, closed


def _write_note(reader: JournalReader, path: Path, by: Consultation, clock: Clock) -> None:
    at = clock.stamp(clock.mono_ns())
    event = AuditEvent(
        uuid7(at.utc_ns, secrets.randbits(74)),
        AuditKind.CONSULTATION,
        at,
        by.who,
        f"all rows of journal {reader.journal_id}",
        by.why,
    )
    durable.write_new(path, encode(event) + b"\n")


def as_json(one: Opened) -> dict[str, object]:
    """Return a row as JSON values; sealed ones say why they do not open."""
    line: dict[str, object] = {
        "seq": one.row.seq,
        "kind": RecordKind(one.row.kind).label,
        "hash": one.row.hash.hex(),
        "sent": one.sent,
    }
    if one.record is None:
        return line | {"sealed": one.why_not}
    record = one.record
    if isinstance(record, Read | Hit):
        read = record.read if isinstance(record, Hit) else record
        line |= {"utc": read.at.iso_ms(), "vrm": read.text.vrm}
    return line | dict(json.loads(encode(record)))
