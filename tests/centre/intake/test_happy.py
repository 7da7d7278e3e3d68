"""The whole way: enrolled by ticket, synced by the unit's own client, stored, receipted."""

import threading
from pathlib import Path

import pytest

from outrider.clock import SystemClock
from outrider.records import Role
from outrider.unit.sync.dock import Dock, Manner
from outrider.wire import checkpoint, receipt
from outrider.wire.audit import AuditKind
from outrider.wire.read_record import decode
from outrider.wire.sealing import Opener, Place
from outrider.wire.upload import Body, UploadKind
from tests.centre.intake.running import Running, Unit, enrolled


def test_a_unit_docks(centre: Running, home: Path) -> None:
    """Reads, hits and pictures cross mutual TLS, are on the disk, and open with the opening key."""
    unit = enrolled(centre, home, "docking")
    unit.fill(30)
    summary = Dock(unit.settings, SystemClock()).once(Manner(give_up_after=3), threading.Event())
    assert (summary.reads, summary.hits, summary.pictures) == (30, 1, 62)
    assert summary.faults == []
    (journal,) = centre.store.journals("docking")
    assert journal.missing == ()
    assert journal.chain_breaks == ()
    assert journal.pictures_due == 0
    opener = Opener([centre.opening_key])
    mine = [record for record in centre.store.sealed(1000) if record.unit_id == "docking"]
    assert len(mine) == 32
    for record in mine:
        key = opener.open_key(record.key, record.journal_id)
        place = Place(record.journal_id, record.row.seq, record.row.kind)
        decode(key.open_text(record.row.body, place))
    assert centre.store.picture(journal.epoch.epoch_id, mine[0].row.seq, Role.PATCH) is not None
    kinds = [row.event.kind for row in centre.store.audit()]
    assert AuditKind.COLLECTION in kinds


def test_the_same_upload_twice_is_one(centre: Running, unit: Unit) -> None:
    """Sent again under its name, a body gets the very receipt of the first time; stored once."""
    name, body = unit.name(), unit.rows_body()
    first = unit.put(name, body)
    before = centre.contents()
    again = unit.put(name, body)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.content == first.content
    assert centre.contents() == before
    found = receipt.decode(first.content, centre.receipt_key)
    receipt.check(found, name, Body(body), 12)


def test_the_same_rows_under_another_name_are_duplicates(centre: Running, unit: Unit) -> None:
    """A receipt that was lost costs nothing: the rows are known, and the receipt says so."""
    body = unit.rows_body()
    unit.put(unit.name(), body)
    given = unit.put(unit.name(), body)
    found = receipt.decode(given.content, centre.receipt_key)
    assert (found.stored, found.duplicates) == (0, 12)


def test_pictures_follow_their_rows(centre: Running, home: Path) -> None:
    """A picture whose row has not come is a conflict; once it has, the picture is taken."""
    unit = enrolled(centre, home, "pictures")
    unit.fill(3)
    rows, pictures = unit.rows_body(), unit.pictures_body()
    early = unit.put(unit.name(UploadKind.PICTURES), pictures)
    assert (early.status_code, early.json().get("error")) == (409, "conflict")
    assert unit.put(unit.name(), rows).status_code == 200
    assert unit.put(unit.name(UploadKind.PICTURES), pictures).status_code == 200


@pytest.mark.parametrize("path", ["/v1/health", "/v1/revoked", "/v1/openapi.json"])
def test_what_units_may_ask(unit: Unit, path: str) -> None:
    """What is not secret is there for any unit."""
    with unit.client() as client:
        assert client.get(path).status_code == 200


def test_a_unit_gets_the_newest_checkpoint(centre: Running, unit: Unit) -> None:
    """As JSON that the centre has signed; one that is no checkpoint is refused, and its size."""
    path = checkpoint.path_of(unit.unit_id)
    assert unit.put(unit.name(), unit.rows_body()).status_code == 200  # the trail has a row
    with unit.client() as client:
        answer = client.post(path, content=b"")
        assert client.post(path, content=b"{}").status_code == 422
        assert client.post(path, content=bytes(checkpoint.MAX_BYTES + 1)).status_code == 413
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert checkpoint.decode(answer.content, centre.receipt_key).number >= 1


def test_health_counts(unit: Unit) -> None:
    """Health shows what was taken and refused, and holds nothing of any row."""
    unit.put(unit.name(), unit.rows_body())
    unit.put(unit.name(), b"no zstd")
    with unit.client() as client:
        health = client.get("/v1/health").json()
    assert health["taken"]["uploads"] >= 1
    assert health["refused"]["content"] >= 1
    assert health["in_flight"] == 0
