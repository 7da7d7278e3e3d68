"""Handing reads on: what a scope to export shows of a span, line by line, to a named recipient."""

import hashlib
from collections import Counter
from collections.abc import Callable
from typing import Any

from pydantic import TypeAdapter

from outrider.centre.access.scope import Action, Scope
from outrider.centre.search import asking
from outrider.centre.search.answers import FoundRead
from outrider.centre.search.asking import AskedWrongly, Span, TooMany
from outrider.centre.search.core import Outcome, place_facts, span_facts
from outrider.centre.search.corrected import corrected_in, counting_as
from outrider.centre.search.reads import MOST_PAGE, MOST_READS, ReadSearches
from outrider.centre.search.record import shown_outcome
from outrider.centre.search.telling import told
from outrider.centre.store import queries
from outrider.centre.store.places import Place
from outrider.centre.store.queries import SearchSession
from outrider.centre.store.questions import After, Order, Question
from outrider.centre.store.search_ports import Cancel
from outrider.vrm import fold
from outrider.wire import canonical

_PLAIN: TypeAdapter[FoundRead] = TypeAdapter(FoundRead)


class HandingOn(ReadSearches):
    """Exports: as much as a search shows, as closely as the rules tell what leaves the building."""

    def hand_on(
        self, scope: Scope, span: Span, recipient: str, write: Callable[[bytes], object], *,
        mark: str = "", place: Place | None = None, cancel: Cancel | None = None,
    ) -> int:  # fmt: skip
        """Write the reads of a span as lines of JSON, the oldest first; return how many.

        The first line says by which decision, for whom and why. Recipient and reason stand in the
        trail before the first line is written, and the lines' SHA-256 after the last. Raises
        Denied, AskedWrongly (TooMany: more than 10,000), SearchFault, OSError.
        """
        if scope.action is not Action.EXPORT or not recipient.strip():
            raise AskedWrongly("an export needs a scope to hand reads on, and its recipient")
        folded = (fold(asking.asked_mark(mark)),) if mark else None
        question = Question(span.since_us, span.until_us, folded, place=place, order=Order.OLDEST)
        facts = {"kind": "export", "recipient": recipient, "marks": list(folded or ())}
        facts |= place_facts(place) | span_facts(span.since_us, span.until_us)
        self.check(scope, question, facts)

        def ask(session: SearchSession) -> tuple[int, Outcome]:
            wanted = counting_as(session, question) if folded else question
            total = queries.count(session, scope.bounds, wanted, MOST_READS)
            if total > MOST_READS:
                raise TooMany(f"more than {MOST_READS:,} reads: export a shorter span at a time")
            sheet = _Sheet(write)
            sheet.add(_heading(scope, recipient, span))
            self._write(session, scope, wanted, sheet)
            outcome = shown_outcome([], sheet.forces, total)
            return total, outcome | {"sha256": sheet.digest.hexdigest()}

        return self.run(scope, facts, ask, cancel)

    def _write(
        self, session: SearchSession, scope: Scope, question: Question, sheet: "_Sheet"
    ) -> None:
        after: After | None = None
        while True:
            page = queries.sightings(session, scope.bounds, question, MOST_PAGE, after)
            cameras = queries.cameras(session, [one.camera for one in page])
            for read in corrected_in(session, [told(scope, s, cameras) for s in page]):
                sheet.forces[read.force] += 1
                sheet.add(_PLAIN.dump_python(read, mode="json"))
            if len(page) < MOST_PAGE:
                return
            after = After(page[-1].at_us, page[-1].row_key)


class _Sheet:
    """Lines as they are written, with their digest, and how many reads of which force."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self.digest = hashlib.sha256()
        self.forces: Counter[str] = Counter()

    def add(self, content: Any) -> None:
        """Write a line."""
        line = canonical.dumps(content) + b"\n"
        self.digest.update(line)
        self._write(line)


def _heading(scope: Scope, recipient: str, span: Span) -> dict[str, object]:
    purpose = scope.purpose
    return {
        "schema": "export 1",
        "decision": str(scope.decision_id),
        "by": scope.person.person_id,
        "force": scope.person.force,
        "recipient": recipient,
        "purpose": purpose.code.value,
        "authority": purpose.authority.value,
        "case": purpose.case,
        "words": purpose.words,
        "rules": scope.rules,
        "since": span.since.isoformat(),
        "until": span.until.isoformat(),
    }
