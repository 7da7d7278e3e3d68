"""The forms on the wire: each comes back as it was, and what is not of it is refused by name."""

import base64
import dataclasses
import json
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime
from enum import IntEnum
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from outrider.outside import OutsideError
from outrider.records import Response, VehicleOfInterest
from outrider.wire import (
    batch,
    canonical,
    holdings,
    hotlist_package,
    hotlist_policy,
    list_key,
    padding,
    picture_bundle,
    read_record,
)
from outrider.wire.canonical import WireError
from outrider.wire.crew_entry import FIRST_HASH, CrewEvent, CrewRecord
from outrider.wire.enrolment import (
    MAX_BYTES,
    EnrolmentRequest,
    RenewalAnswer,
    Ticket,
    code_digest,
    has_expired,
    key_from_text,
    key_text,
)
from outrider.wire.fields import faults_in, numbered
from outrider.wire.holdings import Holdings, Question
from outrider.wire.hotlist_entry import FIELDS, EntryError, from_row, to_row
from outrider.wire.hotlist_policy import MAX_VERTICES, PolicyError, policy_from, policy_from_toml
from outrider.wire.signing import SigningIdentity
from tests.unit.journal import makers

PEM = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"
TICKET = Ticket(
    unit_id="unit-7",
    enrol_url="https://centre:8444",
    url="https://centre:8443",
    code="A" * 26,
    ca_certificate=PEM,
    expires=datetime(2026, 11, 30, 12, tzinfo=UTC),
)


@pytest.mark.parametrize(
    ("decode", "what"),
    [
        (batch.decode, "batch"),
        (picture_bundle.decode, "pictures"),
        (holdings.decode_question, "question"),
        (hotlist_package.index_from_bytes, "index"),
        (read_record.decode, "record"),
        (Ticket.decode, "Ticket"),
    ],
)
def test_a_fault_nobody_foresaw_is_the_contents_and_says_of_what(
    decode: Callable[[Any], object], what: str
) -> None:
    """Whatever a parser raises: one kind of error, with the name of what was parsed."""
    with pytest.raises(OutsideError, match=f"^{what}: "):
        decode(None)


def test_half_a_surrogate_pair_goes_there_and_back() -> None:
    """The name of a file that is a source of reads may hold one: no read is lost for it."""
    data = canonical.dumps({"source": "drive-\udce9.mp4"})
    assert canonical.loads(data, 100) == {"source": "drive-\udce9.mp4"}
    event = CrewEvent("add", 1, "AB12CDE", "PC \udce9", "", 5, "2026-11-30")
    assert json.loads(event.text())["officer"] == "PC \udce9"


def test_a_row_of_the_trail_whose_hash_is_none_is_not_whole() -> None:
    """It is told, not an error: whoever checks a trail goes on to its end."""
    event = CrewEvent("add", 1, "AB12CDE", "PC 1", "why", 5, "2026-11-30")
    for sequence, previous in ((1, "no hash"), (-1, FIRST_HASH), (2**70, FIRST_HASH)):
        assert not CrewRecord(sequence, event, previous, "").is_whole()


# Enrolment.


def test_a_ticket_comes_back_as_it_was() -> None:
    """As canonical JSON; its time is over at that very instant."""
    assert Ticket.decode(TICKET.encode()) == TICKET
    assert TICKET.encode() == canonical.dumps(json.loads(TICKET.encode()))
    assert json.loads(TICKET.encode())["expires"] == "2026-11-30T12:00:00Z"
    assert has_expired(TICKET, TICKET.expires)
    assert not has_expired(TICKET, datetime(2026, 11, 30, 11, 59, 59, tzinfo=UTC))
    assert code_digest("A" * 26).hex().startswith("ec0ae2b3")


def test_a_key_comes_back_from_its_text() -> None:
    """32 bytes, as they stand in an answer."""
    raw = bytes(range(32))
    assert key_from_text(key_text(raw)) == raw
    answer = RenewalAnswer(certificate=PEM, revoked=PEM, sealing_key=key_text(raw))
    assert RenewalAnswer.decode(answer.encode()) == answer


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"code": "a"}, "^code: "),
        ({"version": 2}, "^version: "),
        ({"more": 1}, "^more: "),
        ({"signing_key": "AAAA"}, "^signing_key: "),
        ({"unit_id": "../etc"}, "^unit_id: "),
        ({"certificate_request": "x" * 9}, "^certificate_request: "),
    ],
)
def test_a_request_to_enrol_that_is_none_says_which_field(
    changes: dict[str, object], said: str
) -> None:
    """Whoever cannot enrol reads why."""
    good = {
        "unit_id": "unit-7",
        "code": "A" * 26,
        "signing_key": key_text(bytes(32)),
        "certificate_request": PEM,
    }
    assert EnrolmentRequest.decode(json.dumps(good).encode()).unit_id == "unit-7"
    with pytest.raises(WireError, match=said):
        EnrolmentRequest.decode(json.dumps(good | changes).encode())


def test_a_message_that_is_too_long_is_not_read() -> None:
    """By one byte."""
    spaces = b" " * (MAX_BYTES - len(TICKET.encode()))
    assert Ticket.decode(TICKET.encode() + spaces) == TICKET
    with pytest.raises(WireError, match="at most"):
        Ticket.decode(TICKET.encode() + spaces + b" ")


# Small forms.


def test_the_answer_to_a_challenge_is_32_bytes() -> None:
    """And anything else is no key."""
    raw = bytes(range(32))
    assert list_key.answer_from(list_key.answer_text(raw)) == raw
    assert list_key.path_of("unit-7", raw) == f"/v1/units/unit-7/list-key/{raw.hex()}"
    for bad in ({}, {"answer": 5}, {"answer": "00" * 31}, {"answer": "00" * 32 + "\n"}):
        with pytest.raises(WireError, match="no list key"):
            list_key.answer_from(json.dumps(bad).encode())
    with pytest.raises(WireError, match="at most 1024"):
        list_key.answer_from(list_key.answer_text(raw).ljust(1025))


def test_every_padded_answer_is_a_kilobyte() -> None:
    """A receipt, an empty answer and a refusal look alike from outside."""
    for answer in (b"", b"{}", b'{"receipt":1}'):
        padded = padding.answered(answer)
        assert len(padded) == 1024
        assert json.loads(padded) == json.loads(answer or b"{}")


class Kind(IntEnum):
    ONE = 1


def test_a_kind_stands_as_its_number() -> None:
    """A truth value is no number, and what is no kind is refused."""
    read = numbered(Kind)
    assert read(1) is Kind.ONE
    for bad in (True, "1", 2, 1.0):
        with pytest.raises(ValueError, match=r"whole number|not a valid"):
            read(bad)


def faults_of(count: int) -> ValidationError:
    with pytest.raises(ValidationError) as found:
        TypeAdapter(list[int]).validate_python(["x"] * count)
    return found.value


def test_faults_are_named_by_their_place_a_few_of_them() -> None:
    """Within what they are fields of; of more than so many only their number is told."""
    assert faults_in(faults_of(1)).startswith("0: Input should be a valid integer")
    assert faults_in(faults_of(1), "keys").startswith("keys.0: ")
    assert faults_in(faults_of(9)).count("; ") == 4
    assert faults_in(faults_of(9), most=7).count("; ") == 6
    assert faults_in(faults_of(1000)).startswith("0: ")
    assert faults_in(faults_of(1001)) == "1001 fields are faulty or not known"


def test_a_question_in_many_runs_is_bounded_as_in_one() -> None:
    """A thousand rows in all."""
    runs = [{"first": n, "marks": base64.b64encode(bytes(16 * 600)).decode()} for n in (1, 2000)]
    asked = Question("unit-7", "2026-11-21T05:00:00.000Z;gps", uuid.UUID(int=9), ())
    body = json.loads(holdings.encode_question(asked)) | {"runs": runs}
    with pytest.raises(WireError, match="asks about 1200 rows, at most 1000"):
        holdings.decode_question(json.dumps(body).encode())


def test_an_answer_of_another_version_counts_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though the centre has signed it: nothing is erased by what is not understood."""
    centre = SigningIdentity.generate()
    asked = Question("unit-7", "2026-11-21T05:00:00.000Z;gps", uuid.UUID(int=9), ())
    body = holdings.encode_question(asked)
    with monkeypatch.context() as later:
        later.setattr(holdings, "VERSION", holdings.VERSION + 1)
        data = holdings.encode_answer(asked, body, Holdings(frozenset()), "now", centre)
    with pytest.raises(WireError, match="holdings version"):
        holdings.decode_answer(data, body, asked, centre.public)


# Records.


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda line: line | {"schema": 1}, "record schema 1"),
        (lambda line: line | {"kind": "other"}, "^a record is"),
        (lambda line: line | {"record": []}, "^a record is"),
        (lambda line: line | {"more": 1}, "^a record is"),
        (lambda line: line | {"record": line["record"] | {"more": 1}}, r"^record: record\.more is"),
        (
            lambda line: (
                line | {"record": line["record"] | {"text": line["record"]["text"] | {"more": 1}}}
            ),
            r"^record: record\.text\.more is",
        ),
        (lambda line: line | {"record": line["record"] | {"frames_fused": "x"}}, "frames_fused: "),
    ],
)
def test_a_record_that_is_not_of_this_schema_says_where(
    change: Callable[[dict[str, Any]], dict[str, Any]], said: str
) -> None:
    """The very field, for it would be lost without a word."""
    line = json.loads(read_record.encode(makers.read(1)))
    with pytest.raises(WireError, match=said):
        read_record.decode(json.dumps(change(line)).encode())


# Hotlist entries and policies.


def test_an_entry_comes_back_from_its_row() -> None:
    """With its dates, and without."""
    whole = VehicleOfInterest(
        "AB12CDE",
        "stolen",
        Response.OBSERVE,
        3,
        valid_from=date(2026, 11, 1),
        weed_date=date(2027, 2, 28),
    )
    for entry in (whole, dataclasses.replace(whole, valid_from=None, weed_date=None)):
        assert from_row(to_row(entry)) == entry


def test_a_row_that_is_no_entry_says_which_column() -> None:
    """Its number of columns, its types, its values."""
    row = list(to_row(VehicleOfInterest("AB12CDE", "stolen")))
    with pytest.raises(EntryError, match=f"^{len(FIELDS) - 1} columns, not {len(FIELDS)}"):
        from_row(row[:-1])
    for name, cell, said in (
        ("priority", "1", "^priority is str, not int"),
        ("vrm", 5, "^vrm is int, not str"),
        ("response", "arrest", "its response"),
        ("valid_from", "tomorrow", "its response, valid_from"),
    ):
        changed = [*row]
        changed[FIELDS.index(name)] = cell
        with pytest.raises(EntryError, match=said):
            from_row(changed)


def test_the_corners_of_all_areas_are_bounded() -> None:
    """Ten times those of one area: a look-up walks every edge."""
    most = {str(n): [[51.0, 0.0]] * MAX_VERTICES for n in range(10)}
    assert len(policy_from({"areas": most}, "policy").areas) == 10
    with pytest.raises(PolicyError, match="20003 corners in all, at most 20000"):
        policy_from({"areas": most | {"more": [[51.0, 0.0]] * 3}}, "policy")


def test_a_policy_that_is_none_lists_its_faults_and_where() -> None:
    """Twenty of them; an area that nothing names arms a list nowhere, and is refused."""
    with pytest.raises(PolicyError, match=r"^list\.toml: .*among \[areas\]: \['a', 'b'\]"):
        policy_from_toml(
            'area = "c"\n[areas]\nb = [[1, 1], [2, 2], [1, 2]]\na = [[1, 1], [2, 2], [1, 2]]',
            "list.toml",
        )
    with pytest.raises(PolicyError, match=r"^list\.toml: "):
        policy_from_toml("area = ", "list.toml")
    with pytest.raises(PolicyError) as many:
        policy_from({f"field-{n}": 1 for n in range(30)}, "policy")
    assert str(many.value).count("; ") == hotlist_policy._FAULTS_SHOWN - 1 == 19
