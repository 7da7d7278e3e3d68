"""A centre's authority for tests: certificates, revocation, and enrolment over real TLS."""

import datetime as dt
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from outrider.clock import SystemClock
from outrider.wire.enrolment import (
    ENROL_PATH,
    RENEWAL_PURPOSE,
    EnrolmentAnswer,
    EnrolmentRequest,
    RenewalAnswer,
    RenewalRequest,
    Ticket,
    key_text,
)
from outrider.wire.sealing import CentrePrivateKey
from outrider.wire.signing import SigningIdentity, VerifyingKey
from outrider.wire.upload import DIGEST_HEADER, SENT_HEADER, SIGNATURE_HEADER, content_digest

CODE = "ABCDEFGHIJKLMNOPQRSTUVWX27"
DAY = dt.timedelta(days=1)


def utc_now() -> dt.datetime:
    """Return the time of day."""
    clock = SystemClock()
    return clock.stamp(clock.mono_ns()).utc


class Authority:
    """Issues and revokes certificates."""

    def __init__(self, name: str = "test authority") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._revoked: list[int] = []
        now = utc_now()
        usage = x509.KeyUsage(
            digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False,
            key_encipherment=False, data_encipherment=False, key_agreement=False,
            encipher_only=False, decipher_only=False,
        )  # fmt: skip
        self.certificate = (
            self._builder(self._name, self._key.public_key(), now - DAY, now + 3650 * DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.pem = self.certificate.public_bytes(Encoding.PEM).decode()

    def _builder(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePublicKey,
        begins: dt.datetime,
        ends: dt.datetime,
    ) -> x509.CertificateBuilder:
        issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(ends)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(issuer_id, critical=False)
        )

    def sign(
        self,
        request_pem: str,
        begins: dt.datetime | None = None,
        ends: dt.datetime | None = None,
        name: str | None = None,
    ) -> str:
        """Return the certificate for a request, of a year unless said otherwise."""
        request = x509.load_pem_x509_csr(request_pem.encode())
        key = request.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        subject = request.subject
        if name is not None:
            subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        begins, ends = begins or utc_now() - DAY, ends or utc_now() + 365 * DAY
        made = self._builder(subject, key, begins, ends).sign(self._key, hashes.SHA256())
        return made.public_bytes(Encoding.PEM).decode()

    def server(
        self,
        folder: Path,
        host: str = "localhost",
        ends: dt.datetime | None = None,
        ask_client: bool = True,
    ) -> tuple[ssl.SSLContext, int]:
        """Return TLS for a server of this authority, and its certificate's serial number."""
        key = ec.generate_private_key(ec.SECP256R1())
        names: list[x509.GeneralName] = [x509.DNSName(host)]
        if host == "localhost":
            names.append(x509.IPAddress(ip_address("127.0.0.1")))
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        ends = ends or utc_now() + DAY
        made = (
            self._builder(subject, key.public_key(), ends - 2 * DAY, ends)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        pem = folder / f"server-{made.serial_number}.pem"
        pem.write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            + made.public_bytes(Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        if ask_client:
            context.load_verify_locations(cadata=self.pem)
            context.verify_mode = ssl.CERT_REQUIRED
        return context, made.serial_number

    def revoke(self, serial: int) -> None:
        """Put a certificate on the list."""
        self._revoked.append(serial)

    def revoked(
        self, next_update: dt.datetime | None = None, issued: dt.datetime | None = None
    ) -> str:
        """Return the list of revoked certificates."""
        now = utc_now()
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._name)
            .last_update(issued or now - 2 * DAY)
            .next_update(next_update or now + DAY)
        )
        for serial in self._revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


class Registrar:
    """The enrolling side of a centre: one code, one set of keys; the same is answered again."""

    def __init__(self, authority: Authority, unit_id: str = "unit-7", code: str = CODE) -> None:
        self.authority = authority
        self.code = code
        self.unit_id = unit_id
        self.receipts = SigningIdentity.generate()
        self.sealing = CentrePrivateKey.generate()
        self.root = '{"signed": "root"}'
        self.taken: EnrolmentRequest | None = None
        self.changes: dict[str, str] = {}
        self.hang_up_after = False
        self.requests = 0

    def ticket(self, url: str, **changes: object) -> Ticket:
        """Return a ticket for the unit."""
        fields: dict[str, object] = {
            "unit_id": self.unit_id, "enrol_url": url, "url": "https://centre.example:8443",
            "code": self.code, "ca_certificate": self.authority.pem, "expires": utc_now() + DAY,
        }  # fmt: skip
        return Ticket.model_validate(fields | changes)

    def answer(self, body: bytes) -> tuple[int, bytes]:
        """Return status and body for a request."""
        self.requests += 1
        request = EnrolmentRequest.decode(body)
        same = self.taken is None or (
            (self.taken.code, self.taken.signing_key) == (request.code, request.signing_key)
        )
        if request.code != self.code or request.unit_id != self.unit_id or not same:
            return 403, json.dumps({"error": "refused", "message": "code is used"}).encode()
        self.taken = request
        answer = EnrolmentAnswer(
            certificate=self.authority.sign(request.certificate_request),
            ca_certificate=self.authority.pem,
            revoked=self.authority.revoked(),
            receipt_key=key_text(self.receipts.public.raw),
            sealing_key=key_text(self.sealing.public.raw),
            hotlist_root=self.root,
        )
        return 200, answer.model_copy(update=self.changes).encode()

    def renew(self, body: bytes, headers: dict[str, str], unit: VerifyingKey) -> tuple[int, bytes]:
        """Return status and body for a request of renewal, signed as the wire says."""
        request = RenewalRequest.decode(body)
        unit.verify(RENEWAL_PURPOSE, body, headers[SIGNATURE_HEADER])
        assert headers[DIGEST_HEADER] == content_digest(body)
        assert (headers[SENT_HEADER], self.unit_id) == (request.sent, request.unit_id)
        self.requests += 1
        answer = RenewalAnswer(
            certificate=self.authority.sign(request.certificate_request),
            revoked=self.authority.revoked(),
            sealing_key=key_text(self.sealing.public.raw),
        )
        return 200, answer.model_copy(update=self.changes).encode()


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert self.path == ENROL_PATH
        status, answer = self.server.registrar.answer(body)
        if self.server.registrar.hang_up_after:
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    registrar: Registrar

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that refuse the certificate are part of the tests."""


@contextmanager
def enrolling(registrar: Registrar, tls: ssl.SSLContext) -> Iterator[str]:
    """Serve enrolment on a free port; yield its URL."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.registrar = registrar
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"https://localhost:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
