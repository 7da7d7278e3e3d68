"""Taking a batch of rows: what is new is kept, what is here already is only counted."""

from collections.abc import Sequence

from outrider.centre.store import journals, uploads
from outrider.centre.store.columns import WAITING, pack_pictures, to_us, waiting_row
from outrider.centre.store.holding import Held, held
from outrider.centre.store.records import ConflictError, MakeReceipt, ReceivedUpload
from outrider.centre.store.session import Backend, Session
from outrider.centre.store.spans import Present, join
from outrider.clock import UtcStamp
from outrider.wire.batch import Batch
from outrider.wire.chain import SealedRow
from outrider.wire.holdings import MARK_BYTES


def take(
    backend: Backend,
    session: Session,
    upload: ReceivedUpload,
    batch: Batch,
    receipt: MakeReceipt,
    now: UtcStamp,
) -> bytes:
    """Keep a batch in one transaction; see IntakeStore.take_rows."""
    journal = uploads.begin(backend, session, upload, batch)
    known = uploads.receipt_of(session, upload)
    if known is not None:
        return known
    newest = journals.newest(session, journal)
    fresh, again = _fresh(backend, session, journal, batch)
    if again:
        backend.drop_damaged(session, journal, batch.journal_id, sorted(again))
    _keep(session, journal, batch, fresh, to_us(upload.arrived_at))
    due = _expect(backend, session, journal, fresh, again, to_us(upload.arrived_at))
    journals.declare(session, journal, batch.gaps)
    journals.heard(session, journal, upload, due)
    if fresh and fresh[-1].seq > newest:
        journals.grew(session, journal, upload)
    what = f"{len(fresh)} new rows{_numbers(fresh)} of journal {batch.journal_id}"
    made = receipt(len(fresh), len(batch.rows) - len(fresh))
    uploads.end(backend, session, upload, made, what, now)
    return made


def _numbers(rows: Sequence[SealedRow]) -> str:
    return f" ({rows[0].seq} to {rows[-1].seq})" if rows else ""


def _fresh(
    backend: Backend, session: Session, journal: int, batch: Batch
) -> tuple[list[SealedRow], set[int]]:
    """Return the rows to be stored, joined to what was here. Raises ConflictError.

    The numbers too of those that had come, and whose content is held no more: they come again.
    """
    if not batch.rows:
        return [], set()
    first, last = batch.rows[0].seq, batch.rows[-1].seq
    near = journals.spans_near(session, journal, first, last)
    present = Present(near)
    kept = held(backend, session, batch.unit_id, batch.journal_id, first, last)
    fresh = [row for row in batch.rows if not _is_here(row, kept.get(row.seq, ()), journal, batch)]
    joined = join(near, [row for row in batch.rows if row.seq not in present])
    journals.add_spans(session, journal, joined)
    return fresh, {row.seq for row in fresh if row.seq in present}


def _is_here(row: SealedRow, kept: Sequence[Held], journal: int, batch: Batch) -> bool:
    """Whether a row is held, in whatever epoch. Raises ConflictError where it is so otherwise."""
    if any(one.mark == row.hash[:MARK_BYTES] for one in kept):
        return True
    if any(one.journal == journal for one in kept):
        raise ConflictError(
            f"row {row.seq} of journal {batch.journal_id} is here with another hash in the same "
            "epoch: the journal was put back or copied while it was in use"
        )
    return False


def _keep(
    session: Session, journal: int, batch: Batch, fresh: list[SealedRow], arrived_us: int
) -> None:
    needed = {row.key_id for row in fresh}
    needed.update(picture.key_id for row in fresh for picture in row.pictures)
    keys = [key for key in batch.keys if key.key_id in needed]
    journals.add_keys(session, journal, keys, arrived_us)
    session.insert("waiting", WAITING, [waiting_row(journal, row, arrived_us) for row in fresh])


def _expect(
    backend: Backend,
    session: Session,
    journal: int,
    fresh: list[SealedRow],
    again: set[int],
    arrived_us: int,
) -> int:
    """Note the pictures that are to come; return how many more they are than before.

    again: numbers whose rows had come before; what is still here of their pictures is not due.
    """
    before = journals.due_of(session, journal, again)
    stored = backend.picture_digests(session, journal, sorted(again)) if again else {}
    session.each("DELETE FROM due WHERE journal = ? AND seq = ?", [(journal, s) for s in again])
    due = {
        row.seq: [p for p in row.pictures if stored.get((row.seq, int(p.role))) != p.digest]
        for row in fresh
    }
    session.insert(
        "due",
        ("journal", "seq", "pictures", "arrived_us"),
        [(journal, seq, pack_pictures(some), arrived_us) for seq, some in due.items() if some],
    )
    return sum(map(len, due.values())) - before
