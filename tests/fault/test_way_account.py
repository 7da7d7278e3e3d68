"""The campaign's account itself: that it counts what is wrong, where something is."""

import threading
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from outrider.centre.opening.keys import KeyFolder
from outrider.centre.opening.service import Opening
from outrider.centre.store import open_store
from outrider.centre.store.centre_store import CentreStore
from outrider.clock import ClockQuality, UtcStamp
from outrider.unit.journal.outbox import Outbox
from outrider.unit.journal.segments import Stream
from outrider.wire.chain import SealedRow
from outrider.wire.picture_bundle import BundledPicture, PictureBundle
from outrider.wire.receipt import Receipt
from outrider.wire.sealing import CentrePrivateKey
from outrider.wire.upload import UploadKind
from tests.centre.store.makers import ARRIVED, receipt, upload
from tests.fault.way_account import WayAccount, deleted_before_receipt, settle
from tests.unit.journal.filled import fill, reads

CENTRE = CentrePrivateKey.generate()
READS = reads(0, 6, patch_bytes=300, overview_bytes=900)
TOLD = {str(read.read_id) for read in READS}
NOW = UtcStamp(2**61, ClockQuality.GPS, 0.0)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    fill(tmp_path / "journal", READS, centre=CENTRE)
    return tmp_path / "journal"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CentreStore]:
    store = open_store(f"sqlite:{tmp_path / 'store'}")
    yield store
    store.close()


def rows_of(journal: Path) -> list[SealedRow]:
    outbox = Outbox(journal)
    try:
        return outbox.rows(1, 100)
    finally:
        outbox.close()


def deliver(store: CentreStore, journal: Path, rows: list[SealedRow], later_s: int = 0) -> None:
    """Bring rows to the centre without telling the unit."""
    outbox = Outbox(journal)
    arrived = ARRIVED + timedelta(seconds=later_s)
    try:
        store.take_rows(upload(arrived_at=arrived), outbox.batch("unit-7", rows), receipt)
    finally:
        outbox.close()


def deliver_pictures(store: CentreStore, journal: Path, leave_out: int) -> None:
    """Bring all pictures to the centre but so many."""
    outbox = Outbox(journal)
    try:
        outbox.rows_receipted(outbox.rows(1, 100), false_receipt(100), NOW)
        found = [
            BundledPicture(picture.seq, picture.role, data)
            for stream in Stream
            for picture, data in outbox.pictures(stream, 100, 10**7)
        ]
        bundle = PictureBundle("unit-7", outbox.journal_id, tuple(found[leave_out:]))
    finally:
        outbox.close()
    store.take_pictures(upload(kind=UploadKind.PICTURES), bundle, receipt)


def false_receipt(count: int) -> Receipt:
    """Return a receipt that no centre gave; the outbox believes whoever calls it."""
    return Receipt("unit-7", "batches", str(uuid.uuid4()), "0" * 64, count, 0, "")


def account_of(store: CentreStore, journal: Path, tmp_path: Path) -> WayAccount:
    """Open what came and settle it."""
    keys = tmp_path / "keys"
    keys.mkdir()
    CENTRE.write(keys / "sealing.key")
    Opening(store, KeyFolder(keys)).run(threading.Event())
    account = WayAccount()
    settle(account, store, journal, (TOLD, TOLD), [CENTRE])
    return account


def test_a_way_on_which_nothing_went_wrong_is_clean(
    store: CentreStore, journal: Path, tmp_path: Path
) -> None:
    """All rows in two uploads, all pictures: nothing is counted against it."""
    rows = rows_of(journal)
    deliver(store, journal, rows[:3])
    deliver(store, journal, rows[3:], later_s=1)
    deliver_pictures(store, journal, leave_out=0)
    account = account_of(store, journal, tmp_path)
    assert account.clean, account
    assert (account.opened, account.pictures, account.arrived) == (6, 12, len(rows))


def test_a_read_that_did_not_come_is_lost(
    store: CentreStore, journal: Path, tmp_path: Path
) -> None:
    """The third row never came: one lost, its number missing."""
    rows = rows_of(journal)
    deliver(store, journal, rows[:2] + rows[3:])
    account = account_of(store, journal, tmp_path)
    assert account.lost == 1
    assert any("missing" in reason for reason in account.reasons)


def test_pictures_that_did_not_come_are_counted(
    store: CentreStore, journal: Path, tmp_path: Path
) -> None:
    """Two pictures of twelve are not there."""
    deliver(store, journal, rows_of(journal))
    deliver_pictures(store, journal, leave_out=2)
    assert account_of(store, journal, tmp_path).pictures_lost == 2


def test_rows_that_came_after_later_ones_are_out_of_order(
    store: CentreStore, journal: Path, tmp_path: Path
) -> None:
    """The first half came an hour after the second."""
    rows = rows_of(journal)
    deliver(store, journal, rows[:3], later_s=3600)
    deliver(store, journal, rows[3:])
    assert account_of(store, journal, tmp_path).out_of_order == 1


def test_a_read_written_twice_is_doubled(store: CentreStore, journal: Path, tmp_path: Path) -> None:
    """A unit that journals a read a second time is found out by its identifier."""
    fill(journal, READS[:2], centre=CENTRE)
    for _ in range(2):  # each start is an epoch of its own, and goes by itself
        rows = rows_of(journal)
        deliver(store, journal, rows)
        outbox = Outbox(journal)
        outbox.rows_receipted(rows, false_receipt(len(rows)), NOW)
        outbox.close()
    assert account_of(store, journal, tmp_path).duplicated == 2


def test_erasing_without_the_centre_having_it_is_counted(store: CentreStore, journal: Path) -> None:
    """Rows that a false receipt let go are missed at the centre; those it has are not."""
    rows = rows_of(journal)
    deliver(store, journal, rows[:2])
    outbox = Outbox(journal)
    outbox.rows_receipted(rows, false_receipt(len(rows)), NOW)
    for stream in Stream:
        pictures = [picture for picture, _ in outbox.pictures(stream, 100, 10**7)]
        outbox.pictures_receipted(pictures, false_receipt(len(pictures)), NOW)
    outbox.expire(0.0, NOW, [row.seq for row in rows])
    outbox.close()
    assert deleted_before_receipt(journal, store) == (len(rows), len(rows) - 2)
