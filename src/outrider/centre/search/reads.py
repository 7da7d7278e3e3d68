"""Searches whose answer is reads, by the page. Counted before fetched: too many is refused."""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from outrider.centre.access.scope import Scope
from outrider.centre.search import asking
from outrider.centre.search.answers import Answer, FoundRead
from outrider.centre.search.asking import AskedWrongly, Span, TooMany
from outrider.centre.search.blind import Asked
from outrider.centre.search.core import Outcome, SearchCore, place_facts, span_facts
from outrider.centre.search.corrected import corrected_in, counting_as
from outrider.centre.search.pages import decode_page, encode_page
from outrider.centre.search.record import shown_outcome
from outrider.centre.search.telling import forces_of, ids_of, told
from outrider.centre.store import queries
from outrider.centre.store.places import Place
from outrider.centre.store.queries import SearchSession
from outrider.centre.store.questions import MOST_MARKS, Order, Question, Sighting
from outrider.centre.store.search_ports import Cancel
from outrider.vrm import fold

MOST_READS = 10_000
PAGE = 50
MOST_PAGE = 500


class ReadSearches(SearchCore):
    """Marks, parts of marks, areas, cameras, routes."""

    def mark(
        self, scope: Scope, mark: str, span: Span, *, exact: bool = False,
        order: Order = Order.NEWEST, page: str = "", size: int = PAGE, cancel: Cancel | None = None,
    ) -> Answer:  # fmt: skip
        """Find a mark; exact: as typed, else O as 0 and I as 1. Raises as `_reads`."""
        asked = asking.asked_mark(mark)
        question = Question(span.since_us, span.until_us, (fold(asked),), order=order)
        if exact:
            question = replace(question, exact=(asked,))
        facts = {"kind": "mark", "marks": [asked], "exact": exact}
        return self._reads(scope, question, facts, page, size, cancel, vrm=fold(asked))

    def route(
        self, scope: Scope, mark: str, span: Span, *, page: str = "", size: int = PAGE,
        cancel: Cancel | None = None,
    ) -> Answer:  # fmt: skip
        """Find where a vehicle went: its reads, the oldest first."""
        return self.mark(scope, mark, span, order=Order.OLDEST, page=page, size=size, cancel=cancel)

    def partial(
        self, scope: Scope, pattern: str, span: Span, *, place: Place | None = None,
        order: Order = Order.NEWEST, page: str = "", size: int = PAGE, cancel: Cancel | None = None,
    ) -> Answer:  # fmt: skip
        """Find marks by a part: `?` stands for one character, `*` for any number."""
        like = asking.asked_pattern(pattern)
        question = Question(span.since_us, span.until_us, place=place, order=order)
        facts = {"kind": "partial", "pattern": pattern[:40], **place_facts(place)}
        return self._reads(scope, question, facts, page, size, cancel, like=like)

    def area(
        self, scope: Scope, place: Place, span: Span, *, marks: Sequence[str] = (),
        order: Order = Order.NEWEST, page: str = "", size: int = PAGE, cancel: Cancel | None = None,
    ) -> Answer:  # fmt: skip
        """Find reads in a circle or polygon, of all marks or of some."""
        folded = tuple(fold(asking.asked_mark(mark)) for mark in marks) or None
        question = Question(span.since_us, span.until_us, folded, place=place, order=order)
        facts = {"kind": "area", "marks": list(folded or ()), **place_facts(place)}
        return self._reads(scope, question, facts, page, size, cancel)

    def camera(
        self, scope: Scope, unit_id: str, span: Span, *, order: Order = Order.NEWEST,
        page: str = "", size: int = PAGE, cancel: Cancel | None = None,
    ) -> Answer:  # fmt: skip
        """Find what a unit's cameras read."""
        question = Question(span.since_us, span.until_us, order=order)
        facts = {"kind": "camera", "unit": unit_id[:64]}
        return self._reads(scope, question, facts, page, size, cancel, unit=unit_id)

    def one(self, scope: Scope, read_id: uuid.UUID, cancel: Cancel | None = None) -> FoundRead:
        """Return one read, if it lies in the scope. Raises AskedWrongly where none does."""
        facts = {"kind": "read", "read": str(read_id)}

        def ask(session: SearchSession) -> tuple[FoundRead, Outcome]:
            read = _read_of(session, scope, read_id)
            outcome = shown_outcome([read_id], {read.force: 1}, 1) | {"marks": [fold(read.mark)]}
            return corrected_in(session, [read])[0], outcome

        return self.run(scope, facts, ask, cancel)

    def read_in(self, scope: Scope, read_id: uuid.UUID, cancel: Cancel | None) -> FoundRead:
        """Return a read of the scope, for an act that stands in the trail already.

        Raises AskedWrongly where none lies in the scope, StoreError, Cancelled.
        """
        with self.store.searching(scope.bounds, cancel) as session:
            return _read_of(session, scope, read_id)

    def look_back(
        self, scope: Scope, mark: str, span: Span, *, page: str = "", size: int = PAGE,
        cancel: Cancel | None = None,
    ) -> Answer:  # fmt: skip
        """Find what was read of a new list entry before it was listed; `?` and `*` may stand."""
        if "?" in mark or "*" in mark:
            return self.partial(scope, mark, span, page=page, size=size, cancel=cancel)
        return self.mark(scope, mark, span, page=page, size=size, cancel=cancel)

    def _reads(
        self, scope: Scope, question: Question, facts: dict[str, Any], page: str, size: int,
        cancel: Cancel | None, *, vrm: str = "", like: str = "", unit: str = "",
    ) -> Answer:  # fmt: skip
        """Answer with a page of reads.

        Raises Denied, AskedWrongly (TooMany), SearchFault, Cancelled.
        """
        if not 1 <= size <= MOST_PAGE:
            raise AskedWrongly(f"page: 1 to {MOST_PAGE} reads")
        after = decode_page(page)
        facts = facts | span_facts(question.since_us, question.until_us) | {"page": bool(page)}
        self.check(scope, question, facts, unit=bool(unit))

        def ask(session: SearchSession) -> tuple[Answer, Outcome]:
            narrowed = _narrowed(session, question, like, unit)
            total = queries.count(session, scope.bounds, narrowed, MOST_READS)
            if total > MOST_READS:
                raise TooMany(
                    f"more than {MOST_READS:,} reads: ask for a shorter time or a smaller place"
                )
            found = queries.sightings(session, scope.bounds, narrowed, size, after)
            answer = self._answer(session, scope, narrowed, found, total, size, vrm)
            return answer, shown_outcome(ids_of(found), forces_of(found), total)

        return self.run(scope, facts, ask, cancel)

    def _answer(
        self, session: SearchSession, scope: Scope, question: Question, found: list[Sighting],
        total: int, size: int, vrm: str,
    ) -> Answer:  # fmt: skip
        cameras = queries.cameras(session, [one.camera for one in found])
        asked = Asked(question.since_us, question.until_us, question.place, vrm)
        blind = self.blind.of(session, scope, asked, total, list(cameras))
        reads = corrected_in(session, [told(scope, one, cameras) for one in found])
        more = encode_page(found[-1]) if len(found) == size else ""
        return Answer(scope.decision_id, total, reads, blind, more)


def _read_of(session: SearchSession, scope: Scope, read_id: uuid.UUID) -> FoundRead:
    bounds = scope.bounds
    question = Question(bounds.not_before_us, bounds.not_after_us, read_id=read_id)
    found = queries.sightings(session, bounds, question, 1, None)
    if not found:
        raise AskedWrongly("no read of this identifier lies in your scope")
    return told(scope, found[0], queries.cameras(session, [found[0].camera]))


def _narrowed(session: SearchSession, question: Question, like: str, unit: str) -> Question:
    if like:
        marks = session.marks_like(like, MOST_MARKS + 1)
        if len(marks) > MOST_MARKS:
            raise TooMany(f"more than {MOST_MARKS} marks fit: give more of the mark")
        return counting_as(session, replace(question, marks=tuple(marks)), like)
    if unit:
        return replace(question, cameras=tuple(queries.cameras_of(session, unit)))
    if question.marks and not question.exact:
        return counting_as(session, question)
    return question
