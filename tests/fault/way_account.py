"""What a unit told, held against what the centre has: the account of the whole way."""

import sqlite3
from collections import Counter
from dataclasses import dataclass, field, fields
from itertools import pairwise
from pathlib import Path
from typing import Any

from outrider.centre.checkpoints.verify import rows_after
from outrider.centre.checkpoints.verify import verify as verify_trail
from outrider.centre.opening.keys import DataKeys
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.records import OpenedRecord
from outrider.records import Hit, Read
from outrider.unit.journal.database import tail
from outrider.unit.journal.schema import open_read_only
from outrider.unit.journal.verify import verify as verify_journal
from outrider.wire.read_record import RecordKind, read_in
from outrider.wire.sealing import PICTURE_PART, CentrePrivateKey, Opener, Place, SealingError


@dataclass(slots=True)
class WayAccount:
    """The figures of a campaign over the whole way.

    arrived: rows at the centre; opened: of them, reads and hits that are open. unsound: numbers
    missing, chain breaks, rows that wait or were set aside, faults of the trail and the journal.
    """

    kills: int = 0
    power_cuts: int = 0
    rollbacks: int = 0
    clones: int = 0
    restores: int = 0
    made: int = 0
    committed: int = 0
    arrived: int = 0
    opened: int = 0
    pictures: int = 0
    lost: int = 0
    duplicated: int = 0
    out_of_order: int = 0
    pictures_lost: int = 0
    deleted_before_receipt: int = 0
    erased_on_unit: int = 0
    unsound: int = 0
    kills_of: dict[str, int] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)

    BAD = (
        "lost",
        "duplicated",
        "out_of_order",
        "pictures_lost",
        "deleted_before_receipt",
        "unsound",
    )

    def add(self, other: dict[str, Any]) -> None:
        """Add the figures of another account, as JSON has them."""
        for each in fields(self):
            if each.name == "kills_of":
                self.kills_of = dict(Counter(self.kills_of) + Counter(other["kills_of"]))
            else:
                setattr(self, each.name, getattr(self, each.name) + other[each.name])

    def killed(self, name: str) -> None:
        """Count a kill of a program."""
        self.kills += 1
        self.kills_of[name] = self.kills_of.get(name, 0) + 1

    @property
    def clean(self) -> bool:
        """Whether nothing was lost, doubled, disordered or damaged."""
        return not any(getattr(self, name) for name in self.BAD)

    def line(self) -> str:
        """Return the figures in a line."""
        names = [each.name for each in fields(self) if each.type is int or each.type == "int"]
        killed = ", ".join(f"{name} {count}" for name, count in sorted(self.kills_of.items()))
        return ", ".join(f"{name} {getattr(self, name)}" for name in names) + f" ({killed})"

    def fault(self, text: str, count: int = 1) -> None:
        """Count something that must not be, and say it."""
        if count:
            self.unsound += count
            self.reasons.append(text)


def erased_on(journal: Path) -> list[tuple[int, int]]:
    """Return the numbers that a unit has erased after receipt, as ranges."""
    db = open_read_only(journal)
    try:
        return [(int(a), int(b)) for a, b in db.execute(
            "SELECT first_seq, last_seq FROM gap WHERE cause = 'erased' ORDER BY first_seq"
        )]  # fmt: skip
    finally:
        db.close()


def sent_by(journal: Path) -> int:
    """Return how many rows of a unit's journal the centre has receipted."""
    db = open_read_only(journal)
    try:
        last, _ = tail(db)
        (waiting,) = db.execute("SELECT count(*) FROM outbox").fetchone()
        return last - int(waiting)
    finally:
        db.close()


def deleted_before_receipt(journal: Path, store: CentreStore) -> tuple[int, int]:
    """Return how many numbers the unit has erased, and how many of them the centre has not.

    The unit is asked first: what comes to the centre in between can only make it better.
    """
    erased = erased_on(journal)
    present: set[int] = set()  # in whatever epoch; a number may stand in several
    for state in store.journals():
        for one in state.present:
            present.update(range(one.first, one.last + 1))
    bad = sum(seq not in present for first, last in erased for seq in range(first, last + 1))
    return sum(last - first + 1 for first, last in erased), bad


def settle(
    account: WayAccount,
    store: CentreStore,
    journal: Path,
    told: tuple[set[str], set[str]],
    keys: list[CentrePrivateKey],
) -> None:
    """Open all that arrived and hold it against what was told; complete the account."""
    made, committed = told
    account.made, account.committed = len(made), len(committed)
    found: Counter[str] = Counter()
    in_order: dict[object, list[tuple[int, object]]] = {}
    data_keys = DataKeys(Opener(keys))
    with store.snapshot() as records:
        for opened in records:
            found.update(_names(opened))
            if opened.sealed.row.kind is RecordKind.READ:
                place = (opened.sealed.row.seq, opened.sealed.arrived_at)
                in_order.setdefault(opened.sealed.epoch_id, []).append(place)
            _check_pictures(account, store, opened, data_keys)
    account.opened = len(found)
    account.lost = len(committed - set(found))
    account.duplicated = sum(found.values()) - len(found)
    # What a restored centre had lost comes again, later than what followed it.
    for rows in in_order.values() if not account.restores else ():
        rows.sort(key=lambda row: row[0])
        account.out_of_order += sum(after[1] < before[1] for before, after in pairwise(rows))  # type: ignore[operator]
    _check_soundness(account, store, journal)


def _names(opened: OpenedRecord) -> list[str]:
    if isinstance(opened.record, Read):
        return [str(opened.record.read_id)]
    return [str(opened.record.hit_id)] if isinstance(opened.record, Hit) else []


def _check_pictures(
    account: WayAccount, store: CentreStore, opened: OpenedRecord, keys: DataKeys
) -> None:
    sealed, read = opened.sealed, read_in(opened.record)
    named = {one.role: one for one in read.pictures} if read is not None else {}
    account.pictures_lost += len(named) - len(sealed.row.pictures)
    for picture in sealed.row.pictures:
        stored = store.picture(sealed.epoch_id, sealed.row.seq, picture.role)
        if stored is None:
            account.pictures_lost += 1
            continue
        place = Place(sealed.journal_id, sealed.row.seq, PICTURE_PART + picture.role)
        try:
            data = keys.open(stored.key, sealed.journal_id).open(stored.data, place)
        except SealingError as error:
            account.fault(f"picture of row {sealed.row.seq}: {error}")
            continue
        if not named[picture.role].is_of(data):
            account.fault(f"picture of row {sealed.row.seq} is not the read's")
        account.pictures += 1


def _check_soundness(account: WayAccount, store: CentreStore, journal: Path) -> None:
    backlog = store.backlog()
    account.fault(f"{backlog.waiting} rows wait", backlog.waiting)
    account.fault(f"{backlog.set_aside} set aside: {store.rows_set_aside(3)}", backlog.set_aside)
    for state in store.journals():
        account.arrived += sum(one.last - one.first + 1 for one in state.present)
        account.fault(f"numbers missing: {state.missing}", len(state.missing))
        account.fault(f"chain breaks at {state.chain_breaks}", len(state.chain_breaks))
        account.fault(f"{state.pictures_due} pictures due", state.pictures_due)
        account.fault(f"gaps declared: {state.gaps}", len(state.gaps))
    verdict = verify_trail(rows_after(store, 0))
    account.fault(f"audit trail: {verdict.first_break}", int(not verdict.sound))
    try:
        report = verify_journal(journal)
        account.fault(f"journal: {report.faults}", report.fault_count + report.lost)
    except sqlite3.Error as error:
        account.fault(f"journal: {error}")
    _, bad = deleted_before_receipt(journal, store)
    account.deleted_before_receipt += bad
