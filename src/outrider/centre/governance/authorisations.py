"""Older reads, asked for by one and given by another of higher rank, in a case, for a time."""

from dataclasses import dataclass, replace
from datetime import timedelta

from outrider.centre.access.grounds import Authorisation
from outrider.centre.access.people import Person, Rank, Role
from outrider.centre.access.purpose import Purpose, PurposeCode
from outrider.centre.governance.cases import Cases
from outrider.centre.governance.papers import Kept, NotAllowed, Papers
from outrider.centre.store.bounds import Box
from outrider.centre.store.papers import PaperStore
from outrider.clock import Clock
from outrider.vrm import VrmError, fold, normalise

MOST_MARKS = 50
LONGEST = timedelta(days=28)
MOST_WAITING = 20
ASKED, GIVEN, REFUSED, REVOKED = "asked", "given", "refused", "revoked"
_MAY_ASK = frozenset({Role.INVESTIGATOR, Role.ANALYST, Role.INTELLIGENCE})
_LEAST_RANK = Rank.SUPERINTENDENT
_FOR = frozenset({PurposeCode.SERIOUS, PurposeCode.MAJOR, PurposeCode.COUNTER_TERRORISM})


@dataclass(frozen=True)
class Asked:
    """What is asked for, and what became of it. Instants in microseconds; marks folded."""

    asked_by: str
    asked_by_rank: int
    force: str
    case: str
    purpose: PurposeCode
    words: str
    reads_from_us: int
    hours: int
    marks: tuple[str, ...] | None = None
    area: tuple[int, int, int, int] | None = None
    given_by: str = ""
    given_by_rank: int = 0
    given_words: str = ""
    from_us: int = 0


class Authorisations:
    """The inbox, and what came out of it."""

    def __init__(self, store: PaperStore, clock: Clock, cases: Cases) -> None:
        self._papers = Papers(store, clock, "authorisation", Asked)
        self._cases = cases

    def ask(
        self, person: Person, purpose: Purpose, reads_from_us: int, lasts: timedelta,
        marks: tuple[str, ...] = (), area: Box | None = None,
    ) -> Kept[Asked]:  # fmt: skip
        """Ask. Raises NotAllowed where no rule could ever allow it, ValueError."""
        if not person.roles & _MAY_ASK:
            raise NotAllowed("only investigators, analysts and intelligence staff ask")
        if purpose.code not in _FOR:
            raise NotAllowed(f"older reads are for {', '.join(sorted(_FOR))} only")
        if bool(marks) == (area is not None):
            raise ValueError("name either marks or an area")
        if not timedelta(hours=1) <= lasts <= LONGEST:
            raise ValueError(f"lasts: 1 hour to {LONGEST.days} days")
        if not 0 <= reads_from_us <= self._papers.now_us():
            raise ValueError("reads from: a day from 1970 to today")
        waiting = self._papers.list(holder=person.person_id, state=ASKED)
        now_us = self._papers.now_us()
        if sum(kept.paper.until_us > now_us for kept in waiting) >= MOST_WAITING:
            raise NotAllowed(f"{MOST_WAITING} requests of yours wait: have those decided first")
        asked = Asked(
            person.person_id, int(person.rank), person.force, purpose.case, purpose.code,
            purpose.words, reads_from_us, round(lasts / timedelta(hours=1)), _folded(marks),
            (area.south, area.west, area.north, area.east) if area else None,
        )  # fmt: skip
        self._cases.note(person, purpose.case)
        return self._papers.add(
            asked,
            holder=person.person_id,
            subject=purpose.case,
            state=ASKED,
            until_us=self._papers.now_us() + _us(LONGEST),
            by=person.person_id,
            why=purpose.words,
        )

    def inbox(self, person: Person) -> list[Kept[Asked]]:
        """Return what somebody may decide: of their own force, asked by others of lower rank."""
        return [kept for kept in self._papers.list(state=ASKED) if not self._why_not(person, kept)]

    def of(self, person_id: str) -> list[Kept[Asked]]:
        """Return what somebody has asked for, with what became of it."""
        return self._papers.list(holder=person_id)

    def give(self, person: Person, paper_id: str, words: str) -> Kept[Asked]:
        """Give what was asked for, from now on. Raises NotAllowed, ConflictError."""
        kept = self._to_decide(person, paper_id, words)
        now_us = self._papers.now_us()
        content = replace(
            kept.content,
            given_by=person.person_id,
            given_by_rank=int(person.rank),
            given_words=words,
            from_us=now_us,
        )
        until_us = now_us + _us(timedelta(hours=content.hours))
        return self._papers.change(
            kept, content, state=GIVEN, by=person.person_id, why=words, until_us=until_us
        )

    def refuse(self, person: Person, paper_id: str, words: str) -> Kept[Asked]:
        """Refuse what was asked for. Raises NotAllowed, ConflictError."""
        kept = self._to_decide(person, paper_id, words)
        content = replace(kept.content, given_by=person.person_id, given_words=words)
        return self._papers.change(kept, content, state=REFUSED, by=person.person_id, why=words)

    def revoke(self, person: Person, paper_id: str, words: str) -> Kept[Asked]:
        """Take back what was given: whoever gave it, or could have. Raises NotAllowed."""
        kept = self._papers.get(paper_id)
        if kept is None or kept.state != GIVEN:
            raise NotAllowed("no authorisation of this name is in force")
        if self._why_not(person, kept):
            raise NotAllowed("only whoever could have given it takes it back")
        return self._papers.change(
            kept, kept.content, state=REVOKED, by=person.person_id, why=words
        )

    def grounds(self, paper_id: str) -> Authorisation | None:
        """Return what was given as a decision stands on it; whether it holds, the rules say."""
        kept = self._papers.get(paper_id)
        if kept is None or kept.state not in (GIVEN, REVOKED):
            return None
        given = kept.content
        return Authorisation(
            kept.paper_id, given.asked_by, given.given_by, Rank(given.given_by_rank), given.case,
            given.purpose, None if given.marks is None else frozenset(given.marks),
            Box(*given.area) if given.area else None, given.reads_from_us, given.from_us,
            kept.paper.until_us, kept.state == REVOKED,
        )  # fmt: skip

    def _to_decide(self, person: Person, paper_id: str, words: str) -> Kept[Asked]:
        if len(words.split()) < 3:
            raise ValueError("words: at least three that say why")
        kept = self._papers.get(paper_id)
        if kept is None or kept.state != ASKED:
            raise NotAllowed("no request of this name waits")
        why = self._why_not(person, kept)
        if why:
            raise NotAllowed(why)
        return kept

    def _why_not(self, person: Person, kept: Kept[Asked]) -> str:
        """Return why somebody may not decide about it; empty where they may."""
        asked = kept.content
        if person.person_id == asked.asked_by:
            return "nobody decides about what he asked for himself"
        if person.force != asked.force:
            return "an officer of the force that asked decides"
        if Role.SENIOR_OFFICER not in person.roles or person.rank < _LEAST_RANK:
            return "a senior officer, superintendent or higher, decides"
        if person.rank <= asked.asked_by_rank:
            return "whoever decides is of higher rank than whoever asked"
        if self._cases.is_in(person.person_id, asked.case):
            return "nobody decides in a case of his own"
        return ""


def _folded(marks: tuple[str, ...]) -> tuple[str, ...] | None:
    if not marks:
        return None
    if len(marks) > MOST_MARKS:
        raise ValueError(f"marks: at most {MOST_MARKS}")
    try:
        return tuple(sorted({fold(normalise(mark)) for mark in marks}))
    except VrmError as error:
        raise ValueError("marks: one of them is none") from error


def _us(span: timedelta) -> int:
    return span // timedelta(microseconds=1)
