"""What of a unit's rows belongs into the centre's own audit trail."""

import uuid

from outrider.centre.store.records import SealedRecord
from outrider.records import ActionKind, OfficerAction
from outrider.wire.audit import AuditEvent, AuditKind
from outrider.wire.read_record import Record

_MOST_CHARACTERS = 1000


def events_of(sealed: SealedRecord, record: Record) -> tuple[AuditEvent, ...]:
    """Return the audit events that come of a row: what the unit logged, and officers' corrections.

    A unit may not speak in the centre's name: whoever it says acted stands behind its own name.
    The identifier follows from the row, so that a row gives the same event whenever it is opened.
    """
    place = f"row {sealed.row.seq} of journal {sealed.journal_id}"
    if isinstance(record, AuditEvent):
        return (_of_the_unit(sealed, record, place),)
    if isinstance(record, OfficerAction) and record.kind is ActionKind.MISREAD:
        return (_correction(sealed, record, place),)
    return ()


def _of_the_unit(sealed: SealedRecord, event: AuditEvent, place: str) -> AuditEvent:
    return AuditEvent(
        _identifier(sealed),
        event.kind,
        event.at,
        f"unit {sealed.unit_id}: {_short(event.actor)}",
        f"{_short(event.subject)} ({place})",
        _short(event.justification),
        _short(event.recipient),
    )


def _correction(sealed: SealedRecord, action: OfficerAction, place: str) -> AuditEvent:
    return AuditEvent(
        _identifier(sealed),
        AuditKind.ALTERATION,
        action.at,
        f"unit {sealed.unit_id}: crew",
        f"hit {action.hit_id}: the true mark joins the record at the centre ({place})",
        "misread",
    )


def _short(text: str) -> str:
    """Return a unit's words, cut: no unit may swell the trail; its row holds them whole."""
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 1] + "…"


def _identifier(sealed: SealedRecord) -> uuid.UUID:
    return uuid.uuid5(sealed.epoch_id, f"audit event of row {sealed.row.seq}")
