"""A centre for tests: a real HTTP server that checks, stores and receipts as the wire says.

Its misbehaviours are those of a hostile or broken centre, one after another; behind each, what
was sent is judged by the same rules as ever.
"""

import dataclasses
import ssl
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from outrider.records import Role
from outrider.wire import batch, holdings, padding, picture_bundle, receipt, upload
from outrider.wire.canonical import WireError
from outrider.wire.chain import SealedRow
from outrider.wire.sealing import SealedKey
from outrider.wire.signing import SigningIdentity, VerifyingKey
from outrider.wire.upload import UploadKind, UploadName
from tests.unit.sync.authority import Registrar

AT = "2026-11-21T05:00:00.000Z"


class Refusal(Exception):
    """An upload that the centre does not take: status and reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class TestCentre:
    """What a centre keeps, and what it does next instead of behaving."""

    __test__ = False

    def __init__(self, unit: VerifyingKey) -> None:
        self.identity = SigningIdentity.generate()
        self.unit = unit
        self.rows: dict[tuple[uuid.UUID, int], SealedRow] = {}
        self.keys: dict[int, SealedKey] = {}
        self.pictures: dict[tuple[uuid.UUID, int, Role], bytes] = {}
        self.arrived: list[int] = []
        self.uploads: list[UploadKind] = []
        self.covers = 0
        self.misbehaviour: list[Callable[[Handler], bool]] = []
        self.lock = threading.Lock()
        self.registrar: Registrar | None = None
        self.hotlists: Path | None = None
        self.list_key: tuple[int, bytes] = (404, b"{}")

    def take(self, name: UploadName, body: bytes, headers: dict[str, str]) -> receipt.Receipt:
        """Check and store an upload; return its receipt. Raises Refusal."""
        try:
            upload.check(name, upload.Body(body), headers, self.unit)
            with self.lock:
                self.uploads.append(name.kind)
                if name.kind is UploadKind.ROWS:
                    stored, duplicates = self._take_rows(batch.decode(body))
                else:
                    stored, duplicates = self._take_pictures(picture_bundle.decode(body))
        except WireError as error:
            raise Refusal(422, str(error)) from error
        return receipt.make(name, upload.Body(body), stored, duplicates, AT)

    def _take_rows(self, found: batch.Batch) -> tuple[int, int]:
        stored = 0
        self.keys |= {key.key_id: key for key in found.keys}
        for row in found.rows:
            place = (found.journal_id, row.seq)
            if self.rows.get(place, row) != row:
                raise Refusal(409, f"row {row.seq} is known with other content")
            if place not in self.rows:
                self.rows[place] = row
                self.arrived.append(row.seq)
                stored += 1
        return stored, len(found.rows) - stored

    def answer(self, body: bytes, headers: dict[str, str]) -> bytes:
        """Say what is held of the rows that a unit asks about. Raises WireError."""
        self.unit.verify(holdings.PURPOSE, body, headers[upload.SIGNATURE_HEADER])
        asked = holdings.decode_question(body)
        kept = {
            claim.seq: row
            for claim in asked.claims
            if (row := self.rows.get((asked.journal_id, claim.seq)))
            and row.hash[: holdings.MARK_BYTES] == claim.mark
        }
        whole = {
            seq
            for seq, row in kept.items()
            if all((asked.journal_id, seq, p.role) in self.pictures for p in row.pictures)
        }
        found = holdings.Holdings(frozenset(kept), frozenset(whole))
        return holdings.encode_answer(asked, body, found, AT, self.identity)

    def _take_pictures(self, found: picture_bundle.PictureBundle) -> tuple[int, int]:
        stored = 0
        for picture in found.pictures:
            if (found.journal_id, picture.seq) not in self.rows:
                raise Refusal(409, f"row {picture.seq} has not come")
            place = (found.journal_id, picture.seq, picture.role)
            stored += place not in self.pictures
            self.pictures[place] = picture.data
        return stored, len(found.pictures) - stored


class Handler(BaseHTTPRequestHandler):
    """One exchange."""

    protocol_version = "HTTP/1.1"
    wbufsize = 65536  # one segment an answer: else each waits for a delayed acknowledgement
    server: "Server"

    def do_PUT(self) -> None:
        body = padding.unpadded(
            self.rfile.read(int(self.headers["Content-Length"])), dict(self.headers.items())
        )
        centre = self.server.centre
        _, _, _, unit, kind, upload_id = self.path.split("/")
        if kind == "cover":
            centre.covers += 1
            self.answer(200, padding.answered(b""))
            return
        self.name = UploadName(unit, UploadKind(kind), uuid.UUID(upload_id))
        self.body = body
        with centre.lock:
            act = centre.misbehaviour.pop(0) if centre.misbehaviour else None
        if act is not None and act(self):
            return
        try:
            made = centre.take(self.name, body, dict(self.headers.items()))
        except Refusal as error:
            self.answer(
                error.status, b'{"error": "refused", "message": "%s"}' % str(error).encode()
            )
            return
        self.answer(200, receipt.encode(made, centre.identity))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        registrar = self.server.centre.registrar
        if self.path.endswith("/holdings"):
            with self.server.centre.lock:
                answer = self.server.centre.answer(body, dict(self.headers.items()))
            self.answer(200, answer)
            return
        if registrar is None or not self.path.endswith("/certificate"):
            self.answer(404, b"{}")
            return
        self.answer(*registrar.renew(body, dict(self.headers.items()), self.server.centre.unit))

    def do_GET(self) -> None:
        registrar, hotlists = self.server.centre.registrar, self.server.centre.hotlists
        if "/list-key/" in self.path:
            self.answer(*self.server.centre.list_key)
            return
        if hotlists is not None and self.path.startswith("/v1/hotlists/"):
            file = hotlists / self.path.removeprefix("/v1/hotlists/")
            self.answer(
                200 if file.is_file() else 404, file.read_bytes() if file.is_file() else b""
            )
            return
        if registrar is None or self.path != "/v1/revoked":
            self.answer(404, b"{}")
            return
        self.answer(200, registrar.changes.get("revoked", registrar.authority.revoked()).encode())

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        """Send an answer."""
        self.send_response(status)
        for header, value in headers.items():
            self.send_header(header.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """The server of a test centre."""

    daemon_threads = True
    centre: TestCentre

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that leave are part of the tests."""


@contextmanager
def serve(centre: TestCentre, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Serve a centre on a free port; yield its URL."""
    server = Server(("127.0.0.1", 0), Handler)
    server.centre = centre
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://localhost:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def status(code: int, **headers: str) -> Callable[[Handler], bool]:
    """Return the misbehaviour of answering with a status and a message."""

    def act(handler: Handler) -> bool:
        handler.answer(code, b'{"error": "no", "message": "not today"}', **headers)
        return True

    return act


def body_of_200(make: Callable[[Handler], bytes]) -> Callable[[Handler], bool]:
    """Return the misbehaviour of answering 200 with something that is no good receipt."""

    def act(handler: Handler) -> bool:
        handler.answer(200, make(handler))
        return True

    return act


def good_receipt(handler: Handler, **changes: object) -> bytes:
    """Return a receipt signed by the centre, with fields changed before signing."""
    made = receipt.make(handler.name, upload.Body(handler.body), 10**6, 0, AT)
    changed = dataclasses.replace(made, **changes)  # type: ignore[arg-type]
    return receipt.encode(changed, handler.server.centre.identity)


def half_an_answer(handler: Handler) -> bool:
    """Misbehave: store, then break off in the middle of the receipt."""
    centre = handler.server.centre
    made = centre.take(handler.name, handler.body, dict(handler.headers.items()))
    whole = receipt.encode(made, centre.identity)
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(whole)))
    handler.end_headers()
    handler.wfile.write(whole[: len(whole) // 2])
    handler.close_connection = True
    return True


def hang_up(handler: Handler) -> bool:
    """Misbehave: take the body and close without a word."""
    handler.close_connection = True
    return True


def stored_without_answer(handler: Handler) -> bool:
    """Misbehave: store, then close without a word."""
    handler.server.centre.take(handler.name, handler.body, dict(handler.headers.items()))
    handler.close_connection = True
    return True


def endless_answer(handler: Handler) -> bool:
    """Misbehave: answer without end."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(10**9))
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b"x" * 65536)
            handler.wfile.flush()
    except OSError:
        handler.close_connection = True
    return True


def slow_drip(handler: Handler) -> bool:
    """Misbehave: answer a byte at a time, for ever."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    pause = threading.Event()
    try:
        while True:
            handler.wfile.write(b" ")
            handler.wfile.flush()
            pause.wait(0.05)
    except OSError:
        handler.close_connection = True
    return True
