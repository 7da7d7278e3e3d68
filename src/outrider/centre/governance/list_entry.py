"""An entry of a list that is kept at the centre: what is in force of it, and what is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from outrider.centre.governance.papers import Draft, Kept
from outrider.centre.store.columns import to_us
from outrider.records import VehicleOfInterest

WAITS, IN_FORCE, CHANGING = "waits", "in force", "in force, a change waits"
WITHDRAWN, REFUSED, OVER = "withdrawn", "refused", "over"
LIVE = (IN_FORCE, CHANGING)
ADD, CHANGE, WITHDRAW = "add", "change", "withdraw"
FOR_EVER_US = 2**62


@dataclass(frozen=True)
class Wanted:
    """What somebody asks to be done with an entry, while it waits. entry: None to withdraw it."""

    act: str
    by: str
    words: str
    batch: str
    entry: VehicleOfInterest | None = None


@dataclass(frozen=True)
class ListEntry:
    """One entry. entry: as it is, or was last, in force; None: it never was."""

    list_name: str
    force: str
    entry: VehicleOfInterest | None = None
    by: str = ""
    confirmed_by: str = ""
    wanted: Wanted | None = None

    @property
    def shown(self) -> VehicleOfInterest:
        """The entry in force, or else as it is asked for."""
        found = self.entry or (self.wanted.entry if self.wanted else None)
        if found is None:
            raise ValueError("an entry that says nothing")
        return found


@dataclass(frozen=True, slots=True)
class Batch:
    """What was asked at once, and waits for a second person."""

    batch: str
    list_name: str
    act: str
    by: str
    words: str
    entries: tuple[Kept[ListEntry], ...]


def draft_of(
    kept: Kept[ListEntry], content: ListEntry, state: str, until_us: int
) -> Draft[ListEntry]:
    """Return a paper's next state."""
    return Draft(content, kept.paper.holder, kept.paper.subject, state, until_us, kept)


def wanted_of(kept: Kept[ListEntry]) -> Wanted:
    """Return what waits for an entry."""
    if kept.content.wanted is None:
        raise ValueError("an entry that waits for nothing")
    return kept.content.wanted


def batch_of(some: Sequence[Kept[ListEntry]]) -> Batch:
    """Return the entries of one batch as such."""
    first = wanted_of(some[0])
    return Batch(
        first.batch, some[0].content.list_name, first.act, first.by, first.words, tuple(some)
    )


def is_over(content: ListEntry, today: date) -> bool:
    """Whether the end of an entry in force has come."""
    entry = content.entry
    return entry is not None and entry.weed_date is not None and entry.weed_date < today


def end_us(entry: VehicleOfInterest) -> int:
    """Return when an entry is over: the end of its last day, and a day more for all time zones."""
    if entry.weed_date is None:
        return FOR_EVER_US
    return to_us(datetime.combine(entry.weed_date, time(), UTC) + timedelta(days=2))
