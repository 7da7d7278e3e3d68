"""A real centre on free ports, and real units enrolled with it, for tests of the intake."""

import asyncio
import ssl
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from outrider.centre.authority.authority import Authority
from outrider.centre.authority.beside import Beside
from outrider.centre.authority.enrolment import EnrolmentDesk, PublicKeys
from outrider.centre.authority.setup import set_up
from outrider.centre.authority.tickets import Tickets
from outrider.centre.folder import CentreFolder, CentreSettings
from outrider.centre.intake.service import IntakeService
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store_of import open_store_of
from outrider.clock import NS_PER_S, Clock, ClockQuality, SystemClock, UtcStamp
from outrider.records import Hit, Read
from outrider.unit.certificates import tls_context
from outrider.unit.enrolment.enrol import enrol
from outrider.unit.journal.outbox import ORDINARY, URGENT, Outbox
from outrider.unit.journal.segments import Stream
from outrider.unit.settings import sections as config
from outrider.unit.settings.enrolled import IdentityFiles
from outrider.unit.settings.enrolled import read as enrolment_of
from outrider.unit.settings.sections import Settings
from outrider.wire import batch as batches
from outrider.wire import picture_bundle as bundles
from outrider.wire import receipt as receipts
from outrider.wire import upload as uploads
from outrider.wire.picture_bundle import BundledPicture, PictureBundle
from outrider.wire.sealing import CentrePrivateKey
from outrider.wire.signing import SigningIdentity, VerifyingKey
from outrider.wire.upload import UploadKind, UploadName
from tests.unit.journal import makers
from tests.unit.journal.filled import fill, reads

_T = TypeVar("_T")
HOSTS = ("localhost", "127.0.0.1")


@dataclass(frozen=True)
class Running:
    """A centre that serves."""

    folder: CentreFolder
    settings: CentreSettings
    service: IntakeService
    store: CentreStore

    @property
    def url(self) -> str:
        return f"https://localhost:{self.service.ports.units}"

    @property
    def enrol_url(self) -> str:
        return f"https://localhost:{self.service.ports.enrolment}"

    @property
    def opening_key(self) -> CentrePrivateKey:
        (path,) = (self.folder.root / "opening").glob("*.key")
        return CentrePrivateKey.read(path)

    @property
    def receipt_key(self) -> VerifyingKey:
        return SigningIdentity.read(self.folder.receipt_key).public

    def asked(self, question: Callable[[], _T]) -> _T:
        """Ask on the service's own thread what is for that one alone."""

        async def ask() -> _T:
            return question()

        loop = self.service._loop
        assert loop is not None
        return asyncio.run_coroutine_threadsafe(ask(), loop).result(10.0)

    @property
    def at_doors(self) -> list[int]:
        """How many stand at each door."""
        return self.asked(lambda: [each._line.waiting for each in self.service._listeners])

    def desk(self) -> EnrolmentDesk:
        """Return what hands out tickets, as `outrider centre enrol-ticket` makes it."""
        clock = SystemClock()
        keys = PublicKeys(self.receipt_key, self.folder.sealing_key)
        tickets = Tickets(Beside.of(self.folder, self.settings))
        return EnrolmentDesk(self.store, self.authority(), keys, clock, tickets)

    def authority(self) -> Authority:
        return Authority(self.folder, self.settings, SystemClock())

    def ticket(self, unit_id: str, lifetime: timedelta = timedelta(hours=1)) -> Path:
        ports = {"port": self.service.ports.units, "enrol_port": self.service.ports.enrolment}
        server = self.settings.server.model_copy(update=ports)
        path = self.folder.root / f"{unit_id}-{uuid.uuid4()}.ticket"
        path.write_bytes(self.desk().ticket(unit_id, server, lifetime).encode())
        return path

    def contents(self) -> tuple[object, ...]:
        """Return all that uploads change: what a refused one must leave as it is."""
        return self.store.journals(), self.store.sealed(10_000), self.store.audit()


@contextmanager
def running(
    root: Path, clock: Clock | None = None, hotlists: Path | None = None, **limits: object
) -> Iterator[Running]:
    """Set a centre up in a folder and serve it on free ports."""
    folder = CentreFolder(root)
    set_up(folder, HOSTS, root / "opening", SystemClock())
    server = {"hosts": HOSTS, "listen": "127.0.0.1", "port": 0, "enrol_port": 0}
    sections = {"server": server, "limits": limits, "hotlists": {"repository": hotlists}}
    settings = CentreSettings.model_validate(sections)
    store = open_store_of(folder)
    service = IntakeService(folder, settings, store, clock or SystemClock())
    ready = threading.Event()
    thread = threading.Thread(target=service.run, args=(ready.set,))
    thread.start()
    try:
        assert ready.wait(10.0)
        yield Running(folder, settings, service, store)
    finally:
        service.stop()
        thread.join()
        store.close()


def eventually(holds: Callable[[], object]) -> None:
    """Ask until it holds; it must within half a minute, however busy the machine is."""
    deadline_s = time.monotonic() + 30.0
    while not holds():
        assert time.monotonic() < deadline_s, "it never came to hold"


def logged(caplog: pytest.LogCaptureFixture, field: str, count: int = 1) -> list[dict[str, Any]]:
    """Return the fields of the lines that have a field, as soon as there are so many.

    A line is written when its request is over, a moment after the answer.
    """
    deadline_s = time.monotonic() + 5.0
    while True:
        lines = [getattr(record, "fields", {}) for record in caplog.records]
        found = [line for line in lines if field in line]
        if len(found) >= count or time.monotonic() > deadline_s:
            return found


class ShiftedClock:
    """A clock that is off by so much, and does not know it."""

    def __init__(self, off: timedelta) -> None:
        self._clock = SystemClock()
        self._off_ns = int(off.total_seconds()) * NS_PER_S

    def mono_ns(self) -> int:
        return self._clock.mono_ns()

    def stamp(self, mono_ns: int) -> UtcStamp:
        now = self._clock.stamp(mono_ns)
        return UtcStamp(now.utc_ns + self._off_ns, ClockQuality.NTP, 0.1)

    def observe(self, utc_ns: int, mono_ns: int, quality: ClockQuality, error_s: float) -> None:
        """Learn nothing."""


@dataclass(frozen=True)
class Unit:
    """An enrolled unit with a journal of its own."""

    unit_id: str
    settings_file: Path
    centre: Running

    @property
    def settings(self) -> Settings:
        return config.load(self.settings_file)

    @property
    def files(self) -> IdentityFiles:
        state_dir = self.settings.unit.state_dir
        enrolment = enrolment_of(state_dir)
        assert enrolment is not None
        return enrolment.files(state_dir)

    @property
    def identity(self) -> SigningIdentity:
        return SigningIdentity.read(self.files.signing_key)

    def tls(self) -> ssl.SSLContext:
        files = self.files
        return tls_context(files.ca_certificate, files.certificate, files.tls_key)

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.centre.url, verify=self.tls(), trust_env=False)

    def name(self, kind: UploadKind = UploadKind.ROWS) -> UploadName:
        return UploadName(self.unit_id, kind, uuid.uuid4())

    def headers(
        self, name: UploadName, body: bytes, off: timedelta = timedelta()
    ) -> dict[str, str]:
        """Return an upload's headers, signed; off: how wrong the unit's clock is."""
        clock = ShiftedClock(off)
        return uploads.headers(
            name, uploads.Body(body), self.identity, clock.stamp(clock.mono_ns())
        )

    def put(self, name: UploadName, body: bytes, **changes: str) -> httpx.Response:
        """Send a body, well signed, with headers changed; over a connection of its own."""
        with self.client() as client:
            headers = self.headers(name, body) | changes
            return client.put(name.path, content=body, headers=headers)

    def fill(self, count: int) -> None:
        """Put reads and a hit into the journal."""
        records: list[Read | Hit] = [*reads(0, count), makers.hit(count)]
        fill(self.settings.journal_dir, records, centre=self.centre.opening_key)

    def rows_body(self, limit: int = 100, unit_id: str | None = None) -> bytes:
        """Return a batch of what waits in the journal."""
        outbox = Outbox(self.settings.journal_dir)
        try:
            rows = [*outbox.rows(URGENT, limit), *outbox.rows(ORDINARY, limit)]
            rows.sort(key=lambda row: row.seq)
            return batches.encode(outbox.batch(unit_id or self.unit_id, rows))
        finally:
            outbox.close()

    def pictures_body(self, limit: int = 10) -> bytes:
        """Return a bundle of patches, as if all rows had been receipted."""
        clock, outbox = SystemClock(), Outbox(self.settings.journal_dir)
        try:
            rows = [*outbox.rows(URGENT, 1000), *outbox.rows(ORDINARY, 1000)]
            made = receipts.make(
                self.name(), uploads.Body(b""), len(rows), 0, "2026-11-21T07:00:00.000Z"
            )
            outbox.rows_receipted(rows, made, clock.stamp(clock.mono_ns()))
            found = outbox.pictures(Stream.PATCHES, limit, 2**20, ())
            pictures: Sequence[BundledPicture] = [
                BundledPicture(p.seq, p.role, data) for p, data in found
            ]
            bundle = PictureBundle(self.unit_id, outbox.journal_id, tuple(pictures))
            return bundles.encode(bundle)
        finally:
            outbox.close()


def enrolled(centre: Running, home: Path, unit_id: str = "unit-7") -> Unit:
    """Enrol a unit by the unit's own means, over TLS."""
    home.mkdir(parents=True, exist_ok=True)
    path = home / "outrider.toml"
    path.write_text(f'[unit]\nstate_dir = "{home / "state"}"\n[sync]\nlongest_wait_s = 1\n')
    enrol(centre.ticket(unit_id), config.load_file(path), SystemClock())
    return Unit(unit_id, path, centre)
