"""Opening one picture, by whoever has the private keys. That it may be shown is decided elsewhere.

Pictures stay sealed at the centre. Who asks, why, and what came of it is in the audit trail before
this is called: `centre/evidence/pictures.py`.
"""

import uuid

from outrider.centre.opening.keys import DataKeys
from outrider.centre.opening.rows import open_text
from outrider.centre.store.centre_store import OpeningStore
from outrider.centre.store.records import OpenedRecord
from outrider.records import PictureFacts, Role
from outrider.wire.canonical import WireError
from outrider.wire.read_record import decode, read_in
from outrider.wire.sealing import PICTURE_PART, Place, SealingError


class PictureFault(Exception):
    """The picture cannot be shown: why, and what to do. No mark, place or unit is in it."""


class Viewer:
    """Opens single pictures of a store."""

    def __init__(self, store: OpeningStore, keys: DataKeys) -> None:
        self._store = store
        self._keys = keys

    def open(self, record_id: uuid.UUID, role: Role) -> bytes:
        """Return the JPEG of a read or hit. Raises PictureFault, StoreError."""
        try:
            return self._open(record_id, role)
        except (SealingError, WireError) as error:
            raise PictureFault(f"{role.label} of {record_id}: {error}") from error

    def _open(self, record_id: uuid.UUID, role: Role) -> bytes:
        sealed = self._row(record_id).sealed
        place = f"row {sealed.row.seq} of journal {sealed.journal_id}"
        read = read_in(decode(open_text(sealed, self._keys)))
        named = read.picture(role) if read is not None else None
        stored = self._store.picture(sealed.epoch_id, sealed.row.seq, role)
        if named is None or not any(picture.role is role for picture in sealed.row.pictures):
            raise PictureFault(f"{place} has no {role.label}")
        if stored is None:
            raise PictureFault(f"the {role.label} has not come from its unit yet, or has expired")
        key = self._keys.open(stored.key, stored.journal_id)
        at = Place(sealed.journal_id, sealed.row.seq, PICTURE_PART + role)
        return _checked(key.open(stored.data, at), named)

    def _row(self, record_id: uuid.UUID) -> OpenedRecord:
        found = self._store.find(record_id)
        if not found:
            raise PictureFault("no opened read or hit here has this identifier")
        if len(found) > 1:
            rows = ", ".join(f"row {o.sealed.row.seq} of {o.sealed.journal_id}" for o in found)
            raise PictureFault(f"more than one read has this identifier: {rows}")
        return found[0]


def _checked(data: bytes, named: PictureFacts) -> bytes:
    if not named.is_of(data):
        raise PictureFault("it opens, but is not the picture that the read was made with")
    return data
