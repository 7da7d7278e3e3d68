"""Lists that are kept at the centre, entry by entry, by a force's list owners.

An entry that is grave, and what is withdrawn in bulk, takes effect only once a second person of the
force has confirmed it. Whatever is stated at once (a file's entries, a bulk withdrawal) is one
batch: all of it takes effect, or nothing. No mark stands in the trail: papers are named there.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from outrider.centre.access.people import Person, Role
from outrider.centre.governance.list_entry import (
    ADD,
    CHANGE,
    CHANGING,
    FOR_EVER_US,
    IN_FORCE,
    LIVE,
    OVER,
    REFUSED,
    WAITS,
    WITHDRAW,
    WITHDRAWN,
    Batch,
    ListEntry,
    Wanted,
    batch_of,
    draft_of,
    end_us,
    is_over,
    wanted_of,
)
from outrider.centre.governance.papers import Draft, Kept, NotAllowed, Papers
from outrider.centre.hotlists.entry_rules import faults_of, is_grave
from outrider.centre.store.papers import PaperStore
from outrider.centre.store.records import ConflictError
from outrider.clock import Clock
from outrider.records import VehicleOfInterest
from outrider.wire.hotlist_policy import NAME_FORM

MOST_ENTRIES = 4_000  # of one force: larger lists come from its own systems, `hotlist publish`
MOST_AT_ONCE = 2_000
_LEAST_WORDS = 3


@dataclass(frozen=True)
class _KeptList:
    force: str


class KeptLists:
    """All lists that are kept here; each belongs to the force that began it."""

    def __init__(self, store: PaperStore, clock: Clock) -> None:
        self._papers = Papers(store, clock, "list-entry", ListEntry)
        self._lists = Papers(store, clock, "kept-list", _KeptList)
        self._clock = clock

    def _today(self) -> date:
        return self._clock.stamp(self._clock.mono_ns()).utc.date()

    # What is there

    def lists(self) -> dict[str, str]:
        """Return the force of each list, by its name."""
        return {kept.paper_id: kept.content.force for kept in self._lists.list()}

    def entries(self, list_name: str) -> list[Kept[ListEntry]]:
        """Return a list's entries that are in force, for its publication."""
        found = [k for state in LIVE for k in self._papers.list(subject=list_name, state=state)]
        today = self._today()
        return [kept for kept in found if not is_over(kept.content, today)]

    def of_force(self, person: Person) -> list[Kept[ListEntry]]:
        """Return the entries in force of a person's own force, the newest first."""
        _check_role(person)
        found = [k for state in LIVE for k in self._papers.list(holder=person.force, state=state)]
        return sorted(found, key=lambda kept: -kept.paper.at_us)

    def get(self, person: Person, entry_id: str) -> Kept[ListEntry]:
        """Return one entry of a person's own force. Raises NotAllowed."""
        _check_role(person)
        kept = self._papers.get(entry_id)
        if kept is None or kept.content.force != person.force:
            raise NotAllowed("no list of your force has an entry of this name")
        return kept

    def waiting(self, person: Person) -> list[Batch]:
        """Return what waits in a person's own force for a second person, the oldest first."""
        _check_role(person)
        groups: dict[str, list[Kept[ListEntry]]] = {}
        for state in (WAITS, CHANGING):
            for kept in self._papers.list(holder=person.force, state=state):
                groups.setdefault(wanted_of(kept).batch, []).append(kept)
        return [batch_of(some) for _, some in sorted(groups.items())]

    # What is asked

    def add(
        self, person: Person, list_name: str, entries: Sequence[VehicleOfInterest], words: str
    ) -> list[Kept[ListEntry]]:
        """State entries of a list. Raises NotAllowed, ValueError, ConflictError."""
        _check(person, words)
        self._check_all(entries)
        self._check_room(person, len(entries))
        self._own_list(person, list_name)
        wants = [(None, Wanted(ADD, person.person_id, words, "", one)) for one in entries]
        return self._ask(person, list_name, wants, any(map(is_grave, entries)))

    def change(
        self, person: Person, entry_id: str, entry: VehicleOfInterest, words: str
    ) -> Kept[ListEntry]:
        """State an entry anew. Raises NotAllowed, ValueError, ConflictError."""
        _check(person, words)
        kept = self._to_change(person, entry_id)
        self._check_all([entry])
        grave = is_grave(entry) or is_grave(kept.content.shown)
        wanted = Wanted(CHANGE, person.person_id, words, "", entry)
        return self._ask(person, kept.content.list_name, [(kept, wanted)], grave)[0]

    def withdraw(
        self, person: Person, entry_ids: Sequence[str], words: str
    ) -> list[Kept[ListEntry]]:
        """Take entries off their list: one at once, several with a second person.

        Raises NotAllowed, ValueError, ConflictError.
        """
        _check(person, words)
        if not 1 <= len(set(entry_ids)) <= MOST_AT_ONCE:
            raise ValueError(f"entries: choose 1 to {MOST_AT_ONCE}")
        kept = [self._to_change(person, name) for name in dict.fromkeys(entry_ids)]
        names = {one.content.list_name for one in kept}
        if len(names) > 1:
            raise ValueError("entries: of one list at a time")
        wants = [(one, Wanted(WITHDRAW, person.person_id, words, "")) for one in kept]
        return self._ask(person, names.pop(), wants, len(kept) > 1)

    def confirm(self, person: Person, batch: str, words: str) -> Batch:
        """Let a batch take effect: somebody else of the force. Raises NotAllowed, ValueError."""
        found = self._waiting_batch(person, batch, words)
        if found.by == person.person_id:
            raise NotAllowed("nobody confirms what he asked for himself")
        today = self._today()
        for kept in found.entries:
            entry = wanted_of(kept).entry
            if entry is not None and faults_of(entry, today):
                raise ValueError("an entry may not stand any more as it was asked: refuse it")
        drafts = [self._effect(kept, wanted_of(kept), person.person_id) for kept in found.entries]
        self._papers.write_all(drafts, by=person.person_id, why=words)
        return found

    def refuse(self, person: Person, batch: str, words: str) -> Batch:
        """Drop a batch: somebody else, or whoever asked for it. Raises NotAllowed, ValueError."""
        found = self._waiting_batch(person, batch, words)
        drafts = []
        for kept in found.entries:
            state, until_us = IN_FORCE, kept.paper.until_us
            content = replace(kept.content, wanted=None)
            if kept.state == WAITS:  # what was asked stays with it, for whoever looks later
                state, until_us = REFUSED, self._papers.now_us()
                content = kept.content
            drafts.append(draft_of(kept, content, state, until_us))
        self._papers.write_all(drafts, by=person.person_id, why=words)
        return found

    def end_overdue(self, by: str) -> int:
        """Write down which entries are over by their own end; return how many."""
        today, now_us, drafts = self._today(), self._papers.now_us(), []
        for list_name in self.lists():
            for state in LIVE:
                for kept in self._papers.list(subject=list_name, state=state):
                    if is_over(kept.content, today):
                        content = replace(kept.content, wanted=None)
                        drafts.append(draft_of(kept, content, OVER, now_us))
        for first in range(0, len(drafts), MOST_AT_ONCE):
            part = drafts[first : first + MOST_AT_ONCE]
            self._papers.write_all(part, by=by, why="its own end has come")
        return len(drafts)

    # How

    def _ask(
        self, person: Person, list_name: str,
        wants: Sequence[tuple[Kept[ListEntry] | None, Wanted]], second: bool,
    ) -> list[Kept[ListEntry]]:  # fmt: skip
        batch = self._papers.new_id()
        drafts = []
        for kept, wanted in wants:
            wanted = replace(wanted, batch=batch)
            content = kept.content if kept else ListEntry(list_name, person.force)
            draft = Draft(content, person.force, list_name, "", 0, kept)
            drafts.append(self._asked(draft, wanted) if second else self._take(draft, wanted, ""))
        return self._papers.write_all(drafts, by=person.person_id, why=wants[0][1].words)

    def _asked(self, draft: Draft[ListEntry], wanted: Wanted) -> Draft[ListEntry]:
        state = WAITS if draft.kept is None else CHANGING
        content = replace(draft.content, wanted=wanted)
        until_us = draft.kept.paper.until_us if draft.kept else end_us(content.shown)
        return replace(draft, content=content, state=state, until_us=until_us)

    def _effect(self, kept: Kept[ListEntry], wanted: Wanted, by: str) -> Draft[ListEntry]:
        return self._take(draft_of(kept, kept.content, kept.state, 0), wanted, by)

    def _take(self, draft: Draft[ListEntry], wanted: Wanted, second: str) -> Draft[ListEntry]:
        """Let take effect what is wanted."""
        if wanted.entry is None:
            content = replace(draft.content, wanted=None)
            return replace(draft, content=content, state=WITHDRAWN, until_us=self._papers.now_us())
        content = replace(
            draft.content, entry=wanted.entry, by=wanted.by, confirmed_by=second, wanted=None
        )
        until_us = end_us(wanted.entry)
        return replace(draft, content=content, state=IN_FORCE, until_us=until_us)

    def _own_list(self, person: Person, list_name: str) -> None:
        if not re.match(NAME_FORM, list_name):
            raise ValueError("list: a-z, 0-9, dot, dash and _, at most 48")
        kept = self._lists.get(list_name)
        if kept is None:
            try:
                kept = self._lists.add(
                    _KeptList(person.force), holder=person.force, subject=list_name, state="kept",
                    until_us=FOR_EVER_US, by=person.person_id, paper_id=list_name,
                )  # fmt: skip
            except ConflictError:
                kept = self._lists.get(list_name)
        if kept is None or kept.content.force != person.force:
            raise NotAllowed("a list of this name is another force's")

    def _to_change(self, person: Person, entry_id: str) -> Kept[ListEntry]:
        kept = self.get(person, entry_id)
        if kept.state != IN_FORCE:
            raise NotAllowed("this entry is not in force, or a change of it waits already")
        return kept

    def _waiting_batch(self, person: Person, batch: str, words: str) -> Batch:
        _check(person, words)
        found = next((one for one in self.waiting(person) if one.batch == batch), None)
        if found is None:
            raise NotAllowed("nothing of this name waits in your force")
        return found

    def _check_all(self, entries: Sequence[VehicleOfInterest]) -> None:
        if not 1 <= len(entries) <= MOST_AT_ONCE:
            raise ValueError(f"entries: 1 to {MOST_AT_ONCE} at once")
        today = self._today()
        faults = [fault for one in entries for fault in faults_of(one, today)]
        if faults:
            raise ValueError("; ".join(dict.fromkeys(faults)))

    def _check_room(self, person: Person, more: int) -> None:
        states = (WAITS, *LIVE)
        have = sum(len(self._papers.list(holder=person.force, state=one)) for one in states)
        if have + more > MOST_ENTRIES:
            raise ValueError(
                f"your force has {have} entries here, and may have {MOST_ENTRIES}: larger lists "
                "come from its own systems (`outrider centre hotlist publish`)"
            )


def _check(person: Person, words: str) -> None:
    _check_role(person)
    if len(words.split()) < _LEAST_WORDS:
        raise ValueError(f"words: at least {_LEAST_WORDS} that say why")


def _check_role(person: Person) -> None:
    if Role.LIST_OWNER not in person.roles:
        raise NotAllowed("a list's owner keeps its entries")
