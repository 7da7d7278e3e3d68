"""The service: two listeners in one process, its housekeeping, and its orderly end."""

import asyncio
import contextlib
import logging
import math
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

from starlette.types import ASGIApp

from outrider import __version__
from outrider.centre.authority.authority import Authority, AuthorityError
from outrider.centre.authority.beside import Beside, BesideError
from outrider.centre.authority.enrolment import EnrolmentDesk, PublicKeys
from outrider.centre.authority.revocations import Revocations
from outrider.centre.authority.sealed_to import SealedTo, note_present
from outrider.centre.authority.tickets import Tickets
from outrider.centre.checkpoints.keeping import CheckpointKeeper
from outrider.centre.checkpoints.overseer import Overseer
from outrider.centre.folder import CentreFault, CentreFolder, CentreSettings
from outrider.centre.intake.app import Intake, enrolment_app, unit_app
from outrider.centre.intake.counts import Counts
from outrider.centre.intake.door import Door
from outrider.centre.intake.journal_lines import say
from outrider.centre.intake.list_keys import ListKeySecret
from outrider.centre.intake.listener import Listener, bind
from outrider.centre.intake.rates import Gate
from outrider.centre.intake.tls import TlsError, Trust
from outrider.centre.intake.uploads import UploadDesk
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.records import StoreError
from outrider.clock import Clock, ClockQuality
from outrider.systemd import SystemdNotifier
from outrider.wire.canonical import WireError
from outrider.wire.sealing import SealingError
from outrider.wire.signing import SigningIdentity

_log = logging.getLogger(__name__)
_TICK_S = 0.5
_RENEW_S = 30.0
_CHECKPOINT_S = 300.0


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the service listens."""

    units: int
    enrolment: int


class IntakeService:
    """What `outrider centre serve` runs.

    Making one listens already. Raises AuthorityError, KeyFileError, SealingError, TlsError,
    StoreError, OSError where it cannot.
    """

    def __init__(
        self, folder: CentreFolder, settings: CentreSettings, store: CentreStore, clock: Clock
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._store = store
        self._clock = clock
        self._counts = Counts()
        self._faults: dict[str, str] = {}
        self._authority = Authority(folder, settings, clock)
        self._authority.renew_server()
        self._beside = Beside.of(folder, settings)
        self._compare_with_beside()
        self._authority.write_revoked(store.revoked_certificates())
        self._workers = ThreadPoolExecutor(settings.limits.workers, thread_name_prefix="intake")
        self._checkpoints = self._make_keeper(folder)
        self._intake = self._make_intake(folder)
        server, repository = settings.server, settings.hotlists.repository
        self.apps = unit_app(self._intake, repository), enrolment_app(self._intake)
        self._listeners = (
            self._listen(folder, self.apps[0], server.port, units=True),
            self._listen(folder, self.apps[1], server.enrol_port, units=False),
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()

    def _compare_with_beside(self) -> None:
        """Revoke again, and void again, what a register restored from a copy has forgotten."""
        try:
            again = Revocations(self._beside).compare(self._store)
            void = Tickets(self._beside).compare(self._store)
        except (BesideError, OSError) as error:
            self._fault("revocations", f"not kept outside the folder: {error}")
            return
        for unit_id in again:
            say(_log, logging.WARNING, "revoked again: the register had forgotten", unit=unit_id)
        for unit_id in void:
            say(_log, logging.WARNING, "ticket void again: the register forgot", unit=unit_id)

    def _make_keeper(self, folder: CentreFolder) -> CheckpointKeeper:
        audit, identity = self._settings.audit, SigningIdentity.read(folder.receipt_key)
        watched = audit.overseer_file or audit.overseer_url
        overseer = Overseer(audit.overseer_file, audit.overseer_url) if watched else None
        return CheckpointKeeper(folder.checkpoints, self._store, identity, self._clock, overseer)

    def _make_intake(self, folder: CentreFolder) -> Intake:
        settings, store, clock = self._settings, self._store, self._clock
        limits, identity = settings.limits, SigningIdentity.read(folder.receipt_key)
        keys = PublicKeys(identity.public, folder.sealing_key, settings.hotlists.repository)
        keys.sealing_text()  # a key that is missing is better found now than by the first unit
        return Intake(
            limits,
            UploadDesk(
                store,
                store,
                identity,
                clock,
                timedelta(hours=limits.clock_off_h),
                SealedTo(folder).ids,
            ),
            EnrolmentDesk(store, self._authority, keys, clock, Tickets(self._beside)),
            self._authority,
            self._workers,
            self._counts,
            Gate(limits.in_flight, limits.in_flight_per_unit),
            Gate(limits.enrol_in_flight, limits.enrol_in_flight_per_address),
            self._health,
            ListKeySecret(folder.list_keys),
            self._checkpoints,
        )

    def _listen(self, folder: CentreFolder, app: ASGIApp, port: int, *, units: bool) -> Listener:
        trust = Trust(folder, self._counts.tls_refused, ask_client=units)
        limits = self._settings.limits
        line = bind(self._settings.server.listen, port)
        door = Door(line, limits.handshakes, limits.handshakes_of_one)
        return Listener(app, door, trust, limits)

    @property
    def in_flight(self) -> int:
        """How many requests of units are in flight."""
        return self._intake.gate.inside

    @property
    def strangers(self) -> int:
        """How many requests to enrol are in flight."""
        return self._intake.strangers.inside

    @property
    def ports(self) -> Ports:
        """Where it listens."""
        return Ports(*(listener.port for listener in self._listeners))

    def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Serve until SIGTERM, SIGINT or `stop`; what is in flight then is finished first."""
        try:
            asyncio.run(self._serve(ready))
        finally:
            self._workers.shutdown()

    def stop(self) -> None:
        """Let `run` end; from any thread, once it is ready."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)

    async def _serve(self, ready: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        notifier = SystemdNotifier()
        with self._signals():
            stopped = asyncio.create_task(self._stop.wait())
            serving = [asyncio.create_task(listener.serve()) for listener in self._listeners]
            keeping = asyncio.create_task(self._keep(notifier))
            say(_log, logging.INFO, "serving", version=__version__, **_as_json(self.ports))
            notifier.send("READY=1")
            ready()
            tasks = (stopped, keeping, *serving)
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            notifier.send("STOPPING=1")
            say(_log, logging.INFO, "stopping", in_flight=self._intake.gate.inside)
            for listener in self._listeners:
                listener.should_exit = True
            self._stop.set()
            await asyncio.gather(*tasks)  # raises what ended it, if it was no stop
        say(_log, logging.INFO, "stopped", **self._counts.as_json())

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

    async def _keep(self, notifier: SystemdNotifier) -> None:
        """Follow the files of trust, and tell systemd that both loop and workers move."""
        loop = asyncio.get_running_loop()
        fed_s = renewed_s = signed_s = -math.inf
        watchdog_s = float(os.environ.get("WATCHDOG_USEC", "inf")) / 1e6
        while not self._stop.is_set():
            for listener in self._listeners:
                self._follow(listener)
            if loop.time() - renewed_s > _RENEW_S:
                await loop.run_in_executor(self._workers, self._renew_files)
                renewed_s = loop.time()
            if loop.time() - signed_s > _CHECKPOINT_S:
                await loop.run_in_executor(self._workers, self._keep_checkpoints)
                signed_s = loop.time()
            if loop.time() - fed_s > watchdog_s / 3:
                await loop.run_in_executor(self._workers, notifier.send, "WATCHDOG=1")
                fed_s = loop.time()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), _TICK_S)

    def _renew_files(self) -> None:
        """Keep the list of revoked certificates and the server's own certificate young."""
        try:
            self._authority.keep_revoked(self._store.revoked_certificates())
            self._authority.renew_server()
        except (AuthorityError, StoreError, OSError) as error:
            self._fault("authority", str(error))
        else:
            self._faults.pop("authority", None)
        try:
            note_present(self._folder)
        except (SealingError, OSError) as error:
            self._fault("sealing", f"the sealing key is not noted: {error}")
        else:
            self._faults.pop("sealing", None)

    def _keep_checkpoints(self) -> None:
        """Sign where the audit trail stands, once a day, and hand it on."""
        try:
            self._checkpoints.keep()
        except (CentreFault, WireError, StoreError, OSError) as error:
            self._fault("audit", str(error))
        else:
            self._faults.pop("audit", None)

    def _follow(self, listener: Listener) -> None:
        part = f"TLS at port {listener.port}"
        try:
            if listener.trust.refresh():
                say(_log, logging.INFO, "certificates read anew", port=listener.port)
                listener.drop_connections()
        except TlsError as error:
            self._fault(part, str(error))
        else:
            self._faults.pop(part, None)

    def _fault(self, part: str, text: str) -> None:
        if self._faults.get(part) != text:
            say(_log, logging.ERROR, "fault", part=part, why=text)
        self._faults[part] = text

    def _health(self) -> dict[str, object]:
        """Return how the service is; on a worker's thread, for it asks the store."""
        faults = dict(self._faults)
        try:
            self._store.unit("-")
        except StoreError as error:
            faults["store"] = str(error)
        now = self._clock.stamp(self._clock.mono_ns())
        if now.quality is ClockQuality.FREE_RUNNING:
            faults["clock"] = (
                "the centre's clock is not synchronised: units' clocks are judged by it"
            )
        return {
            "status": "degraded" if faults else "ok",
            "faults": faults,
            "version": __version__,
            "time": now.iso_ms(),
            "in_flight": self.in_flight,
            "strangers_in_flight": self.strangers,
            "turned_away": sum(listener.turned_away for listener in self._listeners),
            "displaced": self._intake.gate.displaced + self._intake.strangers.displaced,
        }


def _as_json(ports: Ports) -> dict[str, int]:
    return {"port": ports.units, "enrol_port": ports.enrolment}
