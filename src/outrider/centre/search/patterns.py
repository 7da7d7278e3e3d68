"""Searches whose answer is made of reads: who was where with whom, first, last, twice at once."""

import uuid
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from outrider.centre.access.scope import Field, Positions, Scope
from outrider.centre.access.why_not import Denied
from outrider.centre.search import asking, clones
from outrider.centre.search.answers import FirstAndLast, Listing, OneHit, ShownHit
from outrider.centre.search.asking import AskedWrongly, Span, TooMany
from outrider.centre.search.blind import Asked
from outrider.centre.search.core import MOST_ROWS, Outcome, SearchCore, place_facts, span_facts
from outrider.centre.search.corrected import corrected_in, counting_as, fixes_of, true_marks
from outrider.centre.search.reads import MOST_READS
from outrider.centre.search.record import shown_outcome
from outrider.centre.search.telling import forces_of, ids_of, told
from outrider.centre.store import pattern_queries, queries
from outrider.centre.store.columns import from_us
from outrider.centre.store.places import Place
from outrider.centre.store.queries import SearchSession
from outrider.centre.store.questions import (
    Associate,
    CrossedMark,
    FoundHit,
    HitQuestion,
    Order,
    Question,
    TooMuch,
)
from outrider.centre.store.search_ports import Cancel
from outrider.vrm import fold

MOST_SCENES = 8


class PatternSearches(SearchCore):
    """Scenes crossed, associates, convoys, first and last, clone suspects, hits."""

    def ends(
        self, scope: Scope, mark: str, span: Span, cancel: Cancel | None = None
    ) -> FirstAndLast:
        """Return the first and the last time that a mark was seen."""
        vrm = fold(asking.asked_mark(mark))
        question = Question(span.since_us, span.until_us, (vrm,))
        facts = {"kind": "ends", "marks": [vrm], **span_facts(span.since_us, span.until_us)}
        self.check(scope, question, facts)

        def ask(session: SearchSession) -> tuple[FirstAndLast, Outcome]:
            wanted = counting_as(session, question)
            total = queries.count(session, scope.bounds, wanted, MOST_READS)
            both = [
                one
                for order in (Order.OLDEST, Order.NEWEST)
                for one in queries.sightings(
                    session, scope.bounds, replace(wanted, order=order), 1, None
                )
            ]
            cameras = queries.cameras(session, [one.camera for one in both])
            reads = corrected_in(session, [told(scope, one, cameras) for one in both])
            first, last = reads if reads else (None, None)
            asked = Asked(span.since_us, span.until_us, None, vrm)
            blind = self.blind.of(session, scope, asked, total, list(cameras))
            found = FirstAndLast(scope.decision_id, total, first, last, blind)
            return found, shown_outcome(ids_of(both), forces_of(both), total)

        return self.run(scope, facts, ask, cancel)

    def crossed(
        self, scope: Scope, scenes: Sequence[tuple[Place, Span]], *, least: int = 2,
        cancel: Cancel | None = None,
    ) -> Listing:  # fmt: skip
        """Return which vehicles were at `least` or more of several scenes."""
        if not 2 <= len(scenes) <= MOST_SCENES or not 2 <= least <= len(scenes):
            raise AskedWrongly(f"scenes: 2 to {MOST_SCENES}, crossed at 2 or more of them")
        questions = [Question(s.since_us, s.until_us, place=place) for place, s in scenes]
        first = min(q.since_us for q in questions)
        last = max(q.until_us for q in questions)
        parts = [place_facts(place) | span_facts(s.since_us, s.until_us) for place, s in scenes]
        facts = {"kind": "crossed", "scenes": parts, "least": least}
        for question in questions:
            self.check(scope, question, facts)

        def ask(session: SearchSession) -> list[CrossedMark]:
            fixes: dict[bytes, str] = {}
            for question in questions:
                fixes |= fixes_of(session, question.since_us, question.until_us)
            return pattern_queries.crossed(
                session, scope.bounds, questions, least, MOST_ROWS + 1, fixes
            )

        return self.listing(scope, facts, ask, Asked(first, last), cancel)

    def associates(
        self, scope: Scope, mark: str, span: Span, *, window: timedelta = timedelta(seconds=30),
        least: int = 3, cancel: Cancel | None = None,
    ) -> Listing:  # fmt: skip
        """Return marks read by the same cameras within a window of a mark, at least so often."""
        vrm = fold(asking.asked_mark(mark))
        question = Question(span.since_us, span.until_us, (vrm,))
        facts = {"kind": "associates", "marks": [vrm], "least": least}
        return self._meetings(
            scope, question, facts, window, least, cancel, pattern_queries.associates
        )

    def convoys(
        self, scope: Scope, span: Span, *, place: Place | None = None,
        window: timedelta = timedelta(seconds=30), least: int = 3, cancel: Cancel | None = None,
    ) -> Listing:  # fmt: skip
        """Return all pairs that met so often, over a day and two hours at most."""
        if span.until - span.since > timedelta(hours=26):
            raise AskedWrongly("convoys: at most a day and two hours at a time")
        question = Question(span.since_us, span.until_us, place=place)
        facts = {"kind": "convoys", "least": least, **place_facts(place)}
        return self._meetings(
            scope, question, facts, window, least, cancel, pattern_queries.convoys
        )

    def _meetings(
        self, scope: Scope, question: Question, facts: dict[str, Any], window: timedelta,
        least: int, cancel: Cancel | None, query: Callable[..., list[Associate]],
    ) -> Listing:  # fmt: skip
        if not 2 <= least <= 1000:
            raise AskedWrongly("least: 2 to 1000 meetings; one is chance")
        window_us = asking.asked_window(window)
        facts = facts | span_facts(question.since_us, question.until_us)
        self.check(scope, question, facts)

        def ask(session: SearchSession) -> list[Associate]:
            fixes = fixes_of(session, question.since_us - window_us, question.until_us + window_us)
            try:
                return query(
                    session, scope.bounds, question, window_us, least, MOST_ROWS + 1, fixes
                )
            except TooMuch as error:
                raise TooMany(f"{error}: ask for less time, or a place") from error

        asked = Asked(question.since_us, question.until_us, question.place)
        return self.listing(scope, facts, ask, asked, cancel)

    def clone_suspects(
        self, scope: Scope, span: Span, *, mark: str = "", place: Place | None = None,
        cancel: Cancel | None = None,
    ) -> Listing:  # fmt: skip
        """Return successive reads of one mark that one car cannot have been at both of."""
        if not mark and span.until - span.since > timedelta(days=7):
            raise AskedWrongly("clone suspects of all marks: at most 7 days at a time")
        if scope.positions is not Positions.EXACT:
            error = Denied("positions", "clone suspects need exact positions; your role has none")
            self.deny(scope, {"kind": "clones"}, error)
        folded = (fold(asking.asked_mark(mark)),) if mark else None
        question = Question(span.since_us, span.until_us, folded, place=place)
        facts = {"kind": "clones", "marks": list(folded or ()), **place_facts(place)}
        facts |= span_facts(span.since_us, span.until_us)
        self.check(scope, question, facts)
        asked = Asked(span.since_us, span.until_us, place, folded[0] if folded else "")

        def ask(session: SearchSession) -> list[Any]:
            fixes = fixes_of(session, question.since_us, question.until_us)
            return clones.suspects(session, scope.bounds, question, MOST_ROWS + 1, fixes)

        return self.listing(scope, facts, ask, asked, cancel)

    def hits(
        self, scope: Scope, span: Span, *, list_name: str | None = None,
        response: str | None = None, answer: str | None = None, mark: str = "",
        newest: bool = False, cancel: Cancel | None = None,
    ) -> Listing:  # fmt: skip
        """Return hits by list, response and what became of them ("none": no answer yet).

        newest: of too many, the newest 1,000; else they are refused.
        """
        self._check_hits(scope)
        marks = (fold(asking.asked_mark(mark)),) if mark else None
        wanted = HitQuestion(
            span.since_us, span.until_us, list_name, response, answer, marks,
            silent=scope.tells(Field.SILENT_HIT),
        )  # fmt: skip
        facts: dict[str, Any] = {
            "kind": "hits",
            "list": list_name,
            "response": response,
            "answer": answer,
        }
        facts |= {"marks": list(marks or ()), **span_facts(span.since_us, span.until_us)}
        self.check(scope, Question(span.since_us, span.until_us), facts)

        def ask(session: SearchSession) -> list[ShownHit]:
            most, own = MOST_ROWS if newest else MOST_ROWS + 1, wanted
            if marks:
                asked = Question(span.since_us, span.until_us, marks)
                own = replace(wanted, corrected=counting_as(session, asked).corrected)
            return _shown(session, queries.hits(session, scope.bounds, own, most))

        return self.listing(scope, facts, ask, Asked(span.since_us, span.until_us), cancel)

    def hit(self, scope: Scope, hit_id: uuid.UUID, cancel: Cancel | None = None) -> OneHit:
        """Return one hit of the scope. Raises Denied, AskedWrongly where none is, SearchFault."""
        self._check_hits(scope)
        ever = HitQuestion(
            scope.bounds.not_before_us, scope.bounds.not_after_us,
            silent=scope.tells(Field.SILENT_HIT),
        )  # fmt: skip

        def ask(session: SearchSession) -> tuple[OneHit, Outcome]:
            found = queries.hits(session, scope.bounds, replace(ever, hit_id=hit_id), 1)
            if not found:
                raise AskedWrongly("no hit of this identifier lies in your scope")
            same = replace(ever, listed=found[0].listed)
            times = len(queries.hits(session, scope.bounds, same, MOST_ROWS))
            outcome = shown_outcome([], {found[0].force: 1}, 1) | {"marks": [found[0].vrm]}
            return OneHit(_shown(session, found)[0], times), outcome

        return self.run(scope, {"kind": "hit", "hit": str(hit_id)}, ask, cancel)

    def fresh_hits(
        self, scope: Scope, span: Span, known: Collection[uuid.UUID], most: int,
        cancel: Cancel | None = None,
    ) -> tuple[ShownHit, ...]:  # fmt: skip
        """Return the newest hits of a span that are not known yet, the oldest of them first.

        Where there is none nobody is told anything, and the trail says nothing; else it is a
        search as any other. Raises Denied, SearchFault, Cancelled.
        """
        self._check_hits(scope)
        facts = {"kind": "hits", "live": True, **span_facts(span.since_us, span.until_us)}
        self.check(scope, Question(span.since_us, span.until_us), facts)
        around = HitQuestion(span.since_us, span.until_us, silent=scope.tells(Field.SILENT_HIT))
        with self.store.searching(scope.bounds, cancel) as session:
            ids = queries.hit_ids(session, scope.bounds, around, MOST_ROWS)
        fresh = [one for one in ids if one not in known][:most]
        if not fresh:
            return ()

        def ask(session: SearchSession) -> tuple[tuple[ShownHit, ...], Outcome]:
            found = [
                hit
                for one in reversed(fresh)
                for hit in queries.hits(session, scope.bounds, replace(around, hit_id=one), 1)
            ]
            forces = Counter(hit.force for hit in found)
            return tuple(_shown(session, found)), shown_outcome([], forces, len(found))

        return self.run(scope, facts, ask, cancel)

    def _check_hits(self, scope: Scope) -> None:
        if not scope.tells(Field.HIT):
            self.deny(scope, {"kind": "hits"}, Denied("field", "your role is not told of hits"))


def _shown(session: SearchSession, hits: Sequence[FoundHit]) -> list[ShownHit]:
    true = true_marks(session, [hit.read_id for hit in hits])
    return [
        ShownHit(
            hit.hit_id, hit.read_id, from_us(hit.at_us), hit.vrm, hit.listed, hit.list_name,
            hit.response, hit.match_class, hit.possible, hit.answer, hit.note,
            true.get(hit.read_id),
        )
        for hit in hits
    ]  # fmt: skip
