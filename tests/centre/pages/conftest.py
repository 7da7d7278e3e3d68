"""The pages over a thin demo centre: real sealed reads, real pictures, a real store."""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

from outrider.centre.access.people import Person
from outrider.centre.commands.pages import pages_of
from outrider.centre.demo.maker import Plan, make_demo
from outrider.centre.demo.people import STAFF
from outrider.centre.folder import CentreFolder, opening_keys
from outrider.centre.opening.keys import DataKeys, KeyFolder
from outrider.centre.pages.app import Pages
from outrider.centre.pages.calls import Site
from outrider.centre.pictures.service import PictureService
from outrider.centre.pictures.showing import Showing
from outrider.centre.web.listening import socket_at
from outrider.clock import RecordedClock
from tests.centre.api.serving import serving, serving_at

NOW_NS = 1_795_262_400_000_000_000  # 21 November 2026, 12:00 UTC
_TOKEN = re.compile(r'name="form-token" value="([0-9a-f]+)"')
WORDS = "trace the car that left the scene"


@dataclass
class Browser:
    """Somebody's browser, without scripts. page: what it shows."""

    client: httpx.Client
    page: httpx.Response | None = None

    def get(self, path: str) -> str:
        """Go to a page; return what it shows, as a person reads it."""
        self.page = self.client.get(path, follow_redirects=True)
        return self.text

    def post(self, path: str, **fields: str) -> str:
        """Send a form of the page that is shown."""
        found = _TOKEN.search(self.page.text if self.page else "")
        data = {"form-token": found[1] if found else ""} | fields
        self.page = self.client.post(path, data=data, follow_redirects=True)
        return self.text

    @property
    def text(self) -> str:
        assert self.page is not None
        return " ".join(unescape(re.sub(r"<[^>]*>", " ", self.page.text)).split())

    @property
    def html(self) -> str:
        assert self.page is not None
        return self.page.text

    @property
    def status(self) -> int:
        assert self.page is not None
        return self.page.status_code

    @property
    def path(self) -> str:
        assert self.page is not None
        return self.page.url.path

    def links(self) -> list[str]:
        """Return the addresses on this site that the page leads to."""
        return [unescape(one) for one in re.findall(r'href="(/[^"#]*)"', self.html)]

    def work_on(self, case: str = "CR/77/26", code: str = "serious", **more: str) -> str:
        """Say case and purpose."""
        self.get("/purpose")
        return self.post("/purpose", case=case, code=code, words=WORDS, **more)

    def search(self, text: str, **more: str) -> str:
        """Type into the box."""
        self.get("/search")
        return self.post("/search", text=text, **more)


@dataclass
class Centre:
    """The demo centre with its pages served."""

    pages: Pages
    site: Site
    clock: RecordedClock
    address: str
    clients: list[httpx.Client] = field(default_factory=list)

    def sign_in(self, name: str, **changes: Any) -> Browser:
        """Return the browser of one of the demo's people, signed in."""
        found = next(staff.person for staff in STAFF if staff.person.person_id == name)
        return self.sign_in_as(replace(found, **changes))

    def sign_in_as(self, person: Person, accepts: bool = True) -> Browser:
        """Return the browser of anybody."""
        if accepts:
            in_force = self.site.desks.acceptance.in_force
            self.site.desks.acceptance.accept(person.person_id, in_force)
        token = self.site.desks.sessions.begin(person)
        return Browser(self.client({"outrider-session": token}))

    def client(self, cookies: dict[str, str] | None = None) -> httpx.Client:
        made = httpx.Client(base_url=self.address, cookies=cookies, timeout=60)
        self.clients.append(made)
        return made


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """One browser for all tests of a module: while it is driven, none can run a loop of its own."""
    from tests.centre.pages.chromium import launched

    with launched() as browser:
        yield browser


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo, thin: its story whole, little traffic around it."""
    root = tmp_path_factory.mktemp("pages") / "centre"
    make_demo(root, Plan(days=413, reads_a_day=0.5, vehicles=300), RecordedClock(NOW_NS))
    return root


@pytest.fixture(scope="session")
def centre(made: Path) -> Iterator[Centre]:
    """Its pages and its picture service, each at a socket of its own."""
    with centre_of(made) as found:
        yield found


@contextlib.contextmanager
def centre_of(root: Path) -> Iterator[Centre]:
    """Serve the pages of a centre that was made."""
    folder, clock = CentreFolder(root), RecordedClock(NOW_NS)
    settings = folder.load()
    with contextlib.ExitStack() as stack:
        pages = stack.enter_context(pages_of(folder, settings, clock, "http://127.0.0.1"))
        keys = DataKeys(KeyFolder(opening_keys(None, folder)).load())
        service = PictureService(Showing(pages.site.desks, keys))
        stack.callback(service.close)
        line = stack.enter_context(socket_at(folder.pictures_socket))
        stack.enter_context(serving_at(service.app, line))
        client = stack.enter_context(serving(pages.app))
        found = Centre(pages, pages.site, clock, str(client.base_url))
        yield found
        for one in found.clients:
            one.close()
