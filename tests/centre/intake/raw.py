"""HTTP by hand over the unit's TLS, for what no client would send; and certificates for liars."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from outrider.centre.authority import certificates
from outrider.centre.authority.authority import make_key, read_certificate, read_key
from outrider.centre.authority.certificates import Signer
from tests.centre.intake.running import Running

LONGEST_S = 10.0


@contextmanager
def line(port: int, tls: ssl.SSLContext, address: str | None = None) -> Iterator[ssl.SSLSocket]:
    """Connect, from an address of this machine if one is given; every wait ends after 10 s."""
    source = (address, 0) if address else None
    with (
        socket.create_connection(("localhost", port), LONGEST_S, source) as plain,
        tls.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        yield secure


def answer_of(secure: ssl.SSLSocket) -> bytes:
    """Return all that comes until the other side closes."""
    received = bytearray()
    try:
        while chunk := secure.recv(65536):
            received += chunk
    except (ConnectionResetError, ssl.SSLEOFError):
        pass
    return bytes(received)


def head(path: str, headers: dict[str, str], method: str = "PUT") -> bytes:
    """Return a request's head."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def own_certificate(
    centre: Running, folder: Path, unit_id: str, now: datetime, days: int
) -> tuple[ssl.SSLContext, x509.Certificate]:
    """Return TLS with a certificate that the centre's authority really made, but never noted."""
    signer = Signer(read_certificate(centre.folder.ca_certificate), read_key(centre.folder.ca_key))
    folder.mkdir(exist_ok=True)
    key: ec.EllipticCurvePrivateKey = make_key(folder / "key.pem")
    made = certificates.make_unit(signer, unit_id, key.public_key(), now, days)
    (folder / "certificate.pem").write_text(certificates.pem(made))
    context = ssl.create_default_context(cafile=centre.folder.ca_certificate)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context, made
