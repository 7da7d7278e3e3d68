"""Correcting a read: decided, looked at within the scope, written down; the original stays."""

import uuid

from outrider.centre.access.scope import Action, Scope
from outrider.centre.search import asking
from outrider.centre.search.answers import FoundRead
from outrider.centre.search.asking import AskedWrongly
from outrider.centre.search.corrected import Correction, as_paper, with_corrections
from outrider.centre.search.reads import ReadSearches
from outrider.centre.search.record import shown_outcome
from outrider.centre.store.papers import CORRECTION
from outrider.centre.store.records import ConflictError
from outrider.centre.store.search_ports import Cancel


class Corrections(ReadSearches):
    """What somebody who has looked at a picture says that the mark is."""

    def correct(
        self, scope: Scope, read_id: uuid.UUID, mark: str, cancel: Cancel | None = None
    ) -> FoundRead:
        """Say what the true mark of a read is; return the read with it.

        The mark as it was read takes back a correction. Raises AskedWrongly, ConflictError where
        somebody else corrected it meanwhile, SearchFault.
        """
        if scope.action is not Action.CORRECT:
            raise AskedWrongly("a correction needs a decision about corrections")
        asked, facts = asking.asked_mark(mark), {"kind": "correction", "read": str(read_id)}
        self.record.asked(scope, facts)
        with self.noting_failure(scope, facts, ConflictError):
            read = self.read_in(scope, read_id, cancel)
            self._keep(scope, read, asked)
        self.record.answered(scope, facts, shown_outcome([read_id], {read.force: 1}, 1))
        return with_corrections(self.store, [read])[0]

    def _keep(self, scope: Scope, read: FoundRead, mark: str) -> None:
        """Write the correction. What the trail says of it names no mark: it outlives the read."""
        before = self.store.paper(CORRECTION, str(read.read_id))
        if before is None and mark == read.mark:
            raise AskedWrongly("mark: that is what was read; there is nothing to correct")
        now = self.clock.stamp(self.clock.mono_ns()).utc
        made = Correction(
            read.read_id, mark, scope.person.person_id, now, str(scope.decision_id)
        )  # fmt: skip
        self.store.put_paper(as_paper(read, made, before))
