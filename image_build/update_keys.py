"""The keys that updates are signed with: an authority that images trust, and a signer under it.

    .venv/bin/python image_build/update_keys.py make DIR

`authority.pem` goes into every image. `authority.key` signs signers and belongs in a safe;
`signer.key` signs bundles and stays with who releases. Nothing is ever written over.
"""

import argparse
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

# A unit whose clock has never heard the time must still be able to check what it is given.
_BEGINS = datetime(2020, 1, 1, tzinfo=UTC)
_ENDS = datetime(2060, 1, 1, tzinfo=UTC)


class KeysError(Exception):
    """The keys are not there, or would be written over: what to do."""


@dataclass(frozen=True)
class UpdateKeys:
    """Where the keys are."""

    folder: Path

    @property
    def authority(self) -> Path:
        """The certificate that images trust (PEM)."""
        return self.folder / "authority.pem"

    @property
    def certificate(self) -> Path:
        """The signer's certificate (PEM)."""
        return self.folder / "signer.pem"

    @property
    def key(self) -> Path:
        """The signer's private key (PEM)."""
        return self.folder / "signer.key"


def there(folder: Path) -> UpdateKeys:
    """Return the keys in a folder. Errors: KeysError where one is missing."""
    keys = UpdateKeys(folder)
    missing = [one.name for one in (keys.authority, keys.certificate, keys.key) if not one.exists()]
    if missing:
        raise KeysError(
            f"{folder}: no {', '.join(missing)}: make keys once, and keep them for every later"
            f" update: .venv/bin/python image_build/update_keys.py make {folder}"
        )
    return keys


def make(folder: Path) -> UpdateKeys:
    """Make an authority and a signer in a folder. Errors: KeysError where keys are there."""
    keys = UpdateKeys(folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise KeysError(f"{folder}: is not empty: keys are never written over: name another folder")
    authority, signer = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    name, own = _name("Outrider updates, authority"), _name("Outrider updates, signer")
    _write(folder / "authority.key", _private(authority))
    _write(keys.key, _private(signer))
    root = _certificate(name, authority, name, authority, is_authority=True)
    keys.authority.write_bytes(root.public_bytes(Encoding.PEM))
    leaf = _certificate(own, signer, name, authority, is_authority=False)
    keys.certificate.write_bytes(leaf.public_bytes(Encoding.PEM))
    return keys


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def _certificate(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    is_authority: bool,
) -> x509.Certificate:
    usage = x509.KeyUsage(
        digital_signature=not is_authority, key_cert_sign=is_authority, crl_sign=is_authority,
        content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    key_id = x509.SubjectKeyIdentifier.from_public_key(issuer_key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_BEGINS)
        .not_valid_after(_ENDS)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_id), critical=False
        )
        .sign(issuer_key, SHA256())
    )


def main() -> int:
    """Make keys."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["make"])
    parser.add_argument("folder", type=Path)
    args = parser.parse_args()
    try:
        make(args.folder)
    except (KeysError, OSError) as error:
        print(f"update_keys: {error}", file=sys.stderr)
        return 1
    print(f"{args.folder}: authority.key belongs in a safe, signer.key with who releases")
    return 0


if __name__ == "__main__":
    sys.exit(main())
