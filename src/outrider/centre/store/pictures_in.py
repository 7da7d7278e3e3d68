"""Taking a bundle of pictures: each must be one that a row here names, with those very bytes."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from outrider.centre.store import journals, uploads
from outrider.centre.store.columns import pack_pictures, to_us, unpack_pictures
from outrider.centre.store.ports import MakeReceipt
from outrider.centre.store.records import ConflictError, ReceivedUpload
from outrider.centre.store.session import Backend, Row, Session
from outrider.centre.store.spans import Present
from outrider.clock import UtcStamp
from outrider.wire.chain import SealedPicture
from outrider.wire.picture_bundle import BundledPicture, PictureBundle


@dataclass(slots=True)
class _Sorted:
    """A bundle's pictures: rows to keep, and for each row what is still due after them."""

    fresh: list[Row]
    due: dict[int, dict[int, SealedPicture]]
    here: list[tuple[BundledPicture, bytes]]


def take(
    backend: Backend,
    session: Session,
    upload: ReceivedUpload,
    bundle: PictureBundle,
    receipt: MakeReceipt,
    now: UtcStamp,
) -> bytes:
    """Keep a bundle in one transaction; see IntakeStore.take_pictures."""
    journal = uploads.begin(backend, session, upload, bundle.unit_id, bundle.journal_id)
    known = uploads.receipt_of(session, upload)
    if known is not None:
        return known
    found = _sort(session, journal, bundle.pictures, to_us(upload.arrived_at))
    if found.here:
        _check_here(backend, session, journal, found.here)
    _settle(session, journal, found)
    if found.fresh:
        backend.put_pictures(session, found.fresh, to_us(upload.arrived_at))
    journals.heard(session, journal, upload, -len(found.fresh))
    made = receipt(len(found.fresh), len(bundle.pictures) - len(found.fresh))
    what = f"{len(found.fresh)} new pictures of journal {bundle.journal_id}"
    uploads.end(backend, session, upload, made, what, now)
    return made


def _sort(
    session: Session, journal: int, pictures: Sequence[BundledPicture], arrived_us: int
) -> _Sorted:
    due = _due(session, journal, [picture.seq for picture in pictures])
    found = _Sorted([], due, [])
    for picture in pictures:
        digest = hashlib.sha256(picture.data).digest()
        named = due.get(picture.seq, {}).get(picture.role)
        if named is None:
            found.here.append((picture, digest))
            continue
        if (named.digest, named.length) != (digest, len(picture.data)):
            raise _not_named(picture)
        del due[picture.seq][picture.role]
        found.fresh.append(
            (
                journal,
                picture.seq,
                int(picture.role),
                named.key_id,
                digest,
                picture.data,
                arrived_us,
            )
        )
    return found


def _due(
    session: Session, journal: int, seqs: Sequence[int]
) -> dict[int, dict[int, SealedPicture]]:
    if not seqs:
        return {}
    wanted = set(seqs)
    rows = session.rows(
        "SELECT seq, pictures FROM due WHERE journal = ? AND seq BETWEEN ? AND ?",
        journal,
        min(wanted),
        max(wanted),
    )
    return {
        seq: {picture.role: picture for picture in unpack_pictures(packed)}
        for seq, packed in rows
        if seq in wanted
    }


def _not_named(picture: BundledPicture) -> ConflictError:
    return ConflictError(
        f"the {picture.role.label} of row {picture.seq} is not the one that the row names"
    )


def _check_here(
    backend: Backend,
    session: Session,
    journal: int,
    pictures: Sequence[tuple[BundledPicture, bytes]],
) -> None:
    """Refuse what is not due and never was. Raises ConflictError."""
    seqs = sorted({picture.seq for picture, _ in pictures})
    present = Present(journals.spans_near(session, journal, seqs[0], seqs[-1]))
    stored = backend.picture_digests(session, journal, seqs)
    named = _named(backend, session, journal, seqs)
    for picture, digest in pictures:
        if picture.seq not in present:
            raise ConflictError(f"row {picture.seq} has not come; its pictures follow it")
        # Where neither is here any more, the time of both was over: it came, and went.
        rest = named.get(picture.seq, {picture.role: digest})
        known = stored.get((picture.seq, picture.role), rest.get(picture.role))
        if known != digest:
            raise _not_named(picture)


def _named(
    backend: Backend, session: Session, journal: int, seqs: Sequence[int]
) -> dict[int, dict[int, bytes]]:
    """Return the digests that rows name, of those that are here, by number and role."""
    first, last = seqs[0], seqs[-1]
    packed = {
        seq: pictures
        for seq, (_, pictures) in backend.opened_facts(session, journal, first, last).items()
    }
    for table in ("set_aside", "waiting"):
        packed |= dict(
            session.rows(
                f"SELECT seq, pictures FROM {table} WHERE journal = ? AND seq BETWEEN ? AND ?",
                journal,
                first,
                last,
            )
        )
    return {seq: {p.role: p.digest for p in unpack_pictures(raw)} for seq, raw in packed.items()}


def _settle(session: Session, journal: int, found: _Sorted) -> None:
    """Note what is still due of the rows whose pictures have come."""
    touched = {row[1] for row in found.fresh}
    session.each(
        "DELETE FROM due WHERE journal = ? AND seq = ?",
        [(journal, seq) for seq in touched if not found.due[seq]],
    )
    session.each(
        "UPDATE due SET pictures = ? WHERE journal = ? AND seq = ?",
        [
            (pack_pictures(list(found.due[seq].values())), journal, seq)
            for seq in touched
            if found.due[seq]
        ],
    )
