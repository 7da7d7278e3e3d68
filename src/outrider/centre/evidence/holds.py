"""Holds: a read kept past its time as a pack, sealed, with an owner, a reason and an end.

The read itself goes with its day; what is held is the pack that was made of it, sealed to the
centre's public key like all else. When the hold ends it is erased, with a certificate.
"""

import hashlib
import os
import uuid
from dataclasses import dataclass
from pathlib import Path

from outrider import durable
from outrider.centre.access.scope import Action, Scope
from outrider.centre.governance.papers import Kept, NotAllowed, Papers
from outrider.centre.opening.keys import DataKeys
from outrider.centre.store.centre_store import CentreStore
from outrider.clock import Clock
from outrider.wire.audit import AuditKind, new_event
from outrider.wire.sealing import CentrePublicKey, Place, SealedKey, Sealer

HELD, ERASED = "held", "erased"
_PART = 64
_LONGEST_US = 7 * 366 * 86_400_000_000


@dataclass(frozen=True)
class Hold:
    """Who holds which read, in which case and why; and how its pack is sealed."""

    owner: str
    force: str
    read_id: str
    case: str
    reason: str
    sealed_key: str
    centre_key: str
    key_id: int
    sha256: str


class Holds:
    """The held packs of one centre, in a folder of their own."""

    def __init__(self, store: CentreStore, clock: Clock, folder: Path) -> None:
        self._papers = Papers(store, clock, "hold", Hold)
        self._store = store
        self._clock = clock
        self._folder = folder

    def place(
        self, pack: bytes, read_id: uuid.UUID, owner: str, force: str, case: str, reason: str,
        until_us: int, key: CentrePublicKey,
    ) -> Kept[Hold]:  # fmt: skip
        """Hold a pack until an instant. Raises ValueError, StoreError, OSError."""
        now_us = self._papers.now_us()
        if not now_us < until_us <= now_us + _LONGEST_US:
            raise ValueError("a hold ends: later than now, and within seven years")
        if len(reason.split()) < 3:
            raise ValueError("reason: at least three words that say why it is held")
        name = self._papers.new_id()
        sealing, boxed = Sealer(key).new_key(uuid.UUID(name))
        sealed = sealing.seal(pack, Place(uuid.UUID(name), 1, _PART))
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        durable.write_new(self._folder / f"{name}.held", sealed, 0o600)
        hold = Hold(
            owner, force, str(read_id), case, reason, boxed.sealed.hex(), boxed.centre_key_id,
            boxed.key_id, hashlib.sha256(sealed).hexdigest(),
        )  # fmt: skip
        return self._papers.add(
            hold, holder=owner, subject=case, state=HELD, until_us=until_us, by=owner, why=reason,
            paper_id=name,
        )  # fmt: skip

    def all(self) -> list[Kept[Hold]]:
        """Return what is held."""
        return self._papers.list(state=HELD)

    def take_out(self, name: str, scope: Scope, keys: DataKeys) -> bytes:
        """Return a held pack, logged: for its owner, in its case, who may still hand reads on.

        Raises NotAllowed, SealingError.
        """
        kept, person = self._papers.get(name), scope.person.person_id
        if scope.action is not Action.EXPORT:
            raise NotAllowed("what is held is taken out under a decision to hand reads on")
        if kept is None or kept.state != HELD or kept.content.owner != person:
            raise NotAllowed("no hold of yours is called so, or it has ended")
        if kept.paper.until_us <= self._papers.now_us():
            raise NotAllowed("this hold has ended")
        hold = kept.content
        if hold.case != scope.purpose.case:
            raise NotAllowed("this is held for another case")
        at = self._clock.stamp(self._clock.mono_ns())
        said = f"held pack {name} of read {hold.read_id}: taken out, decision {scope.decision_id}"
        why = f"case {hold.case}: {scope.purpose.words}"
        self._store.append_audit([new_event(AuditKind.CONSULTATION, at, person, said, why)])
        boxed = SealedKey(hold.key_id, hold.centre_key, bytes.fromhex(hold.sealed_key))
        key = keys.open(boxed, uuid.UUID(name))
        return key.open(
            (self._folder / f"{name}.held").read_bytes(), Place(uuid.UUID(name), 1, _PART)
        )

    def release(self, name: str, person: str, why: str) -> None:
        """End a hold before its time: its owner. Raises NotAllowed."""
        kept = self._papers.get(name)
        if kept is None or kept.state != HELD or kept.content.owner != person:
            raise NotAllowed("no hold of yours is called so, or it has ended")
        self._erase(kept, person, why)

    def erase_over(self) -> list[str]:
        """Erase what is over; return the names. The file goes first: a paper holds no read."""
        now_us, gone = self._papers.now_us(), []
        for kept in self.all():
            if kept.paper.until_us <= now_us:
                self._erase(kept, "centre retention", "its time is over")
                gone.append(kept.paper_id)
        return gone

    def _erase(self, kept: Kept[Hold], by: str, why: str) -> None:
        path = self._folder / f"{kept.paper_id}.held"
        if path.exists():
            os.truncate(path, 0)
            path.unlink()
        at = self._clock.stamp(self._clock.mono_ns())
        said = f"held pack {kept.paper_id} of read {kept.content.read_id}"
        self._store.append_audit([new_event(AuditKind.ERASURE, at, by, said, why)])
        self._papers.change(kept, kept.content, state=ERASED, by=by, why=why)
