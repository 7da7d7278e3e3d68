"""A session from the settings: what it needs, and what it leaves behind."""

import contextlib
import logging
import sqlite3
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from outrider import durable
from outrider.clock import Clock, ClockQuality
from outrider.unit.certificates import TransportSettingsError, tls_context
from outrider.unit.hotlist.keys import ListKeys, LockedError
from outrider.unit.hotlist.store import HotlistStore
from outrider.unit.journal import refused
from outrider.unit.journal.database import is_busy
from outrider.unit.journal.enrolment import choose_sealer
from outrider.unit.journal.outbox import Outbox
from outrider.unit.journal.reseal import reseal_folder
from outrider.unit.journal.schema import JournalError, has_journal
from outrider.unit.journal.space import MIB
from outrider.unit.journal.store import Store
from outrider.unit.journal.witness import RuntimeWitness
from outrider.unit.ports import DockOutcome
from outrider.unit.settings.sections import Settings
from outrider.unit.sync.backoff import Backoff
from outrider.unit.sync.cadence import Cadence, SlotSession
from outrider.unit.sync.disclosure import Disclosures
from outrider.unit.sync.docking import Docking
from outrider.unit.sync.link import CentreLink, link_to
from outrider.unit.sync.lists import bring_lists
from outrider.unit.sync.own_entries import CrewTrail
from outrider.unit.sync.reconcile import Compared, Reconciler
from outrider.unit.sync.session import Identity, Summary, SyncSession
from outrider.unit.sync.state import SyncStateFile, state_of
from outrider.unit.sync.transport import HttpsCentre
from outrider.unit.sync.upkeep import Upkeep
from outrider.wire.signing import SigningIdentity, VerifyingKey

_log = logging.getLogger(__name__)
_FIRST_WAIT_S = 1.0
_LOOK_AGAIN_S = 1.0
_LINK_HOLDS_S = 10.0
_AUDIT_EVERY_S = 600.0
_TRIES_ON_THE_ROAD = 3
_UNOPENED = (
    "the centre has rows that it cannot open: they stay here; its operator sees why with "
    "`outrider centre open --backlog`"
)
_Progress = Callable[[Summary], None]


class BusyError(JournalError):
    """Another sync is at work on this journal."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How to sync. metered: as told, None to find out; give_up_after: failed tries, None: never."""

    metered: bool | None = None
    give_up_after: int | None = None


class Dock:
    """The unit's end of sync. Raises TransportSettingsError, KeyFileError, JournalError."""

    def __init__(self, settings: Settings, clock: Clock, keys: ListKeys | None = None) -> None:
        sync = settings.sync
        if sync.url is None or sync.signing_key is None or sync.receipt_key is None:
            raise TransportSettingsError(
                "this unit does not know its centre: enrol it (outrider enrol --ticket FILE), or "
                "set sync.url, sync.signing_key and sync.receipt_key"
            )
        self._url = sync.url
        self._settings = settings
        self._clock = clock
        self._tls()
        self._identity = Identity(
            settings.unit.id,
            SigningIdentity.read(sync.signing_key),
            VerifyingKey.read(sync.receipt_key),
        )
        self._sealer = choose_sealer(settings.journal, live=False)
        self._directory = settings.journal_dir
        self._backoff = Backoff(_FIRST_WAIT_S, sync.longest_wait_s)
        self._upkeep = Upkeep(settings, self._identity, clock)
        self._reconciler = Reconciler(self._identity, clock)
        self._lists = HotlistStore(settings.hotlist_dir, keys)
        self._crew = CrewTrail(self._lists, clock)
        self._disclosures = Disclosures(self._identity, clock, self._open_store)
        self._state = SyncStateFile(settings.unit.runtime_dir or settings.unit.state_dir)
        self._link: tuple[float, CentreLink] | None = None
        self._cadence = Cadence(sync.metered_every_s)

    def _tls(self) -> ssl.SSLContext | None:
        """Return TLS from the files as they are now: a renewal may have replaced one."""
        sync = self._settings.sync
        if not self._url.startswith("https:"):
            return None
        return tls_context(
            sync.ca_certificate, sync.client_certificate, sync.client_key, sync.revocation_list
        )

    def hurry(self) -> None:
        """Try at once, and look at the link anew: a network has come. From any thread or signal."""
        self._link = None
        self._backoff.hurry()

    def once(
        self, manner: Manner, stop: threading.Event, progress: _Progress | None = None
    ) -> Summary:
        """Bring the lists, send what there is, erase what the centre has had long enough."""
        self._journal_crew()
        # The lists first, whatever there is to send: the next patrol needs them, and a new unit
        # has nothing to send.
        brought = bring_lists(self._settings, self._lists, self._clock)
        summary = self._send(self._way(manner), manner, stop, progress)
        summary.gave_up = summary.gave_up or bool(self._upkeep.unreached)
        brought.into(summary)
        self._disclosures.write()
        well = not summary.gave_up and (summary.done or summary.link_metered)
        self._leave(summary, DockOutcome.DONE if well else DockOutcome.FAILED)
        return summary

    def watch(self, manner: Manner, stop: threading.Event, report: _Progress) -> None:
        """Send whatever comes, within seconds, until stop; report each session that did anything.

        A session that fails is given up after a few tries, so that the link is looked at again; the
        waits between tries go on growing all the same. While somebody docks the unit by hand, or
        there is no journal yet, it waits.
        """
        manner = Manner(manner.metered, manner.give_up_after or _TRIES_ON_THE_ROAD)
        docking, audited_s = Docking(), time.monotonic()
        try:
            while not stop.is_set():
                try:
                    self._round(manner, docking, stop, report)
                    if time.monotonic() - audited_s > _AUDIT_EVERY_S:
                        self._disclosures.write()
                        audited_s = time.monotonic()
                except BusyError as error:
                    _log.info("%s", error)
                except JournalError as error:  # the unit may mend it: it is looked at again
                    _log.error("sync: %s", error)
                    self._backoff.wait(stop)
                except sqlite3.OperationalError as error:
                    if not is_busy(error):
                        raise
                    _log.warning("sync: the journal is in use (%s): trying again", error)
                    self._backoff.wait(stop)
                stop.wait(_LOOK_AGAIN_S)
        finally:
            self._disclosures.write()

    def _round(
        self,
        manner: Manner,
        docking: Docking,
        stop: threading.Event,
        report: _Progress,
    ) -> None:
        self._journal_crew()
        link = self._way(manner)
        if not self._has_work(link):
            return
        summary = self._send(link, manner, stop, None, slot=link.metered)
        self._leave(summary, docking.after(link, summary))
        report(summary)
        if summary.gave_up:
            self._link = None
            if not link.metered:  # there the next slot is the next try
                self._backoff.wait(stop)

    def _way(self, manner: Manner) -> CentreLink:
        """Return the way to the centre, looked at anew after a while."""
        if manner.metered is not None:
            return CentreLink("as told", manner.metered, "the command line")
        if self._link is None or time.monotonic() - self._link[0] > _LINK_HOLDS_S:
            self._link = time.monotonic(), link_to(self._url, self._settings.sync)
        return self._link[1]

    def _send(
        self,
        link: CentreLink,
        manner: Manner,
        stop: threading.Event,
        progress: _Progress | None,
        *,
        slot: bool = False,
    ) -> Summary:
        if not has_journal(self._directory):
            return self._only_upkeep(link, stop)
        in_clear = self._seal_earlier()
        with self._outbox() as outbox, HttpsCentre(self._url, self._tls()) as centre:
            # By the clock and of one size where others can count it: see cadence.py.
            session = (SlotSession if link.metered else SyncSession)(
                outbox,
                centre,
                self._identity,
                self._clock,
                self._backoff,
                batch_rows=self._settings.sync.batch_rows,
                metered=link.metered,
                give_up_after=1 if slot else manner.give_up_after,
                progress=progress,
            )
            session.summary.link, session.summary.link_metered = link.interface, link.metered
            summary = self._run(session, slot, stop)
            if in_clear:
                summary.fault(in_clear)
            compared = self._compare(session, outbox, centre, stop)
            self._settle_crew(outbox)
            self._expire(outbox, summary, compared.confirmed)
            if summary.gave_up:
                self._upkeep.say_if_expired(summary)
            elif not stop.is_set():
                self._upkeep.round(centre, summary)
        if link.metered and summary.remaining.pictures:
            summary.notes.append(f"pictures wait for the dock: {link.why}")
        self._disclosures.add(summary)
        return summary

    def _only_upkeep(self, link: CentreLink, stop: threading.Event) -> Summary:
        """Dock a unit that has not read anything yet."""
        summary = Summary(link=link.interface, link_metered=link.metered)
        summary.notes.append("this unit has read nothing yet: there is nothing to send")
        with HttpsCentre(self._url, self._tls()) as centre:
            if not stop.is_set():
                self._upkeep.round(centre, summary)
        if self._upkeep.unreached:
            self._upkeep.say_if_expired(summary)
        return summary

    def _compare(
        self, session: SyncSession, outbox: Outbox, centre: HttpsCentre, stop: threading.Event
    ) -> Compared:
        """Hold what is here against what the centre holds; what it lacks is sent again."""
        summary = session.summary
        due = self._reconciler.is_due(summary.link)
        # Not by the clock and not of one size: over a metered link it would tell of what was sent.
        if summary.gave_up or stop.is_set() or not due or summary.link_metered:
            return Compared()
        found = self._reconciler.run(outbox, centre, summary, stop)
        if found.unopened:
            summary.fault(_UNOPENED, grave=True)
        if found.again:
            summary.sent_again += found.again
            summary.notes.append("the centre had lost what it had receipted: it is sent again")
            session.run(stop)
        return found

    def _run(self, session: SyncSession, slot: bool, stop: threading.Event) -> Summary:
        if not isinstance(session, SlotSession):
            return session.run(stop)
        if slot:
            return session.run_slot(stop, pictures=self._cadence.take())
        return session.run_all(stop)

    def _leave(self, summary: Summary, docked: DockOutcome | None) -> None:
        at = self._clock.stamp(self._clock.mono_ns())
        self._state.write(state_of(summary, at), docked)

    def _has_work(self, link: CentreLink) -> bool:
        if not has_journal(self._directory):
            return False
        if link.metered:
            return bool(link.interface) and self._cadence.is_due()
        if self._upkeep.is_due() and link.interface:
            return True
        with contextlib.closing(Outbox(self._directory, sealed_only=self._sealer.seals)) as outbox:
            remaining, held_back = outbox.remaining(), outbox.held_back()
            now = self._clock.stamp(self._clock.mono_ns())
            aside = refused.waiting(outbox.db, now)
            if remaining.rows > held_back + len(aside.rows):
                return True
            return not held_back and outbox.has_pictures(aside.pictures)

    def _seal_earlier(self) -> str:
        """Seal what was kept in clear before enrolment; return what is in the way, if anything."""
        try:
            done = reseal_folder(self._directory, self._sealer, self._identity.unit_id, self._clock)
        except OSError as error:
            return f"rows of before enrolment lie in clear, and cannot be sealed: {error}"
        if not done.waiting:
            return ""
        return f"{done.waiting} rows of before enrolment lie in clear and wait: {done.why}"

    def _journal_crew(self) -> None:
        """Put the crew's own entries into the journal, unless they would stand there in clear."""
        if self._sealer.seals or self._settings.journal.sealing == "none":
            try:
                self._crew.to_journal(self._directory, self._open_store)
            except LockedError as error:  # reads do not wait for it; the trail keeps its entries
                _log.info("sync: the crew's own entries wait: the lists are locked: %s", error)

    def _settle_crew(self, outbox: Outbox) -> None:
        try:
            self._crew.settle(outbox)
        except LockedError as error:  # told of the receipt at a later round
            _log.info("sync: the crew's own entries wait: the lists are locked: %s", error)

    def _open_store(self) -> Store:
        durable.make_folder(self._directory)
        lifetime_s = self._settings.journal.key_lifetime_min * 60
        folder = self._settings.unit.runtime_dir
        witness = None if folder is None else RuntimeWitness(folder)
        return Store(self._directory, self._sealer, self._clock.mono_ns, MIB, lifetime_s, witness)

    @contextlib.contextmanager
    def _outbox(self) -> Iterator[Outbox]:
        outbox = Outbox(self._directory, sealed_only=self._sealer.seals)
        try:
            busy = BusyError(
                f"{self._directory}: another `outrider sync` is at work; if it is the service: "
                "systemctl stop outrider-sync"
            )
            with durable.only_one(self._directory / "sync.lock", busy):
                yield outbox
        finally:
            outbox.close()

    def _expire(self, outbox: Outbox, summary: Summary, confirmed: set[int]) -> None:
        """Erase of what the centre holds at this moment what it has had long enough."""
        now = self._clock.stamp(self._clock.mono_ns())
        # A clock that may be years off must not decide that a day is over.
        if confirmed and now.quality is not ClockQuality.FREE_RUNNING:
            keep_s = self._settings.sync.keep_acknowledged_h * 3600
            summary.erased_rows += outbox.expire(keep_s, now, confirmed)
