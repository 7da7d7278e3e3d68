"""A store of each kind, with a search and a decider over it, at one instant of a recorded clock."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from outrider.centre.access.decide import Decider, Request
from outrider.centre.access.people import Role
from outrider.centre.access.purpose import PurposeCode
from outrider.centre.access.scope import Action, Scope
from outrider.centre.search.asking import Span
from outrider.centre.search.engine import Search
from outrider.centre.search.record import Asked, read_back
from outrider.centre.store import open_store
from outrider.centre.store.centre_store import CentreStore
from tests.centre.access import makers
from tests.centre.access.makers import NOW
from tests.centre.store.conftest import cluster, shared_database, url

__all__ = ["cluster", "shared_database", "url"]


@dataclass
class Desk:
    """A store, and what asks it."""

    store: CentreStore
    search: Search
    decider: Decider

    def scope(self, *roles: Role, code: PurposeCode = PurposeCode.SERIOUS, **more: object) -> Scope:
        """Return the scope of somebody; an analyst where no role is given."""
        roles = roles or (Role.ANALYST,)
        action = more.pop("action", Action.SEARCH)
        asked: Request = makers.request(*roles, code=code, action=action, **more)  # type: ignore[arg-type]
        return self.decider.decide(asked)

    def trail(self) -> list[Asked]:
        """Return what the trail says was asked."""
        return [found for row in self.store.audit() if (found := read_back(row.event))]


def days(first: float, last: float = 0.0, now: datetime = NOW) -> Span:
    """Return the span from so many days ago to so many days ago."""
    return Span(now - timedelta(days=first), now - timedelta(days=last))


@pytest.fixture
def desk(url: str) -> Iterator[Desk]:
    clock = makers.clock()
    store = open_store(url, clock)
    yield Desk(store, Search(store, clock), makers.decider())
    store.close()
