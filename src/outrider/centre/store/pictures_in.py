"""Taking a bundle of pictures: each must be one that a row here names, with those very bytes."""

from collections import Counter
from dataclasses import dataclass, field

from outrider.centre.store import journals, uploads
from outrider.centre.store.columns import pack_pictures, to_us, unpack_pictures
from outrider.centre.store.holding import held, touching
from outrider.centre.store.records import ConflictError, MakeReceipt, ReceivedUpload
from outrider.centre.store.session import Backend, Row, Session
from outrider.clock import UtcStamp
from outrider.wire.chain import SealedPicture
from outrider.wire.picture_bundle import BundledPicture, PictureBundle


@dataclass(slots=True)
class _Sorted:
    """A bundle's pictures: rows to keep, of which epoch, and what is still due after them.

    due: by epoch, row and role; settled: how many of an epoch's due ones have come.
    """

    due: dict[int, dict[int, dict[int, SealedPicture]]]
    fresh: list[Row] = field(default_factory=list)
    settled: Counter[int] = field(default_factory=Counter)
    rest: list[BundledPicture] = field(default_factory=list)
    coming: set[tuple[int, int, bytes]] = field(default_factory=set)

    def take(
        self, journal: int, picture: BundledPicture, named: SealedPicture, arrived_us: int
    ) -> None:
        """Note a picture that is to be kept."""
        place = (journal, picture.seq, int(picture.role))
        self.fresh.append((*place, named.key_id, named.digest, picture.data, arrived_us))
        self.coming.add((picture.seq, int(picture.role), named.digest))


def take(
    backend: Backend,
    session: Session,
    upload: ReceivedUpload,
    bundle: PictureBundle,
    receipt: MakeReceipt,
    now: UtcStamp,
) -> bytes:
    """Keep a bundle in one transaction; see IntakeStore.take_pictures."""
    uploads.check_unit(upload, bundle.unit_id)
    mine = journals.hold(session, backend.for_update, bundle.unit_id, bundle.journal_id)
    known = uploads.receipt_of(session, upload)
    if known is not None:
        return known
    arrived_us = to_us(upload.arrived_at)
    found = _sort(session, bundle, arrived_us)
    if found.rest:
        _take_rest(backend, session, bundle, found, arrived_us)
    _settle(session, found)
    if found.fresh:
        backend.put_pictures(session, found.fresh, arrived_us)
    for journal in found.settled or mine[-1:]:
        journals.heard(session, journal, upload, -found.settled[journal])
    made = receipt(len(found.fresh), len(bundle.pictures) - len(found.fresh))
    what = f"{len(found.fresh)} new pictures of journal {bundle.journal_id}"
    uploads.end(backend, session, upload, made, what, now)
    return made


def _sort(session: Session, bundle: PictureBundle, arrived_us: int) -> _Sorted:
    """Take the pictures that are due, in whatever epoch; the rest may be here, or wrong."""
    if not bundle.pictures:
        return _Sorted({})
    seqs = {picture.seq for picture in bundle.pictures}
    epochs = touching(session, bundle.unit_id, bundle.journal_id, min(seqs), max(seqs))
    found = _Sorted({journal: _due(session, journal, seqs) for journal in epochs})
    for picture in bundle.pictures:
        for journal, due in found.due.items():
            named = due.get(picture.seq, {}).get(picture.role)
            if named and (named.digest, named.length) == (picture.digest, len(picture.data)):
                del due[picture.seq][picture.role]
                found.settled[journal] += 1
                found.take(journal, picture, named, arrived_us)
                break
        else:
            found.rest.append(picture)
    return found


def _due(session: Session, journal: int, seqs: set[int]) -> dict[int, dict[int, SealedPicture]]:
    rows = session.rows(
        "SELECT seq, pictures FROM due WHERE journal = ? AND seq BETWEEN ? AND ?",
        journal,
        min(seqs),
        max(seqs),
    )
    return {
        seq: {picture.role: picture for picture in unpack_pictures(packed)}
        for seq, packed in rows
        if seq in seqs
    }


def _take_rest(
    backend: Backend,
    session: Session,
    bundle: PictureBundle,
    found: _Sorted,
    arrived_us: int,
) -> None:
    """Tell pictures that are here from those that are wrong; take what a row here has lost.

    Raises ConflictError where no row that is held names a picture so.
    """
    seqs = sorted({picture.seq for picture in found.rest})
    kept = held(backend, session, bundle.unit_id, bundle.journal_id, seqs[0], seqs[-1])
    stored = {j: backend.picture_digests(session, j, seqs) for j in found.due}
    for picture in found.rest:
        place, digest = (picture.seq, int(picture.role)), picture.digest
        if (*place, digest) in found.coming or any(s.get(place) == digest for s in stored.values()):
            continue
        for one in kept.get(picture.seq, ()):
            named = next((p for p in one.named() if p.role is picture.role), None)
            if named and (named.digest, named.length) == (digest, len(picture.data)):
                found.take(one.journal, picture, named, arrived_us)
                break
        else:
            raise _not_named(picture, bool(kept.get(picture.seq)))


def _not_named(picture: BundledPicture, row_is_here: bool) -> ConflictError:
    if row_is_here:
        text = f"the {picture.role.label} of row {picture.seq} is not the one that the row names"
        return ConflictError(f"{text}, or its time was over")
    return ConflictError(f"row {picture.seq} has not come; its pictures follow it")


def _settle(session: Session, found: _Sorted) -> None:
    """Note what is still due of the rows whose pictures have come."""
    for journal, due in found.due.items():
        touched = {row[1] for row in found.fresh if row[0] == journal and row[1] in due}
        session.each(
            "DELETE FROM due WHERE journal = ? AND seq = ?",
            [(journal, seq) for seq in touched if not due[seq]],
        )
        session.each(
            "UPDATE due SET pictures = ? WHERE journal = ? AND seq = ?",
            [(pack_pictures(list(due[s].values())), journal, s) for s in touched if due[s]],
        )
