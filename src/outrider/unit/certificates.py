"""X.509 for the unit: its TLS key and request, what it accepts from the authority, who is revoked.

A list of revoked certificates is compared by serial number right after the handshake, rather than
by OpenSSL's own flag: that flag refuses every connection once the list is past its date, and would
cut off the very unit that needs to fetch the next one. A list that is past its date still refuses
all that it names.
"""

import ssl
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from outrider.outside import OutsideError, parsing

RENEW_BELOW_SHARE = 1 / 3


class CertificateError(OutsideError):
    """A certificate, request or list that cannot be accepted: what is wrong with it."""


class TransportSettingsError(Exception):
    """The way to the centre is not set up: what is missing, and what to do."""


@dataclass(frozen=True, slots=True)
class Life:
    """From when to when a certificate holds (aware UTC), and its serial number."""

    begins: datetime
    ends: datetime
    serial: int

    def is_renewal_due(self, now: datetime) -> bool:
        """Whether less than a third of it is left."""
        return self.ends - now < (self.ends - self.begins) * RENEW_BELOW_SHARE


@dataclass(frozen=True, slots=True)
class RevocationList:
    """The serial numbers that an authority has revoked, when it said so, when it will say more."""

    serials: frozenset[int]
    issued: datetime
    next_update: datetime | None


def new_tls_key() -> bytes:
    """Return a fresh EC P-256 private key as PEM."""
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )


def _load_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    with parsing(CertificateError, "not a private key in PEM"):
        key = load_pem_private_key(pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise CertificateError("not an EC private key")
    return key


def request_for(key_pem: bytes, unit_id: str) -> str:
    """Return a request (PEM) for a unit, signed with its key. Raises CertificateError."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, unit_id)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    request = builder.sign(_load_key(key_pem), hashes.SHA256())
    return request.public_bytes(Encoding.PEM).decode("ascii")


def _load_certificate(pem: bytes, what: str) -> x509.Certificate:
    with parsing(CertificateError, f"{what} is not a certificate in PEM"):
        return x509.load_pem_x509_certificate(pem)


def check_issued(certificate_pem: bytes, key_pem: bytes, ca_pem: bytes, unit_id: str) -> None:
    """Check that a certificate is for the unit's own key and name, from this authority.

    Raises CertificateError.
    """
    certificate = _load_certificate(certificate_pem, "the unit's certificate")
    authority = _load_certificate(ca_pem, "the authority's certificate")
    with parsing(CertificateError, "the certificate's key"):
        own = certificate.public_key() == _load_key(key_pem).public_key()
    if not own:
        raise CertificateError("the certificate is for another key than this unit's")
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if [name.value for name in names] != [unit_id]:
        found = ", ".join(str(name.value) for name in names) or "nobody"
        raise CertificateError(f"the certificate names {found}, not {unit_id}")
    with parsing(CertificateError, "the certificate is not from the centre's authority"):
        certificate.verify_directly_issued_by(authority)


def same_certificate(one_pem: bytes, other_pem: bytes) -> bool:
    """Whether two PEM texts hold the same certificate. Raises CertificateError."""
    one, other = (_load_certificate(pem, "the authority") for pem in (one_pem, other_pem))
    return one == other


def life_of(certificate_pem: bytes) -> Life:
    """Return how long a certificate holds. Raises CertificateError."""
    found = _load_certificate(certificate_pem, "the certificate")
    return Life(found.not_valid_before_utc, found.not_valid_after_utc, found.serial_number)


def revocation_list(pem: bytes, ca_pem: bytes) -> RevocationList:
    """Return what an authority has revoked. Raises CertificateError where it is not its list."""
    authority = _load_certificate(ca_pem, "the authority's certificate")
    with parsing(CertificateError, "not a revocation list in PEM"):
        found = x509.load_pem_x509_crl(pem)
    if found.issuer != authority.subject:
        raise CertificateError("the revocation list is another authority's")
    with parsing(CertificateError, "the revocation list"):
        signed = found.is_signature_valid(authority.public_key())  # type: ignore[arg-type]
        if not signed:
            raise CertificateError("the revocation list is not signed by the centre's authority")
        serials = frozenset(revoked.serial_number for revoked in found)
        return RevocationList(serials, found.last_update_utc, found.next_update_utc)


def tls_context(
    ca: Path | None, certificate: Path | None, key: Path | None, revoked: Path | None = None
) -> ssl.SSLContext:
    """Return TLS that trusts the centre's own authority and shows the unit's certificate.

    A centre whose certificate the list in revoked names is refused; a list that is not there yet
    refuses nobody. Raises TransportSettingsError where a file is missing or cannot be used.
    """
    if ca is None or certificate is None or key is None:
        raise TransportSettingsError(
            "sync.ca_certificate, sync.client_certificate and sync.client_key are needed: "
            "enrol the unit"
        )
    try:
        context = ssl.create_default_context(cafile=ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(certificate, key)
        if revoked is not None and revoked.exists():
            _refuse(context, revocation_list(revoked.read_bytes(), ca.read_bytes()).serials)
    except (OSError, ssl.SSLError, CertificateError) as error:
        files = ", ".join(str(path) for path in (ca, certificate, key, revoked) if path)
        raise TransportSettingsError(f"{files}: {error}") from error
    return context


def _refuse(context: ssl.SSLContext, serials: frozenset[int]) -> None:
    """Let no handshake succeed with a peer whose certificate has one of these serial numbers."""

    class CheckedSocket(ssl.SSLSocket):
        def do_handshake(self, block: bool = False) -> None:
            super().do_handshake(block)
            peer = self.getpeercert() or {}
            serial = str(peer.get("serialNumber", ""))
            if int(serial or "0", 16) in serials:
                raise ssl.SSLCertVerificationError(
                    1, f"certificate {serial} has been revoked by the centre's authority"
                )

    context.sslsocket_class = CheckedSocket
