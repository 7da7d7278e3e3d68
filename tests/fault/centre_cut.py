"""Power cuts of the centre: uploads are stored and receipted, rows opened, and the power goes.

The embedded store runs on a logged file system and is cut at random points of the log; see
`powercut_disk.py` for what a cut leaves. From each disk so rebuilt the store is opened: whatever
had been receipted by then must be there, pictures too. Then the unit sends all again, as it does
what it has no receipt for, and the opening service goes on: everything stands there once, the
trail is whole, and each officer's correction is in it once.
Long run: `python -m tests.fault.centre_cut --cuts 200`.
"""

import argparse
import contextlib
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from outrider.centre.checkpoints.verify import rows_after, verify
from outrider.centre.demo.unit_journal import UnitJournal
from outrider.centre.opening.keys import KeyFolder
from outrider.centre.opening.service import Opening
from outrider.centre.store import open_store
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.records import ReceivedUpload
from outrider.clock import ClockQuality
from outrider.wire.audit import AuditKind
from outrider.wire.chain import SealedRow
from outrider.wire.read_record import RecordKind
from outrider.wire.sealing import CentrePrivateKey
from outrider.wire.upload import Sent, UploadKind, UploadName
from tests.fault import load
from tests.fault.logged_disk import LoggedDisk
from tests.fault.powercut import told_by
from tests.fault.powercut_disk import Op, cut_log
from tests.unit.journal import makers

_ROWS = 8
_BATCHES = 30
_LONGEST_LOAD_S = 60.0
_ARRIVED = datetime(2026, 11, 18, 12, tzinfo=UTC)


@dataclass(slots=True)
class CentreAccount:
    """The figures. receipted: rows and pictures told so by the cut; lost: of them, not there."""

    cuts: int = 0
    receipted: int = 0
    receipted_pictures: int = 0
    lost: int = 0
    lost_pictures: int = 0
    duplicated: int = 0
    unsound: int = 0

    def add(self, other: "CentreAccount") -> None:
        """Add another account to this one."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))

    @property
    def clean(self) -> bool:
        """Whether nothing was lost, doubled or damaged."""
        return self.lost == self.lost_pictures == self.duplicated == self.unsound == 0


class Sender:
    """A unit's journal in memory, and what brings it to a store batch by batch."""

    def __init__(self, keys: Path) -> None:
        centre = CentrePrivateKey.generate()
        keys.mkdir()
        centre.write(keys / "sealing.key")
        self.keys = KeyFolder(keys)
        self.unit = UnitJournal("unit-7", centre.public)
        for number in range(_ROWS * _BATCHES):
            record = (
                makers.action(number)
                if number % 20 == 19
                else makers.read(number, patch_bytes=300, overview_bytes=900)
            )
            self.unit.add(*makers.pictured(record))

    def batches(self) -> list[Sequence[SealedRow]]:
        """Return the rows as they are sent."""
        rows = self.unit.rows
        return [rows[start : start + _ROWS] for start in range(0, len(rows), _ROWS)]

    def send(self, store: CentreStore, rows: Sequence[SealedRow]) -> None:
        """Bring rows to a store; when this returns, they are receipted."""
        store.take_rows(_upload(UploadKind.ROWS), self.unit.batch(rows), _receipt)

    def send_pictures(self, store: CentreStore, rows: Sequence[SealedRow]) -> None:
        """Bring pictures of rows to a store."""
        store.take_pictures(_upload(UploadKind.PICTURES), self.unit.bundle(rows), _receipt)


def _upload(kind: UploadKind) -> ReceivedUpload:
    name = UploadName("unit-7", kind, uuid.uuid4())
    sent = Sent(_ARRIVED, ClockQuality.GPS)
    return ReceivedUpload(name, name.upload_id.bytes * 2, sent, _ARRIVED)


def _receipt(stored: int, duplicates: int) -> bytes:
    return b"%d %d" % (stored, duplicates)


def work(url: str, sender: Sender, tell: Callable[[bytes], None]) -> None:
    """Send and open for ever, telling `R seq` of rows and `P seq` of pictures once receipted."""
    store = open_store(url)
    opening, stop = Opening(store, sender.keys, batch_rows=5), threading.Event()
    for number, rows in enumerate(sender.batches()):
        sender.send(store, rows)
        tell(b"".join(b"R %d\n" % row.seq for row in rows))
        sender.send_pictures(store, rows)
        tell(b"".join(b"P %d\n" % row.seq for row in rows))
        if number % 3 == 2:
            opening.run(stop)
    while True:
        stop.wait(1.0)


def record(folder: Path, sender: Sender, load_s: float) -> list[Op]:
    """Run the store on the logged file system for a while; return the log."""
    disk = LoggedDisk(folder / "logged")
    try:
        disk.attach()
        child = os.fork()
        if child == 0:
            try:
                told_at = os.open(disk.mount / "told", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
                work(f"sqlite:{disk.mount / 'store'}", sender, load.tell_to(told_at))
            finally:
                os._exit(1)
        _wait(disk.mount / "told", load_s)
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            raise AssertionError("the store's work ended by itself: see its traceback above")
    finally:
        log = disk.detach()
    return log


def _wait(told: Path, load_s: float) -> None:
    """Wait for the load's length; on a busy machine longer, until ten batches are receipted."""
    pause, start_s = threading.Event(), time.monotonic()
    while time.monotonic() - start_s < max(load_s, _LONGEST_LOAD_S):
        long_enough = time.monotonic() - start_s >= load_s
        if long_enough and told.exists() and told.read_bytes().count(b"P ") >= 10 * _ROWS:
            return
        pause.wait(0.1)


def cut_at(log: list[Op], rng: random.Random, folder: Path, sender: Sender) -> CentreAccount:
    """Cut the power somewhere in the log, and hold what is found against what was receipted."""
    before = cut_log(log, rng, folder)
    lines = told_by(before).split(b"\n")[:-1]
    rows, pictures = ({int(x[2:]) for x in lines if x[:1] == kind} for kind in (b"R", b"P"))
    account = CentreAccount(1, len(rows), len(pictures))
    with contextlib.closing(open_store(f"sqlite:{folder / 'store'}")) as store:
        _settle(store, sender, rows, pictures, account)
    return account


def _settle(
    store: CentreStore, sender: Sender, rows: set[int], pictures: set[int], account: CentreAccount
) -> None:
    found = {seq for s in store.journals() for p in s.present for seq in range(p.first, p.last + 1)}
    account.lost += len(rows - found)
    for row in sender.unit.rows:
        if row.seq in pictures:
            account.lost_pictures += _missing(store, sender, row)
    for batch in sender.batches():
        sender.send(store, batch)
        sender.send_pictures(store, batch)
    opening = Opening(store, sender.keys)
    opening.run(threading.Event())
    opened = Counter(one.sealed.row.seq for one in store.records(sender.unit.journal_id, 1, 10**6))
    account.lost += len(sender.unit.rows) - len(opened)
    account.lost_pictures += sum(_missing(store, sender, row) for row in sender.unit.rows)
    account.duplicated += sum(opened.values()) - len(opened)
    account.unsound += not verify(rows_after(store, 0)).sound
    account.unsound += opening.tally.set_aside
    _check_trail(store, sender, account)


def _missing(store: CentreStore, sender: Sender, row: SealedRow) -> int:
    journal_id, unit = sender.unit.journal_id, sender.unit
    stored = {p.role: store.picture(journal_id, row.seq, p.role) for p in row.pictures}
    return sum(
        one is None or one.data != unit.pictures[row.seq, role] for role, one in stored.items()
    )


def _check_trail(store: CentreStore, sender: Sender, account: CentreAccount) -> None:
    corrections = sum(row.kind is RecordKind.ACTION for row in sender.unit.rows)
    logged = Counter(row.event.kind for row in rows_after(store, 0))
    account.unsound += logged[AuditKind.ALTERATION] != corrections


def campaign(folder: Path, cuts: int, seed: int, load_s: float) -> CentreAccount:
    """Record one load and cut it so many times; return the account of all cuts."""
    rng, total, sender = random.Random(seed), CentreAccount(), Sender(folder / "keys")
    log = record(folder, sender, load_s)
    for number in range(cuts):
        total.add(cut_at(log, rng, folder / f"cut{number}", sender))
    return total


def main() -> int:
    """Run the campaign and print its figures; exit 1 where anything is not as it must be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cuts", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--load-s", type=float, default=6.0, help="length of the load, s")
    parser.add_argument("--json", action="store_true", help="the figures as JSON, on a line more")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        account = campaign(Path(folder), args.cuts, args.seed, args.load_s)
    figures = asdict(account)
    print("power cuts of the centre:", ", ".join(f"{k} {v}" for k, v in figures.items()))
    if args.json:
        print(json.dumps(figures))
    return 0 if account.clean else 1


if __name__ == "__main__":
    sys.exit(main())
