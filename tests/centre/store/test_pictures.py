"""Taking pictures: each one that a row here names, with those very bytes, once."""

import dataclasses
from datetime import timedelta

import pytest

from outrider.centre.demo.unit_journal import UnitJournal
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.records import ConflictError
from outrider.records import Role
from outrider.wire.picture_bundle import BundledPicture, PictureBundle
from outrider.wire.sealing import Opener, Place
from outrider.wire.upload import UploadKind
from tests.centre.store.makers import (
    ARRIVED,
    CENTRE,
    journal,
    open_all,
    receipt,
    send,
    send_pictures,
    upload,
)
from tests.unit.journal import makers

PART = 16


def take(store: CentreStore, unit: UnitJournal, *pictures: BundledPicture) -> bytes:
    """Send pictures in an upload of their own."""
    bundle = PictureBundle(unit.unit_id, unit.journal_id, pictures)
    return store.take_pictures(upload(unit.unit_id, UploadKind.PICTURES), bundle, receipt)


def test_pictures_come_back_and_open(store: CentreStore) -> None:
    """A picture is handed out as it came, with the key that opens it to the JPEG that was made."""
    unit = journal(2)
    send(store, unit, unit.rows)
    assert store.journals()[0].pictures_due == 4
    assert store.picture(unit.journal_id, 1, Role.PATCH) is None
    assert send_pictures(store, unit, unit.rows[:1]) == b"2 stored, 0 duplicates"
    assert store.journals()[0].pictures_due == 2
    found = store.picture(unit.journal_id, 1, Role.PATCH)
    assert found is not None
    key = Opener([CENTRE]).open_key(found.key, unit.journal_id)
    place = Place(unit.journal_id, 1, PART + Role.PATCH)
    made = makers.pictures_of(makers.read(0, patch_bytes=40, overview_bytes=80))[Role.PATCH]
    assert key.open(found.data, place) == made
    assert store.picture(unit.journal_id, 2, Role.PATCH) is None


def test_pictures_are_known_again(store: CentreStore) -> None:
    """In the same upload, another one, on another day, twice in one bundle: stored once."""
    unit = journal(3)
    send(store, unit, unit.rows)
    first = upload(kind=UploadKind.PICTURES)
    bundle = unit.bundle(unit.rows[:2])
    assert store.take_pictures(first, bundle, receipt) == b"4 stored, 0 duplicates"
    assert store.take_pictures(first, bundle, receipt) == b"4 stored, 0 duplicates"
    later = ARRIVED + timedelta(days=9)
    assert send_pictures(store, unit, unit.rows, later) == b"2 stored, 4 duplicates"
    one = unit.bundle(unit.rows[2:]).pictures[0]
    assert take(store, unit, one, one) == b"0 stored, 2 duplicates"
    fourth = unit.add(*makers.pictured(makers.read(9, patch_bytes=4, overview_bytes=4)))
    send(store, unit, [fourth])
    one = unit.bundle([fourth]).pictures[1]
    assert take(store, unit, one, one) == b"1 stored, 1 duplicates"
    assert store.journals()[0].pictures_due == 1


def test_a_picture_follows_its_row(store: CentreStore) -> None:
    """Before its row, or where the row names none or another, it is refused with its bundle."""
    unit = journal(2)
    with pytest.raises(ConflictError, match="row 1 has not come"):
        send_pictures(store, unit, unit.rows)
    bare = unit.add(makers.action(1))
    send(store, unit, [unit.rows[0], bare])
    good, other = unit.bundle(unit.rows[:1]).pictures
    for wrong, reason in (
        (dataclasses.replace(other, data=b"other"), "overview of row 1 is not the one"),
        (dataclasses.replace(other, seq=3), "overview of row 3 is not the one"),
        (dataclasses.replace(other, seq=2), "row 2 has not come"),
    ):
        with pytest.raises(ConflictError, match=reason):
            take(store, unit, good, wrong)
    assert store.journals()[0].pictures_due == 2
    assert store.picture(unit.journal_id, 1, Role.PATCH) is None
    take(store, unit, good, other)
    with pytest.raises(ConflictError, match="overview of row 1 is not the one"):
        take(store, unit, dataclasses.replace(other, data=b"other"))
    bundle, first = unit.bundle(unit.rows[:1]), upload(kind=UploadKind.PICTURES, body=b"a")
    store.take_pictures(first, bundle, receipt)
    second = upload(kind=UploadKind.PICTURES, body=b"b", upload_id=first.name.upload_id)
    with pytest.raises(ConflictError, match="another body"):
        store.take_pictures(second, bundle, receipt)


def test_pictures_after_their_row_was_opened(store: CentreStore) -> None:
    """Where the row is by then makes no difference."""
    unit = journal(2)
    send(store, unit, unit.rows)
    open_all(store)
    assert send_pictures(store, unit, unit.rows[:1]) == b"2 stored, 0 duplicates"
    wrong = dataclasses.replace(unit.bundle(unit.rows[:1]).pictures[0], data=b"other")
    with pytest.raises(ConflictError, match="patch of row 1"):
        take(store, unit, wrong)


def test_another_units_pictures_are_refused(store: CentreStore) -> None:
    """A unit cannot fill in another's journal."""
    unit = journal(1)
    send(store, unit, unit.rows)
    bundle = dataclasses.replace(unit.bundle(unit.rows), unit_id="unit-8")
    with pytest.raises(ConflictError, match="not unit unit-8's"):
        store.take_pictures(upload("unit-8", UploadKind.PICTURES), bundle, receipt)


def test_an_empty_bundle(store: CentreStore) -> None:
    """A bundle of nothing is receipted as nothing."""
    unit = journal(1)
    send(store, unit, unit.rows)
    assert take(store, unit) == b"0 stored, 0 duplicates"
