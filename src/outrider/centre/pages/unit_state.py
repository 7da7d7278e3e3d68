"""How a unit is, and what to do about it: from what the centre has of it, and nothing else."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from outrider.centre.authority.overview import UnitLine
from outrider.centre.governance.lists_held import Held
from outrider.centre.governance.whereabouts import LastPlace
from outrider.centre.search.blind import rate_of
from outrider.clock import ClockQuality
from outrider.wire.hotlist_package import IndexedList

LATE = timedelta(days=2)
SILENT = timedelta(days=7)
ENDS_SOON = timedelta(days=30)
LIST_OLD, LIST_VERY_OLD = timedelta(hours=24), timedelta(hours=72)  # as on the unit itself
_DRIFT_S = 5.0
_LEAST_ANSWERS = 5
_MISREAD = 0.1


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something wrong: in a word, in words, and what to do. red: now; else soon."""

    tag: str
    words: str
    do: str
    red: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What the centre knows of one unit. answers: right, wrong; None: it is not known."""

    answers: tuple[int, int] = (0, 0)
    held: Held | None = None
    place: LastPlace | None = None
    entered: bool = True
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class ShownUnit:
    """A unit as the operator sees it. number: on the map; lists: what it has of those offered."""

    line: UnitLine
    facts: Facts
    newest_at: datetime | None
    skew_s: float | None
    clock: str
    lists: tuple[str, ...]
    troubles: tuple[Trouble, ...]
    number: int = 0

    @property
    def right(self) -> int:
        """Hits that officers answered as right."""
        return self.facts.answers[0]

    @property
    def wrong(self) -> int:
        """Hits that officers answered as misread."""
        return self.facts.answers[1]

    @property
    def rate(self) -> float | None:
        """The misread rate that officers' answers measured; None where nobody answered."""
        return rate_of(self.right, self.wrong) if self.right + self.wrong else None


def shown_unit(
    line: UnitLine, facts: Facts, offered: Mapping[str, IndexedList], now: datetime
) -> ShownUnit:
    """Return a unit as it is now. offered: the lists that are to be had, by name."""
    last = max(line.journals, key=lambda journal: journal.last_upload_at, default=None)
    newest = last.last_upload_at if last else None
    skew = last.last_skew_s if last else None
    clock = last.last_clock_quality if last else ""
    if line.revoked_at is not None:
        do = "enrol it anew when it may work"
        troubles = [Trouble("revoked", "it is not trusted any more", do)]
    else:
        troubles = [
            *_of_uploads(newest, now), *_of_certificate(line, now), *_of_rows(line),
            *_of_clock(skew, clock), *_of_answers(*facts.answers),
            *_of_lists(facts.held, offered, now), *_of_register(facts),
        ]  # fmt: skip
    lists = tuple(_told(*one, offered) for one in facts.held.lists) if facts.held else ()
    return ShownUnit(line, facts, newest, skew, clock, lists, tuple(troubles))


def _told(name: str, revision: str, offered: Mapping[str, IndexedList]) -> str:
    now = offered.get(name)
    behind = now is not None and revision != str(now.revision)
    return f"{name} {revision}{f' (now {now.revision})' if now and behind else ''}"


def _of_register(facts: Facts) -> Iterator[Trouble]:
    if not facts.entered:
        words = "why it is needed was never written down"
        yield Trouble("not entered", words, "enter it in the register")
    elif facts.overdue:
        yield Trouble("review overdue", "its review is overdue", "review it in the register")


def _of_uploads(newest: datetime | None, now: datetime) -> Iterator[Trouble]:
    if newest is None:
        yield Trouble("never", "it has sent nothing yet", "dock it; see that outrider sync runs")
    elif now - newest > SILENT:
        do = "find the vehicle; look at the unit's outrider status"
        yield Trouble("silent", "it has sent nothing for a week", do, True)
    elif now - newest > LATE:
        yield Trouble("late", "it has sent nothing for two days", "ask its crew to dock it")


def _of_certificate(line: UnitLine, now: datetime) -> Iterator[Trouble]:
    until = line.certificate_until
    if until is not None and until < now:
        do = "give it a new ticket: outrider centre enrol-ticket"
        yield Trouble("certificate over", "it cannot send any more", do, True)
    elif until is not None and until - now < ENDS_SOON:
        do = "dock it: it renews its certificate by itself; if it does not, give it a new ticket"
        yield Trouble("certificate ends", "its certificate ends within 30 days", do)


def _of_rows(line: UnitLine) -> Iterator[Trouble]:
    if line.missing or line.chain_breaks:
        breaks = f"{line.chain_breaks:,} do not follow on the row before"
        words = f"{line.missing:,} rows are missing, {breaks}"
        do = "dock it; if they do not come, look at its card"
        yield Trouble("rows missing", words, do, True)
    if line.set_aside:
        words = f"{line.set_aside:,} rows do not open"
        do = "look at why below; add the key, or ask the unit's maker"
        yield Trouble("set aside", words, do, True)
    if line.forks:
        do = "keep the card as it is and ask who had it"
        yield Trouble("card", "its card was put back, or goes on twice", do, True)


def _of_clock(skew: float | None, quality: str) -> Iterator[Trouble]:
    do = "look at its GPS antenna and its clock's battery"
    if skew is not None and abs(skew) > _DRIFT_S:
        yield Trouble("clock", f"its clock was off by {skew:+.1f} s at its last upload", do)
    elif quality == ClockQuality.FREE_RUNNING.value:
        words = "its clock rested on no GPS and no time server at its last upload"
        yield Trouble("clock", words, do)


def _of_answers(right: int, wrong: int) -> Iterator[Trouble]:
    if right + wrong >= _LEAST_ANSWERS and rate_of(right, wrong) > _MISREAD:
        words = f"{wrong} of {right + wrong} hits were misread"
        yield Trouble("misreads", words, "clean the lens; look at focus and mounting")


def _of_lists(
    held: Held | None, offered: Mapping[str, IndexedList], now: datetime
) -> Iterator[Trouble]:
    """Tell of lists that are newer by a day, as they were at the unit's newest read.

    Of a list that came out after that read, nothing is known of this unit.
    """
    for one in offered.values():
        have = held.revision(one.name) if held else ""
        out = datetime.fromtimestamp(one.published_utc_ns / 1e9, tz=now.tzinfo)
        if held is None or not have or have == str(one.revision) or held.at - out <= LIST_OLD:
            continue
        words = f"it read with revision {have} of list {one.name}, {one.revision} was to be had"
        do = "dock it, and look at outrider status there: why is the list not taken?"
        yield Trouble("old list", words, do, held.at - out > LIST_VERY_OLD)
