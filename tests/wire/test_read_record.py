"""The JSON form of reads, hits, actions and audit events."""

import dataclasses
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outrider.records import Read, Role
from outrider.wire.audit import AuditEvent, AuditKind
from outrider.wire.canonical import WireError
from outrider.wire.read_record import MAX_BYTES, Record, check_pictures, decode, encode
from tests.unit.journal import makers
from tests.wire.strategies import records, stamps


@settings(max_examples=150)
@given(records)
def test_round_trip(record: Record) -> None:
    """Every record comes back equal, and its JSON is the same a second time."""
    data = encode(record)
    again = decode(data)
    assert again == record
    assert encode(again) == data


@settings(max_examples=150)
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda t: t.encode("utf-8")))
def test_noise_is_refused(data: bytes) -> None:
    """Bytes that are no record give a WireError and nothing else."""
    with pytest.raises(WireError):
        decode(data)


@settings(max_examples=150)
@given(records, st.data())
def test_changed_json_is_refused_or_differs(record: Record, data: st.DataObject) -> None:
    """A record with a byte changed is refused, or is another record: never silently the same."""
    text = bytearray(encode(record))
    place = data.draw(st.integers(0, len(text) - 1))
    text[place] ^= data.draw(st.integers(1, 255))
    try:
        changed = decode(bytes(text))
    except WireError:
        return
    original = decode(encode(record))
    same_number = json.loads(bytes(text)) == json.loads(encode(record))
    assert changed != original or same_number or bytes(text) != encode(changed)


def test_a_picture_of_another_read_is_not_taken_for_its_own() -> None:
    """A read names its pictures; others, or any beside a record that names none, are refused."""
    read, pictures = makers.pictured(makers.read(1))
    check_pictures(read, pictures)
    check_pictures(makers.hit(1), {Role.PATCH: makers.pictures_of(makers.hit(1))[Role.PATCH]})
    with pytest.raises(WireError, match="overview is not the one"):
        check_pictures(read, {**pictures, Role.OVERVIEW: pictures[Role.PATCH]})
    with pytest.raises(WireError, match="patch is not the one"):
        check_pictures(makers.action(1), pictures)


def test_a_read_names_each_picture_once() -> None:
    """Two patches of one read: nobody could tell which of them it was made with."""
    envelope = json.loads(encode(makers.read(1)))
    envelope["record"]["pictures"] *= 2
    with pytest.raises(WireError, match="named twice"):
        decode(json.dumps(envelope).encode())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda r: r | {"speed_kmh": 3}, "speed_kmh"),
        (lambda r: r | {"mono_ns": "soon"}, "mono_ns"),
        (lambda r: r | {"text": {}}, "text"),
        (lambda r: r | {"pictures": [{"role": 1}]}, "pictures"),
        (lambda r: r | {"pictures": [{"role": 3, "length": 1, "sha256": ""}]}, "pictures"),
        (lambda r: r | {"pictures": None}, "pictures"),
        (lambda r: {k: v for k, v in r.items() if k != "at"}, "at"),
    ],
)
def test_wrong_fields_are_named(change, reason: str) -> None:  # type: ignore[no-untyped-def]
    """An unknown, missing or mistyped field is refused by its name."""
    envelope = json.loads(encode(makers.read(1)))
    envelope["record"] = change(envelope["record"])
    with pytest.raises(WireError, match=reason):
        decode(json.dumps(envelope).encode())


@pytest.mark.parametrize("schema", [1, 2, 4])
def test_other_schema_is_refused(schema: int) -> None:
    """Another schema is named, not guessed at."""
    with pytest.raises(WireError, match=f"schema {schema}"):
        decode(b'{"schema": %d, "kind": "read", "record": {}}' % schema)


def test_key_twice_is_refused() -> None:
    """JSON that says two things under one key is not believed in either."""
    with pytest.raises(WireError, match="twice"):
        decode(b'{"schema": 3, "schema": 3, "kind": "read", "record": {}}')


def test_too_long_is_refused_before_parsing() -> None:
    """A record beyond the limit is refused unread."""
    with pytest.raises(WireError, match="at most"):
        decode(b" " * (MAX_BYTES + 1))


def test_numpy_numbers_are_written_as_numbers() -> None:
    """A float32 that slipped into a read does not cost the read."""
    read = makers.read(1)
    text = dataclasses.replace(read.text, confidence=np.float32(0.5))  # type: ignore[arg-type]
    again = decode(encode(dataclasses.replace(read, text=text)))
    assert isinstance(again, Read)
    assert again.text.confidence == 0.5


def test_a_nan_does_not_cost_the_read() -> None:
    """A speed that is no number is written as unknown."""
    read = makers.read(1)
    position = dataclasses.replace(read.position, speed_mps=math.nan)
    again = decode(encode(dataclasses.replace(read, position=position)))
    assert isinstance(again, Read)
    assert again.position.speed_mps is None


@settings(max_examples=20)
@given(stamps)
def test_audit_needs_reason_and_recipient(at) -> None:  # type: ignore[no-untyped-def]
    """A consultation without a reason and a disclosure without a recipient cannot be made."""
    event_id = makers.read(1).read_id
    with pytest.raises(ValueError, match="justification"):
        AuditEvent(event_id, AuditKind.CONSULTATION, at, "PC 1", "row 3")
    with pytest.raises(ValueError, match="recipient"):
        AuditEvent(event_id, AuditKind.DISCLOSURE, at, "unit", "rows 1-3", "sync")
    AuditEvent(event_id, AuditKind.ERASURE, at, "unit", "rows 1-3")
