"""The interface has no key: it asks the service at its socket, which decides by itself."""

import base64
import contextlib
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from outrider.centre.api.app import Api
from outrider.centre.demo import story
from outrider.centre.demo.maker import Plan, make_demo
from outrider.centre.demo.people import STAFF
from outrider.centre.desks import Desks, desks_of
from outrider.centre.folder import CentreFolder, opening_keys
from outrider.centre.opening.keys import DataKeys, KeyFolder
from outrider.centre.pictures.reaching import PictureSocket
from outrider.centre.pictures.service import PictureService
from outrider.centre.pictures.showing import Showing
from outrider.centre.search.record import Stage
from outrider.centre.search.trail import all_asked
from outrider.centre.store import open_store
from outrider.centre.web.listening import socket_at
from outrider.clock import RecordedClock
from tests.centre.api.serving import serving, serving_at

NOW_NS = 1_795_262_400_000_000_000  # 21 November 2026, 12:00 UTC
WHY = {"code": "serious", "case": "CR/45/26", "words": "trace the car that was stolen"}


@dataclass
class Place:
    desks: Desks
    client: httpx.Client

    def headers(self, name: str, accepts: bool = True) -> dict[str, str]:
        person = next(staff.person for staff in STAFF if staff.person.person_id == name)
        if accepts:
            self.desks.acceptance.accept(name, self.desks.acceptance.in_force)
        else:
            person = replace(person, person_id=f"new-{name}")
        return {"Authorization": f"Bearer {self.desks.sessions.begin(person)}"}

    def ask(self, who: dict[str, str], read: object, role: str = "patch") -> Any:
        path = f"/v1/reads/{read}/pictures/{role}"
        return self.client.post(path, json={"purpose": WHY}, headers=who)

    def read_of(self, mark: str) -> uuid.UUID:
        with self.desks.store.snapshot() as rows:
            for one in rows:
                found = json.loads(one.text)["record"]
                if found.get("text", {}).get("vrm") == mark:
                    return uuid.UUID(found["read_id"])
        raise AssertionError(mark)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    root = tmp_path_factory.mktemp("pics") / "c"
    plan = Plan(days=130, reads_a_day=0.1, vehicles=60, searches=False)
    make_demo(root, plan, RecordedClock(NOW_NS))
    folder, clock = CentreFolder(root), RecordedClock(NOW_NS)
    with contextlib.ExitStack() as stack:
        store = stack.enter_context(
            contextlib.closing(open_store(f"sqlite:{folder.store.resolve()}", clock))
        )
        desks = desks_of(folder, folder.load(), store, clock)
        keys = DataKeys(KeyFolder(opening_keys(None, folder)).load())
        service = PictureService(Showing(desks, keys))
        stack.callback(service.close)
        line = stack.enter_context(socket_at(folder.pictures_socket))
        stack.enter_context(serving_at(service.app, line))
        api = Api(desks, PictureSocket(folder.pictures_socket), 2)
        stack.callback(api.close)
        yield Place(desks, stack.enter_context(serving(api.app)))


def test_a_picture_comes_beside_its_read_with_the_decision(place: Place) -> None:
    """As JPEG, with the mark to hold it against; the trail has question and answer."""
    answer = place.ask(place.headers("ana-1"), place.read_of(story.STOLEN))
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert base64.b64decode(found["jpeg"])[:2] == b"\xff\xd8"
    assert (found["read"]["mark"], found["role"]) == (story.STOLEN, "patch")
    stages = [
        one.stage for one in all_asked(place.desks.store)
        if one.decision_id == found["decision_id"] and one.facts["kind"] == "picture"
    ]  # fmt: skip
    assert stages == [Stage.ASKED, Stage.ANSWERED]


@pytest.mark.parametrize(
    ("who", "mark", "status", "error"),
    [
        ("aud-1", story.STOLEN, 403, "role"),
        ("adm-1", story.STOLEN, 403, "role"),
        ("ana-1", story.SUSPECT, 422, "asked-wrongly"),  # 120 days old: beyond the scope
    ],
)
def test_who_may_not_see_a_read_gets_no_picture_of_it(
    place: Place, who: str, mark: str, status: int, error: str
) -> None:
    """The service decides itself, whoever hands the question on."""
    answer = place.ask(place.headers(who), place.read_of(mark))
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert mark not in answer.text


def test_a_session_that_accepted_nothing_gets_no_picture(place: Place) -> None:
    """Nor one that was made up."""
    read = place.read_of(story.STOLEN)
    answer = place.ask(place.headers("supt-1", accepts=False), read)
    assert (answer.status_code, answer.json()["error"]) == (403, "policy")
    answer = place.ask({"Authorization": "Bearer made-up"}, read)
    assert (answer.status_code, answer.json()["error"]) == (401, "session")


def test_an_unknown_picture_is_said_and_where(place: Place) -> None:
    """No such read; no such role."""
    who = place.headers("ana-1")
    assert "lies in your scope" in place.ask(who, uuid.UUID(int=1)).json()["message"]
    assert "patch or overview" in place.ask(who, uuid.UUID(int=1), "face").json()["message"]


def test_without_the_service_the_answer_says_what_to_do(place: Place, tmp_path: Path) -> None:
    """Nobody at the socket: later, and by which command."""
    api = Api(place.desks, PictureSocket(tmp_path / "nobody"), 1)
    with contextlib.closing(api), serving(api.app) as client:
        path = f"/v1/reads/{place.read_of(story.STOLEN)}/pictures/patch"
        answer = client.post(path, json={"purpose": WHY}, headers=place.headers("ana-1"))
    assert answer.status_code == 503
    assert "outrider centre pictures" in answer.json()["message"]
