"""Checking the trail: every row against its hash and the row before, all of it against checkpoints.

Only the first break is told: after it nothing that follows proves anything.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from outrider.centre.store.audit_chain import audit_hash
from outrider.centre.store.records import AuditRow, DamagedRow
from outrider.centre.store.trail import AuditStore
from outrider.wire.checkpoint import Checkpoint
from outrider.wire.hash_chain import GENESIS

_BATCH_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was checked, first and last number, and the first break; empty where all is sound.

    checkpoints: how many were met by a row that was checked, or that the first of them follows.
    """

    first: int
    last: int
    last_hash: str
    checkpoints: int
    first_break: str = ""

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return not self.first_break

    def proves(self, checkpoint: Checkpoint) -> bool:
        """Whether the checkpoint speaks of what was checked: no row checked, nothing proven."""
        return self.first - 1 <= checkpoint.number <= self.last and self.first <= self.last


def rows_after(store: AuditStore, after: int) -> Iterator[AuditRow]:
    """Yield the rows of the trail behind a number, to where it ends now. Raises StoreError."""
    while batch := store.audit(after, _BATCH_ROWS):
        yield from batch
        after = batch[-1].number


def verify(
    rows: Iterable[AuditRow], checkpoints: Sequence[Checkpoint] = (), after: int = 0
) -> Verdict:
    """Check rows from the number after `after` on; what is before it is not looked at.

    A checkpoint at `after` itself ties the first row to what came before. Raises WireError as the
    rows do, where they come from a file.
    """
    due = _due(checkpoints)
    if due is None:
        return _verdict(after, after, None, 0, "two checkpoints differ about one row: one is false")
    number, met = after, 0
    previous = GENESIS if after == 0 else _known(due.get(after))
    try:
        for row in rows:
            fault = _fault(row, number + 1, previous, due)
            if fault:
                return _verdict(after, number, previous, met, fault)
            met += (row.number in due) + (number == after and after in due)
            number, previous = row.number, row.hash
    except DamagedRow as error:
        return _verdict(after, number, previous, met, str(error))
    return _verdict(after, number, previous, met, _cut_short(due, number))


def _due(checkpoints: Sequence[Checkpoint]) -> dict[int, str] | None:
    due: dict[int, str] = {}
    agree = all(due.setdefault(c.number, c.hash) == c.hash for c in checkpoints)
    return due if agree else None


def _known(hexed: str | None) -> bytes | None:
    return bytes.fromhex(hexed) if hexed is not None else None


def _verdict(after: int, number: int, last: bytes | None, met: int, fault: str) -> Verdict:
    return Verdict(after + 1, number, (last or b"").hex(), met, fault)


def _fault(row: AuditRow, number: int, previous: bytes | None, due: dict[int, str]) -> str:
    if row.number != number:
        return f"row {number} is missing: row {row.number} stands in its place"
    if previous is not None and row.previous != previous:
        return f"row {number} does not follow row {number - 1}: one of them was changed"
    if row.hash != audit_hash(row.number, row.event, row.previous):
        return f"row {number} is not what was written"
    if row.hash.hex() != due.get(number, row.hash.hex()):
        return f"row {number} is not the one of the checkpoint: the trail was written anew"
    return ""


def _cut_short(due: dict[int, str], number: int) -> str:
    later = [n for n in due if n > number]
    if later:
        return f"the trail ends at row {number}, a checkpoint knows row {max(later)}: rows are gone"
    return ""
