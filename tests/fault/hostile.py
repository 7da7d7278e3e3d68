"""Hostile uploads by the million against the real intake and opening service, over mutual TLS.

Four enrolled units lie: bytes mutated before and after they were signed, rows well sealed with
absurd content. Beside them an honest unit sends reads. At the end both services run, nothing but
refusals and receipts was answered, and every honest row is opened.
`python -m tests.fault.hostile --mutated 1000000 --hostile 10000`
"""

import argparse
import base64
import dataclasses
import hashlib
import http.client
import itertools
import json
import random
import ssl
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import zstandard

from outrider.centre.authority.authority import Authority
from outrider.centre.authority.beside import Beside
from outrider.centre.authority.enrolment import EnrolmentDesk, PublicKeys
from outrider.centre.authority.tickets import Tickets
from outrider.centre.demo.unit_journal import UnitJournal
from outrider.clock import SystemClock
from outrider.records import Read
from outrider.unit.certificates import tls_context
from outrider.unit.enrolment.enrol import enrol
from outrider.unit.settings import sections as config
from outrider.unit.settings.enrolled import read as enrolment_of
from outrider.wire import batch as batches
from outrider.wire import picture_bundle as bundles
from outrider.wire import upload as uploads
from outrider.wire.enrolment import ENROL_PATH
from outrider.wire.sealing import CentrePublicKey
from outrider.wire.signing import SigningIdentity
from outrider.wire.upload import UploadKind, UploadName
from tests.centre.hostile_rows import hostile_texts
from tests.fault.places import CentrePlace
from tests.fault.processes import abandoning, wait_listening
from tests.unit.journal import makers

_LIARS = 4
_ROWS_OF_A_LIAR = 12
_TIME_LIMIT_S = 30.0
_HONEST_EVERY_S = 0.5
_ALLOWED = {200, 400, 401, 403, 404, 405, 408, 409, 413, 422, 429, 503, 0}


@dataclasses.dataclass(slots=True)
class Account:
    """What came of it. slowest_honest_s: the longest that an honest upload took."""

    mutated: int = 0
    hostile: int = 0
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
        return set(self.answers) <= _ALLOWED and self.honest_rows == self.honest_opened > 0

    def as_json(self) -> dict[str, object]:
        """Return the figures as JSON values."""
        named = {one.name: getattr(self, one.name) for one in dataclasses.fields(self)}
        return named | {"answers": {str(status): n for status, n in self.answers.items()}}

    def line(self) -> str:
        """Return the figures in a line."""
        answers = ", ".join(f"{count} x {status}" for status, count in sorted(self.answers.items()))
        return (
            f"{self.mutated} mutated and {self.hostile} well-formed hostile uploads in "
            f"{self.took_s:.0f} s; answers {answers} (0: cut off); honest rows {self.honest_rows}, "
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

    def __init__(self, sender: Sender, key: CentrePublicKey, seed: int, mutated: int, hostile: int):
        super().__init__(name=sender.unit_id)
        self._sender = sender
        self._rng = random.Random(seed)
        self._journal = UnitJournal(sender.unit_id, key)
        self._texts = hostile_texts(random.Random(seed), sender.unit_id)
        self._left = {"mutated": mutated, "hostile": hostile}
        for number in range(6):
            self._journal.add(
                *makers.pictured(makers.read(number, patch_bytes=60, overview_bytes=90))
            )
        self._rows = batches.encode(self._journal.batch(self._journal.rows))
        self._plain = zstandard.ZstdDecompressor().decompress(self._rows)
        self._pictures = bundles.encode(self._journal.bundle(self._journal.rows))
        self.answers: Counter[int] = Counter()
        self.sent: Counter[str] = Counter()

    def run(self) -> None:
        """Send all, hostile rows among the mutated."""
        while any(self._left.values()):
            whole = sum(self._left.values())
            kind = "hostile" if self._rng.randrange(whole) < self._left["hostile"] else "mutated"
            self._left[kind] -= 1
            self.sent[kind] += 1
            self.answers[self._hostile() if kind == "hostile" else self._mutated()] += 1
        self._sender.close()

    def _hostile(self) -> int:
        """Send a row of absurd content, chained and sealed as an honest one would be."""
        row = self._journal.add_text(*next(self._texts))
        body = batches.encode(self._journal.batch([row]))
        return self._put(UploadKind.ROWS, body)

    def _mutated(self) -> int:
        rng = self._rng
        kind = UploadKind.PICTURES if rng.random() < 0.3 else UploadKind.ROWS
        good = self._pictures if kind is UploadKind.PICTURES else self._rows
        way = rng.random()
        if way < 0.4 and kind is UploadKind.ROWS:  # past zstd, to the parser of rows
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

    def _put(self, kind: UploadKind, body: bytes) -> int:
        name = UploadName(self._sender.unit_id, kind, uuid.uuid4())
        return self._sender.send(name.path, body, self._sender.headers(name, body))


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


def campaign(root: Path, mutated: int, hostile: int, seed: int = 1) -> Account:
    """Run one; return its account. Raises EndedByItselfError where a service has ended."""
    centre = CentrePlace.make(root, None)
    serve, opening = centre.serve(), centre.open()
    account, begun_s = Account(), time.monotonic()
    with abandoning(serve, opening):
        serve.start()
        wait_listening(serve, centre.folder.load().server.port)
        opening.start()
        key = CentrePublicKey.read(centre.folder.sealing_key)
        liars = [
            Liar(
                Sender(centre, root, f"liar-{n}"),
                key,
                seed * 100 + n,
                mutated // _LIARS + (n < mutated % _LIARS),
                hostile // _LIARS + (n < hostile % _LIARS),
            )
            for n in range(_LIARS)
        ]
        honest = Honest(Sender(centre, root, "honest"), key)
        stranger = Stranger(centre, seed)
        before = {one.name: one.memory_mib() for one in (serve, opening)}
        threads: list[threading.Thread] = [honest, stranger, *liars]
        for thread in threads:
            thread.start()
        for liar in liars:
            while liar.is_alive():
                liar.join(10.0)
                serve.check()
                opening.check()
                sent = sum(one.sent.total() for one in liars)
                sys.stderr.write(f"{sent} sent, honest {honest.slowest_s:.2f} s at the slowest\n")
            account.answers += liar.answers
            account.mutated += liar.sent["mutated"]
            account.hostile += liar.sent["hostile"]
        honest.over.set()
        stranger.over.set()
        honest.join()
        stranger.join()
        account.answers += stranger.answers
        account.slowest_honest_s = round(honest.slowest_s, 3)
        _settle(account, centre, honest)
        for one in (serve, opening):
            one.check()
            account.grown_mib[one.name] = round(one.memory_mib() - before[one.name], 1)
        serve.end()
        opening.kill()  # asked to end it would report the rows set aside, which are many
    account.took_s = round(time.monotonic() - begun_s, 1)
    return account


def _settle(account: Account, centre: CentrePlace, honest: Honest) -> None:
    """Wait until nothing waits any more, and count."""
    store, pause = centre.store(), threading.Event()
    try:
        for _ in range(600):
            if store.backlog().waiting == 0:
                break
            pause.wait(0.5)
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
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="outrider-hostile-") as folder:
        account = campaign(Path(folder), args.mutated, args.hostile, args.seed)
    print(json.dumps(account.as_json()) if args.json else account.line())
    return 0 if account.clean else 1


if __name__ == "__main__":
    sys.exit(main())
