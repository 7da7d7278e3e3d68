"""Making an evidence pack: in the scope, each picture a consultation, the whole a disclosure."""

import uuid
from dataclasses import dataclass

from outrider.centre.access.scope import Action, Scope
from outrider.centre.audit.lines import as_line
from outrider.centre.evidence.form import VERSION, AskedFor, Core, core_digest, encode, said_of
from outrider.centre.evidence.pictures import Pictures
from outrider.centre.retention import last_row
from outrider.centre.search.engine import Search
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.records import AuditRow, OpenedRecord, StoreError
from outrider.clock import Clock
from outrider.wire import checkpoint
from outrider.wire.audit import AuditKind, new_event
from outrider.wire.checkpoint import Checkpoint
from outrider.wire.signing import SigningIdentity


@dataclass(frozen=True, slots=True)
class Packer:
    """Makes packs. pictures: by the opening service, which alone opens them."""

    store: CentreStore
    search: Search
    pictures: Pictures
    identity: SigningIdentity
    clock: Clock

    def pack(self, scope: Scope, read_id: uuid.UUID, recipient: str) -> bytes:
        """Return the pack of a read that lies in an export's scope.

        Raises ValueError (no such read in the scope, no recipient), PictureFault, StoreError.
        """
        if scope.action is not Action.EXPORT or not recipient.strip():
            raise ValueError("an evidence pack needs a scope to hand reads on, and its recipient")
        self.search.one(scope, read_id)
        opened = self.store.find(read_id)
        if not opened:
            raise ValueError("the read's row is not here any more")
        core = self._core(scope, read_id, opened[0], recipient)
        row = self._log(scope, read_id, core_digest(core), recipient)
        signed = checkpoint.encode(
            Checkpoint(row.number, row.hash.hex(), self._now()), self.identity
        )
        return encode(core, [as_line(row).rstrip(b"\n")], signed.rstrip(b"\n"), self.identity)

    def _now(self) -> str:
        return self.clock.stamp(self.clock.mono_ns()).iso_ms()

    def _core(self, scope: Scope, read_id: uuid.UUID, opened: OpenedRecord, recipient: str) -> Core:
        sealed = opened.sealed
        pictures = {
            picture.role.label: self.pictures.open(scope, read_id, picture.role).jpeg
            for picture in sealed.row.pictures
        }
        return Core(
            version=VERSION,
            made_at=self._now(),
            read_id=read_id,
            asked=_asked(scope, recipient),
            text=opened.text.decode("utf-8", errors="surrogatepass"),
            unit=sealed.unit_id,
            journal=sealed.journal_id,
            arrived_at=sealed.arrived_at.isoformat(),
            row=sealed.row,
            pictures=pictures,
        )

    def _log(self, scope: Scope, read_id: uuid.UUID, digest: str, recipient: str) -> AuditRow:
        """Write the disclosure; return its row as it stands in the trail."""
        purpose = scope.purpose
        event = new_event(
            AuditKind.DISCLOSURE,
            self.clock.stamp(self.clock.mono_ns()),
            scope.person.person_id,
            said_of(read_id, digest, "handed on"),
            f"{purpose.code}, {purpose.authority}: case {purpose.case}: {purpose.words}",
            recipient,
        )
        last = last_row(self.store)
        self.store.append_audit([event])
        after = 0 if last is None else last.number
        while batch := self.store.audit(after, 500):
            for row in batch:
                if row.event.event_id == event.event_id:
                    return row
            after = batch[-1].number
        raise StoreError("the trail does not hold what was just written into it")


def _asked(scope: Scope, recipient: str) -> AskedFor:
    person, purpose = scope.person, scope.purpose
    return AskedFor(
        by=person.person_id,
        force=person.force,
        case=purpose.case,
        purpose=purpose.code.value,
        authority=purpose.authority.value,
        words=purpose.words,
        recipient=recipient,
        decision=str(scope.decision_id),
        authorisation=scope.authorisation_id,
        rules=scope.rules,
    )
