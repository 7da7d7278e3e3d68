"""How the centre itself is and what to do: lists, disk, backlog, certificates."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from outrider.centre.authority.authority import AuthorityError, read_certificate
from outrider.centre.hotlists.repository import HotlistRepository, Offered, RepositoryFault
from outrider.centre.pages.calls import Site
from outrider.centre.pages.unit_state import ENDS_SOON, LIST_OLD, LIST_VERY_OLD, ShownUnit, Trouble
from outrider.centre.store.records import Backlog

_DISK_FREE = 0.1
_WAITS_S = 3600.0


@dataclass(frozen=True, slots=True)
class ListLine:
    """A list that units are offered. have, older: units that read last with it, with another."""

    name: str
    revision: int
    published_at: datetime
    have: int
    older: int
    without: int


@dataclass(frozen=True, slots=True)
class CentreState:
    """What the centre knows of itself; None: it is not known.

    certificates: what each is of, and until when it holds. lists: None where it offers none.
    """

    backlog: Backlog
    waits_s: float | None
    disk_free: float
    certificates: tuple[tuple[str, datetime | None], ...]
    offered: Offered | None
    troubles: tuple[Trouble, ...]

    def lists(self, units: list[ShownUnit]) -> list[ListLine]:
        """Return the lists with how many units have which."""
        held = [unit.facts.held for unit in units if unit.line.revoked_at is None]
        found = []
        for one in self.offered.lists if self.offered else ():
            have = [kept.revision(one.name) for kept in held if kept is not None]
            now = str(one.revision)
            published = datetime.fromtimestamp(one.published_utc_ns / 1e9, tz=UTC)
            older = sum(bool(each) and each != now for each in have)
            count = have.count(now)
            rest = len(held) - count - older
            found.append(ListLine(one.name, one.revision, published, count, older, rest))
        return found


def centre_state(site: Site) -> CentreState:
    """Return how it is now. Raises StoreError, OSError."""
    backlog, now = site.desks.store.backlog(), site.now
    disk = shutil.disk_usage(site.folder.root)
    waits_s = None if backlog.oldest_at is None else (now - backlog.oldest_at).total_seconds()
    certificates = tuple(_certificates(site))
    offered, fault = _offered(site)
    troubles = (
        *_of_backlog(backlog, waits_s), *_of_disk(disk.free / disk.total), *fault,
        *_of_certificates(certificates, now), *_of_lists(offered, now),
    )  # fmt: skip
    return CentreState(backlog, waits_s, disk.free / disk.total, certificates, offered, troubles)


def _certificates(site: Site) -> Iterator[tuple[str, datetime | None]]:
    for words, path in (
        ("Server, to which units connect", site.folder.server_certificate),
        ("Authority, which signs for units", site.folder.ca_certificate),
    ):
        try:
            yield words, read_certificate(path).not_valid_after_utc
        except AuthorityError:
            yield words, None


def _offered(site: Site) -> tuple[Offered | None, tuple[Trouble, ...]]:
    folder = site.settings.hotlists.repository
    if folder is None:
        return None, ()
    try:
        return HotlistRepository(folder, site.desks.clock).offered(), ()
    except RepositoryFault:
        do = "see [hotlists] repository in centre.toml; publish: outrider centre hotlist publish"
        return None, (Trouble("lists", "the lists for units cannot be read here", do, True),)


def _of_backlog(backlog: Backlog, waits_s: float | None) -> Iterator[Trouble]:
    if waits_s is not None and waits_s > _WAITS_S:
        do = "see that the opening service runs: systemctl status outrider-centre-open"
        yield Trouble("backlog", "rows wait for more than an hour to be opened", do, True)
    if backlog.set_aside:
        do = "look at the units below that are marked so: why stands there"
        yield Trouble("set aside", f"{backlog.set_aside:,} rows do not open", do, True)


def _of_disk(free: float) -> Iterator[Trouble]:
    if free < _DISK_FREE:
        do = "add space or move the store: nothing is thrown away by itself before its time"
        yield Trouble("disk", f"only {free:.1%} of the disk is free", do, True)


def _of_certificates(
    certificates: tuple[tuple[str, datetime | None], ...], now: datetime
) -> Iterator[Trouble]:
    for words, until in certificates:
        if until is not None and until - now < ENDS_SOON:
            when = "is over" if until < now else "ends within 30 days"
            do = "see that outrider centre serve runs: it renews the server's by itself"
            yield Trouble("certificate", f"{words}: the certificate {when}", do, until < now)


def _of_lists(offered: Offered | None, now: datetime) -> Iterator[Trouble]:
    if offered is None:
        return
    if offered.until < now:
        do = "outrider centre hotlist renew, each 12 hours by a timer"
        yield Trouble("signature", "the signature on the lists is over: units warn", do, True)
    for one in offered.lists:
        age = now - datetime.fromtimestamp(one.published_utc_ns / 1e9, tz=UTC)
        if age > LIST_OLD:
            than = "three days" if age > LIST_VERY_OLD else "a day"
            words = f"list {one.name} is older than {than}"
            do = "ask its owner; publish it anew, even where nothing has changed"
            yield Trouble("old list", words, do, age > LIST_VERY_OLD)
