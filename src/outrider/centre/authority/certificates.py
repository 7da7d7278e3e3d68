"""X.509 of the centre's own authority (RFC 5280): one level, EC P-256, made for one purpose each.

A certificate is only good for its own side: `serverAuth` for the centre, `clientAuth` for units.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from outrider.outside import parsing
from outrider.wire.canonical import WireError

_CURVES = (ec.SECP256R1, ec.SECP384R1)
_CLOCKS_DIFFER = timedelta(hours=1)
_CA_DAYS = 20 * 365


@dataclass(frozen=True, slots=True)
class Signer:
    """A certificate with its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def pem(certificate: x509.Certificate | x509.CertificateRevocationList) -> str:
    """Return PEM text."""
    return certificate.public_bytes(Encoding.PEM).decode("ascii")


def make_authority(name: str, key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    """Return the certificate of a new authority, which may make leaves and nothing else."""
    subject = _name(name)
    builder = _builder(subject, subject, key.public_key(), now, _CA_DAYS)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    return builder.sign(key, hashes.SHA256())


def make_server(
    authority: Signer,
    key: ec.EllipticCurvePublicKey,
    hosts: Iterable[str],
    now: datetime,
    days: int,
) -> x509.Certificate:
    """Return a certificate for the centre's server under its names and addresses."""
    names = list(hosts)
    builder = _leaf(authority, names[0], key, now, days)
    builder = builder.add_extension(
        x509.SubjectAlternativeName([alternative(name) for name in names]), critical=False
    )
    purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    return builder.add_extension(purpose, critical=False).sign(authority.key, hashes.SHA256())


def make_unit(
    authority: Signer, unit_id: str, key: ec.EllipticCurvePublicKey, now: datetime, days: int
) -> x509.Certificate:
    """Return a certificate for a unit: its common name is the unit's."""
    builder = _leaf(authority, unit_id, key, now, days)
    purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    return builder.add_extension(purpose, critical=False).sign(authority.key, hashes.SHA256())


def make_revoked(
    authority: Signer,
    revoked: Iterable[tuple[int, datetime]],
    now: datetime,
    days: int,
) -> x509.CertificateRevocationList:
    """Return the list of revoked certificates, by serial number and time.

    Its own number, which must only ever rise (RFC 5280, 5.2.3), is the time in microseconds.
    """
    number = int(now.timestamp() * 1e6)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(now)
        .next_update(now + timedelta(days=days))
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(_authority_id(authority.certificate), critical=False)
    )
    for serial, at in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(authority.key, hashes.SHA256())


def requested_key(request_pem: str) -> ec.EllipticCurvePublicKey:
    """Return the public key of a certificate request; the names in it count for nothing.

    Raises WireError where it is none, is not signed with its own key, or the key is of a kind
    that units do not use.
    """
    with parsing(WireError, "certificate_request: no certificate request"):
        request = x509.load_pem_x509_csr(request_pem.encode("ascii"))
        signed = request.is_signature_valid
        key = request.public_key()
    if not signed:
        raise WireError("certificate_request: is not signed with its own key")
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, _CURVES):
        raise WireError("certificate_request: the key must be EC P-256 or P-384")
    return key


def public_bytes(key: ec.EllipticCurvePublicKey) -> bytes:
    """Return a public key as DER (SubjectPublicKeyInfo)."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _leaf(
    authority: Signer, name: str, key: ec.EllipticCurvePublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    builder = _builder(_name(name), authority.certificate.subject, key, now, days)
    return (
        builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(_authority_id(authority.certificate), critical=False)
    )


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    now: datetime,
    days: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_DIFFER)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def alternative(host: str) -> x509.DNSName | x509.IPAddress:
    """Return a host's name, or its address, as it stands in a certificate."""
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _authority_id(certificate: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    held = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(held.value)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
