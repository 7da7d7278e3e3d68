"""What units send, taken in by those who cannot read it."""

import uuid
from collections.abc import Sequence

from outrider.centre.store import holding, journals, pictures_in, rows_in, uploads
from outrider.centre.store.part import Part
from outrider.centre.store.records import JournalState, KnownUpload, MakeReceipt, ReceivedUpload
from outrider.wire.batch import Batch
from outrider.wire.holdings import Claim, Holdings
from outrider.wire.picture_bundle import PictureBundle


class IntakeStore(Part):
    """Takes what units send, and cannot read it."""

    def known_upload(self, unit_id: str, upload_id: uuid.UUID) -> KnownUpload | None:
        """Return what came under an upload's name before."""
        with self._backend.reading("look up an upload") as session:
            return uploads.known(session, unit_id, upload_id)

    def take_rows(self, upload: ReceivedUpload, batch: Batch, receipt: MakeReceipt) -> bytes:
        """Store the rows that are new, with their keys and gaps; return the receipt.

        A row is a duplicate if its content is held now under the same hash, in whatever epoch of
        its journal, or was erased in its time under that hash; one that came before and is held no
        more is stored again. The same upload again gives the receipt that was given then. One
        audit event (collection) goes with it. Raises ConflictError for another body under the same
        name, a row held with another hash in the same epoch, or an epoch of another unit;
        StoreError.
        """
        with self._backend.writing("store rows") as session:
            return rows_in.take(self._backend, session, upload, batch, receipt, self._now())

    def take_pictures(
        self, upload: ReceivedUpload, bundle: PictureBundle, receipt: MakeReceipt
    ) -> bytes:
        """Store the pictures that are new; return the receipt. Raises as take_rows.

        ConflictError too where a picture's row is not held, or names other bytes.
        """
        with self._backend.writing("store pictures") as session:
            return pictures_in.take(self._backend, session, upload, bundle, receipt, self._now())

    def holdings(self, unit_id: str, journal_id: uuid.UUID, claims: Sequence[Claim]) -> Holdings:
        """Return what is held now of the rows of a journal that a unit names, in any epoch."""
        with self._backend.reading("look up what is held") as session:
            return holding.confirm(self._backend, session, unit_id, journal_id, claims)

    def journals(self, unit_id: str | None = None) -> list[JournalState]:
        """Return how whole each epoch of each journal is, of one unit or of all."""
        with self._backend.reading("look at journals") as session:
            return journals.states(session, unit_id)
