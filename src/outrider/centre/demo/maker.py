"""Making the demo: reads by the week, sealed by units, taken in, opened and searched as ever.

Nothing goes around the centre: each unit's rows come as batches, the opening service opens them,
people search through the desk. Only the clock is the demo's own.
"""

import contextlib
import hashlib
import json
import random
import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from outrider import durable
from outrider.centre.authority.setup import set_up
from outrider.centre.demo import duties, published, searches, story
from outrider.centre.demo.people import STAFF, member
from outrider.centre.demo.records import records_of
from outrider.centre.demo.serving import PROVIDER_PORT, issuer_at
from outrider.centre.demo.unit_journal import UnitJournal
from outrider.centre.demo.world import DAY_US, DemoUnit, Planned, World, everyday, make_world
from outrider.centre.desks import Desks, desks_of
from outrider.centre.folder import CentreFolder, opening_keys
from outrider.centre.governance.detector import flags
from outrider.centre.governance.register import Entry, Need, Register
from outrider.centre.opening.keys import KeyFolder
from outrider.centre.opening.service import Opening
from outrider.centre.search.trail import all_asked
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.columns import from_us
from outrider.centre.store.records import ReceivedUpload
from outrider.centre.store_of import open_store_of
from outrider.clock import Clock, ClockQuality, RecordedClock
from outrider.wire.batch import MAX_ROWS
from outrider.wire.sealing import CentrePublicKey
from outrider.wire.signing import SigningIdentity
from outrider.wire.upload import Sent, UploadKind, UploadName

DAYS = 425
_WEEK = 7
_SEARCHED_DAYS = 180  # people search as far back as the stories tell of
_BATCH_ROWS = 5000  # a week at once: each day's file is opened once a batch
_OVERDUE = "eastshire-mast-4"
_PROVIDER = """
[people]
issuer = "%s"
client_id = "outrider-demo"
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is made: days back from now, reads a day, vehicles; seed; where people sign in."""

    days: int = DAYS
    reads_a_day: float = 50.0
    vehicles: int = 6000
    seed: int = 1
    searches: bool = True
    provider_port: int = PROVIDER_PORT


@dataclass(frozen=True, slots=True)
class Made:
    """What was made."""

    reads: int
    searches: int


def make_demo(
    root: Path, plan: Plan, real: Clock, progress: Callable[[str], None] = lambda text: None,
    url: str = "",
) -> Made:  # fmt: skip
    """Make a centre in a new folder, up to the real clock's now. url: of another store.

    Raises ConfigError, StoreError, OSError, ValueError where a centre is there already.
    """
    folder = CentreFolder(root)
    if folder.settings.exists():
        raise ValueError(f"{root}: a centre is here already; name a new folder")
    set_up(folder, ("localhost",), opening_keys(None, folder), real)
    _more_settings(folder, url, plan.provider_port)
    now_us = real.stamp(real.mono_ns()).utc_ns // 1000
    begin_us = (now_us // DAY_US - plan.days) * DAY_US
    clock = RecordedClock(begin_us * 1000)
    with contextlib.closing(open_store_of(folder, clock)) as store:
        return _Maker(folder, plan, store, clock, begin_us, now_us).make(progress)


def _more_settings(folder: CentreFolder, url: str, provider_port: int) -> None:
    secret = folder.receipt_key.parent / "oidc-secret"
    durable.write(secret, b"demo\n", 0o600)  # the trial's provider takes any
    text = folder.settings.read_text(encoding="utf-8") + _PROVIDER % issuer_at(provider_port)
    text += f"client_secret = {json.dumps(str(secret.resolve()))}\n"
    repository = (folder.root / published.FOLDER).resolve()
    text += f"[hotlists]\nrepository = {json.dumps(str(repository))}\n"
    if url:
        text += f"[store]\nurl = {json.dumps(url)}\n"
    durable.write(folder.settings, text.encode())
    claims = "".join(f"{staff.claims()}\n" for staff in STAFF)
    durable.write(folder.root / "people.ndjson", claims.encode())


class _Maker:
    def __init__(
        self, folder: CentreFolder, plan: Plan, store: CentreStore, clock: RecordedClock,
        begin_us: int, now_us: int,
    ) -> None:  # fmt: skip
        self._rng = random.Random(plan.seed)
        self._plan = plan
        self._store = store
        self._clock = clock
        self._begin_us, self._now_us = begin_us, now_us
        self._root, self._settings = folder.root, folder.load()
        self._desks: Desks = desks_of(folder, self._settings, store, clock)
        self._opening = Opening(store, KeyFolder(opening_keys(None, folder)), _BATCH_ROWS)
        self._world: World = make_world(self._rng, plan.vehicles)
        sealing = CentrePublicKey.read(folder.sealing_key)
        names = [unit.unit_id for unit in self._world.units]
        self._journals = {name: UnitJournal(name, sealing, self._uuid()) for name in names}
        self._reads = 0

    def _uuid(self) -> uuid.UUID:
        return uuid.UUID(int=self._rng.getrandbits(128), version=4)

    def make(self, progress: Callable[[str], None]) -> Made:
        for unit in self._world.units:
            self._enrol(unit)
        self._register(self._world.units)
        told = sorted(
            story.planned(self._rng, self._world, self._now_us), key=lambda one: one.at_us
        )
        told = [one for one in told if one.at_us >= self._begin_us]
        for week in range(0, self._plan.days, _WEEK):
            first_us = self._begin_us + week * DAY_US
            last_us = min(first_us + _WEEK * DAY_US, self._now_us)
            usual = everyday(self._rng, self._world, first_us, last_us, self._plan.reads_a_day)
            own = [one for one in told if first_us <= one.at_us < last_us]
            self._week(first_us, last_us, [*usual, *own])
            progress(f"{from_us(last_us):%Y-%m-%d}: {self._reads:,} reads")
        self._finish()
        return Made(self._reads, sum(1 for _ in all_asked(self._store)))

    def _register(self, units: Sequence[DemoUnit]) -> None:
        register = Register(self._store, self._clock)
        today = self._clock.stamp(self._clock.mono_ns()).utc.date()
        for unit in units:
            entry = Entry(
                unit.unit_id, "fixed" if unit.fixed else "mobile", unit.force,
                {Need.SERIOUS.value: "stolen cars leave by this road"}, "DPIA 7 of this year",
                "the council and the neighbours agreed",
                (today + timedelta(days=180)).isoformat(),
            )  # fmt: skip
            register.put(member("adm-1", self._settings.access.rules_of_use), entry)

    def _enrol(self, unit: DemoUnit) -> None:
        at = from_us(self._begin_us)
        code = hashlib.sha256(unit.unit_id.encode()).digest()
        self._store.add_ticket(unit.unit_id, code, from_us(self._begin_us + DAY_US))
        key = SigningIdentity.generate().public
        self._store.enrol(unit.unit_id, code, key, bytes(32), at)
        self._store.set_force(unit.unit_id, unit.force)

    def _week(self, first_us: int, last_us: int, some: Sequence[Planned]) -> None:
        by_unit: dict[str, list[Planned]] = {}
        for one in sorted(some, key=lambda one: one.at_us):
            by_unit.setdefault(one.unit.unit_id, []).append(one)
        self._clock.advance_to((last_us - self._begin_us) * 1000 - 1_000_000)
        for unit_id, own in by_unit.items():
            self._send(unit_id, own)
        self._opening.run(threading.Event())
        if self._plan.searches:
            self._search(first_us, last_us)

    def _send(self, unit_id: str, own: Sequence[Planned]) -> None:
        journal = self._journals[unit_id]
        rows = [journal.add(*made) for one in own for made in records_of(one, self._rng)]
        self._reads += len(own)
        for start in range(0, len(rows), MAX_ROWS):
            part = rows[start : start + MAX_ROWS]
            upload = self._upload(unit_id, UploadKind.ROWS)
            self._store.take_rows(upload, journal.batch(part), lambda new, known: b"demo")
            if any(row.pictures for row in part):
                upload = self._upload(unit_id, UploadKind.PICTURES)
                self._store.take_pictures(upload, journal.bundle(part), lambda new, known: b"demo")

    def _upload(self, unit_id: str, kind: UploadKind) -> ReceivedUpload:
        name = UploadName(unit_id, kind, self._uuid())
        at = self._clock.stamp(self._clock.mono_ns()).utc
        digest = hashlib.sha256(name.upload_id.bytes).digest()
        return ReceivedUpload(name, digest, Sent(at, ClockQuality.GPS), at)

    def _search(self, first_us: int, last_us: int) -> None:
        """Make the searches of the week's days; the clock stands at its end, as uploads do."""
        version = self._settings.access.rules_of_use
        for day_us in range(first_us, last_us, DAY_US):
            days_ago = (self._now_us - day_us) // DAY_US
            if days_ago > _SEARCHED_DAYS:
                continue
            searches.searches_of_day(self._rng, self._desks, self._world, day_us, version, days_ago)

    def _finish(self) -> None:
        self._clock.advance_to((self._now_us - self._begin_us) * 1000)
        version = self._settings.access.rules_of_use
        for staff in STAFF:
            self._desks.acceptance.accept(staff.person.person_id, version)
        # Each was reviewed since, but for one: its review is overdue.
        self._register([unit for unit in self._world.units if unit.unit_id != _OVERDUE])
        searches.open_requests(self._desks, version, self._now_us)
        duties.keep_lists(self._store, self._clock, version)
        published.publish(self._root, self._store, self._clock)
        duties.take_requests(self._desks, version)
        trail = list(all_asked(self._store))
        flagged = {decision for flag in flags(trail) for decision in flag.decisions}
        self._desks.reviews.take(trail, flagged)
