"""The rules of use: whoever has not accepted the version in force can do nothing."""

from dataclasses import dataclass

from outrider.centre.governance.papers import Papers
from outrider.centre.store.papers import PaperStore
from outrider.centre.store.records import ConflictError
from outrider.clock import Clock

_FOR_EVER_US = 2**62


@dataclass(frozen=True)
class _Accepted:
    version: str


class Acceptance:
    """Who accepted which version of the rules of use."""

    def __init__(self, store: PaperStore, clock: Clock, in_force: str) -> None:
        self._papers = Papers(store, clock, "acceptance", _Accepted)
        self.in_force = in_force

    def accept(self, person_id: str, version: str) -> None:
        """Note that somebody accepted the version in force. Raises ValueError for another."""
        if version != self.in_force:
            raise ValueError(f"the rules of use in force are {self.in_force}: read those")
        if self.version_of(person_id) == version:
            return
        try:
            self._papers.add(
                _Accepted(version), holder=person_id, subject=version, state="accepted",
                until_us=_FOR_EVER_US, by=person_id, paper_id=f"{version} {person_id}",
            )  # fmt: skip
        except ConflictError:
            return  # accepted twice at once

    def version_of(self, person_id: str) -> str:
        """Return the version in force if somebody accepted it; else nothing."""
        found = self._papers.get(f"{self.in_force} {person_id}")
        return "" if found is None else found.content.version
