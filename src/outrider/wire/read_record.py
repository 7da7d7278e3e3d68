"""Reads, hits, officers' actions, audit events and crew entries as versioned canonical JSON.

Pictures do not travel in the JSON: a read names them (role, length, SHA-256); they follow apart.
"""

from enum import IntEnum
from typing import Any

from pydantic import TypeAdapter, ValidationError

from outrider.outside import parsing
from outrider.records import Hit, OfficerAction, Pictures, Read
from outrider.wire import canonical
from outrider.wire.audit import AuditEvent
from outrider.wire.canonical import WireError
from outrider.wire.crew_entry import CrewRecord
from outrider.wire.fields import faults_in

SCHEMA = 3
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


def kind_of(record: Record) -> RecordKind:
    """Return the kind of a record. Raises TypeError for anything else."""
    for kind, type_ in _TYPES.items():
        if isinstance(record, type_):
            return kind
    raise TypeError(f"{type(record).__name__} is no journal record")


def read_in(record: Record) -> Read | None:
    """Return the read that a record is, or is about as it stood then."""
    if isinstance(record, Hit):
        return record.read
    return record if isinstance(record, Read) else None


def check_pictures(record: Record, pictures: Pictures) -> None:
    """Check that pictures are those that a record names. Raises WireError for the first other."""
    read = read_in(record)
    for role, data in pictures.items():
        named = read.picture(role) if read is not None else None
        if named is None or not named.is_of(data):
            raise WireError(f"the {role.label} is not the one that the read was made with")


def encode(record: Record) -> bytes:
    """Return a record as canonical JSON. Raises TypeError where a field holds the wrong type."""
    return canonical.dumps({"schema": SCHEMA, "kind": kind_of(record).label, "record": record})


def decode(data: bytes) -> Record:
    """Return the record that canonical JSON holds.

    Raises WireError where the JSON is not of this schema, or holds an unknown key or a wrong value.
    """
    with parsing(WireError, "record"):
        kind, body = _open_envelope(canonical.loads(data, MAX_BYTES))
        record = _validate(kind, body)
        _check_no_more(record, body)
        return record


def _open_envelope(envelope: dict[str, Any]) -> tuple[RecordKind, dict[str, Any]]:
    if envelope.get("schema") != SCHEMA:
        raise WireError(f"record schema {envelope.get('schema')!r}, this version reads {SCHEMA}")
    kind, body = _KINDS.get(str(envelope.get("kind"))), envelope.get("record")
    if kind is None or not isinstance(body, dict) or len(envelope) != 3:
        kinds = " | ".join(_KINDS)
        raise WireError(f"a record is {{schema, kind: {kinds}, record: {{...}}}}")
    return kind, body


def _validate(kind: RecordKind, body: dict[str, Any]) -> Record:
    try:
        record: Record = _ADAPTERS[kind].validate_python(body)
    except ValidationError as error:
        raise WireError(faults_in(error, "record")) from error
    return record


def _check_no_more(record: Record, body: dict[str, Any]) -> None:
    """Refuse keys that this schema does not know: they would be lost without a word."""
    again = canonical.plain(record)
    if again != body:
        raise WireError(f"record: {_first_difference(again, body)} is not of schema {SCHEMA}")


def _first_difference(known: Any, given: Any, where: str = "record") -> str:
    if isinstance(known, dict) and isinstance(given, dict):
        for key in given.keys() | known.keys():
            if known.get(key) != given.get(key):
                return _first_difference(known.get(key), given.get(key), f"{where}.{key}")
    return where
