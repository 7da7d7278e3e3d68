"""People, grounds and requests made up for the tests of access."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from outrider.centre.access.decide import Decider, Request
from outrider.centre.access.grounds import Authorisation, BreakGlass
from outrider.centre.access.people import Person, Rank, Role
from outrider.centre.access.purpose import Purpose, PurposeCode
from outrider.centre.access.rules import load
from outrider.centre.access.scope import Action
from outrider.centre.store.bounds import Box
from outrider.centre.store.columns import to_us
from outrider.clock import RecordedClock

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
NOW_US = to_us(NOW)
DAY_US = 86_400_000_000
POLICY = "2026-1"
CASE = "CR/45/26"
WORDS = "trace the car that left the scene"
AREA = Box.of_degrees(51.4, -0.2, 51.6, 0.1)


def clock(now: datetime = NOW) -> RecordedClock:
    return RecordedClock(to_us(now) * 1000)


def decider(rules: str = "12-months", now: datetime = NOW) -> Decider:
    return Decider(load(rules), clock(now), POLICY)


def person(*roles: Role, rank: Rank = Rank.CONSTABLE, force: str = "northshire") -> Person:
    return Person("dc-1234", force, frozenset(roles), rank, "cid-1", POLICY)


def purpose(code: PurposeCode = PurposeCode.SERIOUS, case: str = CASE) -> Purpose:
    return Purpose(code, case, WORDS)


def authorisation(**changes: object) -> Authorisation:
    """Return an authorisation that holds: of marks, for all that is kept, for a day."""
    given = Authorisation(
        "auth-1", "dc-1234", "supt-1", Rank.SUPERINTENDENT, CASE, PurposeCode.SERIOUS,
        frozenset({"AB12CDE"}), None, 0, NOW_US - DAY_US, NOW_US + DAY_US,
    )  # fmt: skip
    return replace(given, **changes)  # type: ignore[arg-type]


def break_glass(**changes: object) -> BreakGlass:
    hour_us = int(timedelta(hours=1).total_seconds()) * 1_000_000
    glass = BreakGlass("glass-1", "dc-1234", CASE, NOW_US - hour_us, NOW_US + hour_us)
    return replace(glass, **changes)  # type: ignore[arg-type]


def request(
    *roles: Role,
    code: PurposeCode = PurposeCode.SERIOUS,
    action: Action = Action.SEARCH,
    age_days: float | None = None,
    rank: Rank = Rank.CONSTABLE,
    **grounds: object,
) -> Request:
    since_us = None if age_days is None else NOW_US - round(age_days * DAY_US)
    asked = Request(person(*roles, rank=rank), action, purpose(code), since_us)
    return replace(asked, **grounds)  # type: ignore[arg-type]
