"""Look-back: when a list changes, the reads of this shift are checked against what is new in it.

Reads are held in memory only, bounded in number and age; what was raised for a read already is not
raised again.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from uuid import UUID

from outrider.clock import NS_PER_S
from outrider.records import Match, Read
from outrider.unit.ports import Matcher


@dataclass(slots=True)
class _Held:
    read: Read
    met: set[Hashable] = field(default_factory=set)


class LookBack:
    """The reads of the shift. For the decide thread alone."""

    def __init__(self, max_reads: int = 20_000, max_age_s: float = 12 * 3600) -> None:
        """Set how many reads, and for how long, are held; about 2 KB each without pictures."""
        self._max_reads = max_reads
        self._max_age_ns = round(max_age_s * NS_PER_S)
        self._held: OrderedDict[UUID, _Held] = OrderedDict()
        self._waiting: list[UUID] = []
        self._revision = ""

    def remember(self, read: Read, matches: tuple[Match, ...], revision: str) -> None:
        """Hold a finished read, with what it met when it was checked against a revision."""
        if not self._held:
            self._revision = revision
        self._held[read.read_id] = _Held(read, {_entry_key(match) for match in matches})
        self._held.move_to_end(read.read_id)
        if revision != self._revision:  # it was checked before a change that is worked off already
            self._waiting.insert(0, read.read_id)
        self._forget(read.mono_ns)

    def _forget(self, now_ns: int) -> None:
        while self._held:
            oldest = next(iter(self._held.values()))
            too_old = now_ns - oldest.read.mono_ns > self._max_age_ns
            if len(self._held) <= self._max_reads and not too_old:
                return
            self._held.popitem(last=False)

    def check(self, matcher: Matcher, at_most: int = 200) -> list[tuple[Read, Match]]:
        """Return what held reads newly meet, since the lists have changed; oldest read first.

        Looks at so many reads a call, so that a change of list never holds up a live read: call it
        on each round until it has caught up. Raise what it gives as hits marked look-back.
        """
        if matcher.revision != self._revision:
            self._revision = matcher.revision
            self._waiting = list(self._held)[::-1]
        found: list[tuple[Read, Match]] = []
        for _ in range(min(at_most, len(self._waiting))):
            held = self._held.get(self._waiting.pop())
            if held is not None:
                found += self._news(held, matcher)
        return found

    def _news(self, held: _Held, matcher: Matcher) -> list[tuple[Read, Match]]:
        read = held.read
        matches = matcher.match(read.text, read.position, read.at.utc_ns)
        news = [match for match in matches if _entry_key(match) not in held.met]
        held.met.update(_entry_key(match) for match in news)
        return [(read, match) for match in news]

    @property
    def held(self) -> int:
        """How many reads are held."""
        return len(self._held)

    def clear(self) -> None:
        """Forget every read: the shift has ended."""
        self._held.clear()
        self._waiting.clear()


def _entry_key(match: Match) -> Hashable:
    """Return what makes a match news: another list, or an entry that says something else."""
    return match.list_name, match.entry
