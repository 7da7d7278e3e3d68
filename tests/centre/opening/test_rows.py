"""One row: what opens, what does not, and what a lying unit gets."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outrider.centre.opening.rows import RefusedRowError, open_row, open_text
from outrider.centre.store.records import SealedRecord
from outrider.records import ActionKind, Hit, OfficerAction, Origin, Read
from outrider.wire.audit import AuditEvent, AuditKind, new_event
from outrider.wire.chain import row_hash
from outrider.wire.crew_entry import FIRST_HASH, CrewEvent, CrewRecord, trail_hash
from outrider.wire.enrolment import NOBODY
from outrider.wire.read_record import Record, RecordKind, encode
from outrider.wire.sealing import CentrePrivateKey
from tests.centre.opening import makers
from tests.unit.journal import makers as journal_makers

CENTRE = CentrePrivateKey.generate()
KEYS = makers.data_keys(CENTRE)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[SealedRecord]:
    folder = tmp_path_factory.mktemp("unit")
    records: list[Read | Hit] = [*makers.some_reads(3), journal_makers.hit(7)]
    return makers.sealed_records(makers.batch_of(folder / "journal", records, CENTRE))


def row_of(rows: list[SealedRecord], kind: RecordKind) -> SealedRecord:
    return next(row for row in rows if row.row.kind is kind)


def saying(rows: list[SealedRecord], kind: RecordKind, record: Record) -> SealedRecord:
    """Return a row of that kind which says another record, without pictures, and all else right."""
    row = next(row for row in rows if row.row.kind is kind or kind not in (1, 2))
    return makers.resealed(row, KEYS, encode(record), kind=kind, pictures=())


def test_every_kind_of_row_opens_to_what_was_written(rows: list[SealedRecord]) -> None:
    """Reads and hits come out with the identifiers that they went in with."""
    opened = [open_row(row, KEYS) for row in rows]
    reads = [one.record.read_id for one in opened if isinstance(one.record, Read)]
    assert reads == [read.read_id for read in makers.some_reads(3)]
    assert RecordKind.AUDIT in {one.sealed.row.kind for one in opened}


def test_a_row_for_another_key_names_the_key_that_is_missing(rows: list[SealedRecord]) -> None:
    """What to do is in the reason: the private key of that name."""
    with pytest.raises(RefusedRowError, match=CENTRE.public.key_id):
        open_row(rows[0], makers.data_keys(CentrePrivateKey.generate()))


def test_a_row_changed_on_the_centres_disk_is_refused(rows: list[SealedRecord]) -> None:
    """The hash is taken again: a flipped bit is not opened as if nothing were."""
    row = rows[0].row
    body = bytes([row.body[0], row.body[1] ^ 1]) + row.body[2:]
    with pytest.raises(RefusedRowError, match="damaged since it came"):
        open_row(replace(rows[0], row=replace(row, body=body)), KEYS)


def test_a_row_moved_to_another_number_does_not_open(rows: list[SealedRecord]) -> None:
    """The number is under the cipher's tag, whatever the hash says."""
    row = rows[0].row
    digest = row_hash(
        rows[0].journal_id, 99, row.kind, row.key_id, row.previous, row.pictures, row.body
    )
    hashed = replace(row, seq=99, hash=digest)
    with pytest.raises(RefusedRowError, match="damaged or moved"):
        open_row(replace(rows[0], row=hashed), KEYS)


def test_a_kind_that_is_not_the_rows_is_refused(rows: list[SealedRecord]) -> None:
    """A read in a row that is said to be an audit event ends nowhere."""
    read = makers.some_reads(1)[0]
    with pytest.raises(RefusedRowError, match="holds another"):
        open_row(saying(rows, RecordKind.AUDIT, read), KEYS)


def test_another_units_read_is_refused(rows: list[SealedRecord]) -> None:
    """A unit cannot place reads in another's name."""
    read = makers.some_reads(1)[0]
    other = replace(read, origin=Origin("unit-8", "rendered", "camera-1", ()))
    with pytest.raises(RefusedRowError, match="another unit's"):
        open_row(saying(rows, RecordKind.READ, other), KEYS)


def test_a_read_of_before_enrolment_is_the_units_that_sent_it(rows: list[SealedRecord]) -> None:
    """A unit that was nobody when it read is known by its signature: the read opens."""
    read = makers.some_reads(1)[0]
    nobodys = replace(read, origin=replace(read.origin, unit_id=NOBODY))
    opened = open_row(saying(rows, RecordKind.READ, nobodys), KEYS)
    assert opened.sealed.unit_id == "unit-7"


def test_a_picture_that_the_record_does_not_name_is_refused(rows: list[SealedRecord]) -> None:
    """The pictures under the row's hash are those under the seal."""
    row = row_of(rows, RecordKind.READ)
    longer = tuple(replace(p, length=p.length + 1) for p in row.row.pictures)
    lying = makers.resealed(row, KEYS, open_text(row, KEYS), pictures=longer)
    with pytest.raises(RefusedRowError, match="is not the one it names"):
        open_row(lying, KEYS)


def test_a_crews_entry_must_be_what_its_hash_says(rows: list[SealedRecord]) -> None:
    """A crew's entry that was changed after it was made is set aside; a whole one is not."""
    event = CrewEvent("add", 1, "KX21ABC", "PC 1", "seen near", 1, "2026-12-01")
    whole = CrewRecord(1, event, FIRST_HASH, trail_hash(1, FIRST_HASH, event.text()))
    assert open_row(saying(rows, RecordKind.CREW, whole), KEYS).record == whole
    changed = replace(whole, event=replace(event, vrm="KX21ABD"))
    with pytest.raises(RefusedRowError, match="crew's entry"):
        open_row(saying(rows, RecordKind.CREW, changed), KEYS)


def test_a_units_audit_event_goes_into_the_trail_in_its_own_name(rows: list[SealedRecord]) -> None:
    """A unit that says the centre's officer did it is named as the one who says so, and cut short.

    The same row gives the same event, identifier and all, whenever it is opened.
    """
    at = journal_makers.action(1).at
    told = new_event(AuditKind.CONSULTATION, at, "DC 1 of the centre", "x" * 50_000, "because")
    row = saying(rows, RecordKind.AUDIT, told)
    (event,) = open_row(row, KEYS).events
    assert isinstance(event, AuditEvent)
    assert event.actor == "unit unit-7: DC 1 of the centre"
    assert event.kind is AuditKind.CONSULTATION
    assert len(event.subject) < 1200
    assert open_row(row, KEYS).events == (event,)


def test_a_correction_ends_as_an_alteration_and_a_confirmation_does_not(
    rows: list[SealedRecord],
) -> None:
    """Only an officer's misread alters what is held; its mark is not in the trail."""
    misread = journal_makers.action(1)
    (event,) = open_row(saying(rows, RecordKind.ACTION, misread), KEYS).events
    assert event.kind is AuditKind.ALTERATION
    assert misread.note not in str(event)
    correct = OfficerAction(misread.hit_id, ActionKind.CORRECT, misread.at)
    assert open_row(saying(rows, RecordKind.ACTION, correct), KEYS).events == ()


@given(text=st.binary(max_size=300), kind=st.sampled_from(RecordKind))
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
def test_whatever_a_unit_seals_opens_or_is_refused(
    rows: list[SealedRecord], text: bytes, kind: RecordKind
) -> None:
    """Nothing under a good seal can end the service: the answer is a record or a reason."""
    with pytest.raises(RefusedRowError):
        open_row(makers.resealed(rows[0], KEYS, text, kind=kind, pictures=()), KEYS)


@given(
    changes=st.dictionaries(
        st.sampled_from(["schema", "kind", "record", "more"]),
        st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda s: st.lists(s)),
        min_size=1,
    )
)
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
def test_a_record_with_any_part_replaced_is_refused(
    rows: list[SealedRecord], changes: dict[str, object]
) -> None:
    """Nearly right JSON is refused with a reason as well."""
    whole = json.loads(open_text(rows[0], KEYS)) | changes
    lying = makers.resealed(rows[0], KEYS, json.dumps(whole).encode())
    try:
        open_row(lying, KEYS)
    except RefusedRowError:
        return
    assert whole == json.loads(open_text(rows[0], KEYS))


def test_a_row_without_its_pictures_still_opens(rows: list[SealedRecord], tmp_path: Path) -> None:
    """A unit whose disk was full sends a read whose pictures were shed."""
    row = row_of(rows, RecordKind.READ)
    bare = makers.resealed(row, KEYS, open_text(row, KEYS), pictures=())
    assert isinstance(open_row(bare, KEYS).record, Read)
