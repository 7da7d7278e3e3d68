"""The letter to a person who asked: as text, with all left out that is other people's.

What it may hold of a read is decided as all that leaves the building is (`Action.EXPORT`): the
places coarse, no unit, no camera. It is kept as it went, as long as the request itself.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from outrider.centre.access.people import Person
from outrider.centre.access.purpose import Purpose, PurposeCode
from outrider.centre.access.scope import Action, Scope
from outrider.centre.governance.desk import Desk
from outrider.centre.governance.papers import Draft, Kept, Papers
from outrider.centre.governance.rights_case import RightsCase, Vehicle
from outrider.centre.governance.rights_rules import rules
from outrider.centre.search.asking import Span
from outrider.centre.search.engine import Search
from outrider.centre.store.columns import from_us
from outrider.centre.store.papers import PaperStore
from outrider.clock import Clock
from outrider.shown import shown
from outrider.vrm import fold, normalise

_UK = ZoneInfo("Europe/London")
_WORDS = "answer the request of the person whose data it is"
_CHUNK = 12_000  # characters: a paper holds 64 KiB


@dataclass(frozen=True, slots=True)
class OwnRead:
    """A read of the person's own vehicle, as it may be told. place: empty where none is known."""

    mark: str
    at: datetime
    place: str
    force: str


@dataclass(frozen=True, slots=True)
class Collected:
    """What a letter may hold. doubtful: reads that may be of another vehicle, left out."""

    reads: tuple[OwnRead, ...] = ()
    doubtful: int = 0


def collect(desk: Desk, search: Search, person: Person, kept: Kept[RightsCase]) -> Collected:
    """Look up what is kept of the person's vehicles while they were his.

    Raises Denied, SearchFault, AskedWrongly (more than 10,000 reads). Each look is a disclosure.
    """
    case = kept.content
    purpose = Purpose(PurposeCode.SUBJECT_RIGHTS, case.reference, _WORDS)
    scope = desk.decide(person, Action.EXPORT, purpose, authorisation=kept.paper_id)
    found: list[OwnRead] = []
    doubtful = 0
    for vehicle in case.vehicles:
        span = _span(scope, vehicle)
        if span is None:
            continue
        lines: list[bytes] = []
        recipient = f"the person of {case.reference}"
        search.hand_on(scope, span, recipient, lines.append, mark=vehicle.mark)
        own, others = _own(vehicle, lines[1:])
        found += own
        doubtful += others
    return Collected(tuple(sorted(found, key=lambda read: read.at)), doubtful)


def _span(scope: Scope, vehicle: Vehicle) -> Span | None:
    """Return when the vehicle was the person's, as far as reads of then are kept."""
    since = max(_midnight(vehicle.since), from_us(scope.bounds.not_before_us))
    until = min(
        _midnight(vehicle.until) + timedelta(days=1, microseconds=-1),
        from_us(scope.bounds.not_after_us),
    )
    return Span(since, until) if since <= until else None


def _midnight(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(), _UK).astimezone(UTC)


def _own(vehicle: Vehicle, lines: Iterable[bytes]) -> tuple[list[OwnRead], int]:
    """Return the reads that are of this mark, and how many may be of one that looks like it."""
    mark, found, doubtful = normalise(vehicle.mark), [], 0
    for line in lines:
        read = json.loads(line)
        is_it = read["corrected_to"] or read["mark"]
        if is_it == mark:
            found.append(
                OwnRead(mark, datetime.fromisoformat(read["at"]), _place(read), read["force"])
            )
        elif fold(is_it) == fold(mark):
            doubtful += 1
    return found, doubtful


def _place(read: dict[str, float | None]) -> str:
    latitude, longitude = read["latitude_deg"], read["longitude_deg"]
    if latitude is None or longitude is None:
        return ""
    return f"{latitude:.2f}, {longitude:.2f}"


def letter_text(
    case: RightsCase, outcome: str, told: str, collected: Collected, today: date, months: int
) -> str:
    """Return a letter. months: how long reads are kept."""
    kind, words = rules().of(case.kind), rules().letter
    parts = [
        f"{case.force}: information rights\n{today:%-d %B %Y}\nReference {case.reference}",
        f"{_lines(case.name)}\n{_lines(case.contact)}",
        kind.opening + f" (Data Protection Act 2018, section {kind.section}.)",
        f"We had your request on {date.fromisoformat(case.received):%-d %B %Y}. You wrote: "
        f"{shown(' '.join(case.words.split()))}",
        f"Decision: {outcome}." + (f" {_lines(told)}" if told.strip() else ""),
    ]
    if kind.reads:
        parts += _of_reads(case.vehicles, collected)
        parts += [words.kept.format(months=months), *words.withheld]
    return "\n\n".join([*parts, words.rights]) + "\n"


def _of_reads(vehicles: Sequence[Vehicle], collected: Collected) -> Iterator[str]:
    own = ", ".join(f"{normalise(one.mark)} from {one.since} to {one.until}" for one in vehicles)
    count = len(collected.reads)
    yield f"Of your vehicle ({own}) we keep {count} read{'' if count == 1 else 's'}."
    if collected.reads:
        yield "\n".join(map(_line, collected.reads))
    if collected.doubtful:
        yield rules().letter.doubtful.format(count=collected.doubtful)


def _line(read: OwnRead) -> str:
    where = f"near {read.place}" if read.place else "place not known"
    at = f"{read.at.astimezone(_UK):%-d %b %Y %H:%M:%S %Z}"
    return f"{at}  {read.mark}  {where}, read by {shown(read.force)}"


def _lines(text: str) -> str:
    return "\n".join(shown(line) for line in text.strip().splitlines())


@dataclass(frozen=True)
class _Chunk:
    text: str


class Letters:
    """Letters as they went, by request and digest."""

    def __init__(self, store: PaperStore, clock: Clock) -> None:
        self._papers = Papers(store, clock, "letter", _Chunk)

    def keep(self, person: Person, case_id: str, text: str) -> str:
        """Keep a letter; return its SHA-256. The same letter is kept once. Raises StoreError."""
        digest = hashlib.sha256(text.encode()).hexdigest()
        if self.get(case_id, digest) != text:
            parts = [text[at : at + _CHUNK] for at in range(0, len(text), _CHUNK)]
            drafts = [
                Draft(
                    _Chunk(part), person.force, case_id, "made", self._papers.now_us(),
                    name=f"{case_id} {digest[:32]} {number:04d}",
                )
                for number, part in enumerate(parts)
            ]  # fmt: skip
            self._papers.write_all(drafts, by=person.person_id, why="a letter is made")
        return digest

    def get(self, case_id: str, digest: str) -> str:
        """Return a letter; empty where there is none."""
        name = f"{case_id} {digest[:32]} "
        found = [k for k in self._papers.list(subject=case_id) if k.paper_id.startswith(name)]
        return "".join(kept.content.text for kept in sorted(found, key=lambda k: k.paper_id))
