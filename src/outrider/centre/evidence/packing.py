"""Making an evidence pack: in the scope, each picture a consultation, the whole a disclosure."""

import base64
import uuid
from dataclasses import dataclass
from typing import Any

from outrider.centre.access.scope import Action, Scope
from outrider.centre.audit.lines import as_line
from outrider.centre.evidence.form import VERSION, core_digest, encode, said_of
from outrider.centre.opening.consult import Consultation, Viewer
from outrider.centre.retention import last_row
from outrider.centre.search.engine import Search
from outrider.centre.store.ports import CentreStore
from outrider.centre.store.records import AuditRow, OpenedRecord, StoreError
from outrider.clock import Clock
from outrider.records import Role
from outrider.wire import checkpoint
from outrider.wire.audit import AuditKind, new_event
from outrider.wire.checkpoint import Checkpoint
from outrider.wire.signing import SigningIdentity


@dataclass(frozen=True, slots=True)
class Packer:
    """Makes packs. viewer: of the opening service, which alone opens pictures."""

    store: CentreStore
    search: Search
    viewer: Viewer
    identity: SigningIdentity
    clock: Clock

    def pack(self, scope: Scope, read_id: uuid.UUID, recipient: str) -> bytes:
        """Return the pack of a read that lies in an export's scope.

        Raises ValueError (no such read in the scope, no recipient), ConsultationError, StoreError.
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

    def _core(
        self, scope: Scope, read_id: uuid.UUID, opened: OpenedRecord, recipient: str
    ) -> dict[str, Any]:
        sealed = opened.sealed
        by = Consultation(scope.person.person_id, scope.purpose.case, scope.purpose.words)
        pictures = {
            picture.role.label: _b64(self.viewer.picture(read_id, Role(picture.role), by))
            for picture in sealed.row.pictures
        }
        return {
            "version": VERSION,
            "made_at": self._now(),
            "read_id": str(read_id),
            "asked": _asked(scope, recipient),
            "text": opened.text.decode("utf-8", errors="surrogatepass"),
            "row": _row(opened),
            "pictures": pictures,
        }

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


def _asked(scope: Scope, recipient: str) -> dict[str, str]:
    person, purpose = scope.person, scope.purpose
    return {
        "by": person.person_id,
        "force": person.force,
        "case": purpose.case,
        "purpose": purpose.code.value,
        "authority": purpose.authority.value,
        "words": purpose.words,
        "recipient": recipient,
        "decision": str(scope.decision_id),
        "authorisation": scope.authorisation_id,
        "rules": scope.rules,
    }


def _row(opened: OpenedRecord) -> dict[str, Any]:
    sealed, row = opened.sealed, opened.sealed.row
    return {
        "unit": sealed.unit_id,
        "journal": str(sealed.journal_id),
        "arrived_at": sealed.arrived_at.isoformat(),
        "seq": row.seq,
        "kind": int(row.kind),
        "key": row.key_id,
        "previous": row.previous.hex(),
        "hash": row.hash.hex(),
        "body": _b64(row.body),
        "pictures": [
            {"role": p.role.label, "key": p.key_id, "length": p.length, "sha256": p.digest.hex()}
            for p in row.pictures
        ],
    }


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
