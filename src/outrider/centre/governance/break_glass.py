"""Break-glass access: a life is at risk and nobody can be asked first. Reviewed after, always."""

from dataclasses import dataclass, replace
from datetime import timedelta

from outrider.centre.access.grounds import BreakGlass
from outrider.centre.access.people import Person, Role
from outrider.centre.access.purpose import Purpose, PurposeCode
from outrider.centre.governance.papers import Kept, NotAllowed, Papers
from outrider.centre.store.papers import PaperStore
from outrider.clock import Clock

LASTS = timedelta(hours=2)
REVIEW_WITHIN = timedelta(days=3)
BROKEN, JUSTIFIED, NOT_JUSTIFIED = "to-review", "justified", "not-justified"


@dataclass(frozen=True)
class Broken:
    """Who broke it, in which case, why, and what the review said."""

    person: str
    force: str
    team: str
    case: str
    words: str
    from_us: int
    until_us: int
    reviewed_by: str = ""
    review: str = ""


class Glass:
    """Broken when needed; each time a paper that waits for its review."""

    def __init__(self, store: PaperStore, clock: Clock) -> None:
        self._papers = Papers(store, clock, "break-glass", Broken)

    def break_it(self, person: Person, purpose: Purpose) -> Kept[Broken]:
        """Widen one's own scope for two hours. Raises NotAllowed."""
        if purpose.code is not PurposeCode.LIFE_AT_RISK:
            raise NotAllowed("the glass is broken for a life at risk only")
        barred = person.roles & {Role.AUDITOR, Role.ADMINISTRATOR}
        if barred or not person.roles - {Role.LIST_OWNER, Role.INFORMATION_RIGHTS}:
            raise NotAllowed("your role sees no read, whatever the reason")
        overdue = [k for k in self.to_review() if k.content.person == person.person_id]
        if any(k.paper.until_us < self._papers.now_us() for k in overdue):
            raise NotAllowed("an earlier break-glass access of yours is overdue for review")
        now_us = self._papers.now_us()
        broken = Broken(
            person.person_id, person.force, person.team, purpose.case, purpose.words, now_us,
            now_us + LASTS // timedelta(microseconds=1),
        )  # fmt: skip
        return self._papers.add(
            broken,
            holder=person.person_id,
            subject=purpose.case,
            state=BROKEN,
            until_us=now_us + REVIEW_WITHIN // timedelta(microseconds=1),
            by=person.person_id,
            why=purpose.words,
        )

    def grounds(self, paper_id: str) -> BreakGlass | None:
        """Return it as a decision stands on it."""
        kept = self._papers.get(paper_id)
        if kept is None or kept.state == NOT_JUSTIFIED:
            return None
        found = kept.content
        return BreakGlass(kept.paper_id, found.person, found.case, found.from_us, found.until_us)

    def to_review(self) -> list[Kept[Broken]]:
        """Return what waits for its review."""
        return self._papers.list(state=BROKEN)

    def to_review_by(self, person: Person) -> list[Kept[Broken]]:
        """Return what waits for a review that somebody may close."""
        return [kept for kept in self.to_review() if not _why_not(person, kept)]

    def review(self, person: Person, paper_id: str, justified: bool, words: str) -> Kept[Broken]:
        """Close the review: a supervisor of another team. Raises NotAllowed, ConflictError."""
        kept = self._papers.get(paper_id)
        if kept is None or kept.state != BROKEN:
            raise NotAllowed("no break-glass access of this name waits for review")
        why = _why_not(person, kept)
        if why:
            raise NotAllowed(why)
        if len(words.split()) < 3:
            raise ValueError("words: at least three that say what was looked at")
        content = replace(kept.content, reviewed_by=person.person_id, review=words)
        state = JUSTIFIED if justified else NOT_JUSTIFIED
        return self._papers.change(kept, content, state=state, by=person.person_id, why=words)


def _why_not(person: Person, kept: Kept[Broken]) -> str:
    """Return why somebody may not review it; empty where they may."""
    found = kept.content
    if Role.SUPERVISOR not in person.roles or person.person_id == found.person:
        return "a supervisor reviews it, never whoever broke the glass"
    if (person.force, person.team) == (found.force, found.team):
        return "a supervisor of another team reviews it"
    return ""
