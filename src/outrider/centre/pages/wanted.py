"""A question as it was understood: what of which reads, where and when; and the search for it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from outrider.centre.access.scope import Scope
from outrider.centre.pages.calls import Call
from outrider.centre.search.answers import Answer, FirstAndLast, Listing
from outrider.centre.search.asking import Span
from outrider.centre.store.places import Circle
from outrider.centre.store.questions import Order

PAGE = 25


class Kind(StrEnum):
    """Which search."""

    MARK = "mark"
    PARTIAL = "partial"
    AREA = "area"
    CAMERA = "camera"
    ROUTE = "route"
    ENDS = "ends"
    ASSOCIATES = "associates"
    CLONES = "clones"
    CROSSED = "crossed"


OF_A_MARK = (Kind.MARK, Kind.ROUTE, Kind.ENDS, Kind.ASSOCIATES, Kind.CLONES)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One question, understood.

    text: as it was typed. pages: what asks for its second page and those after. scenes: of a
    crossing. exact: O is not 0, I is not 1. job: the long work that answers it.
    """

    kind: Kind
    text: str
    span: Span
    mark: str = ""
    place: Circle | None = None
    unit: str = ""
    exact: bool = False
    scenes: tuple[tuple[Circle, Span], ...] = ()
    pages: tuple[str, ...] = ()
    job: str = ""

    def as_kind(self, kind: Kind) -> "Wanted":
        """Return another search of the same mark and time."""
        return replace(self, kind=kind, pages=(), job="")


def ask(
    call: Call, wanted: Wanted, page: int, scope: Scope | None = None
) -> Answer | Listing | FirstAndLast:
    """Ask. page: 1 is the first. scope: as it was decided already.

    Raises NeedsPurpose, Denied, AskedWrongly, SearchFault, Cancelled.
    """
    search, span = call.desks.search, wanted.span
    scope = scope or call.scope(since_of(wanted))
    after = "" if page < 2 else wanted.pages[page - 2]
    how: dict[str, Any] = {"page": after, "size": PAGE, "cancel": call.cancel}
    match wanted.kind:
        case Kind.PARTIAL:
            return search.partial(scope, wanted.mark, span, place=wanted.place, **how)
        case Kind.AREA:
            marks = (wanted.mark,) if wanted.mark else ()
            assert wanted.place is not None  # the box made it so
            return search.area(scope, wanted.place, span, marks=marks, **how)
        case Kind.CAMERA:
            return search.camera(scope, wanted.unit, span, **how)
        case Kind.ENDS:
            return search.ends(scope, wanted.mark, span, call.cancel)
        case Kind.ASSOCIATES:
            return search.associates(
                scope, wanted.mark, span, window=timedelta(seconds=30), least=3, cancel=call.cancel
            )
        case Kind.CLONES:
            return search.clone_suspects(scope, span, mark=wanted.mark, cancel=call.cancel)
        case Kind.CROSSED:
            return search.crossed(scope, wanted.scenes, cancel=call.cancel)
    order = Order.OLDEST if wanted.kind is Kind.ROUTE else Order.NEWEST
    return search.mark(scope, wanted.mark, span, exact=wanted.exact, order=order, **how)


def since_of(wanted: Wanted) -> datetime:
    """Return since when a question reaches."""
    return min((span.since for _, span in wanted.scenes), default=wanted.span.since)
