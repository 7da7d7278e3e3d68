"""Hostile uploads by the million against the real intake and opening service, over mutual TLS.

Four enrolled units lie: bytes mutated before and after they were signed, rows mutated under their
hash, rows well sealed with absurd content, mutated renewals, questions and fetches of lists. A
unit's sync meets answers that were mutated. Beside them an honest unit sends reads. At the end all
run, nothing but refusals and receipts was answered, and every honest row is opened.
`python -m tests.fault.hostile --mutated 1000000 --hostile 10000`
"""

import argparse
import base64
import contextlib
import dataclasses
import hashlib
import http.client
import itertools
import json
import math
import random
import ssl
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import SupportsIndex

import zstandard
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from nacl import bindings

from outrider.centre.authority.authority import Authority
from outrider.centre.authority.beside import Beside
from outrider.centre.authority.enrolment import EnrolmentDesk, PublicKeys
from outrider.centre.authority.tickets import Tickets
from outrider.centre.demo.unit_journal import UnitJournal
from outrider.clock import SystemClock
from outrider.records import Read
from outrider.unit.certificates import tls_context
from outrider.unit.enrolment.enrol import enrol
from outrider.unit.journal.outbox import Outbox
from outrider.unit.settings import sections as config
from outrider.unit.settings.enrolled import read as enrolment_of
from outrider.unit.sync.backoff import Backoff
from outrider.unit.sync.session import Identity, SyncSession
from outrider.unit.sync.transport import HttpsCentre
from outrider.wire import batch as batches
from outrider.wire import checkpoint, holdings, list_key
from outrider.wire import picture_bundle as bundles
from outrider.wire import receipt as receipts
from outrider.wire import upload as uploads
from outrider.wire.chain import SealedRow, row_hash
from outrider.wire.dictionary import RECORDS_3
from outrider.wire.enrolment import ENROL_PATH, RENEWAL_PURPOSE, RenewalRequest
from outrider.wire.holdings import Claim, Question
from outrider.wire.read_record import Record, RecordKind, encode, kind_of
from outrider.wire.sealing import CentrePublicKey, Place
from outrider.wire.signing import SigningIdentity
from outrider.wire.upload import UploadKind, UploadName
from tests.centre.hostile_rows import hostile_texts
from tests.fault.places import CentrePlace
from tests.fault.processes import Program, abandoning, wait_listening
from tests.unit.journal import makers
from tests.unit.journal.filled import fill, reads
from tests.unit.sync.centre import Handler, TestCentre, serve

_LIARS = 4
_ROWS_AT_ONCE = 500
_HOSTILE_AT_ONCE = 20
_UPLOADS_SHARE = 50  # of the mutated inputs one in so many is an upload of its own
_LEAST_UPLOADS = 100
_RECEIPTS_SHARE = 100
_TIME_LIMIT_S = 60.0
_STUCK_S = 120.0
_HONEST_EVERY_S = 0.5
_ALLOWED = {200, 400, 401, 403, 404, 405, 408, 409, 413, 422, 429, 503, 0}


@dataclasses.dataclass(slots=True)
class Account:
    """What came of it. slowest_honest_s: the longest that an honest upload took.

    mutated: inputs, of them mutated_uploads each an upload of its own, the others rows that were
    mutated under their hash, hundreds in an upload. mutated_receipts: answers that a unit's sync
    took apart; lost_on_unit: rows that it then had no more, and its centre neither.
    """

    mutated: int = 0
    mutated_uploads: int = 0
    hostile: int = 0
    mutated_receipts: int = 0
    lost_on_unit: int = 0
    answers: Counter[int] = dataclasses.field(default_factory=Counter)
    honest_rows: int = 0
    honest_opened: int = 0
    set_aside: int = 0
    slowest_honest_s: float = 0.0
    grown_mib: dict[str, float] = dataclasses.field(default_factory=dict)
    took_s: float = 0.0

    @property
    def clean(self) -> bool:
        """Whether nothing but refusals and receipts was answered, and no honest row is missing."""
        whole = self.honest_rows == self.honest_opened > 0 and not self.lost_on_unit
        return set(self.answers) <= _ALLOWED and whole

    def as_json(self) -> dict[str, object]:
        """Return the figures as JSON values."""
        named = {one.name: getattr(self, one.name) for one in dataclasses.fields(self)}
        return named | {"answers": {str(status): n for status, n in self.answers.items()}}

    def line(self) -> str:
        """Return the figures in a line."""
        answers = ", ".join(f"{count} x {status}" for status, count in sorted(self.answers.items()))
        return (
            f"{self.mutated} mutated inputs ({self.mutated_uploads} uploads, the rest rows under "
            f"their hash) and {self.hostile} well-formed hostile rows in {self.took_s:.0f} s; "
            f"{self.mutated_receipts} mutated receipts to a sync, rows lost {self.lost_on_unit}; "
            f"answers {answers} (0: cut off); honest rows {self.honest_rows}, "
            f"opened {self.honest_opened}; rows set aside {self.set_aside}; slowest honest upload "
            f"{self.slowest_honest_s:.2f} s; memory grown {self.grown_mib} MiB; both services up"
        )


class Sender:
    """One enrolled unit's connection, made anew whenever it breaks off."""

    def __init__(self, centre: CentrePlace, root: Path, unit_id: str) -> None:
        state, ticket, file = root / unit_id, root / f"{unit_id}.ticket", root / f"{unit_id}.toml"
        file.write_text(f'[unit]\nstate_dir = "{state}"\n')
        ticket.write_bytes(_ticket(centre, unit_id))
        enrol(ticket, config.load_file(file), SystemClock())
        enrolment = enrolment_of(state)
        assert enrolment is not None
        files = enrolment.files(state)
        self.unit_id = unit_id
        self.identity = SigningIdentity.read(files.signing_key)
        self.port = centre.folder.load().server.port
        self._tls = tls_context(files.ca_certificate, files.certificate, files.tls_key)
        self._line: http.client.HTTPSConnection | None = None

    def headers(self, name: UploadName, body: bytes) -> dict[str, str]:
        """Return an upload's headers, signed aright."""
        clock = SystemClock()
        return uploads.headers(
            name, uploads.Body(body), self.identity, clock.stamp(clock.mono_ns())
        )

    def sent(self) -> str:
        """Return the time of sending, as a header says it."""
        clock = SystemClock()
        return uploads.sent_text(clock.stamp(clock.mono_ns()))

    def asking(self, purpose: str, body: bytes, sent: str) -> dict[str, str]:
        """Return the headers of a question, signed aright."""
        return {
            "Content-Type": "application/json",
            uploads.DIGEST_HEADER: uploads.content_digest(body),
            uploads.SENT_HEADER: sent,
            uploads.SIGNATURE_HEADER: self.identity.sign(purpose, body),
        }

    def send(self, path: str, body: bytes, headers: dict[str, str], method: str = "PUT") -> int:
        """Return the status of the answer; 0 where the connection broke off."""
        try:
            if self._line is None:
                self._line = http.client.HTTPSConnection(
                    "localhost", self.port, timeout=_TIME_LIMIT_S, context=self._tls
                )
            self._line.request(method, path, body, headers)
            answer = self._line.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException, ValueError):
            self.close()
            return 0
        return answer.status

    def close(self) -> None:
        """Break the connection off."""
        if self._line is not None:
            self._line.close()
            self._line = None


def _ticket(centre: CentrePlace, unit_id: str) -> bytes:
    folder, clock = centre.folder, SystemClock()
    settings, store = folder.load(), centre.store()
    try:
        keys = PublicKeys(SigningIdentity.read(folder.receipt_key).public, folder.sealing_key)
        tickets = Tickets(Beside.of(folder, settings))
        desk = EnrolmentDesk(store, Authority(folder, settings, clock), keys, clock, tickets)
        return desk.ticket(unit_id, settings.server, timedelta(hours=1)).encode()
    finally:
        store.close()


def changed(rng: random.Random, data: bytes) -> bytes:
    """Return bytes with some overwritten, cut out, put in or repeated."""
    at, much = rng.randrange(len(data) + 1), rng.randrange(24)
    put = rng.randbytes(rng.randrange(24))
    if rng.random() < 0.2:
        put = data[at : at + rng.randrange(200)] * 2
    return data[:at] + put + data[at + much :]


class Liar(threading.Thread):
    """Sends what no honest unit would, as fast as it is answered."""

    def __init__(self, sender: Sender, key: CentrePublicKey, seed: int, share: dict[str, int]):
        """share: how many of each kind: `rows` (mutated, by the batch), `uploads`, `hostile`."""
        super().__init__(name=sender.unit_id)
        self._sender = sender
        self._rng = random.Random(seed)
        self._journal = UnitJournal(sender.unit_id, key)
        self._texts = hostile_texts(random.Random(seed), sender.unit_id)
        self._left = dict(share)
        for number in range(6):
            read = makers.read(number, patch_bytes=60, overview_bytes=90)
            self._journal.add(*makers.pictured(read))
        self._rows = batches.encode(self._journal.batch(self._journal.rows))
        self._plain = zstandard.ZstdDecompressor().decompress(self._rows)
        self._pictures = bundles.encode(self._journal.bundle(self._journal.rows))
        records: list[Record] = [makers.read(7), makers.hit(8), makers.action(9)]
        self._good = [(kind_of(record), encode(record)) for record in records]
        self.answers: Counter[int] = Counter()
        self.sent: Counter[str] = Counter()
        self.over = threading.Event()

    def run(self) -> None:
        """Send all, each kind among the others, until it is over."""
        most = {"rows": _ROWS_AT_ONCE, "uploads": 1, "hostile": _HOSTILE_AT_ONCE}
        send = {"rows": self._sealed, "uploads": self._mutated, "hostile": self._hostile}
        while any(self._left.values()) and not self.over.is_set():
            turns = {kind: -(-left // most[kind]) for kind, left in self._left.items()}
            (kind,) = self._rng.choices(list(turns), list(turns.values()))
            count = min(most[kind], self._left[kind])
            self._left[kind] -= count
            self.sent[kind] += count
            self.answers[send[kind](count)] += 1
        self._sender.close()

    def _hostile(self, count: int) -> int:
        """Send rows of absurd content, chained and sealed as honest ones would be."""
        return self._put_rows([self._journal.add_text(*next(self._texts)) for _ in range(count)])

    def _sealed(self, count: int) -> int:
        """Send rows that are mutated under their hash: the text, the packed text, or the cipher.

        The intake takes each one apart, and so does the opening service, one after another.
        """
        return self._put_rows([self._mutated_row() for _ in range(count)])

    def _mutated_row(self) -> SealedRow:
        rng, journal = self._rng, self._journal
        kind, text = rng.choice(self._good)
        way = rng.random()
        if way < 0.7:
            return journal.add_text(kind, changed(rng, text))
        place = Place(journal.journal_id, journal._seq + 1, kind)
        packed = zstandard.ZstdCompressor(dict_data=RECORDS_3).compress(text)
        if way < 0.9:
            body = journal._key.seal(changed(rng, bindings.sodium_pad(packed, 64)), place)
        else:
            body = changed(rng, journal._key.seal(bindings.sodium_pad(packed, 64), place))
        return _add_body(journal, kind, body)

    def _put_rows(self, rows: list[SealedRow]) -> int:
        body = batches.encode(self._journal.batch(rows))
        self._journal.rows.clear()
        return self._put(UploadKind.ROWS, body)

    def _mutated(self, _: int) -> int:
        """Send one upload with bytes changed: at one of the layers that an upload goes through."""
        rng = self._rng
        kind = UploadKind.PICTURES if rng.random() < 0.3 else UploadKind.ROWS
        good = self._pictures if kind is UploadKind.PICTURES else self._rows
        way = rng.random()
        if way < 0.2:
            return self._asks()
        if way < 0.45 and kind is UploadKind.ROWS:  # past zstd, to the parser of rows
            plain = changed(rng, self._plain)
            return self._put(kind, zstandard.ZstdCompressor(level=1).compress(plain))
        if way < 0.7:
            return self._put(kind, changed(rng, good))
        name = UploadName(self._sender.unit_id, kind, uuid.uuid4())
        headers, path = self._sender.headers(name, good), name.path
        if way < 0.9:  # changed on the way
            return self._sender.send(path, changed(rng, good), headers)
        spoilt = rng.choice(sorted(headers))
        value = changed(rng, headers[spoilt].encode()).decode("latin-1")
        headers[spoilt] = "".join(c for c in value if c.isprintable())
        if way > 0.98:
            path += changed(rng, b"%00%ff../x").decode("latin-1").translate(_NO_SPACE)
        return self._sender.send(path, good, headers)

    def _asks(self) -> int:
        """Ask for something else that a unit asks for, in a mutated way, signed aright or not."""
        rng, unit_id = self._rng, self._sender.unit_id
        lists = f"/v1/hotlists/{rng.choice(('metadata', 'targets'))}/1.root.json"
        fetched = (lists, list_key.path_of(unit_id, rng.randbytes(32)), "/v1/revoked")
        if rng.random() < 0.4:
            path = changed(rng, rng.choice(fetched).encode()).decode("latin-1")
            return self._sender.send("/" + path.translate(_NO_SPACE), b"", {}, "GET")
        sent = self._sender.sent()
        question = Question(unit_id, sent, self._journal.journal_id, (Claim(1, bytes(16)),))
        renewal = RenewalRequest(unit_id=unit_id, sent=sent, certificate_request=_REQUEST)
        path, purpose, good = rng.choice(
            (
                (f"/v1/units/{unit_id}/certificate", RENEWAL_PURPOSE, renewal.encode()),
                (holdings.path(unit_id), holdings.PURPOSE, holdings.encode_question(question)),
                (checkpoint.path_of(unit_id), "checkpoint", b'{"checkpoint": {}, "signature": ""}'),
            )
        )
        body = changed(rng, good)
        signed = body if rng.random() < 0.8 else good
        headers = self._sender.asking(purpose, signed, sent)
        return self._sender.send(path, body, headers, "POST")

    def _put(self, kind: UploadKind, body: bytes) -> int:
        name = UploadName(self._sender.unit_id, kind, uuid.uuid4())
        return self._sender.send(name.path, body, self._sender.headers(name, body))


def _certificate_request() -> str:
    """Return a request for a certificate, as a unit makes it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "liar")])
    made = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return made.public_bytes(Encoding.PEM).decode()


_REQUEST = _certificate_request()


def _add_body(journal: UnitJournal, kind: RecordKind, body: bytes) -> SealedRow:
    """Return the next row with any sealed bytes in it, hashed aright."""
    seq, key_id, previous = journal._seq + 1, journal._key.key_id, journal._previous
    digest = row_hash(journal.journal_id, seq, kind, key_id, previous, (), body)
    journal._seq, journal._previous = seq, digest
    return SealedRow(seq, kind, key_id, previous, body, (), digest)


class Deceived(threading.Thread):
    """A unit's sync, over a real socket, against a centre whose every answer is mutated."""

    def __init__(self, root: Path, seed: int, answers: int) -> None:
        super().__init__(name="deceived")
        self._root = root / "deceived"
        self._rng = random.Random(seed)
        self._most = answers
        self.answers = 0
        self.over = threading.Event()
        self.lost = 0

    def run(self) -> None:
        """Sync until so many answers have come; then count what is neither here nor there."""
        unit = SigningIdentity.generate()
        centre = TestCentre(unit.public)
        centre.misbehaviour = _Endless([self._lie])
        self._root.mkdir()
        fill(self._root / "journal", reads(0, 20, 60, 90))
        with (
            serve(centre) as url,
            HttpsCentre(url, None) as way,
            contextlib.closing(Outbox(self._root / "journal")) as outbox,
        ):
            waiting = {row.seq for row in outbox.rows(1, 1000)}
            while self.answers < self._most and not self.over.is_set():
                identity = Identity("unit-7", unit, centre.identity.public)
                session = SyncSession(outbox, way, identity, SystemClock(), Backoff(1e-6, 1e-6))
                session.run(self.over)
            left = {row.seq for row in outbox.rows(1, 1000)}
            self.lost = len(waiting - left - {seq for _, seq in centre.rows})

    def _lie(self, handler: Handler) -> bool:
        """Store what came, and answer with a receipt that was good before it was changed."""
        rng, centre = self._rng, handler.server.centre
        made = centre.take(handler.name, handler.body, dict(handler.headers.items()))
        good = receipts.encode(made, centre.identity)
        handler.answer(rng.choice((200, 200, 200, 201, 500, 503)), changed(rng, good))
        self.answers += 1
        if self.answers >= self._most:
            self.over.set()
        return True


class _Endless(list[Callable[[Handler], bool]]):
    """What is taken from it stays in it."""

    def pop(self, index: SupportsIndex = -1) -> Callable[[Handler], bool]:
        return self[index]


_NO_SPACE = dict.fromkeys((*range(33), *range(127, 256)))


class Honest(threading.Thread):
    """An honest unit: a few reads each half second, all the while."""

    def __init__(self, sender: Sender, key: CentrePublicKey) -> None:
        super().__init__(name=sender.unit_id)
        self._sender = sender
        self.journal = UnitJournal(sender.unit_id, key)
        self.over = threading.Event()
        self.slowest_s = 0.0
        self.faults: list[int] = []

    def run(self) -> None:
        """Send until it is over."""
        for number in itertools.count(0, 3):
            reads = [_honest_read(number + n, self.name) for n in range(3)]
            rows = [self.journal.add(*makers.pictured(read)) for read in reads]
            body = batches.encode(self.journal.batch(rows))
            begun_s = time.monotonic()
            while (status := self._put(body)) in (0, 429, 503):
                self.faults.append(status)
                self.over.wait(1.0)
            self.slowest_s = max(self.slowest_s, time.monotonic() - begun_s)
            if status != 200:
                raise AssertionError(f"an honest upload was answered {status}")
            if self.over.wait(_HONEST_EVERY_S):
                break
        self._sender.close()

    def _put(self, body: bytes) -> int:
        name = UploadName(self.name, UploadKind.ROWS, uuid.uuid4())
        return self._sender.send(name.path, body, self._sender.headers(name, body))


def _honest_read(number: int, unit_id: str) -> Read:
    read = makers.read(number, patch_bytes=60, overview_bytes=90)
    return dataclasses.replace(read, origin=dataclasses.replace(read.origin, unit_id=unit_id))


class Stranger(threading.Thread):
    """Sends nonsense to the enrolment port, which asks for no certificate."""

    def __init__(self, centre: CentrePlace, seed: int) -> None:
        super().__init__(name="stranger")
        self._centre = centre
        self._rng = random.Random(seed)
        self.over = threading.Event()
        self.answers: Counter[int] = Counter()

    def run(self) -> None:
        """Send until it is over."""
        context = ssl.create_default_context(cafile=self._centre.folder.ca_certificate)
        port = self._centre.enrol_port
        for body in self._bodies():
            if self.over.wait(0.05):
                return
            line = http.client.HTTPSConnection(
                "localhost", port, timeout=_TIME_LIMIT_S, context=context
            )
            try:
                line.request("POST", ENROL_PATH, body, {"Content-Type": "application/json"})
                self.answers[line.getresponse().status] += 1
            except (OSError, http.client.HTTPException):
                self.answers[0] += 1
            finally:
                line.close()

    def _bodies(self) -> Iterator[bytes]:
        key = base64.b64encode(hashlib.sha256(b"x").digest()).decode()
        good = {"version": 1, "unit_id": "u", "code": "A" * 26, "signing_key": key}
        text = json.dumps({**good, "certificate_request": "-----BEGIN CERTIFICATE REQUEST-----"})
        digits = text.replace('"version": 1', f'"version": {"9" * 5000}')
        while True:
            yield self._rng.choice((digits.encode(), b"[" * 60_000, text.encode("utf-16")))
            yield changed(self._rng, text.encode())


def _shares(mutated: int, hostile: int, number: int) -> dict[str, int]:
    """Return what one of the liars sends."""
    uploads = min(mutated, max(_LEAST_UPLOADS, mutated // _UPLOADS_SHARE))
    whole = {"rows": mutated - uploads, "uploads": uploads, "hostile": hostile}
    return {kind: n // _LIARS + (number < n % _LIARS) for kind, n in whole.items()}


def campaign(
    root: Path, mutated: int, hostile: int, seed: int = 1, minutes: float = math.inf
) -> Account:
    """Run one; return its account. Raises EndedByItselfError where a service has ended."""
    centre = CentrePlace.make(root, None)
    serving, opening = centre.serve(), centre.open()
    account, begun_s = Account(), time.monotonic()
    with abandoning(serving, opening):
        serving.start()
        opening.start()
        wait_listening(serving, centre.folder.load().server.port)
        key = CentrePublicKey.read(centre.folder.sealing_key)
        liars = [
            Liar(
                Sender(centre, root, f"liar-{n}"),
                key,
                seed * 100 + n,
                _shares(mutated, hostile, n),
            )
            for n in range(_LIARS)
        ]
        honest = Honest(Sender(centre, root, "honest"), key)
        stranger = Stranger(centre, seed)
        deceived = Deceived(root, seed, max(20, mutated // _RECEIPTS_SHARE))
        before = {one.name: one.memory_mib() for one in (serving, opening)}
        threads: list[threading.Thread] = [honest, stranger, deceived, *liars]
        for thread in threads:
            thread.start()
        _watch(liars, honest, (serving, opening), begun_s + 60 * minutes)
        for each in (honest, stranger):
            each.over.set()
        deceived.join(_TIME_LIMIT_S)
        deceived.over.set()
        for thread in threads:
            thread.join()
        _count(account, liars, stranger, deceived)
        account.slowest_honest_s = round(honest.slowest_s, 3)
        _settle(account, centre, honest)
        for one in (serving, opening):
            one.check()
            account.grown_mib[one.name] = round(one.memory_mib() - before[one.name], 1)
        serving.end()
        opening.kill()  # asked to end it would report the rows set aside, which are many
    account.took_s = round(time.monotonic() - begun_s, 1)
    return account


def _watch(
    liars: list[Liar], honest: Honest, services: tuple[Program, ...], until_s: float
) -> None:
    """Wait until all is sent, or time is over; the services must run all the while."""
    for liar in liars:
        while liar.is_alive():
            liar.join(10.0)
            for service in services:
                service.check()
            if time.monotonic() > until_s:
                for each in liars:
                    each.over.set()
            sent = sum((one.sent for one in liars), Counter())
            said = ", ".join(f"{kind} {count}" for kind, count in sorted(sent.items()))
            sys.stderr.write(f"{said}; honest {honest.slowest_s:.2f} s at the slowest\n")


def _count(account: Account, liars: list[Liar], stranger: Stranger, deceived: Deceived) -> None:
    for liar in liars:
        account.answers += liar.answers
        account.mutated += liar.sent["rows"] + liar.sent["uploads"]
        account.mutated_uploads += liar.sent["uploads"]
        account.hostile += liar.sent["hostile"]
    account.answers += stranger.answers
    account.mutated_receipts, account.lost_on_unit = deceived.answers, deceived.lost


def _settle(account: Account, centre: CentrePlace, honest: Honest) -> None:
    """Wait until nothing waits any more, and count."""
    store, pause = centre.store(), threading.Event()
    try:
        waiting, moved_s = -1, time.monotonic()
        while (found := store.backlog().waiting) and time.monotonic() - moved_s < _STUCK_S:
            waiting, moved_s = found, moved_s if found == waiting else time.monotonic()
            pause.wait(1.0)
        account.set_aside = store.backlog().set_aside
        account.honest_rows = len(honest.journal.rows)
        account.honest_opened = len(store.records(honest.journal.journal_id, 1, 10**9))
    finally:
        store.close()


def main() -> int:
    """Run a campaign and print its account. Exit 1: something was amiss."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutated", type=int, default=10_000)
    parser.add_argument("--hostile", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--minutes", type=float, default=math.inf, help="send no longer than this (no limit)"
    )
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="outrider-hostile-") as folder:
        account = campaign(Path(folder), args.mutated, args.hostile, args.seed, args.minutes)
    print(json.dumps(account.as_json()) if args.json else account.line())
    return 0 if account.clean else 1


if __name__ == "__main__":
    sys.exit(main())
