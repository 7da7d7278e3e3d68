"""Sampled review: a share of all searches is looked at by a supervisor of another team.

Which are sampled follows from each decision's identifier and a key of the centre's, so that nobody
knows beforehand, and nobody chooses.
"""

import hmac
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256

from outrider.centre.access.people import Person, Role
from outrider.centre.governance.papers import Kept, NotAllowed, Papers
from outrider.centre.search.record import Asked, Stage
from outrider.centre.store.papers import PaperStore
from outrider.centre.store.records import ConflictError
from outrider.clock import Clock

WITHIN = timedelta(days=14)
OPEN, CLOSED = "open", "closed"
FINDINGS = ("in order", "unclear", "not in order")


@dataclass(frozen=True)
class Review:
    """A search to be looked at: who, for what, on which case; and what was found."""

    person: str
    force: str
    team: str
    kind: str
    case: str
    purpose: str
    words: str
    why: str
    reviewed_by: str = ""
    finding: str = ""
    finding_words: str = ""


@dataclass(frozen=True, slots=True)
class Completion:
    """How far a team's reviews are: open, closed, and open past their time."""

    team: str
    open: int
    closed: int
    overdue: int


class Reviews:
    """The sample, its inbox and its completion. share: of searches, 0 to 1."""

    def __init__(self, store: PaperStore, clock: Clock, key: bytes, share: float) -> None:
        self._papers = Papers(store, clock, "review", Review)
        self._key = key
        self._share = share

    def sampled(self, decision_id: str) -> bool:
        """Whether a decision's search is in the sample."""
        drawn = hmac.digest(self._key, b"review 1\0" + decision_id.encode(), sha256)
        return int.from_bytes(drawn[:8], "big") < self._share * 2**64

    def take(self, asked: Iterable[Asked], flagged: Iterable[str] = ()) -> int:
        """Open reviews for what is sampled or flagged (decisions); return how many are new."""
        chosen = set(flagged)
        made = 0
        for one in asked:
            if one.stage is not Stage.ASKED or not one.decision_id:
                continue
            why = "flagged" if one.decision_id in chosen else "sampled"
            if why == "sampled" and not self.sampled(one.decision_id):
                continue
            made += self._open(one, why)
        return made

    def _open(self, one: Asked, why: str) -> int:
        if self._papers.get(one.decision_id) is not None:
            return 0
        found = Review(
            one.person, one.force, one.team, str(one.facts.get("kind", "")), one.case,
            one.purpose, one.words, why,
        )  # fmt: skip
        until_us = self._papers.now_us() + WITHIN // timedelta(microseconds=1)
        try:
            self._papers.add(
                found, holder=one.person, subject=f"{one.force}/{one.team}", state=OPEN,
                until_us=until_us, by="centre", paper_id=one.decision_id,
            )  # fmt: skip
        except ConflictError:
            return 0  # opened by another at the same moment
        return 1

    def inbox(self, person: Person) -> list[Kept[Review]]:
        """Return what a supervisor may close."""
        return [kept for kept in self._papers.list(state=OPEN) if not self._why_not(person, kept)]

    def close(self, person: Person, decision_id: str, finding: str, words: str) -> Kept[Review]:
        """Close a review. Raises NotAllowed, ValueError, ConflictError."""
        if finding not in FINDINGS:
            raise ValueError(f"finding: one of {', '.join(FINDINGS)}")
        if len(words.split()) < 3:
            raise ValueError("words: at least three that say what was looked at")
        kept = self._papers.get(decision_id)
        if kept is None or kept.state != OPEN:
            raise NotAllowed("no review of this name is open")
        why = self._why_not(person, kept)
        if why:
            raise NotAllowed(why)
        content = replace(
            kept.content, reviewed_by=person.person_id, finding=finding, finding_words=words
        )
        return self._papers.change(kept, content, state=CLOSED, by=person.person_id, why=finding)

    def completion(self) -> list[Completion]:
        """Return how far each team's reviews are, by force and team."""
        now_us = self._papers.now_us()
        counts: dict[str, Counter[str]] = {}
        for kept in self._papers.list():
            of_team = counts.setdefault(kept.paper.subject, Counter())
            of_team[kept.state] += 1
            of_team["overdue"] += kept.state == OPEN and kept.paper.until_us < now_us
        return [
            Completion(team, found[OPEN], found[CLOSED], found["overdue"])
            for team, found in sorted(counts.items())
        ]

    def _why_not(self, person: Person, kept: Kept[Review]) -> str:
        found = kept.content
        if Role.SUPERVISOR not in person.roles:
            return "a supervisor reviews"
        if person.person_id == found.person:
            return "nobody reviews what he searched himself"
        if (person.force, person.team) == (found.force, found.team):
            return "a supervisor of another team reviews"
        return ""
