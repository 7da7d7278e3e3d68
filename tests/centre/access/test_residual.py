"""The Scope's rows are those that Cedar allows: over thousands of made-up people and requests.

More of them: OUTRIDER_REQUESTS=20000 pytest tests/centre/access/test_residual.py
"""

import functools
import os
import random
import uuid
from collections.abc import Iterator
from pathlib import Path

import cedarpy
import pytest

from outrider.centre.access.cedar_request import as_entity, context_of, read_entity
from outrider.centre.access.decide import Decider, Request
from outrider.centre.access.grounds import Authorisation, BreakGlass
from outrider.centre.access.people import Person, Rank, Role
from outrider.centre.access.purpose import Purpose, PurposeCode
from outrider.centre.access.scope import Action
from outrider.centre.access.why_not import Denied
from outrider.centre.store import open_store, queries
from outrider.centre.store.bounds import Bounds, Box
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.columns import to_us
from outrider.centre.store.filed import Camera, FiledRead
from outrider.centre.store.questions import Question
from outrider.vrm import fold
from tests.centre.access import makers
from tests.centre.access.makers import CASE, DAY_US, NOW, NOW_US
from tests.centre.access.residual import allows, residuals
from tests.centre.store.conftest import cluster, empty, shared_database
from tests.centre.store.sightings import FORCES, MARKS, sighting

__all__ = ["cluster", "shared_database"]

REQUESTS = int(os.environ.get("OUTRIDER_REQUESTS", "800"))  # of each set of rules
_AREA = Box.of_degrees(51.4, -0.2, 51.6, 0.1)


def _rows() -> list[FiledRead]:
    """Return reads of every age that a rule names, to the microsecond, and of ages between."""
    rng = random.Random(3)
    limits = [0, 90 * DAY_US, DAY_US]
    edges = [NOW_US - age + off for age in limits for off in (-1, 0, 1)]
    decider = makers.decider("24-months")
    edges += [us + off for us in decider.limits_us(NOW).values() for off in (-1, 0, 1)]
    ages = edges + [NOW_US - rng.randrange(800 * DAY_US) for _ in range(60)]
    found = []
    for number, at_us in enumerate(ages):
        la = rng.choice((_AREA.south, _AREA.north, _AREA.south - 1, _AREA.north + 1, 515_000_000))
        lo = rng.choice((_AREA.west, _AREA.east, _AREA.west - 1, _AREA.east + 1, -1_000_000))
        placed = rng.random() > 0.15
        found.append(
            sighting(
                number,
                at_us,
                camera=Camera(f"unit-{number % 3}", "front", False, FORCES[number % 3]),
                mark=rng.choice(MARKS),
                latitude_e7=la if placed else None,
                longitude_e7=lo if placed else None,
            )
        )
    return found


ROWS = _rows()
_READS = [
    (
        uuid.UUID(bytes=row.read_id),
        read_entity(row.at_us, fold(row.mark), row.camera.force, row.latitude_e7, row.longitude_e7)[
            "attrs"
        ],
    )
    for row in ROWS
]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CentreStore]:
    folder: Path = tmp_path_factory.mktemp("residual")
    url = f"sqlite:{folder / 'store'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("shared_database")
        empty(url)
    opened = open_store(url)
    opened.file(ROWS)
    yield opened
    opened.close()


def some_request(rng: random.Random) -> Request:
    """Return a request of somebody, on grounds that hold or nearly hold."""
    roles = frozenset(rng.sample(list(Role), rng.choice((0, 1, 1, 1, 2))))
    policy = makers.POLICY if rng.random() < 0.95 else "2025-1"
    person = Person("dc-1", rng.choice(FORCES), roles, rng.choice(list(Rank)), "t", policy)
    code = rng.choice(list(PurposeCode))
    authorisation = _some_authorisation(rng, code) if rng.random() < 0.5 else None
    glass = None
    if authorisation is None and rng.random() < 0.3:
        whose = rng.choice(("dc-1", "dc-1", "dc-2"))
        glass = BreakGlass("g", whose, CASE, NOW_US - 1, NOW_US + rng.choice((0, 9, 99)))
    purpose = Purpose(code, rng.choice((CASE, CASE, CASE, "CR/46/26")), makers.WORDS)
    return Request(person, rng.choice(list(Action)), purpose, None, authorisation, glass)


def _some_authorisation(rng: random.Random, code: PurposeCode) -> Authorisation:
    marks = frozenset(fold(mark) for mark in rng.sample(MARKS, rng.randrange(4)))
    return Authorisation(
        "a",
        rng.choice(("dc-1",) * 9 + ("dc-2",)),
        rng.choice(("supt-1",) * 9 + ("dc-1",)),
        rng.choice(list(Rank)[3:]),
        rng.choice((CASE,) * 9 + ("CR/46/26",)),
        code if rng.random() < 0.9 else rng.choice(list(PurposeCode)),
        marks if rng.random() < 0.7 else None,
        _AREA if rng.random() < 0.5 else None,
        NOW_US - rng.randrange(800 * DAY_US),
        NOW_US - rng.randrange(2),
        NOW_US + rng.choice((0, 1, DAY_US)),
        rng.random() < 0.05,
    )


def _cedar_allows(decider: Decider, asked: Request) -> set[uuid.UUID]:
    context = context_of(asked, to_us(NOW), decider.limits_us(NOW), makers.POLICY)
    left = residuals(
        {
            "principal": f'Person::"{asked.person.person_id}"',
            "action": f'Action::"{asked.action.value}"',
            "context": context,
        },
        _policies(decider.rules.text),
        [as_entity(asked.person), _action(asked.action)],
    )
    return {read_id for read_id, read in _READS if allows(left, read)}


@functools.cache
def _policies(text: str) -> cedarpy.PolicySet:
    return cedarpy.PolicySet.from_str(text)


@functools.cache
def _asked(rules: str) -> list[tuple[Request, set[uuid.UUID]]]:
    """Return requests with what Cedar allows of each: the same for every store."""
    rng, decider = random.Random(rules), makers.decider(rules)
    requests = [some_request(rng) for _ in range(REQUESTS)]
    return [(asked, _cedar_allows(decider, asked)) for asked in requests]


def _action(action: Action) -> dict[str, object]:
    return {"uid": {"type": "Action", "id": action.value}, "attrs": {}, "parents": []}


def _scope_selects(store: CentreStore, decider: Decider, asked: Request) -> set[uuid.UUID]:
    try:
        bounds = decider.decide(asked).bounds
    except Denied:
        bounds = Bounds()
    question = Question(0, 2**60)
    with store.searching(bounds) as session:
        return {s.read_id for s in queries.sightings(session, bounds, question, 1000, None)}


@pytest.mark.parametrize("rules", ["12-months", "24-months"])
def test_the_scopes_sql_selects_what_cedar_leaves_allowed(store: CentreStore, rules: str) -> None:
    """For each request, the rows within the Scope are those that the residual policies allow."""
    decider = makers.decider(rules)
    shown = 0
    for number, (asked, expected) in enumerate(_asked(rules)):
        assert _scope_selects(store, decider, asked) == expected, f"request {number}: {asked}"
        shown += bool(expected)
    assert shown > REQUESTS // 15  # not all were denied: the test has looked at something
