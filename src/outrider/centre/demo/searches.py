"""What the people of the demo did before: usual searches, a request, an officer who stalks."""

import random
from datetime import UTC, datetime, timedelta

from outrider.centre.access.people import Person
from outrider.centre.access.purpose import Purpose, PurposeCode
from outrider.centre.access.scope import Action
from outrider.centre.demo.people import member
from outrider.centre.demo.story import NEIGHBOUR, STOLEN, SUSPECT
from outrider.centre.demo.world import DAY_US, World
from outrider.centre.desks import Desks
from outrider.centre.search.asking import Span

CASE = "CR/45/26"
STALKED_DAYS = (170, 151, 133, 120, 104, 87, 64, 41, 20, 6)


def searches_of_day(
    rng: random.Random, desks: Desks, world: World, day_us: int, version: str, days_ago: int
) -> None:
    """Make the searches of one day, as its people would. Raises StoreError."""
    at = datetime.fromtimestamp(day_us // 1_000_000, tz=UTC)
    for name in ("ana-1", "dc-45", "dc-99"):
        for _ in range(rng.randrange(3)):
            case = f"CR/{rng.randrange(10, 99)}/{at:%y}"
            mark = rng.choice(world.vehicles)
            _search(desks, member(name, version), mark, case, at, "find where the vehicle was then")
    if days_ago in STALKED_DAYS:
        case = f"CR/{700 + days_ago}/{at:%y}"
        words = "enquiry about a vehicle of interest"
        _search(desks, member("dc-99", version), NEIGHBOUR, case, at, words)
    if days_ago == 19:
        words = "find the way that the stolen car took"
        _search(desks, member("dc-45", version), STOLEN, "CR/31/26", at, words)


def _search(desks: Desks, person: Person, mark: str, case: str, at: datetime, words: str) -> None:
    purpose = Purpose(PurposeCode.SERIOUS, case, words)
    span = Span(at - timedelta(days=14), at)
    scope = desks.desk.decide(person, Action.SEARCH, purpose, since=span.since)
    desks.search.mark(scope, mark, span)


def open_requests(desks: Desks, version: str, now_us: int) -> None:
    """Leave what waits: a request for older reads, and reviews that were drawn."""
    purpose = Purpose(PurposeCode.SERIOUS, CASE, "trace where the suspect went in the spring")
    desks.desk.authorisations.ask(
        member("ana-1", version), purpose, now_us - 330 * DAY_US, timedelta(days=2), (SUSPECT,)
    )
