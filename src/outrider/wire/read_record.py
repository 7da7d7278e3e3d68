"""Reads, hits, officers' actions, audit events and crew entries as versioned canonical JSON.

Pictures do not travel in the JSON: it holds their lengths and SHA-256, and they follow apart.
"""

import dataclasses
import hashlib
from enum import IntEnum
from typing import Any

from pydantic import TypeAdapter, ValidationError

from outrider.outside import parsing
from outrider.records import Evidence, Hit, OfficerAction, Read, Role
from outrider.wire import canonical
from outrider.wire.audit import AuditEvent
from outrider.wire.canonical import WireError
from outrider.wire.crew_entry import CrewRecord

SCHEMA = 2
"""What a record with a plate's standing is written as; one without is of schema 1, as it was."""
_WITHOUT_STANDING = 1
MAX_BYTES = 64 * 1024

Record = Read | Hit | OfficerAction | AuditEvent | CrewRecord


class RecordKind(IntEnum):
    """What a journal row holds; the number stands in the row and under its hash."""

    READ = 1
    HIT = 2
    ACTION = 3
    AUDIT = 4
    CREW = 5

    @property
    def label(self) -> str:
        """The kind as it stands in JSON."""
        return self.name.lower()


_TYPES: dict[RecordKind, type[Record]] = {
    RecordKind.READ: Read,
    RecordKind.HIT: Hit,
    RecordKind.ACTION: OfficerAction,
    RecordKind.AUDIT: AuditEvent,
    RecordKind.CREW: CrewRecord,
}
_ADAPTERS: dict[RecordKind, TypeAdapter[Any]] = {k: TypeAdapter(t) for k, t in _TYPES.items()}
_KINDS = {kind.label: kind for kind in RecordKind}
_EMPTY = {"patch_jpeg": b"", "overview_jpeg": b""}


def kind_of(record: Record) -> RecordKind:
    """Return the kind of a record. Raises TypeError for anything else."""
    for kind, type_ in _TYPES.items():
        if isinstance(record, type_):
            return kind
    raise TypeError(f"{type(record).__name__} is no journal record")


def evidence_of(record: Record) -> Evidence | None:
    """Return the pictures that belong to a record, where it has any."""
    if isinstance(record, Hit):
        return record.read.evidence
    return record.evidence if isinstance(record, Read) else None


def encode(record: Record) -> bytes:
    """Return a record as canonical JSON. Raises TypeError where a field holds the wrong type."""
    envelope = {
        "schema": _schema_of(record), "kind": kind_of(record).label, "record": _body(record)
    }  # fmt: skip
    return canonical.dumps(envelope)


def _schema_of(record: Record) -> int:
    read = record.read if isinstance(record, Hit) else record
    has_standing = isinstance(read, Read) and read.text.standing is not None
    return SCHEMA if has_standing else _WITHOUT_STANDING


def _body(record: Record) -> dict[str, object]:
    if isinstance(record, Hit):
        return _fields(record) | {"read": _read_fields(record.read)}
    return _read_fields(record) if isinstance(record, Read) else _fields(record)


def _fields(record: Record) -> dict[str, object]:
    return {field.name: getattr(record, field.name) for field in dataclasses.fields(record)}


def _read_fields(read: Read) -> dict[str, object]:
    fields = _fields(read) | {"evidence": _facts(read.evidence)}
    if read.text.standing is None:
        text = canonical.plain(read.text)
        del text["standing"]
        fields["text"] = text
    return fields


def _facts(evidence: Evidence) -> dict[str, dict[str, object]]:
    return {
        role.label: {"length": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for role, data in pictures(evidence)
    }


def pictures(evidence: Evidence) -> list[tuple[Role, bytes]]:
    """Return the pictures with their roles, the patch first."""
    return [(Role.PATCH, evidence.patch_jpeg), (Role.OVERVIEW, evidence.overview_jpeg)]


def decode(data: bytes, evidence: Evidence | None = None) -> Record:
    """Return the record that canonical JSON holds, with its pictures if they are given.

    Without pictures a read's evidence is empty. Raises WireError where the JSON is not of this
    schema, holds an unknown key or a wrong value, or the pictures are not those that it names.
    """
    with parsing(WireError, "record"):
        return _decode(data, evidence)


def _decode(data: bytes, evidence: Evidence | None) -> Record:
    envelope = canonical.loads(data, MAX_BYTES)
    kind, body = _open_envelope(envelope)
    holder = _evidence_holder(kind, body)
    facts = holder.get("evidence") if holder is not None else None
    if holder is not None:
        holder["evidence"] = _EMPTY
    record = _validate(kind, body)
    if holder is not None:
        holder["evidence"] = _facts(evidence) if evidence is not None else facts
        _check_facts(holder["evidence"], facts)
    _check_no_more(record, body, facts, envelope["schema"])
    return record if evidence is None else _with_evidence(record, evidence)


def _open_envelope(envelope: dict[str, Any]) -> tuple[RecordKind, dict[str, Any]]:
    if envelope.get("schema") not in (_WITHOUT_STANDING, SCHEMA):
        raise WireError(
            f"record schema {envelope.get('schema')!r}, this version reads 1 to {SCHEMA}"
        )
    kind, body = _KINDS.get(str(envelope.get("kind"))), envelope.get("record")
    if kind is None or not isinstance(body, dict) or len(envelope) != 3:
        kinds = " | ".join(_KINDS)
        raise WireError(f"a record is {{schema, kind: {kinds}, record: {{...}}}}")
    return kind, body


def _evidence_holder(kind: RecordKind, body: dict[str, Any]) -> dict[str, Any] | None:
    if kind not in (RecordKind.READ, RecordKind.HIT):
        return None
    holder = body.get("read") if kind is RecordKind.HIT else body
    if not isinstance(holder, dict):
        raise WireError("record.read: an object is missing")
    return holder


def _validate(kind: RecordKind, body: dict[str, Any]) -> Record:
    try:
        record: Record = _ADAPTERS[kind].validate_python(body)
    except ValidationError as error:
        faults = "; ".join(
            f"record.{'.'.join(map(str, f['loc']))}: {f['msg']}" for f in error.errors()[:5]
        )
        raise WireError(faults) from error
    return record


def _check_facts(found: object, named: object) -> None:
    if found != named or not isinstance(named, dict):
        raise WireError("record.evidence: the pictures are not those that the record names")
    for role in Role:
        fact = named.get(role.label)
        if not isinstance(fact, dict) or set(fact) != {"length", "sha256"}:
            raise WireError(f"record.evidence.{role.label}: length and sha256 expected")


def _check_no_more(record: Record, body: dict[str, Any], facts: object, schema: int) -> None:
    """Refuse keys that this schema does not know: they would be lost without a word."""
    if _schema_of(record) != schema:
        raise WireError(f"record.text.standing: a record of schema {schema} does not fit it")
    again = canonical.plain(_body(record))
    holder = _evidence_holder(kind_of(record), again)
    if holder is not None:
        holder["evidence"] = facts
    if again != body:
        raise WireError(f"record: {_first_difference(again, body)} is not of schema {SCHEMA}")


def _first_difference(known: Any, given: Any, where: str = "record") -> str:
    if isinstance(known, dict) and isinstance(given, dict):
        for key in given.keys() | known.keys():
            if known.get(key) != given.get(key):
                return _first_difference(known.get(key), given.get(key), f"{where}.{key}")
    return where


def _with_evidence(record: Record, evidence: Evidence) -> Record:
    if isinstance(record, Hit):
        return dataclasses.replace(record, read=dataclasses.replace(record.read, evidence=evidence))
    if isinstance(record, Read):
        return dataclasses.replace(record, evidence=evidence)
    raise WireError("pictures given for a record that has none")
