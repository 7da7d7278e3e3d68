"""No sequence of requests, by any mix of roles, tells of a read that its asker may not see.

Each made-up read has a mark of its own, so that a mark in any answer, list, page or error text
tells which read it came from; what may be seen is asked of Cedar itself, read by read.
"""

import json
import random
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cedarpy
import pytest

from outrider.centre.access.cedar_request import as_entity, context_of, read_entity
from outrider.centre.access.decide import Request
from outrider.centre.access.people import Person, Rank, Role
from outrider.centre.access.purpose import Purpose, PurposeCode
from outrider.centre.access.rules import load, policy_set
from outrider.centre.access.scope import Action
from outrider.centre.api.app import Api
from outrider.centre.desks import Desks, desks_of
from outrider.centre.folder import CentreFolder, CentreSettings
from outrider.centre.pictures.reaching import PictureSocket
from outrider.centre.search.core import SearchCore
from outrider.centre.store import open_store
from outrider.centre.store.columns import to_us
from outrider.centre.store.filed import Camera, FiledHit, FiledRead
from outrider.centre.store.queries import Where
from outrider.vrm import fold
from tests.centre.access import makers
from tests.centre.access.makers import CASE, DAY_US, NOW, NOW_US
from tests.centre.api.serving import serving
from tests.centre.store.conftest import cluster, shared_database, url
from tests.centre.store.sightings import FORCES, sighting

__all__ = ["cluster", "shared_database", "url"]
REQUESTS = 80
RULES = load("12-months")
POLICIES = policy_set(RULES.text)
_MARK = re.compile(r"ZZ\d\d[A-Z]{3}")
_LETTERS = "ABCDEFGH"


def _mark(number: int) -> str:
    a, b, c = number // 64 % 8, number // 8 % 8, number % 8
    return f"ZZ{20 + number % 5}{_LETTERS[a]}{_LETTERS[b]}{_LETTERS[c]}"


def _reads() -> list[FiledRead]:
    rng, found = random.Random(5), []
    for number in range(160):
        force = rng.choice(FORCES)
        age_us = rng.choice((rng.randrange(DAY_US), rng.randrange(400 * DAY_US)))
        found.append(
            sighting(
                number,
                NOW_US - age_us,
                mark=_mark(number),
                camera=Camera(f"unit-{force[0]}", "front", False, force),
                latitude_e7=515_000_000 + rng.randrange(-200_000, 200_000),
                longitude_e7=-1_200_000 + rng.randrange(-200_000, 200_000),
            )
        )
    return found


READS = _reads()


@dataclass
class Place:
    desks: Desks
    client: Any
    people: dict[str, tuple[Person, dict[str, str]]]
    grounds: dict[str, str]


@pytest.fixture
def place(url: str, tmp_path: Path) -> Iterator[Place]:
    clock = makers.clock()
    store = open_store(url, clock)
    desks = desks_of(CentreFolder(tmp_path / "centre"), CentreSettings(), store, clock)
    hits = [
        FiledHit(10_000 + n, uuid.uuid4().bytes, read, read.mark, "stolen", "stop", "exact", False)
        for n, read in enumerate(READS[::4])
    ]
    store.file([*READS, *hits])
    api = Api(desks, PictureSocket(tmp_path / "nobody"), 2)
    with serving(api.app) as client:
        people = {}
        for number, role in enumerate((*Role, Role.ANALYST)):
            person = Person(
                f"p{number}", FORCES[number % 3], frozenset({role}), Rank.CONSTABLE, "t", "1"
            )
            desks.acceptance.accept(person.person_id, "1")
            token = desks.sessions.begin(person)
            people[person.person_id] = person, {"Authorization": f"Bearer {token}"}
        yield Place(desks, client, people, _authorised(desks, people))
    api.close()
    store.close()


def _authorised(desks: Desks, people: dict[str, tuple[Person, dict[str, str]]]) -> dict[str, str]:
    """Return an authorisation for each who may have one."""
    found = {}
    for name, (person, _) in people.items():
        if person.roles & {Role.ANALYST, Role.INVESTIGATOR, Role.INTELLIGENCE}:
            purpose = Purpose(PurposeCode.SERIOUS, CASE, makers.WORDS)
            marks = tuple(read.mark for read in READS[:40:2])
            given = desks.desk.authorisations
            asked = given.ask(person, purpose, NOW_US - 300 * DAY_US, timedelta(days=1), marks)
            superintendent = Person(
                "supt", person.force, frozenset({Role.SENIOR_OFFICER}), Rank.SUPERINTENDENT
            )
            given.give(superintendent, asked.paper_id, "needed and proportionate here")
            found[name] = asked.paper_id
    return found


def _allowed(place: Place, person: Person, code: str, authorisation: str) -> set[str]:
    """Return the marks of the reads that Cedar lets somebody see, read by read."""
    given = place.desks.desk.authorisations.grounds(authorisation) if authorisation else None
    if authorisation and given is None:
        return set()
    asked = Request(
        person, Action.SEARCH, Purpose(PurposeCode(code), CASE, makers.WORDS), None, given
    )
    limits = {name: to_us(age.before(NOW)) for name, age in RULES.table.limits.items()}
    context = context_of(asked, NOW_US, limits, "1")
    found = set()
    for read in READS:
        entity = read_entity(
            read.at_us, fold(read.mark), read.camera.force, read.latitude_e7, read.longitude_e7
        )
        request = {
            "principal": {"type": "Person", "id": person.person_id},
            "action": {"type": "Action", "id": "search"},
            "resource": entity["uid"],
            "context": context,
        }
        answer = cedarpy.is_authorized(request, POLICIES, [as_entity(person), entity])
        if answer.decision is cedarpy.Decision.Allow:
            found.add(fold(read.mark))
    return found


def _body(rng: random.Random, place: Place, name: str) -> tuple[str, dict[str, Any]]:
    """Return some search, on some grounds, its own or another's."""
    days = rng.choice((0.9, 30, 89, 95, 299, 399))
    since = NOW.timestamp() - days * 86_400
    span = {"since": datetime.fromtimestamp(since, UTC).isoformat(), "until": NOW.isoformat()}
    body: dict[str, Any] = {
        "purpose": {
            "code": rng.choice([code.value for code in PurposeCode]), "case": CASE,
            "words": makers.WORDS,
        },
    }  # fmt: skip
    grounds = rng.choice(["", "", place.grounds.get(name, ""), *place.grounds.values()])
    if grounds:
        body["authorisation"] = grounds
    mark = rng.choice(READS[:60]).mark
    circle = {"circle": {"latitude": 51.5, "longitude": -0.12, "radius_m": 9000}}
    kind = rng.choice(("mark", "partial", "area", "camera", "ends", "hits", "clones",
                       "associates", "crossed", "read"))  # fmt: skip
    more: dict[str, dict[str, Any]] = {
        "mark": {**span, "mark": mark},
        "partial": {**span, "pattern": rng.choice(("ZZ2*", "Z?2?A??", f"*{mark[3:]}")),
                    "order": rng.choice(("newest", "oldest")), "size": 500},
        "area": {**span, "place": circle, "size": 500},
        "camera": {**span, "unit": rng.choice(("unit-n", "unit-e")), "size": 500},
        "ends": {**span, "mark": mark},
        "hits": span,
        "clones": {**span, "mark": mark},
        "associates": {**span, "mark": mark, "least": 2},
        "crossed": {"scenes": [{"place": circle, **span}] * 2},
        "read": {},
    }  # fmt: skip
    path = f"/v1/search/{kind}"
    if kind == "read":
        path = f"/v1/reads/{uuid.UUID(bytes=rng.choice(READS).read_id)}"
    return path, body | more[kind]


def test_no_answer_tells_of_a_read_outside_the_scope(place: Place) -> None:
    """Whatever is asked, by whomever, on whosever grounds, in whatever order."""
    rng, told = random.Random(11), 0
    for number in range(REQUESTS):
        name = rng.choice(list(place.people))
        person, headers = place.people[name]
        path, body = _body(rng, place, name)
        answer = place.client.post(path, json=body, headers=headers)
        allowed = _allowed(place, person, body["purpose"]["code"], body.get("authorisation", ""))
        asked = {fold(mark) for mark in _MARK.findall(json.dumps(body))}
        seen = {fold(mark) for mark in _MARK.findall(answer.text)}
        assert seen <= allowed | asked, f"request {number} by {sorted(person.roles)}: {path}"
        if answer.status_code == 200:
            found = answer.json()
            total = found.get("total", len(found.get("rows", ())))
            assert total <= len(allowed), f"request {number}: a count of more than may be seen"
            told += len(seen)
        else:
            assert answer.status_code in (403, 422), answer.text
    assert told > REQUESTS  # the test has looked at something


def test_with_the_applications_checks_out_the_database_still_holds(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the engine's check nor the query's own bounds: the second lock alone."""
    monkeypatch.setattr(SearchCore, "check", lambda *args, **more: None)
    monkeypatch.setattr(Where, "_bind", lambda self, bounds: self.add("1 = 1"))
    test_no_answer_tells_of_a_read_outside_the_scope(place)


def test_the_oracle_can_fail(place: Place) -> None:
    """A scope wider than Cedar's is noticed by this very test."""
    person, _ = next(iter(place.people.values()))
    everything = replace(person, roles=frozenset({Role.ANALYST}))
    assert len(_allowed(place, everything, "serious", "")) < len(READS)
