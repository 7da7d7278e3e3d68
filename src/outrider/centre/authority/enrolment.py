"""Tickets, and what a unit gets for one: the centre's end of `outrider.wire.enrolment`."""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from outrider.centre.authority import certificates
from outrider.centre.authority.authority import Authority, time_of
from outrider.centre.authority.beside import BesideError
from outrider.centre.authority.tickets import Tickets
from outrider.centre.folder import ServerSettings
from outrider.centre.store.records import StoreError, TicketUse
from outrider.centre.store.register import UnitRegister
from outrider.clock import Clock
from outrider.wire.enrolment import (
    EnrolmentAnswer,
    EnrolmentRequest,
    RenewalAnswer,
    RenewalRequest,
    Ticket,
    code_digest,
    key_from_text,
    key_text,
)
from outrider.wire.sealing import CentrePublicKey
from outrider.wire.signing import VerifyingKey

_CODE_BYTES = 16


def new_code() -> str:
    """Return a one-time code: 128 random bits in base32."""
    return base64.b32encode(secrets.token_bytes(_CODE_BYTES)).decode("ascii").rstrip("=")


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """What a unit is told at enrolment, besides its certificate.

    sealing_file: the key that units seal to, read each time, for it may be changed meanwhile.
    hotlist_repository: folder of the signed hotlists; None where the centre has none.
    """

    receipt: VerifyingKey
    sealing_file: Path
    hotlist_repository: Path | None = None

    def sealing_text(self) -> str:
        """Return the key that units are to seal to. Raises SealingError."""
        return key_text(CentrePublicKey.read(self.sealing_file).raw)

    def hotlist_root(self) -> str:
        """Return the newest root of trust of the hotlists (JSON); empty where there is none."""
        if self.hotlist_repository is None:
            return ""
        roots = (self.hotlist_repository / "metadata").glob("*.root.json")
        versions = {int(p.name.split(".")[0]): p for p in roots if p.name.split(".")[0].isdigit()}
        return versions[max(versions)].read_text(encoding="utf-8") if versions else ""


class EnrolmentDesk:
    """Hands out tickets and certificates. tickets: what is noted of them beside the folder."""

    def __init__(
        self,
        register: UnitRegister,
        authority: Authority,
        keys: PublicKeys,
        clock: Clock,
        tickets: Tickets,
    ) -> None:
        self._register = register
        self._tickets = tickets
        self._authority = authority
        self._keys = keys
        self._clock = clock

    def ticket(self, unit_id: str, server: ServerSettings, lifetime: timedelta) -> Ticket:
        """Make a ticket; only the digest of its code stays here.

        Raises StoreError, ValueError, BesideError, OSError.
        """
        host = server.hosts[0]
        host = f"[{host}]" if ":" in host else host
        ticket = Ticket(
            unit_id=unit_id,
            enrol_url=f"https://{host}:{server.enrol_port}",
            url=f"https://{host}:{server.port}",
            code=new_code(),
            ca_certificate=self._authority.certificate_pem,
            expires=time_of(self._clock) + lifetime,
        )
        digest = code_digest(ticket.code)
        # Noted first: cut off in between, an older one is void, and no void one is good again.
        self._tickets.made(unit_id, digest, time_of(self._clock))
        self._register.add_ticket(unit_id, digest, ticket.expires)
        return ticket

    def enrol(self, request: EnrolmentRequest) -> EnrolmentAnswer:
        """Enrol a unit, and make its certificate.

        Raises WireError for a bad request, EnrolmentRefused, StoreError.
        """
        tls_key = certificates.requested_key(request.certificate_request)
        digest = hashlib.sha256(certificates.public_bytes(tls_key)).digest()
        signing_key = VerifyingKey(key_from_text(request.signing_key))
        code, now = code_digest(request.code), time_of(self._clock)
        self._register.enrol(request.unit_id, code, signing_key, digest, now)
        self._note_used(request.unit_id, code, TicketUse(now, signing_key.raw, digest))
        issued = self._authority.issue(request.unit_id, tls_key)
        self._register.add_certificate(issued.record)
        return EnrolmentAnswer(
            certificate=issued.pem,
            ca_certificate=self._authority.certificate_pem,
            revoked=self._authority.revoked_pem(),
            receipt_key=key_text(self._keys.receipt.raw),
            sealing_key=self._keys.sealing_text(),
            hotlist_root=self._keys.hotlist_root(),
        )

    def _note_used(self, unit_id: str, code: bytes, use: TicketUse) -> None:
        try:
            self._tickets.used(unit_id, code, use)
        except (BesideError, OSError) as error:
            raise StoreError(f"cannot note outside the folder that it is used: {error}") from error

    def renew(self, request: RenewalRequest) -> RenewalAnswer:
        """Make a unit's next certificate; the request's signature has been checked.

        Raises WireError for a bad request, StoreError.
        """
        tls_key = certificates.requested_key(request.certificate_request)
        issued = self._authority.issue(request.unit_id, tls_key)
        self._register.add_certificate(issued.record)
        return RenewalAnswer(
            certificate=issued.pem,
            revoked=self._authority.revoked_pem(),
            sealing_key=self._keys.sealing_text(),
        )
