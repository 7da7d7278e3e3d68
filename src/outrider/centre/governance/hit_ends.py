"""Hits to an end: each has an owner and an end; a wrong entry goes back to its list's owner.

What is kept names the hit and its list. The listed mark stands in the paper's body, for the list's
owner, and never in the trail.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from outrider.centre.access.people import Person, Role
from outrider.centre.governance.kept_lists import KeptLists
from outrider.centre.governance.papers import Kept, NotAllowed, Papers
from outrider.centre.store.papers import PaperStore
from outrider.clock import Clock

TAKEN, ENDED, TO_OWNER, SETTLED = "taken", "ended", "to-list-owner", "settled"
_PART = 500  # papers that are looked up at once
_KEPT_US = 400 * 86_400_000_000


class End(StrEnum):
    """What became of a hit."""

    STOPPED = "stopped"
    FOUND_LATER = "found later"
    NOT_FOUND = "not found"
    MISREAD = "misread"
    WRONG_ENTRY = "wrong entry"
    NO_ACTION = "no action needed"


class EntryFault(StrEnum):
    """What is wrong with an entry of a list."""

    NOT_THIS_VEHICLE = "not this vehicle"
    SOLD = "sold"
    CLONED = "cloned"
    OVER = "no longer wanted"


@dataclass(frozen=True)
class HitEnd:
    """Of one hit: its list, who owns it, how it ended; and what the list's owner did about it."""

    list_name: str
    listed: str
    force: str
    owner: str
    end: str = ""
    fault: str = ""
    words: str = ""
    settled_by: str = ""
    settled_words: str = ""


class HitEnds:
    """Owners and ends of hits."""

    def __init__(self, store: PaperStore, clock: Clock) -> None:
        self._papers = Papers(store, clock, "hit-end", HitEnd)
        self._lists = KeptLists(store, clock)

    def of(self, hits: Iterable[str]) -> dict[str, Kept[HitEnd]]:
        """Return what is known of hits, by their identifiers."""
        names = list(hits)
        parts = (names[at : at + _PART] for at in range(0, len(names), _PART))
        return {kept.paper_id: kept for part in parts for kept in self._papers.named(part)}

    def take(self, person: Person, hit: str, list_name: str, listed: str) -> Kept[HitEnd]:
        """Become a hit's owner. Raises NotAllowed where it has ended, ConflictError."""
        kept = self._papers.get(hit)
        if kept is None:
            content = HitEnd(list_name, listed, person.force, person.person_id)
            return self._papers.add(
                content, holder=person.person_id, subject=list_name, state=TAKEN,
                until_us=self._papers.now_us() + _KEPT_US, by=person.person_id, paper_id=hit,
            )  # fmt: skip
        if kept.state != TAKEN:
            raise NotAllowed("this hit has ended")
        content = replace(kept.content, owner=person.person_id, force=person.force)
        return self._papers.change(kept, content, state=TAKEN, by=person.person_id)

    def close(
        self, person: Person, hit: str, end: str, words: str, fault: str = ""
    ) -> Kept[HitEnd]:
        """End a hit that one owns. Raises NotAllowed, ValueError, ConflictError."""
        known = _end(end)
        kept = self._papers.get(hit)
        if kept is None or kept.state != TAKEN or kept.content.owner != person.person_id:
            raise NotAllowed("whoever owns a hit says how it ended: take it first")
        if len(words.split()) < 3:
            raise ValueError("words: at least three that say what was done")
        wrong = known is End.WRONG_ENTRY
        if wrong and fault not in set(EntryFault):
            raise ValueError(f"a wrong entry is one of: {', '.join(EntryFault)}")
        content = replace(kept.content, end=known.value, words=words, fault=fault if wrong else "")
        state = TO_OWNER if wrong else ENDED
        return self._papers.change(kept, content, state=state, by=person.person_id, why=known)

    def wrong_entries(self, person: Person) -> list[Kept[HitEnd]]:
        """Return what waits for a list's owner, the longest waiting first.

        Of a list that is kept at the centre: for the owners of its own force.
        """
        if Role.LIST_OWNER not in person.roles:
            raise NotAllowed("a list's owner looks after its entries")
        forces = self._lists.lists()
        waits = reversed(self._papers.list(state=TO_OWNER))
        return [k for k in waits if forces.get(k.content.list_name, person.force) == person.force]

    def settle(self, person: Person, hit: str, words: str) -> Kept[HitEnd]:
        """Say what was done about a wrong entry. Raises NotAllowed, ValueError, ConflictError."""
        kept = next((one for one in self.wrong_entries(person) if one.paper_id == hit), None)
        if kept is None:
            raise NotAllowed("no wrong entry of this name waits")
        if kept.content.owner == person.person_id:
            raise NotAllowed("nobody settles what he reported himself")
        if len(words.split()) < 3:
            raise ValueError("words: at least three that say what was done with the entry")
        content = replace(kept.content, settled_by=person.person_id, settled_words=words)
        return self._papers.change(kept, content, state=SETTLED, by=person.person_id, why=words)


def _end(text: str) -> End:
    try:
        return End(text)
    except ValueError as error:
        raise ValueError(f"the end is one of: {', '.join(End)}") from error
