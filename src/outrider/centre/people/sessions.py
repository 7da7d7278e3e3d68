"""Sessions: a random token, of which the store keeps only the digest; they end by themselves."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from outrider.centre.access.people import Person, Rank, Role
from outrider.centre.governance.acceptance import Acceptance
from outrider.centre.governance.papers import Papers
from outrider.centre.store.papers import PaperStore
from outrider.clock import Clock

LASTS = timedelta(hours=8)
_OPEN, _ENDED = "open", "ended"


class NoSession(Exception):
    """Nobody is signed in under this token (any more)."""


@dataclass(frozen=True)
class _Session:
    force: str
    roles: tuple[str, ...]
    rank: int
    team: str


class Sessions:
    """Who is signed in. A person's acceptance is looked up anew each time: rules change."""

    def __init__(
        self, store: PaperStore, clock: Clock, acceptance: Acceptance, lasts: timedelta = LASTS
    ) -> None:
        self._papers = Papers(store, clock, "session", _Session)
        self._acceptance = acceptance
        self._lasts = lasts

    def begin(self, person: Person) -> str:
        """Begin a session; return its token, which is told once."""
        token = secrets.token_urlsafe(32)
        found = _Session(
            person.force, tuple(sorted(person.roles)), int(person.rank), person.team
        )  # fmt: skip
        until_us = self._papers.now_us() + self._lasts // timedelta(microseconds=1)
        self._papers.add(
            found, holder=person.person_id, subject=person.force, state=_OPEN,
            until_us=until_us, by=person.person_id, paper_id=_digest(token),
        )  # fmt: skip
        return token

    def person(self, token: str) -> Person:
        """Return who is signed in. Raises NoSession."""
        kept = self._papers.get(_digest(token))
        if kept is None or kept.state != _OPEN or kept.paper.until_us <= self._papers.now_us():
            raise NoSession("sign in: there is no session, or it has ended")
        found, who = kept.content, kept.paper.holder
        roles = frozenset(Role(role) for role in found.roles)
        version = self._acceptance.version_of(who)
        return Person(who, found.force, roles, Rank(found.rank), found.team, version)

    def holds(self, token: str) -> bool:
        """Whether a session goes on. Raises StoreError."""
        try:
            self.person(token)
        except NoSession:
            return False
        return True

    def end(self, token: str) -> None:
        """End a session; one that is over stays so."""
        kept = self._papers.get(_digest(token))
        if kept is not None and kept.state == _OPEN:
            self._papers.change(
                kept, kept.content, state=_ENDED, by=kept.paper.holder,
                until_us=self._papers.now_us(),
            )  # fmt: skip

    def end_all_of(self, person_id: str, by: str) -> int:
        """End all sessions of somebody (left, suspended); return how many."""
        ended = 0
        for kept in self._papers.list(holder=person_id, state=_OPEN):
            self._papers.change(
                kept, kept.content, state=_ENDED, by=by, until_us=self._papers.now_us()
            )
            ended += 1
        return ended


def _digest(token: str) -> str:
    return hashlib.sha256(b"outrider session 1\0" + token.encode()).hexdigest()
