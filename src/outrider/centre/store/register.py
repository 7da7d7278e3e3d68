"""Who may send: units, the tickets that they enrol with, and their certificates."""

import hmac
from datetime import datetime

from outrider.centre.store.columns import from_us, storable, to_us
from outrider.centre.store.part import Part
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


class UnitRegister(Part):
    """Who may send."""

    def add_ticket(self, unit_id: str, code_digest: bytes, expires_at: datetime) -> None:
        """Let a unit enrol once; an older unused ticket of the unit is void."""
        with self._backend.writing("add an enrolment ticket") as session:
            session.run("DELETE FROM ticket WHERE unit_id = ? AND used_us IS NULL", unit_id)
            if session.one("SELECT 1 FROM ticket WHERE code_digest = ?", code_digest) is not None:
                raise StoreError(f"{unit_id}: this code has been used before; make another")
            session.run(
                "INSERT INTO ticket (code_digest, unit_id, expires_us) VALUES (?, ?, ?)",
                code_digest,
                unit_id,
                to_us(expires_at),
            )

    def tickets(self) -> list[EnrolmentTicket]:
        """Return all tickets, used ones too, by unit."""
        with self._backend.reading("list tickets") as session:
            found = session.rows(
                "SELECT code_digest, unit_id, expires_us, used_us, signing_key, tls_key "
                "FROM ticket ORDER BY unit_id, expires_us, code_digest"
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

    def use_ticket(self, code_digest: bytes, use: TicketUse) -> None:
        """Use a ticket up without enrolling anybody; one that is used already is left alone."""
        with self._backend.writing("use up a ticket") as session:
            _use_ticket(session, code_digest, use)

    def drop_ticket(self, code_digest: bytes) -> None:
        """Let a ticket that nobody used be void."""
        with self._backend.writing("drop a ticket") as session:
            session.run("DELETE FROM ticket WHERE code_digest = ? AND used_us IS NULL", code_digest)

    def enrol(
        self, unit_id: str, code_digest: bytes, key: VerifyingKey, tls_key: bytes, at: datetime
    ) -> EnrolledUnit:
        """Use up a ticket for these keys; again with the same keys gives the same unit.

        tls_key: SHA-256 of the public key of the certificate request. Enrolling anew replaces the
        unit's signing key and clears a revocation. Raises EnrolmentRefused.
        """
        asked = EnrolledUnit(unit_id, key, at)
        with self._backend.writing("enrol a unit") as session:
            return _enrol(session, self._backend.for_update, asked, code_digest, tls_key)

    def unit(self, unit_id: str) -> EnrolledUnit | None:
        """Return a unit, revoked or not; None where it never enrolled."""
        with self._backend.reading("look up a unit") as session:
            return _find_unit(session, unit_id)

    def units(self) -> list[EnrolledUnit]:
        """Return all units, by name."""
        with self._backend.reading("list units") as session:
            found = session.rows(f"SELECT {_UNIT} FROM unit ORDER BY unit_id")
        return [_unit(*row) for row in found]

    def add_certificate(self, certificate: Certificate) -> None:
        """Note a certificate that is about to be handed out."""
        revoked_at = certificate.revoked_at
        with self._backend.writing("add a certificate") as session:
            session.run(
                f"INSERT INTO certificate ({_CERTIFICATE}) VALUES (?, ?, ?, ?)",
                f"{certificate.serial:x}",
                certificate.unit_id,
                to_us(certificate.not_after),
                None if revoked_at is None else to_us(revoked_at),
            )

    def revoke(self, unit_id: str, why: str, at: datetime) -> EnrolledUnit:
        """Trust a unit no longer, and revoke its certificates. Raises StoreError if unknown.

        When it was first revoked stays.
        """
        with self._backend.writing("revoke a unit") as session:
            session.run(
                "UPDATE unit SET revoked_us = ?, revoked_why = ? "
                "WHERE unit_id = ? AND revoked_us IS NULL",
                to_us(at),
                storable(why, 1000),
                unit_id,
            )
            session.run(
                "UPDATE certificate SET revoked_us = ? WHERE unit_id = ? AND revoked_us IS NULL",
                to_us(at),
                unit_id,
            )
            found = _find_unit(session, unit_id)
            if found is None:
                raise StoreError(f"{unit_id}: no such unit; `outrider centre` lists them")
            return found

    def certificates(self, unit_id: str) -> list[Certificate]:
        """Return a unit's certificates, revoked ones too, the one that expires last first."""
        with self._backend.reading("list certificates") as session:
            found = session.rows(
                f"SELECT {_CERTIFICATE} FROM certificate WHERE unit_id = ? "
                "ORDER BY not_after_us DESC, serial DESC",
                unit_id,
            )
        return [_certificate(*row) for row in found]

    def revoked_certificates(self) -> list[Certificate]:
        """Return every revoked certificate until 30 days after its end."""
        with self._backend.reading("list revoked certificates") as session:
            found = session.rows(
                f"SELECT {_CERTIFICATE} FROM certificate "
                "WHERE revoked_us IS NOT NULL AND not_after_us > ? ORDER BY revoked_us, serial",
                to_us(self._now().utc) - _LONG_SINCE_US,
            )
        return [_certificate(*row) for row in found]


def _enrol(
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
    known = _find_unit(session, asked.unit_id)
    keys = (asked.signing_key.raw, tls_key)
    same = all(hmac.compare_digest(a, b) for a, b in zip(keys, used_for, strict=True))
    if not same or known is None or known.signing_key != asked.signing_key:
        raise EnrolmentRefused(f"{asked.unit_id}: the code has been used with other keys")
    if known.revoked_at is not None:
        raise EnrolmentRefused(
            f"{asked.unit_id}: revoked since the code was used; it needs another"
        )
    return known


def _use_ticket(session: Session, code_digest: bytes, use: TicketUse) -> None:
    session.run(
        "UPDATE ticket SET used_us = ?, signing_key = ?, tls_key = ? "
        "WHERE code_digest = ? AND used_us IS NULL",
        to_us(use.at),
        use.signing_key,
        use.tls_key,
        code_digest,
    )


def _use(session: Session, asked: EnrolledUnit, code_digest: bytes, tls_key: bytes) -> None:
    key, at_us = asked.signing_key.raw, to_us(asked.enrolled_at)
    _use_ticket(session, code_digest, TicketUse(asked.enrolled_at, key, tls_key))
    session.run(
        f"INSERT INTO unit ({_UNIT}) VALUES (?, ?, ?, NULL, '') ON CONFLICT (unit_id) DO UPDATE "
        "SET signing_key = excluded.signing_key, enrolled_us = excluded.enrolled_us, "
        "revoked_us = NULL, revoked_why = ''",
        asked.unit_id,
        key,
        at_us,
    )


def _find_unit(session: Session, unit_id: str) -> EnrolledUnit | None:
    found = session.one(f"SELECT {_UNIT} FROM unit WHERE unit_id = ?", unit_id)
    return None if found is None else _unit(*found)


def _unit(
    unit_id: str, key: bytes, enrolled_us: int, revoked_us: int | None, why: str
) -> EnrolledUnit:
    revoked_at = None if revoked_us is None else from_us(revoked_us)
    return EnrolledUnit(unit_id, VerifyingKey(key), from_us(enrolled_us), revoked_at, why)


def _certificate(
    serial: str, unit_id: str, not_after_us: int, revoked_us: int | None
) -> Certificate:
    revoked_at = None if revoked_us is None else from_us(revoked_us)
    return Certificate(int(serial, 16), unit_id, from_us(not_after_us), revoked_at)
