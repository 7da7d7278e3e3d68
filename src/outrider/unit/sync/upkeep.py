"""Keeping the unit's standing with the centre: its certificate renewed, the revoked ones known.

The key stays the same from one certificate to the next, so that a renewal is the replacement of one
file; new keys come by enrolling anew. Nothing here ever stops a sync: what fails is said.
"""

import time
from collections.abc import Callable

from outrider import durable
from outrider.clock import Clock, ClockQuality
from outrider.outside import OutsideError
from outrider.unit.certificates import (
    CertificateError,
    check_issued,
    life_of,
    request_for,
    revocation_list,
)
from outrider.unit.settings.sections import Settings
from outrider.unit.sync.checkpoints import Carried
from outrider.unit.sync.refusals import said
from outrider.unit.sync.session import Identity, Summary
from outrider.unit.sync.transport import HttpsCentre, UnreachableError
from outrider.wire import upload
from outrider.wire.enrolment import (
    RENEWAL_PURPOSE,
    RenewalAnswer,
    RenewalRequest,
    key_from_text,
)
from outrider.wire.sealing import CentrePublicKey, SealingError

_EVERY_S = 3600.0
_MAX_LIST_BYTES = 2**20
REVOKED_PATH = "/v1/revoked"


class Upkeep:
    """Looks after one unit's certificate and its list of revoked ones, once an hour at most."""

    def __init__(self, settings: Settings, identity: Identity, clock: Clock) -> None:
        self._settings = settings
        self._identity = identity
        self._clock = clock
        self._carried = Carried(settings.unit.state_dir, identity.unit_id, identity.centre)
        self._done_s: float | None = None
        self._faults: list[str] = []
        self.unreached = ""  # why the centre could not be asked in the last round, if so

    def is_due(self) -> bool:
        """Whether an hour has passed since the last round; also before the first."""
        return self._done_s is None or time.monotonic() - self._done_s > _EVERY_S

    def say_if_expired(self, summary: Summary) -> None:
        """Say that the unit's own certificate is over, where the clock may be believed."""
        path = self._settings.sync.client_certificate
        now = self._clock.stamp(self._clock.mono_ns())
        if path is None or now.quality is ClockQuality.FREE_RUNNING:
            return
        ends = life_of(path.read_bytes()).ends
        if now.utc >= ends:
            text = f"this unit's certificate expired at {ends}: `outrider enrol --again` with a"
            summary.fault(f"{text} new ticket", grave=True)

    def round(self, centre: HttpsCentre, summary: Summary) -> None:
        """Renew what is due and fetch the list; what does not succeed is a fault until it does."""
        if self._settings.sync.client_certificate is None:
            return
        if self.is_due():
            self._done_s = time.monotonic()
            self._faults.clear()
            self.unreached = ""
            self._try(self._renew, "the certificate was not renewed", centre, summary)
            self._try(self._fetch_list, "the list of the revoked was not fetched", centre, summary)
            self._try(
                self._carried.exchange, "the audit checkpoint was not exchanged", centre, summary
            )
        for text in filter(None, (*self._faults, self.unreached)):
            summary.fault(text)

    def _try(
        self,
        step: Callable[[HttpsCentre, Summary], None],
        failed: str,
        centre: HttpsCentre,
        summary: Summary,
    ) -> None:
        if self.unreached:
            return
        try:
            step(centre, summary)
        except UnreachableError as error:
            self.unreached = str(error)
        except (SealingError, OutsideError, OSError) as error:
            self._faults.append(f"{failed}: {error}")

    def _renew(self, centre: HttpsCentre, summary: Summary) -> None:
        paths = self._settings.sync
        if paths.client_certificate is None or paths.client_key is None or not paths.ca_certificate:
            return
        life = life_of(paths.client_certificate.read_bytes())
        now = self._clock.stamp(self._clock.mono_ns())
        # A clock that rests on nothing may be years off: it decides nothing about certificates.
        if now.quality is ClockQuality.FREE_RUNNING or not life.is_renewal_due(now.utc):
            return
        key, ca = paths.client_key.read_bytes(), paths.ca_certificate.read_bytes()
        answer = self._ask(centre, request_for(key, self._identity.unit_id))
        certificate = answer.certificate.encode()
        check_issued(certificate, key, ca, self._identity.unit_id)
        if life_of(certificate).ends <= life.ends:
            raise CertificateError("the new certificate ends no later than the old one")
        durable.write(paths.client_certificate, certificate)
        summary.renewed_until = life_of(certificate).ends.isoformat(timespec="seconds")
        self._keep_list(answer.revoked.encode(), ca)
        self._keep_sealing_key(answer.sealing_key, summary)

    def _keep_sealing_key(self, text: str, summary: Summary) -> None:
        """Take the centre's next sealing key; what is sealed to the old one still opens there."""
        path = self._settings.journal.centre_public_key
        if not text or path is None:
            return
        offered = CentrePublicKey(key_from_text(text))
        if offered == CentrePublicKey.read(path):
            return
        new = path.with_name(f".{path.name}.next")
        new.unlink(missing_ok=True)
        offered.write(new)
        durable.move(new, path)
        summary.notes.append(f"sealed to {offered.key_id} from the unit's next start")

    def _ask(self, centre: HttpsCentre, certificate_request: str) -> RenewalAnswer:
        identity = self._identity
        sent = upload.sent_text(self._clock.stamp(self._clock.mono_ns()))
        request = RenewalRequest(
            unit_id=identity.unit_id, sent=sent, certificate_request=certificate_request
        )
        body = request.encode()
        headers = {
            "Content-Type": "application/json",
            upload.DIGEST_HEADER: upload.content_digest(body),
            upload.SENT_HEADER: sent,
            upload.SIGNATURE_HEADER: identity.signing.sign(RENEWAL_PURPOSE, body),
        }
        answer = centre.post(f"/v1/units/{identity.unit_id}/certificate", body, headers)
        if answer.status not in (200, 201):
            raise CertificateError(f"the centre answers {answer.status}: {said(answer)}")
        return RenewalAnswer.decode(answer.body)

    def _fetch_list(self, centre: HttpsCentre, summary: Summary) -> None:
        ca = self._settings.sync.ca_certificate
        if self._settings.sync.revocation_list is None or ca is None:
            return
        answer = centre.get(REVOKED_PATH, _MAX_LIST_BYTES)
        if answer.status != 200:
            raise CertificateError(f"the centre answers {answer.status}: {said(answer)}")
        self._keep_list(answer.body, ca.read_bytes())

    def _keep_list(self, pem: bytes, ca: bytes) -> None:
        """Keep a list that is the authority's, and no older than the one that is kept."""
        path = self._settings.sync.revocation_list
        if path is None:
            return
        offered = revocation_list(pem, ca)
        kept = revocation_list(path.read_bytes(), ca) if path.exists() else None
        if kept is not None and offered.issued < kept.issued:
            raise CertificateError(f"the list offered is older ({offered.issued}) than ours")
        durable.write(path, pem)
