"""Units, the tickets that they enrol with, and their certificates."""

import hmac
from datetime import datetime

from outrider.centre.store.columns import from_us, storable, to_us
from outrider.centre.store.records import (
    Certificate,
    EnrolledUnit,
    EnrolmentRefused,
    EnrolmentTicket,
    StoreError,
    TicketUse,
)
from outrider.centre.store.session import Session
from outrider.wire.signing import VerifyingKey

_CERTIFICATE = "serial, unit_id, not_after_us, revoked_us"
_UNIT = "unit_id, signing_key, enrolled_us, revoked_us, revoked_why"
_LONG_SINCE_US = 30 * 24 * 3600 * 1_000_000


def add_ticket(session: Session, unit_id: str, code_digest: bytes, expires_at: datetime) -> None:
    """Add a ticket in place of an unused one."""
    session.run("DELETE FROM ticket WHERE unit_id = ? AND used_us IS NULL", unit_id)
    if session.one("SELECT 1 FROM ticket WHERE code_digest = ?", code_digest) is not None:
        raise StoreError(f"{unit_id}: this code has been used before; make another")
    session.run(
        "INSERT INTO ticket (code_digest, unit_id, expires_us) VALUES (?, ?, ?)",
        code_digest,
        unit_id,
        to_us(expires_at),
    )


def tickets(session: Session) -> list[EnrolmentTicket]:
    """Return all tickets, by unit."""
    found = session.rows(
        "SELECT code_digest, unit_id, expires_us, used_us, signing_key, tls_key FROM ticket "
        "ORDER BY unit_id, expires_us, code_digest"
    )
    return [
        EnrolmentTicket(
            digest,
            unit_id,
            from_us(expires_us),
            None if used_us is None else TicketUse(from_us(used_us), key, tls_key),
        )
        for digest, unit_id, expires_us, used_us, key, tls_key in found
    ]


def use_ticket(session: Session, code_digest: bytes, use: TicketUse) -> None:
    """Use a ticket up; one that is used already is left alone."""
    session.run(
        "UPDATE ticket SET used_us = ?, signing_key = ?, tls_key = ? "
        "WHERE code_digest = ? AND used_us IS NULL",
        to_us(use.at),
        use.signing_key,
        use.tls_key,
        code_digest,
    )


def drop_ticket(session: Session, code_digest: bytes) -> None:
    """Remove a ticket that nobody used."""
    session.run("DELETE FROM ticket WHERE code_digest = ? AND used_us IS NULL", code_digest)


def enrol(
    session: Session,
    for_update: str,
    asked: EnrolledUnit,
    code_digest: bytes,
    tls_key: bytes,
) -> EnrolledUnit:
    """Use up a ticket for the unit as it asks to be known. Raises EnrolmentRefused."""
    ticket = session.one(
        "SELECT expires_us, used_us, signing_key, tls_key FROM ticket "
        f"WHERE code_digest = ? AND unit_id = ?{for_update}",
        code_digest,
        asked.unit_id,
    )
    if ticket is None:
        raise EnrolmentRefused(f"{asked.unit_id}: no such code; ask for a new one")
    expires_us, used_us, *used_for = ticket
    if used_us is not None:
        return _enrolled_again(session, asked, tls_key, used_for)
    if to_us(asked.enrolled_at) >= expires_us:
        raise EnrolmentRefused(
            f"{asked.unit_id}: the code was good until {from_us(expires_us).isoformat()}"
        )
    _use(session, asked, code_digest, tls_key)
    return asked


def _enrolled_again(
    session: Session, asked: EnrolledUnit, tls_key: bytes, used_for: list[bytes]
) -> EnrolledUnit:
    """Answer a unit that never had the answer to its enrolment."""
    known = find_unit(session, asked.unit_id)
    keys = (asked.signing_key.raw, tls_key)
    same = all(hmac.compare_digest(a, b) for a, b in zip(keys, used_for, strict=True))
    if not same or known is None or known.signing_key != asked.signing_key:
        raise EnrolmentRefused(f"{asked.unit_id}: the code has been used with other keys")
    if known.revoked_at is not None:
        raise EnrolmentRefused(
            f"{asked.unit_id}: revoked since the code was used; it needs another"
        )
    return known


def _use(session: Session, asked: EnrolledUnit, code_digest: bytes, tls_key: bytes) -> None:
    key, at_us = asked.signing_key.raw, to_us(asked.enrolled_at)
    use_ticket(session, code_digest, TicketUse(asked.enrolled_at, key, tls_key))
    session.run(
        f"INSERT INTO unit ({_UNIT}) VALUES (?, ?, ?, NULL, '') ON CONFLICT (unit_id) DO UPDATE "
        "SET signing_key = excluded.signing_key, enrolled_us = excluded.enrolled_us, "
        "revoked_us = NULL, revoked_why = ''",
        asked.unit_id,
        key,
        at_us,
    )


def find_unit(session: Session, unit_id: str) -> EnrolledUnit | None:
    """Return a unit."""
    found = session.one(f"SELECT {_UNIT} FROM unit WHERE unit_id = ?", unit_id)
    return None if found is None else _unit(*found)


def units(session: Session) -> list[EnrolledUnit]:
    """Return all units by name."""
    return [_unit(*row) for row in session.rows(f"SELECT {_UNIT} FROM unit ORDER BY unit_id")]


def _unit(
    unit_id: str, key: bytes, enrolled_us: int, revoked_us: int | None, why: str
) -> EnrolledUnit:
    revoked_at = None if revoked_us is None else from_us(revoked_us)
    return EnrolledUnit(unit_id, VerifyingKey(key), from_us(enrolled_us), revoked_at, why)


def add_certificate(session: Session, certificate: Certificate) -> None:
    """Add a certificate."""
    revoked_at = certificate.revoked_at
    session.run(
        "INSERT INTO certificate (serial, unit_id, not_after_us, revoked_us) VALUES (?, ?, ?, ?)",
        f"{certificate.serial:x}",
        certificate.unit_id,
        to_us(certificate.not_after),
        None if revoked_at is None else to_us(revoked_at),
    )


def certificates(session: Session, unit_id: str) -> list[Certificate]:
    """Return a unit's certificates, the one that expires last first."""
    found = session.rows(
        f"SELECT {_CERTIFICATE} FROM certificate WHERE unit_id = ? "
        "ORDER BY not_after_us DESC, serial DESC",
        unit_id,
    )
    return [_certificate(*row) for row in found]


def _certificate(
    serial: str, unit_id: str, not_after_us: int, revoked_us: int | None
) -> Certificate:
    revoked_at = None if revoked_us is None else from_us(revoked_us)
    return Certificate(int(serial, 16), unit_id, from_us(not_after_us), revoked_at)


def revoke(session: Session, unit_id: str, why: str, at: datetime) -> EnrolledUnit:
    """Revoke a unit and its certificates; when it was first revoked stays."""
    session.run(
        "UPDATE unit SET revoked_us = ?, revoked_why = ? WHERE unit_id = ? AND revoked_us IS NULL",
        to_us(at),
        storable(why, 1000),
        unit_id,
    )
    session.run(
        "UPDATE certificate SET revoked_us = ? WHERE unit_id = ? AND revoked_us IS NULL",
        to_us(at),
        unit_id,
    )
    found = find_unit(session, unit_id)
    if found is None:
        raise StoreError(f"{unit_id}: no such unit; `outrider centre` lists them")
    return found


def revoked_certificates(session: Session, now_us: int) -> list[Certificate]:
    """Return revoked certificates until 30 days after they end."""
    found = session.rows(
        f"SELECT {_CERTIFICATE} FROM certificate "
        "WHERE revoked_us IS NOT NULL AND not_after_us > ? ORDER BY revoked_us, serial",
        now_us - _LONG_SINCE_US,
    )
    return [_certificate(*row) for row in found]
