"""Who works on which case: whoever asked for anything in it. Nobody authorises in his own."""

from dataclasses import dataclass

from outrider.centre.access.people import Person
from outrider.centre.governance.papers import Papers
from outrider.centre.store.papers import PaperStore
from outrider.centre.store.records import ConflictError
from outrider.clock import Clock

_FOR_EVER_US = 2**62


@dataclass(frozen=True)
class _Part:
    force: str


class Cases:
    """The people of each case."""

    def __init__(self, store: PaperStore, clock: Clock) -> None:
        self._papers = Papers(store, clock, "case-part", _Part)

    def note(self, person: Person, case: str) -> None:
        """Note that somebody works on a case; noted once."""
        name = f"{case} {person.person_id}"
        if self._papers.get(name) is not None:
            return
        try:
            self._papers.add(
                _Part(person.force), holder=person.person_id, subject=case, state="in",
                until_us=_FOR_EVER_US, by=person.person_id, paper_id=name, logged=False,
            )  # fmt: skip
        except ConflictError:
            return  # the same person, at the same moment: noted

    def is_in(self, person_id: str, case: str) -> bool:
        """Whether somebody works on a case."""
        return self._papers.get(f"{case} {person_id}") is not None

    def people(self, case: str) -> list[str]:
        """Return who works on a case."""
        return sorted(kept.paper.holder for kept in self._papers.list(subject=case))
