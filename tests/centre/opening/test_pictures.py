"""Opening one picture: only the right one is shown, and what cannot be shown says why."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from outrider.centre.demo.unit_journal import UnitJournal
from outrider.centre.opening.pictures import PictureFault, Viewer
from outrider.centre.opening.service import Opening
from outrider.centre.store import open_store
from outrider.centre.store.centre_store import CentreStore
from outrider.records import Role, uuid7
from outrider.wire.chain import row_hash
from outrider.wire.read_record import encode
from outrider.wire.sealing import CentrePrivateKey, Place
from tests.centre.opening.makers import data_keys, some_reads
from tests.centre.opening.test_service import FailingStore, key_folder
from tests.centre.store.makers import send, send_pictures
from tests.unit.journal import makers

CENTRE = CentrePrivateKey.generate()
READ = some_reads(1)[0]


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


def viewer(store: Any) -> Viewer:
    return Viewer(store, data_keys(CENTRE))


def test_pictures_of_reads_and_hits_come_out_as_they_went_in(store: CentreStore) -> None:
    """Both roles of a read, and a hit's by its own identifier."""
    for role, data in makers.pictures_of(READ).items():
        assert viewer(store).open(READ.read_id, role) == data
    hit = makers.hit(7)
    assert viewer(store).open(hit.hit_id, Role.PATCH) == makers.pictures_of(hit)[Role.PATCH]


def test_what_cannot_be_shown_says_why_and_names_no_unit(store: CentreStore) -> None:
    """An unknown read, and a picture that has not come; a scope may not tell of units."""
    with pytest.raises(PictureFault, match="no opened read"):
        viewer(store).open(uuid7(1, 2**75), Role.PATCH)
    with pytest.raises(PictureFault, match="has not come") as caught:
        viewer(store).open(makers.read(9).read_id, Role.PATCH)
    assert "unit-7" not in str(caught.value)


def test_a_picture_put_in_anothers_place_is_not_shown(store: CentreStore) -> None:
    """Whoever swaps pictures in the store gets a refusal: they do not open elsewhere."""
    (row,) = store.find(READ.read_id)
    (hit,) = store.find(makers.hit(7).hit_id)

    class Swapped(FailingStore):
        def picture(self, journal_id: Any, seq: int, role: Role) -> Any:
            other = store.picture(journal_id, hit.sealed.row.seq, role)
            assert other is not None
            return replace(other, seq=row.sealed.row.seq)

    with pytest.raises(PictureFault, match="damaged or moved"):
        viewer(Swapped(store, {})).open(READ.read_id, Role.PATCH)


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
    with pytest.raises(PictureFault, match="not the picture that the read was made with"):
        viewer(store).open(other.read_id, Role.PATCH)


def _resealed(unit: UnitJournal, record: Any, row: Any) -> tuple[bytes, bytes]:
    body = unit._key.seal_text(encode(record), Place(unit.journal_id, row.seq, row.kind))
    return body, row_hash(
        unit.journal_id, row.seq, row.kind, row.key_id, row.previous, row.pictures, body
    )
