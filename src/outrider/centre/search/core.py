"""What all searches have in common: held to the scope, written down, broken off, told safely.

What the store says of a fault stays in its chain of causes: an error text tells of no row.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn, TypeVar

from outrider.centre.access.scope import Field, Positions, Scope
from outrider.centre.access.why_not import Denied
from outrider.centre.search.answers import Listing
from outrider.centre.search.asking import AskedWrongly, TooMany
from outrider.centre.search.blind import Asked, Blindness, Uploads
from outrider.centre.search.record import Record, shown_outcome
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.columns import from_us
from outrider.centre.store.places import Place
from outrider.centre.store.queries import SearchSession
from outrider.centre.store.questions import Question
from outrider.centre.store.records import StoreError
from outrider.centre.store.search_ports import Cancel, Cancelled
from outrider.clock import Clock

MOST_ROWS = 1_000
_T = TypeVar("_T")
Outcome = Mapping[str, Any]


class SearchFault(Exception):
    """The store cannot answer now; asking again later may help."""


class SearchCore:
    """One store, its trail, and what is known of its blind spots."""

    def __init__(self, store: CentreStore, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self.record = Record(store, clock)
        self.blind = Blindness(Uploads(store, clock), clock)

    def check(
        self, scope: Scope, question: Question, facts: dict[str, Any], *, unit: bool = False
    ) -> None:
        """Refuse what reaches out of the scope; what is refused is in the trail. Raises Denied."""
        bounds, error = scope.bounds, None
        if question.since_us < bounds.not_before_us:
            first = f"{from_us(bounds.not_before_us):%Y-%m-%d %H:%M} UTC"
            error = Denied("too-old", f"your scope begins at {first}: ask from then on")
        elif bounds.marks is not None and not set(question.marks or ("",)) <= bounds.marks:
            error = Denied("mark", "the authorisation is for other marks: name one of its own")
        elif question.place is not None and scope.positions is Positions.NONE:
            error = Denied("positions", "this scope tells no positions: places cannot be searched")
        elif unit and not scope.tells(Field.UNIT):
            error = Denied("field", "your role is not told of units")
        if error is not None:
            self.deny(scope, facts, error)

    def deny(self, scope: Scope, facts: Mapping[str, Any], error: Denied) -> NoReturn:
        """Write down that something was denied, and raise it."""
        person = scope.person
        who = person.person_id, person.force, person.team
        self.record.denied(who, scope.action, scope.purpose, facts, error)
        raise error

    def run(
        self, scope: Scope, facts: Mapping[str, Any],
        ask: Callable[[SearchSession], tuple[_T, Outcome]], cancel: Cancel | None,
    ) -> _T:  # fmt: skip
        """Ask within the scope, written down before and after. Raises as ask, SearchFault."""
        self.record.asked(scope, facts)
        with (
            self.noting_failure(scope, facts),
            self.store.searching(scope.bounds, cancel) as session,
        ):
            found, outcome = ask(session)
        self.record.answered(scope, facts, outcome)
        return found

    @contextlib.contextmanager
    def noting_failure(
        self, scope: Scope, facts: Mapping[str, Any], *expected: type[Exception]
    ) -> Iterator[None]:
        """Write down that what was asked was not answered, and why. Raises SearchFault.

        expected: what else may go wrong whose words tell of no read.
        """
        told_of: tuple[type[Exception], ...] = (AskedWrongly, Cancelled, OSError, *expected)
        try:
            yield
        except StoreError as error:
            self.record.failed(scope, facts, "the store could not answer")
            raise SearchFault("the store cannot answer now; ask again later") from error
        except told_of as error:
            told = "nothing could be written" if isinstance(error, OSError) else str(error)
            self.record.failed(scope, facts, told)
            raise

    def listing(
        self, scope: Scope, facts: dict[str, Any], ask: Callable[[SearchSession], list[Any]],
        asked: Asked, cancel: Cancel | None,
    ) -> Listing:  # fmt: skip
        """Ask for rows that are no reads; too many are refused."""

        def run(session: SearchSession) -> tuple[Listing, Outcome]:
            rows = ask(session)
            if len(rows) > MOST_ROWS:
                raise TooMany(f"more than {MOST_ROWS:,} rows: ask for less time, or less often")
            blind = self.blind.of(session, scope, asked, len(rows), [])
            found = Listing(scope.decision_id, facts["kind"], tuple(rows), blind)
            return found, shown_outcome([], {}, len(rows))

        return self.run(scope, facts, run, cancel)


def span_facts(since_us: int, until_us: int) -> dict[str, Any]:
    """Return a span as the trail has it."""
    return {"since": from_us(since_us).isoformat(), "until": from_us(until_us).isoformat()}


def place_facts(place: Place | None) -> dict[str, Any]:
    """Return a place as the trail has it: the box around it."""
    if place is None:
        return {}
    box = place.box
    return {"box_e7": [box.south, box.west, box.north, box.east]}
