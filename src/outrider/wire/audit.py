"""The events that section 62 of the Data Protection Act 2018 asks to be logged, as a type."""

import secrets
import uuid
from dataclasses import dataclass
from enum import StrEnum

from outrider.clock import UtcStamp
from outrider.records import uuid7


class AuditKind(StrEnum):
    """The six processing operations of section 62(1)."""

    COLLECTION = "collection"
    ALTERATION = "alteration"
    CONSULTATION = "consultation"
    DISCLOSURE = "disclosure"
    COMBINATION = "combination"
    ERASURE = "erasure"


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One operation: what was done, when, by whom, to what, why, and who received it.

    Section 62(2) and (3): a consultation or disclosure without its justification, or a disclosure
    without its recipient, is not logged but refused. Raises ValueError.
    """

    event_id: uuid.UUID
    kind: AuditKind
    at: UtcStamp
    actor: str
    subject: str
    justification: str = ""
    recipient: str = ""

    def __post_init__(self) -> None:
        needs_reason = self.kind in (AuditKind.CONSULTATION, AuditKind.DISCLOSURE)
        if needs_reason and not self.justification.strip():
            raise ValueError(f"a {self.kind} needs its justification")
        if self.kind is AuditKind.DISCLOSURE and not self.recipient.strip():
            raise ValueError("a disclosure needs its recipient")
        if not self.actor.strip() or not self.subject.strip():
            raise ValueError(f"a {self.kind} needs its actor and its subject")


def new_event(
    kind: AuditKind, at: UtcStamp, actor: str, subject: str, why: str = "", recipient: str = ""
) -> AuditEvent:
    """Return an event with an identifier of its own. Raises ValueError as AuditEvent."""
    event_id = uuid7(at.utc_ns, secrets.randbits(74))
    return AuditEvent(event_id, kind, at, actor, subject, why, recipient)
