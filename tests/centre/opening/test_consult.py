"""One picture for one officer: logged before it is opened, and only the right one shown."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from outrider.centre.demo.unit_journal import UnitJournal
from outrider.centre.opening.consult import Consultation, ConsultationError, Viewer
from outrider.centre.opening.service import Opening
from outrider.centre.store import open_store
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.records import StoreError
from outrider.clock import SystemClock
from outrider.records import Role, uuid7
from outrider.wire.audit import AuditKind
from outrider.wire.chain import row_hash
from outrider.wire.read_record import encode
from outrider.wire.sealing import CentrePrivateKey, Place
from tests.centre.opening.makers import data_keys, some_reads
from tests.centre.opening.test_service import FailingStore, key_folder
from tests.centre.store.makers import send, send_pictures
from tests.unit.journal import makers

CENTRE = CentrePrivateKey.generate()
READ = some_reads(1)[0]
BY = Consultation("DC 1234", "CR/45/26", "identify the driver")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CentreStore]:
    store = open_store(f"sqlite:{tmp_path / 'store'}")
    unit = UnitJournal("unit-7", CENTRE.public)
    unit.add(*makers.pictured(READ))
    unit.add(*makers.pictured(makers.hit(7)))
    unit.add(*makers.pictured(makers.read(9)))
    send(store, unit, unit.rows)
    send_pictures(store, unit, unit.rows[:2])
    Opening(store, key_folder(tmp_path, CENTRE)).run(threading.Event())
    yield store
    store.close()


def viewer(store: Any, trail: Any = None) -> Viewer:
    return Viewer(store, trail or store, data_keys(CENTRE), SystemClock())


def consultations(store: CentreStore) -> list[tuple[str, str]]:
    """Return who and what of the trail's consultations, in order."""
    events = [row.event for row in store.audit(0, 100)]
    assert all(BY.case in e.justification for e in events if e.kind is AuditKind.CONSULTATION)
    return [(e.actor, e.subject) for e in events if e.kind is AuditKind.CONSULTATION]


def test_pictures_of_reads_and_hits_come_out_as_they_went_in(store: CentreStore) -> None:
    """Both roles of a read, and a hit's by its own identifier; who and why in the trail."""
    for role, data in makers.pictures_of(READ).items():
        assert viewer(store).picture(READ.read_id, role, BY) == data
    hit = makers.hit(7)
    shown = viewer(store).picture(hit.hit_id, Role.PATCH, BY)
    assert shown == makers.pictures_of(hit)[Role.PATCH]
    told = consultations(store)
    assert len(told) == 6
    assert told[0] == ("DC 1234", f"patch of {READ.read_id}: asked for")
    assert "opened for the officer" in told[1][1]


def test_what_is_not_shown_is_in_the_trail_as_well(store: CentreStore) -> None:
    """An unknown read and a picture that has not come: asked for, and why not shown."""
    with pytest.raises(ConsultationError, match="no opened read"):
        viewer(store).picture(uuid7(1, 2**75), Role.PATCH, BY)
    with pytest.raises(ConsultationError, match="has not come"):
        viewer(store).picture(makers.read(9).read_id, Role.PATCH, BY)
    subjects = [subject for _, subject in consultations(store)]
    assert ["asked for" in s for s in subjects] == [True, False] * 2
    assert "not shown" in subjects[1]


def test_nothing_is_opened_that_cannot_be_logged(store: CentreStore) -> None:
    """Where the trail cannot be written, no sealed byte is even fetched."""
    reached: list[str] = []

    class Watched(FailingStore):
        def __getattr__(self, name: str) -> Any:
            reached.append(name)
            return super().__getattr__(name)

    with pytest.raises(StoreError):
        viewer(Watched(store, {}), FailingStore(store, {"append_audit": 1})).picture(
            READ.read_id, Role.PATCH, BY
        )
    assert reached == []


def test_a_picture_put_in_anothers_place_is_not_shown(store: CentreStore) -> None:
    """Whoever swaps pictures in the store gets a refusal: they do not open elsewhere."""
    (row,) = store.find(READ.read_id)
    (hit,) = store.find(makers.hit(7).hit_id)

    class Swapped(FailingStore):
        def picture(self, journal_id: Any, seq: int, role: Role) -> Any:
            other = store.picture(journal_id, hit.sealed.row.seq, role)
            assert other is not None
            return replace(other, seq=row.sealed.row.seq)

    with pytest.raises(ConsultationError, match="damaged or moved"):
        viewer(Swapped(store, {}), store).picture(READ.read_id, Role.PATCH, BY)


def test_a_unit_that_sent_another_picture_is_found_out(store: CentreStore, tmp_path: Path) -> None:
    """A picture of the right length, sealed in its place, but not the read's, is not shown."""
    other = makers.read(55, patch_bytes=300, overview_bytes=900)
    _, own = makers.pictured(other)
    unit = UnitJournal("unit-7", CENTRE.public)
    named = unit.add(*makers.pictured(other))
    swap = UnitJournal("unit-7", CENTRE.public, unit.journal_id)
    swap._key, swap._picture_key, swap.keys = unit._key, unit._picture_key, unit.keys
    lying = swap.add(other, {**own, Role.PATCH: own[Role.PATCH][::-1]})
    body, digest = _resealed(unit, other, lying)
    row = replace(lying, body=body, hash=digest)
    send(store, swap, [row])
    send_pictures(store, swap, [row])
    Opening(store, key_folder(tmp_path / "more", CENTRE)).run(threading.Event())
    assert named.pictures != row.pictures
    with pytest.raises(ConsultationError, match="not the picture that the read was made with"):
        viewer(store).picture(other.read_id, Role.PATCH, BY)


def _resealed(unit: UnitJournal, record: Any, row: Any) -> tuple[bytes, bytes]:
    body = unit._key.seal_text(encode(record), Place(unit.journal_id, row.seq, row.kind))
    return body, row_hash(
        unit.journal_id, row.seq, row.kind, row.key_id, row.previous, row.pictures, body
    )


@pytest.mark.parametrize("missing", ["officer", "case", "reason"])
def test_a_consultation_says_who_what_for_and_why(missing: str) -> None:
    """Without any of the three there is no consultation."""
    words = {"officer": "DC 1", "case": "CR/1", "reason": "because"} | {missing: " "}
    with pytest.raises(ValueError, match=missing):
        Consultation(**words)
