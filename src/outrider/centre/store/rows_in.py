"""Taking a batch of rows: what is new is kept, what is here already is only counted."""

from collections.abc import Sequence

from outrider.centre.store import journals, uploads
from outrider.centre.store.columns import WAITING, pack_pictures, to_us, waiting_row
from outrider.centre.store.ports import MakeReceipt
from outrider.centre.store.records import ConflictError, ReceivedUpload
from outrider.centre.store.session import Backend, Session
from outrider.centre.store.spans import Present, join
from outrider.clock import UtcStamp
from outrider.wire.batch import Batch
from outrider.wire.chain import SealedRow


def take(
    backend: Backend,
    session: Session,
    upload: ReceivedUpload,
    batch: Batch,
    receipt: MakeReceipt,
    now: UtcStamp,
) -> bytes:
    """Keep a batch in one transaction; see IntakeStore.take_rows."""
    journal = uploads.begin(backend, session, upload, batch.unit_id, batch.journal_id)
    known = uploads.receipt_of(session, upload)
    if known is not None:
        return known
    fresh = _fresh(backend, session, journal, batch)
    _keep(session, journal, batch, fresh, to_us(upload.arrived_at))
    due = sum(len(row.pictures) for row in fresh)
    journals.declare(session, journal, batch.gaps)
    journals.heard(session, journal, upload, due)
    what = f"{len(fresh)} new rows{_numbers(fresh)} of journal {batch.journal_id}"
    made = receipt(len(fresh), len(batch.rows) - len(fresh))
    uploads.end(backend, session, upload, made, what, now)
    return made


def _numbers(rows: Sequence[SealedRow]) -> str:
    return f" ({rows[0].seq} to {rows[-1].seq})" if rows else ""


def _fresh(backend: Backend, session: Session, journal: int, batch: Batch) -> list[SealedRow]:
    """Return the rows that are new, joined to what was here. Raises ConflictError."""
    if not batch.rows:
        return []
    first, last = batch.rows[0].seq, batch.rows[-1].seq
    near = journals.spans_near(session, journal, first, last)
    present = Present(near)
    here = [row for row in batch.rows if row.seq in present]
    if here:
        _check_same(batch, here, _hashes(backend, session, journal, here[0].seq, here[-1].seq))
    fresh = [row for row in batch.rows if row.seq not in present]
    journals.add_spans(session, journal, join(near, fresh))
    return fresh


def _hashes(
    backend: Backend, session: Session, journal: int, first: int, last: int
) -> dict[int, bytes]:
    facts = backend.opened_facts(session, journal, first, last)
    found = {seq: digest for seq, (digest, _) in facts.items()}
    for table in ("set_aside", "waiting"):
        found |= dict(
            session.rows(
                f"SELECT seq, hash FROM {table} WHERE journal = ? AND seq BETWEEN ? AND ?",
                journal,
                first,
                last,
            )
        )
    return found


def _check_same(batch: Batch, here: Sequence[SealedRow], hashes: dict[int, bytes]) -> None:
    """Refuse a row that is here otherwise. One whose time was over has no hash here any more."""
    for row in here:
        if hashes.get(row.seq, row.hash) != row.hash:
            raise ConflictError(
                f"row {row.seq} of journal {batch.journal_id} is here with another hash: the "
                "journal was changed, or two units write under one identity"
            )


def _keep(
    session: Session, journal: int, batch: Batch, fresh: list[SealedRow], arrived_us: int
) -> None:
    needed = {row.key_id for row in fresh}
    needed.update(picture.key_id for row in fresh for picture in row.pictures)
    keys = [key for key in batch.keys if key.key_id in needed]
    journals.add_keys(session, journal, keys, arrived_us)
    session.insert("waiting", WAITING, [waiting_row(journal, row, arrived_us) for row in fresh])
    session.insert(
        "due",
        ("journal", "seq", "pictures", "arrived_us"),
        [
            (journal, row.seq, pack_pictures(row.pictures), arrived_us)
            for row in fresh
            if row.pictures
        ],
    )
