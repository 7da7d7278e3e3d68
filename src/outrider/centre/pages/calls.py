"""One request as a page sees it, and what a page answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from outrider.centre.access.people import Person
from outrider.centre.access.purpose import Purpose
from outrider.centre.access.scope import Action, Scope
from outrider.centre.desks import Desks
from outrider.centre.folder import CentreFolder, CentreSettings
from outrider.centre.governance.lists_held import ListsHeld
from outrider.centre.pages.browsers import Browsers, Carried, Memory
from outrider.centre.pages.forms import Form
from outrider.centre.pages.jobs import Jobs
from outrider.centre.pages.streams import Event
from outrider.centre.pictures.reaching import Pictures
from outrider.centre.store.search_ports import Cancel


class NeedsPurpose(Exception):
    """A search was asked for before its purpose was: it is asked now."""


class NotHere(Exception):
    """There is no such page, or not any more: why."""


@dataclass(frozen=True, slots=True)
class Page:
    """A template, and the facts that it shows."""

    template: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True, slots=True)
class GoTo:
    """Another page of ours. notice: told there, once."""

    path: str
    notice: str = ""


@dataclass(frozen=True, slots=True)
class Bytes:
    """What is no page: a picture, a file."""

    data: bytes
    media_type: str
    file_name: str = ""


@dataclass(frozen=True, slots=True)
class Stream:
    """What goes on while a page is open. look: what there is to tell, as whoever looks may see it.

    Each look is a call of its own: who comes, their role and their rules are looked at anew.
    """

    look: "Callable[[Call], Sequence[Event]]"


Reply = Page | GoTo | Bytes | Stream


@dataclass(frozen=True, slots=True)
class Site:
    """All that pages answer with."""

    desks: Desks
    folder: CentreFolder
    settings: CentreSettings
    pictures: Pictures
    browsers: Browsers
    jobs: Jobs
    lists_held: ListsHeld

    @property
    def now(self) -> datetime:
        """The time of day, UTC."""
        return self.desks.clock.stamp(self.desks.clock.mono_ns()).utc


@dataclass(frozen=True, slots=True)
class Call:
    """One request of somebody who is signed in. path: the names in its address.

    last_event: of a stream, the last number that reached its page.
    """

    site: Site
    person: Person
    token: str
    memory: Memory
    path: Mapping[str, str]
    query: Mapping[str, str]
    form: Form
    cancel: Cancel
    last_event: str = ""

    @property
    def desks(self) -> Desks:
        """The centre's desks."""
        return self.site.desks

    @property
    def carried(self) -> Carried:
        """Why the person asks. Raises NeedsPurpose."""
        if self.memory.carried is None:
            raise NeedsPurpose
        return self.memory.carried

    @property
    def purpose(self) -> Purpose:
        """The purpose carried. Raises NeedsPurpose."""
        return self.carried.purpose

    def scope(self, since: datetime | None = None, action: Action = Action.SEARCH) -> Scope:
        """Return what the person may see, for the purpose carried. Raises Denied, NeedsPurpose."""
        carried = self.carried
        return self.desks.desk.decide(
            self.person, action, carried.purpose, since=since,
            authorisation=carried.authorisation, break_glass=carried.break_glass,
        )  # fmt: skip
