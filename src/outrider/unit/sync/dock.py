"""A session from the settings: what it needs, and what it leaves in the journal."""

import contextlib
import fcntl
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from outrider.clock import Clock, ClockQuality
from outrider.config import Settings
from outrider.unit.certificates import TransportSettingsError, tls_context
from outrider.unit.journal.enrolment import choose_sealer
from outrider.unit.journal.keeper import audit_entry
from outrider.unit.journal.outbox import Outbox
from outrider.unit.journal.queue import Entry
from outrider.unit.journal.schema import JournalError
from outrider.unit.journal.space import MIB
from outrider.unit.journal.store import Store
from outrider.unit.sync.backoff import Backoff
from outrider.unit.sync.session import Identity, Session, Summary
from outrider.unit.sync.transport import HttpsCentre
from outrider.wire.audit import AuditKind
from outrider.wire.signing import SigningIdentity, VerifyingKey

_FIRST_WAIT_S = 1.0
_LOOK_AGAIN_S = 1.0
_AUDIT_EVERY_S = 600.0


@dataclass(frozen=True, slots=True)
class Manner:
    """How to sync: over a metered link or not; and after how many failed tries to give up."""

    metered: bool = False
    give_up_after: int | None = None


class Dock:
    """The unit's end of sync. Raises TransportSettingsError, KeyFileError, JournalError."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        sync = settings.sync
        if sync.url is None or sync.signing_key is None or sync.receipt_key is None:
            raise TransportSettingsError(
                "sync.url, sync.signing_key and sync.receipt_key are needed: enrol the unit"
            )
        self._url = sync.url
        self._tls = None
        if self._url.startswith("https:"):
            self._tls = tls_context(sync.ca_certificate, sync.client_certificate, sync.client_key)
        self._identity = Identity(
            settings.unit.id,
            SigningIdentity.read(sync.signing_key),
            VerifyingKey.read(sync.receipt_key),
        )
        self._settings = settings
        self._sealer = choose_sealer(settings.journal, live=False)
        self._clock = clock
        self._directory = settings.journal_dir
        self._owed: Counter[str] = Counter()

    def once(
        self,
        manner: Manner,
        stop: threading.Event,
        progress: Callable[[Summary], None] | None = None,
    ) -> Summary:
        """Send what there is; then erase what the centre has had long enough, and audit both."""
        summary = self._send(manner, stop, progress)
        self._audit()
        return summary

    def watch(
        self, manner: Manner, stop: threading.Event, report: Callable[[Summary], None]
    ) -> None:
        """Send whatever comes, within seconds, until stop; report each session that sent."""
        audited_s = time.monotonic()
        try:
            while not stop.is_set():
                if self._has_work(manner):
                    report(self._send(manner, stop, None))
                if time.monotonic() - audited_s > _AUDIT_EVERY_S:
                    self._audit()
                    audited_s = time.monotonic()
                stop.wait(_LOOK_AGAIN_S)
        finally:
            self._audit()

    def _send(
        self, manner: Manner, stop: threading.Event, progress: Callable[[Summary], None] | None
    ) -> Summary:
        sync = self._settings.sync
        with self._outbox() as outbox, HttpsCentre(self._url, self._tls) as centre:
            session = Session(
                outbox,
                centre,
                self._identity,
                self._clock,
                Backoff(_FIRST_WAIT_S, sync.longest_wait_s),
                batch_rows=sync.batch_rows,
                metered=manner.metered,
                give_up_after=manner.give_up_after,
                progress=progress,
            )
            summary = session.run(stop)
            self._expire(outbox, summary)
        self._owed.update(
            reads=summary.reads,
            hits=summary.hits,
            pictures=summary.pictures,
            erased=summary.erased_rows,
        )
        return summary

    def _has_work(self, manner: Manner) -> bool:
        with self._outbox() as outbox:
            remaining = outbox.remaining()
        return remaining.rows > 0 or (remaining.pictures > 0 and not manner.metered)

    @contextlib.contextmanager
    def _outbox(self) -> Iterator[Outbox]:
        outbox = Outbox(self._directory)
        try:
            with _only_one(self._directory):
                yield outbox
        finally:
            outbox.close()

    def _expire(self, outbox: Outbox, summary: Summary) -> None:
        now = self._clock.stamp(self._clock.mono_ns())
        if now.quality is ClockQuality.FREE_RUNNING:
            return  # a clock that may be years off must not decide that a day is over
        summary.erased_rows = outbox.expire(self._settings.sync.keep_acknowledged_h * 3600, now)

    def _audit(self) -> None:
        """Leave the events of section 62 that are owed; they go with the next session."""
        entries = self._events()
        self._owed.clear()
        if entries:
            lifetime_s = self._settings.journal.key_lifetime_min * 60
            store = Store(self._directory, self._sealer, self._clock.mono_ns, MIB, lifetime_s)
            with contextlib.closing(store):
                store.append(entries)

    def _events(self) -> list[Entry]:
        owed, actor = self._owed, f"unit {self._identity.unit_id}"
        at = self._clock.stamp(self._clock.mono_ns())
        entries: list[Entry] = []
        if owed["reads"] or owed["hits"] or owed["pictures"]:
            sent = f"{owed['reads']} reads, {owed['hits']} hits, {owed['pictures']} pictures"
            why, centre = "delivery to the centre", f"centre {self._identity.centre.key_id}"
            entries.append(audit_entry(AuditKind.DISCLOSURE, at, actor, sent, why, centre))
        if owed["erased"]:
            gone, why = f"{owed['erased']} rows that the centre has", "kept long enough"
            entries.append(audit_entry(AuditKind.ERASURE, at, actor, gone, why))
        return entries


@contextlib.contextmanager
def _only_one(directory: Path) -> Iterator[None]:
    """Hold the lock of syncing; two at once would send everything twice. Raises JournalError."""
    handle = os.open(directory / "sync.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise JournalError(f"{directory}: another `outrider sync` is at work") from None
    finally:
        os.close(handle)
