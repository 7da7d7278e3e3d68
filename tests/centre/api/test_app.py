"""The interface: sessions, scopes, errors; and that the table of routes is what the code does."""

import json
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.routing import Route

from outrider.centre.access.people import Person, Rank, Role
from outrider.centre.api import app
from outrider.centre.api.app import Api
from outrider.centre.api.bodies import AcceptBody, Grounds
from outrider.centre.api.openapi import document
from outrider.centre.api.routes import ROUTES
from outrider.centre.desks import Desks, desks_of
from outrider.centre.evidence.pictures import ShownPicture
from outrider.centre.folder import CentreFolder, CentreSettings
from outrider.centre.pages.faults import answer_to
from outrider.centre.people.provider import Begun, Provider, SignInFault
from outrider.centre.pictures.asking import PictureAsked
from outrider.centre.pictures.reaching import NoPicture
from outrider.centre.store import open_store
from outrider.centre.web.listening import Answering
from outrider.clock import RecordedClock
from outrider.wire.audit import AuditKind
from outrider.wire.canonical import WireError
from tests.centre.access import makers
from tests.centre.access.makers import DAY_US, NOW_US
from tests.centre.api.serving import serving
from tests.centre.store.conftest import cluster, shared_database, url
from tests.centre.store.sightings import sighting

__all__ = ["cluster", "shared_database", "url"]

WHY = {"code": "serious", "case": "CR/45/26", "words": makers.WORDS}
SPAN = {"since": "2026-11-01T00:00:00Z", "until": "2026-11-21T11:59:00Z"}
PLACE = {"circle": {"latitude": 51.5, "longitude": -0.12, "radius_m": 500}}
BODIES: dict[str, dict[str, Any]] = {
    "mark": {"purpose": WHY, **SPAN, "mark": "AB12CDE"},
    "partial": {"purpose": WHY, **SPAN, "pattern": "AB12*"},
    "area": {"purpose": WHY, **SPAN, "place": PLACE},
    "camera": {"purpose": WHY, **SPAN, "unit": "unit-1"},
    "ends": {"purpose": WHY, **SPAN, "mark": "AB12CDE"},
    "crossed": {"purpose": WHY, "scenes": [{"place": PLACE, **SPAN}] * 2},
    "associates": {"purpose": WHY, **SPAN, "mark": "AB12CDE"},
    "clones": {"purpose": WHY, **SPAN, "mark": "AB12CDE"},
    "hits": {"purpose": WHY, **SPAN},
    "read": {"purpose": WHY},
    "picture": {"purpose": WHY},
    "correct": {"purpose": WHY, "mark": "AB12CDF"},
    "accept": {"version": "1"},
    "ask": {
        "purpose": WHY, "reads_from": "2026-01-01T00:00:00Z", "hours": 24, "marks": ["AB12CDE"],
    },
    "decide": {"words": "needed and proportionate here"},
    "glass": {"purpose": {**WHY, "code": "life-at-risk"}},
    "review_glass": {"words": "a child was missing", "justified": True},
    "close_review": {"words": "looked at the case", "finding": "in order"},
}  # fmt: skip


class Nobody:
    """A service that opens no picture."""

    def ask(self, asked: PictureAsked) -> ShownPicture:
        raise NoPicture(404, "the patch has not come from its unit yet, or has expired")


@dataclass
class Place:
    desks: Desks
    client: httpx.Client
    app: Starlette
    clock: RecordedClock

    def sign_in(self, *roles: Role, name: str = "dc-1234", **more: Any) -> dict[str, str]:
        """Return the header of a session of somebody who accepted the rules of use."""
        person = Person(name, "northshire", frozenset(roles), Rank.CONSTABLE, "cid-1")
        self.desks.acceptance.accept(name, "1")
        token = self.desks.sessions.begin(replace(person, **more))
        return {"Authorization": f"Bearer {token}"}

    def post(self, path: str, body: Any, headers: dict[str, str]) -> Any:
        return self.client.post(path, json=body, headers=headers)


@pytest.fixture
def place(url: str, tmp_path: Path) -> Iterator[Place]:
    clock = makers.clock()
    store = open_store(url, clock)
    folder = CentreFolder(tmp_path / "centre")
    desks = desks_of(folder, CentreSettings(), store, clock)
    store.file([sighting(1, NOW_US - DAY_US), sighting(2, NOW_US - 120 * DAY_US)])
    api = Api(desks, Nobody(), 2)
    with serving(api.app) as client:
        yield Place(desks, client, api.routes, clock)
    api.close()
    store.close()


class _Hanging(Provider):
    """A provider that does not answer until it is told to."""

    def __init__(self) -> None:
        self.answers = threading.Event()

    def begin(self) -> Begun:
        self.answers.wait(60)
        raise SignInFault("the provider cannot be reached")


def test_a_provider_that_hangs_keeps_nobody_from_asking(place: Place) -> None:
    """More sign-ins wait for it than there are threads; who is signed in is answered."""
    hanging = _Hanging()
    api = Api(replace(place.desks, provider=hanging), Nobody(), 2)
    with serving(api.app) as client:
        waiting = [threading.Thread(target=client.get, args=("/v1/sign-in",)) for _ in range(4)]
        for each in waiting:
            each.start()
        try:
            answer = client.get("/v1/me", headers=place.sign_in(Role.ANALYST), timeout=20)
            assert answer.json()["person"] == "dc-1234"
        finally:
            hanging.answers.set()
            for each in waiting:
                each.join()
    api.close()


def test_a_search_over_the_interface(place: Place) -> None:
    """A session, a purpose, a mark: reads, a total, the decision and the blind spots."""
    answer = place.post("/v1/search/mark", BODIES["mark"], place.sign_in(Role.ANALYST))
    assert answer.status_code == 200
    found = answer.json()
    assert found["total"] == 1
    assert found["reads"][0]["mark"] == "AB12CDE"
    assert uuid.UUID(found["decision_id"])
    assert found["blind"]["words"]


@pytest.mark.parametrize(
    ("header", "status"),
    [({}, 401), ({"Authorization": "Bearer made-up"}, 401), ({"Authorization": "Basic x"}, 401)],
)
def test_without_a_session_nothing_is_answered(
    place: Place, header: dict[str, str], status: int
) -> None:
    """Every route of the table asks for one."""
    for route in ROUTES:
        path = route.path.format(read=uuid.uuid4(), role="patch", paper="x", act="give")
        body = json.dumps(BODIES[route.name]) if route.body else None
        answer = place.client.request(route.method, path, content=body, headers=header)
        assert (answer.status_code, answer.json()["error"]) == (status, "session"), route.name


def _half(place: Place, headers: dict[str, str]) -> bytes:
    """Send the head of a search and never its body; return what is answered."""
    url = place.client.base_url
    lines = ["POST /v1/search/mark HTTP/1.1", "Host: x", "Content-Length: 100"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    with socket.create_connection((url.host, url.port or 0), timeout=30) as line:
        line.sendall("\r\n".join([*lines, "", ""]).encode())
        return line.recv(65536)


def test_a_body_that_does_not_come_is_not_waited_for(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stranger's not at all, anybody else's not for long."""
    assert b"401" in _half(place, {})
    monkeypatch.setattr(app, "_BODY_S", 0.2)
    assert b"408" in _half(place, place.sign_in(Role.ANALYST))


def test_a_head_that_does_not_come_is_broken_off(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a head on a line of the command's own listener ends it; others are answered."""
    monkeypatch.setattr(Answering, "patience_s", 0.3)
    with serving(place.app, http=Answering) as client:
        url = client.base_url
        with socket.create_connection((url.host, url.port or 0), timeout=30) as line:
            line.sendall(b"GET /v1/me HTTP/1.1\r\nHost")
            assert client.get("/v1/me").status_code == 401
            assert line.recv(100) == b""


def test_who_has_not_accepted_the_rules_can_do_nothing(place: Place) -> None:
    """Until they have."""
    person = Person("dc-7", "northshire", frozenset({Role.ANALYST}), Rank.CONSTABLE)
    headers = {"Authorization": f"Bearer {place.desks.sessions.begin(person)}"}
    answer = place.post("/v1/search/mark", BODIES["mark"], headers)
    assert (answer.status_code, answer.json()["error"]) == (403, "policy")
    assert place.post("/v1/rules-of-use", {"version": "1"}, headers).status_code == 200
    assert place.post("/v1/search/mark", BODIES["mark"], headers).status_code == 200


def test_asked_authorised_seen_over_the_interface(place: Place) -> None:
    """Refused at 120 days; asked; given by a superintendent; seen."""
    analyst = place.sign_in(Role.ANALYST)
    old = {**BODIES["mark"], "since": "2026-07-01T00:00:00Z"}
    assert place.post("/v1/search/mark", old, analyst).json()["error"] == "too-old"
    name = place.post("/v1/authorisations", BODIES["ask"], analyst).json()["authorisation"]
    assert (
        place.post(f"/v1/authorisations/{name}/give", BODIES["decide"], analyst).status_code == 403
    )
    superintendent = place.sign_in(Role.SENIOR_OFFICER, name="supt-1", rank=Rank.SUPERINTENDENT)
    inbox = place.client.get("/v1/authorisations", headers=superintendent).json()
    assert [one["id"] for one in inbox["to_decide"]] == [name]
    given = place.post(f"/v1/authorisations/{name}/give", BODIES["decide"], superintendent)
    assert given.json()["state"] == "given"
    answer = place.post("/v1/search/mark", {**old, "authorisation": name}, analyst)
    assert answer.json()["total"] == 2


def test_a_session_that_accepted_nothing_does_nothing(place: Place) -> None:
    """Neither asks, gives, reviews nor looks at an inbox; it may see who it is, and accept."""
    everything = frozenset(Role) - {Role.AUDITOR, Role.ADMINISTRATOR}
    person = Person("dc-8", "northshire", everything, Rank.SUPERINTENDENT)
    headers = {"Authorization": f"Bearer {place.desks.sessions.begin(person)}"}
    for route in ROUTES:
        if route.name in ("me", "accept", "picture"):  # that decides: tests/centre/pictures
            continue
        path = route.path.format(read=uuid.uuid4(), role="patch", paper="x", act="give")
        body = json.dumps(BODIES[route.name]) if route.body else None
        answer = place.client.request(route.method, path, content=body, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (403, "policy"), route.name


def test_every_route_that_returns_a_read_rests_on_a_decision(place: Place) -> None:
    """Its body says purpose and grounds, and its answer names the decision that the trail has."""
    headers = place.sign_in(Role.ANALYST)
    read_id = uuid.UUID(bytes=sighting(1, NOW_US - DAY_US).read_id)
    for route in ROUTES:
        path = route.path.format(read=read_id, role="patch", paper="x", act="give")
        body = json.dumps(BODIES[route.name]) if route.body else None
        answer = place.client.request(route.method, path, content=body, headers=headers)
        if "decision_id" in answer.text:
            assert route.body is not None
            assert issubclass(route.body, Grounds), route.name
            decision = answer.json()["decision_id"]
            assert any(decision in row.event.subject for row in place.desks.store.audit(0, 1000))
        else:
            assert "AB12CDE" not in answer.text or route.name in OWN_PAPERS, route.name


OWN_PAPERS = {"inbox"}  # shows what people typed themselves when they asked, and no read


def test_a_correction_keeps_the_original(place: Place) -> None:
    """What was read stays; beside it the true mark, by whom; found by either; taken back again."""
    headers = place.sign_in(Role.ANALYST)
    read_id = uuid.UUID(bytes=sighting(1, NOW_US - DAY_US).read_id)
    path = f"/v1/reads/{read_id}/correction"
    read = place.post(path, BODIES["correct"], headers).json()["read"]
    assert (read["mark"], read["corrected_to"], read["corrected_by"]) == (
        "AB12CDE", "AB12CDF", "dc-1234",
    )  # fmt: skip
    for mark in ("AB12CDE", "AB12CDF"):
        found = place.post("/v1/search/mark", {**BODIES["mark"], "mark": mark}, headers).json()
        assert [(one["mark"], one["corrected_to"]) for one in found["reads"]] == [
            ("AB12CDE", "AB12CDF")
        ], mark
    events = [row.event for row in place.desks.store.audit(0, 1000)]
    told = [
        e.subject for e in events if e.kind is AuditKind.ALTERATION and str(read_id) in e.subject
    ]
    assert len(told) == 2
    assert not any("AB12CDF" in subject for subject in told)  # the trail outlives the read
    back = {**BODIES["correct"], "mark": "AB12CDE"}
    assert place.post(path, back, headers).json()["read"]["corrected_to"] is None
    found = place.post("/v1/search/mark", {**BODIES["mark"], "mark": "AB12CDF"}, headers).json()
    assert found["total"] == 0


def test_a_correction_is_no_way_around_the_scope(place: Place) -> None:
    """Neither a read of 120 days ago, nor by a supervisor."""
    old = uuid.UUID(bytes=sighting(2, NOW_US - 120 * DAY_US).read_id)
    answer = place.post(
        f"/v1/reads/{old}/correction", BODIES["correct"], place.sign_in(Role.ANALYST)
    )
    assert (answer.status_code, answer.json()["error"]) == (422, "asked-wrongly")
    new = uuid.UUID(bytes=sighting(1, NOW_US - DAY_US).read_id)
    supervisor = place.sign_in(Role.SUPERVISOR, name="sgt-1")
    path = f"/v1/reads/{new}/correction"
    assert place.post(path, BODIES["correct"], supervisor).status_code == 403


@pytest.mark.parametrize(
    ("path", "status", "where"),
    [
        ("/v1/reads/made-up/pictures/patch", 422, "identifier"),
        ("/v1/reads/made-up/correction", 422, "identifier"),
        (f"/v1/reads/{uuid.UUID(int=1)}/pictures/face", 422, "patch or overview"),
    ],
)
def test_a_picture_asked_wrongly_is_said_and_where(
    place: Place, path: str, status: int, where: str
) -> None:
    """No such read, role or identifier."""
    body = BODIES["correct" if path.endswith("correction") else "picture"]
    answer = place.post(path, body, place.sign_in(Role.ANALYST))
    assert (answer.status_code, where in answer.json()["message"]) == (status, True), answer.text


def test_an_auditor_sees_no_read(place: Place) -> None:
    """Whatever he asks."""
    headers = place.sign_in(Role.AUDITOR)
    for route in ROUTES:
        if route.event is AuditKind.CONSULTATION and route.name != "picture":
            path = route.path.format(read=uuid.uuid4(), role="patch")
            answer = place.post(path, BODIES[route.name], headers)
            assert (answer.status_code, answer.json()["error"]) == (403, "role"), route.name


def test_the_table_of_routes_is_what_the_application_does(place: Place) -> None:
    """Each route once; what its call writes is of the event that stands in the table."""
    app_routes = {
        (route.path, method)
        for route in place.app.routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    signing = {"/v1/sign-in", "/v1/signed-in", "/v1/sign-out", "/v1/openapi.json"}
    assert {one for one in app_routes if one[0] not in signing} == {
        (route.path, route.method) for route in ROUTES
    }
    headers = place.sign_in(Role.ANALYST, Role.SUPERVISOR, Role.SENIOR_OFFICER)
    read_id = uuid.UUID(bytes=sighting(1, NOW_US - DAY_US).read_id)
    for route in ROUTES:
        before = len(place.desks.store.audit(0, 10_000))
        path = route.path.format(read=read_id, role="patch", paper="none", act="give")
        body = json.dumps(BODIES[route.name]) if route.body else None
        answer = place.client.request(route.method, path, content=body, headers=headers)
        written = {row.event.kind for row in place.desks.store.audit(0, 10_000)[before:]}
        if answer.status_code == 200 and route.name != "accept":  # accepted before
            assert written == ({route.event} if route.event else set()), route.name
        else:
            expected = (404,) if route.name == "picture" else (200, 403)  # nobody opens here
            assert answer.status_code in expected, (route.name, answer.text)


def test_the_document_names_every_route_and_body() -> None:
    """OpenAPI 3.1 made of the table, with no reference that leads nowhere."""
    found = document()
    assert {(path, method.upper()) for path, some in found["paths"].items() for method in some} == {
        (route.path, route.method) for route in ROUTES
    }
    text = json.dumps(found)
    for name in text.split("#/components/schemas/")[1:]:
        assert name.split('"')[0] in found["components"]["schemas"]


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"mark": ""}, "mark"),
        ({"mark": "'; DROP TABLE sighting; --"}, "mark"),
        ({"since": "yesterday"}, "since"),
        ({"since": "2026-11-01T00:00:00"}, "timezone"),
        ({"size": 501}, "size"),
        ({"size": 0}, "size"),
        ({"page": "x"}, "next_page"),
        ({"since": "2026-11-21T11:00:00Z", "until": "2026-11-20T11:00:00Z"}, "before the start"),
        ({"purpose": {**WHY, "code": "curiosity"}}, "purpose"),
        ({"purpose": {**WHY, "words": "x"}}, "words"),
        ({"purpose": {**WHY, "authority": "my boss"}}, "authority"),
        ({"scope": {"not_before": 0}}, "scope"),
        ({"authorisation": "made-up"}, "authorisation"),
        ({"break_glass": "made-up"}, "break-glass"),
    ],
)
def test_what_is_asked_wrongly_is_said_and_where(
    place: Place, changes: dict[str, Any], where: str
) -> None:
    """A clear refusal, that repeats nothing of what was typed."""
    body = {**BODIES["mark"], **changes}
    answer = place.post("/v1/search/mark", body, place.sign_in(Role.ANALYST))
    assert answer.status_code in (403, 422), answer.text
    assert where in answer.json()["message"]
    assert "DROP TABLE" not in answer.text


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'{"a":' * 9000, b"0" * 70_000])
def test_what_is_no_request_is_refused(place: Place, body: bytes) -> None:
    """Not JSON, nested deeply, too long: refused, and the next is answered."""
    headers = place.sign_in(Role.ANALYST)
    answer = place.client.post("/v1/search/mark", content=body, headers=headers)
    assert answer.status_code in (413, 422)
    assert place.post("/v1/search/mark", BODIES["mark"], headers).status_code == 200


def test_signed_out_is_out(place: Place) -> None:
    """The token serves no more."""
    headers = place.sign_in(Role.ANALYST)
    assert place.client.get("/v1/me", headers=headers).json()["person"] == "dc-1234"
    assert place.post("/v1/sign-out", None, headers).status_code == 200
    assert place.client.get("/v1/me", headers=headers).status_code == 401


def test_a_sign_in_of_another_browser_is_refused(place: Place) -> None:
    """State alone is not enough; and without a provider nobody signs in."""
    answer = place.client.get("/v1/signed-in?state=x&code=y")
    assert (answer.status_code, answer.json()["error"]) == (403, "sign-in")
    assert place.client.get("/v1/sign-in").json()["error"] == "provider"


@pytest.mark.parametrize("told", [app._told, lambda error: answer_to(error, "")])
def test_what_was_parsed_is_not_told(told: Callable[[Exception], Any]) -> None:
    """A row or a paper that does not parse is a ValueError with its content in it: not told."""
    with pytest.raises(ValidationError) as found:
        AcceptBody.model_validate({"version": "AB12 CDE" * 20})
    for error in (found.value, WireError("row 7: no text: AB12CDE")):
        said = repr(vars(told(error)) if hasattr(told(error), "body") else told(error))
        assert "AB12" not in said
        assert "500" in said
