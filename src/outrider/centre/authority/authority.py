"""The centre's authority as it stands in the folder: its keys, and the files that it keeps anew."""

import contextlib
import fcntl
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from outrider import durable
from outrider.centre.authority import certificates
from outrider.centre.authority.certificates import Signer
from outrider.centre.folder import CentreFault, CentreFolder, CentreSettings
from outrider.centre.store.records import Certificate
from outrider.clock import Clock


class AuthorityError(CentreFault):
    """The centre's own keys or certificates cannot be used: which file, why, what to do."""


def time_of(clock: Clock) -> datetime:
    """Return the time of day, aware, UTC, to the microsecond."""
    return clock.stamp(clock.mono_ns()).utc


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate just made, for the register and for the unit."""

    record: Certificate
    pem: str


class Authority:
    """Makes certificates and the list of revoked ones. Raises AuthorityError where keys fail."""

    def __init__(self, folder: CentreFolder, settings: CentreSettings, clock: Clock) -> None:
        self._folder = folder
        self._settings = settings
        self._clock = clock
        self._signer = Signer(read_certificate(folder.ca_certificate), read_key(folder.ca_key))

    @property
    def certificate_pem(self) -> str:
        """The authority's own certificate (PEM)."""
        return certificates.pem(self._signer.certificate)

    def issue(self, unit_id: str, key: ec.EllipticCurvePublicKey) -> Issued:
        """Make a unit's certificate; it is in no register yet."""
        days = self._settings.certificates.unit_days
        made = certificates.make_unit(self._signer, unit_id, key, time_of(self._clock), days)
        record = Certificate(made.serial_number, unit_id, made.not_valid_after_utc)
        return Issued(record, certificates.pem(made))

    def revoked_pem(self) -> str:
        """Return the list of revoked certificates as it stands (PEM). Raises AuthorityError."""
        return certificates.pem(read_revoked(self._folder.revoked))

    def write_revoked(self, revoked: Iterable[Certificate]) -> None:
        """Write the list of revoked certificates anew, in one step. Raises OSError.

        It holds as long as a unit's certificate does: a unit that was away so long enrols anew.
        """
        entries = [(c.serial, c.revoked_at) for c in revoked if c.revoked_at is not None]
        days = self._settings.certificates.unit_days
        with _alone(self._folder.lock):
            made = certificates.make_revoked(self._signer, entries, time_of(self._clock), days)
            durable.write(self._folder.revoked, certificates.pem(made).encode(), 0o644)

    def keep_revoked(self, revoked: Iterable[Certificate]) -> bool:
        """Write the list of revoked certificates anew where it is a day old or lacks one.

        Another machine on the same register may have revoked, or this one was cut off between
        register and list. Returns whether it was written. Raises OSError.
        """
        certificates_revoked = list(revoked)
        if self._is_young() and self._lists(certificates_revoked):
            return False
        self.write_revoked(certificates_revoked)
        return True

    def _is_young(self) -> bool:
        try:
            age = time_of(self._clock) - read_revoked(self._folder.revoked).last_update_utc
        except AuthorityError:
            return False
        return timedelta() <= age < timedelta(days=1)

    def _lists(self, revoked: Iterable[Certificate]) -> bool:
        held = {entry.serial_number for entry in read_revoked(self._folder.revoked)}
        return {certificate.serial for certificate in revoked} <= held

    def renew_server(self) -> bool:
        """Make the server's certificate anew where it nears its end or its names have changed."""
        path = self._folder.server_certificate
        hosts, days = self._settings.server.hosts, self._settings.certificates.server_days
        wanted = tuple(str(certificates.alternative(host).value) for host in hosts)
        now = time_of(self._clock)
        if path.exists():
            held = read_certificate(path)
            if held.not_valid_after_utc - now > timedelta(days=days / 3) and names(held) == wanted:
                return False
        key = read_key(self._folder.server_key).public_key()
        made = certificates.make_server(self._signer, key, hosts, now, days)
        durable.write(path, certificates.pem(made).encode(), 0o644)
        return True


def names(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the names and addresses that a server's certificate is for."""
    held = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return tuple(str(name.value) for name in held)


def make_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """Make a private key in a new file that only its owner can read. Raises OSError."""
    key = ec.generate_private_key(ec.SECP256R1())
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    durable.write_new(path, text)
    return key


def read_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """Return a private key. Raises AuthorityError."""
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise AuthorityError(f"{path}: no usable private key: {error}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise AuthorityError(f"{path}: not an EC key")
    return key


def read_certificate(path: Path) -> x509.Certificate:
    """Return a certificate. Raises AuthorityError."""
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise AuthorityError(f"{path}: no usable certificate: {error}") from error


def read_revoked(path: Path) -> x509.CertificateRevocationList:
    """Return a list of revoked certificates. Raises AuthorityError."""
    try:
        return x509.load_pem_x509_crl(path.read_bytes())
    except (OSError, ValueError) as error:
        raise AuthorityError(
            f"{path}: no usable list of revoked certificates: {error}: "
            "remove it; `outrider centre serve` writes it anew from the register"
        ) from error


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
