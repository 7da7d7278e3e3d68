"""Sign-in and -out, headers, forms, addresses: what holds for every page."""

import asyncio
import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from importlib import resources
from pathlib import Path

import httpx
import pytest
from starlette.routing import Route
from starlette.types import ASGIApp

from outrider.centre.access.people import Person, Rank, Role
from outrider.centre.api.app import Api
from outrider.centre.authority.setup import set_up
from outrider.centre.commands.pages import pages_of
from outrider.centre.demo.people import STAFF
from outrider.centre.folder import CentreFolder, opening_keys
from outrider.centre.pages.app import Pages
from outrider.centre.pages.forms import form_token
from outrider.centre.pages.headers import HEADERS, TLS_ONLY, SecurityHeaders
from outrider.centre.pages.jobs import Jobs
from outrider.centre.pages.routes import ROUTES
from outrider.centre.people.provider import Begun, Provider
from outrider.centre.pictures.reaching import PictureSocket
from outrider.clock import SystemClock
from outrider.wire.audit import AuditKind
from tests.centre.api.serving import serving
from tests.centre.pages.conftest import WORDS, Browser, Centre
from tests.centre.people.provider import running

FIRST = {
    "ana-1": "/search",
    "dc-45": "/search",
    "ctl-7": "/search",
    "sgt-3": "/reviews",
    "supt-1": "/authorisations",
    "aud-1": "/trail",
    "adm-1": "/units",
    "lst-1": "/wrong-entries",
    "lst-2": "/wrong-entries",
    "dpo-1": "/requests",
    "dpo-2": "/requests",
}
STATIC = resources.files("outrider.centre.pages").joinpath("static")
TEMPLATES = resources.files("outrider.centre.pages").joinpath("templates")


@pytest.mark.parametrize(("name", "path"), FIRST.items())
def test_each_role_has_its_first_page(centre: Centre, name: str, path: str) -> None:
    """What somebody's work begins with; searchers say their purpose first."""
    browser = centre.sign_in(name)
    browser.get("/")
    assert browser.path == ("/purpose" if path == "/search" else path)
    assert browser.status == 200
    assert name in browser.text


def test_every_person_of_the_demo_has_a_first_page() -> None:
    """The table above leaves nobody out but the second officer of one kind."""
    assert {staff.person.person_id for staff in STAFF} - set(FIRST) == {"dc-99"}


@pytest.fixture(scope="module")
def signed_in_by_provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """The pages of an empty centre, whose people sign in at a real small provider."""
    folder = CentreFolder(tmp_path_factory.mktemp("sign-in") / "centre")
    clock = SystemClock()
    set_up(folder, ("localhost",), opening_keys(None, folder), clock)
    with running() as issuer:
        with folder.settings.open("a", encoding="utf-8") as file:
            file.write(f'[people]\nissuer = "{issuer}"\nclient_id = "centre"\n')
            secret = tmp_path_factory.mktemp("secret") / "secret"
            secret.write_text("any")
            file.write(f'client_secret = "{secret}"\n')
        with (
            pages_of(folder, folder.load(), clock, "http://127.0.0.1:8446") as pages,
            serving(pages.app) as client,
        ):
            yield client


def test_somebody_signs_in_accepts_the_rules_and_signs_out(
    signed_in_by_provider: httpx.Client,
) -> None:
    """The provider, the rules of use, the first page; after sign-out nothing."""
    client = signed_in_by_provider
    browser = Browser(client)
    assert "Sign in at your force" in browser.get("/search")
    begun = client.get("/sign-in")
    assert begun.status_code == 302
    back = httpx.post(begun.headers["location"], data={"sub": "dc-1234"}).headers["location"]
    path = back.removeprefix("http://127.0.0.1:8446")
    signed = client.get(path)
    assert "dc-1234" in signed.text
    cookie = next(one for one in signed.headers.get_list("set-cookie") if "session" in one)
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "Rules of use" in browser.get("/search")
    assert browser.path == "/rules-of-use"
    assert "What do you work on?" in browser.post("/rules-of-use", version="1")
    out = browser.post("/sign-out")
    assert "Sign in at your force" in out
    assert "Sign in at your force" in browser.get("/search")
    assert client.get(path).status_code == 403  # the answer of the provider serves once


class _Begins(Provider):
    """A provider at which a sign-in begins, and no more."""

    def __init__(self) -> None:
        """Need no settings."""

    def begin(self) -> Begun:
        return Begun("https://provider.example/", "state-1", "nonce", "verifier")


def test_over_tls_no_other_host_sets_what_a_sign_in_waits_for(centre: Centre) -> None:
    """Else a neighbour in the same domain could have somebody sign in as him."""
    desks = replace(centre.site.desks, provider=_Begins())
    pages = Pages(replace(centre.site, desks=desks, jobs=Jobs(SystemClock())), 2, tls=True)
    api = Api(desks, PictureSocket(Path("none")), 2)
    try:
        page, program = asyncio.run(
            _cookies((pages.routes, "/sign-in"), (api.routes, "/v1/sign-in"))
        )
    finally:
        pages.close()
        api.close()
    assert page.startswith("__Host-outrider-state=state-1;")
    assert "Secure" in page
    assert "Path=/" in page
    assert "Secure" in program


async def _cookies(*asked: tuple[ASGIApp, str]) -> list[str]:
    found = []
    for app, path in asked:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="https://centre") as client:
            found.append((await client.get(path)).headers["set-cookie"])
    return found


def test_an_answer_of_another_browsers_sign_in_is_refused(
    signed_in_by_provider: httpx.Client,
) -> None:
    """Somebody who is led to another's answer is not signed in as them."""
    begun = signed_in_by_provider.get("/sign-in")
    back = httpx.post(begun.headers["location"], data={"sub": "dc-1234"}).headers["location"]
    query = back.partition("?")[2]
    with httpx.Client(base_url=signed_in_by_provider.base_url) as other:
        answer = other.get(f"/signed-in?{query}")
    assert answer.status_code == 403
    assert "session" not in str(answer.headers.get_list("set-cookie"))


def test_a_session_ends_by_itself_when_it_is_not_used(centre: Centre) -> None:
    """After half an hour without a page, for the store too."""
    browser = centre.sign_in("ana-1")
    browser.get("/purpose")
    token = browser.client.cookies["outrider-session"]
    memory = centre.site.browsers.visit(token)
    memory.seen_ns -= 31 * 60 * 10**9
    assert "Sign in at your force" in browser.get("/purpose")
    assert "Sign in at your force" in browser.get("/purpose")


def test_the_security_headers_are_those_of_the_table(centre: Centre) -> None:
    """On pages, refusals, files and what is not there; and the CSP has no exception."""
    browser = centre.sign_in("ana-1")
    browser.work_on()
    browser.get("/search")
    static = re.findall(r"(?:href|src)=\"(/static/[^\"]+)\"", browser.html)
    assert len(static) == 3
    for path in ["/search", "/trail", "/", "/nothing", "/sign-in", "/search/none", *static]:
        answer = browser.client.get(path)
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS, path
        kept = answer.headers["cache-control"]
        assert kept == "no-store" or path.startswith("/static/"), path
    policy = HEADERS["Content-Security-Policy"]
    for word in ("unsafe", "*", "data:", "blob:", "http:", "https:", "nonce", "'strict-dynamic'"):
        assert word not in policy
    assert policy.startswith("default-src 'none'")
    assert set(HEADERS | TLS_ONLY) == {
        name for name in _named_in_readme() if name not in ("Cache-Control", "Clear-Site-Data")
    }


def _named_in_readme() -> set[str]:
    text = (resources.files("outrider.centre.pages").joinpath("README.md")).read_text("utf-8")
    return set(re.findall(r"^\| `([A-Za-z-]+)` \|", text, re.MULTILINE)) - {"module"}


def test_over_tls_browsers_are_told_to_stay_there(centre: Centre) -> None:
    """Only there: over plain HTTP the header says nothing."""
    names = {name for name, _ in SecurityHeaders(centre.pages.routes, True)._headers}
    assert b"strict-transport-security" in names
    assert "strict-transport-security" not in centre.client().get("/").headers


def test_a_form_of_another_site_or_session_changes_nothing(centre: Centre) -> None:
    """No token, another's, or our own with another site's origin: refused."""
    browser, other = centre.sign_in("ana-1"), centre.sign_in("dc-45")
    own = form_token(browser.client.cookies["outrider-session"])
    others = form_token(other.client.cookies["outrider-session"])
    fields = {"case": "CR/66/26", "code": "serious", "words": WORDS}
    tries = [
        (fields, {}),
        (fields | {"form-token": others}, {}),
        (fields | {"form-token": own}, {"Origin": "https://elsewhere.example"}),
        (fields | {"form-token": own}, {"Origin": "null"}),
    ]
    for data, headers in tries:
        answer = browser.client.post("/purpose", data=data, headers=headers)
        assert answer.status_code == 403
        assert "not of your session" in answer.text
    assert "CR/66/26" not in browser.get("/purpose")
    done = browser.client.post("/purpose", data=fields | {"form-token": own})
    assert done.status_code == 303


def test_every_form_of_every_page_carries_its_token() -> None:
    """A form that is added without one is found here, not by whoever uses it."""
    for entry in TEMPLATES.iterdir():
        text = entry.read_text("utf-8")
        for form in re.findall(r"<form method=\"post\".*?</form>", text, re.DOTALL):
            assert "token(form_token)" in form, entry.name
        assert text.count("<form") == text.count('<form method="post"'), entry.name


def test_no_template_opens_another_door_for_text() -> None:
    """No `safe`, no script or style of its own, no handler, no attribute without quotes."""
    wrong = re.compile(
        r"\|\s*safe|autoescape|<script(?! src)|<style|\sstyle=|\son[a-z]+=|\s[a-z-]+=\{\{"
    )
    for entry in TEMPLATES.iterdir():
        found = wrong.search(entry.read_text("utf-8"))
        assert found is None, f"{entry.name}: {found and found[0]}"


HOSTILE = "<img src=x onerror=alert(1)> \u202e{{ 7*7 }} \"'"


def test_text_from_outside_is_text(centre: Centre) -> None:
    """A name, a case's words, what was typed: markup and unseen characters are shown."""
    person = Person("<b>dc</b>", "northshire", frozenset({Role.ANALYST}), Rank.CONSTABLE, "cid")
    browser = centre.sign_in_as(person)
    browser.get("/purpose")
    browser.post("/purpose", case="CR/1/26", code="serious", words=f"why <i>not</i> {HOSTILE[:20]}")
    browser.get("/search")
    assert "<b>dc</b>" not in browser.html
    assert "&lt;b&gt;dc&lt;/b&gt;" in browser.html
    assert "<i>not</i>" not in browser.html
    browser.post("/search", text=HOSTILE)
    assert "<img" not in browser.html
    assert "\u202e" not in browser.html
    assert "⟨U+202E⟩" in browser.html
    assert "49" not in browser.html.split("</main>")[0].split("value=")[-1]


def test_the_table_of_pages_is_what_the_application_has(centre: Centre) -> None:
    """Each page stands in it once, and nothing else but signing in and files."""
    own = {
        (route.path, method)
        for route in centre.pages.routes.routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    beside = {("/", "GET"), ("/public", "GET"), ("/sign-in", "GET"), ("/signed-in", "GET"),
              ("/sign-out", "POST"), ("/static/{path:path}", "GET")}  # fmt: skip
    assert own - beside == {(route.path, route.method) for route in ROUTES}
    assert len(ROUTES) == len({(route.path, route.method) for route in ROUTES})


def test_pages_of_other_roles_are_refused_and_show_nothing(centre: Centre) -> None:
    """By address as well as by menu, each page, each role."""
    for staff in STAFF:
        browser = centre.sign_in(staff.person.person_id)
        for route in ROUTES:
            if route.roles & staff.person.roles:
                continue
            path = re.sub(r"\{\w+\}", "x", route.path)
            answer = browser.client.request(route.method, path)
            assert answer.status_code == 403, (staff.person.person_id, path)
            assert "not for your role" in answer.text


def test_whoever_has_not_accepted_the_rules_sees_them_only(centre: Centre) -> None:
    """Every page leads there."""
    person = Person("dc-new", "northshire", frozenset({Role.ANALYST}), Rank.CONSTABLE, "cid")
    browser = centre.sign_in_as(person, accepts=False)
    for route in ROUTES:
        if route.method == "GET" and Role.ANALYST in route.roles:
            browser.get(re.sub(r"\{\w+\}", "x", route.path))
            assert browser.path == "/rules-of-use", route.path


def test_each_consultation_is_logged_as_one(centre: Centre) -> None:
    """What a page writes into the trail is of the event that stands in the table."""
    browser = centre.sign_in("ana-1")
    browser.work_on()
    store = centre.site.desks.store
    for text, path in (("RS21TLN last 30 days", "/search/{question}"), ("", "/reads/{read}")):
        before = len(store.audit(0, 100_000))
        if text:
            browser.search(text)
        else:
            browser.get(next(one for one in browser.links() if one.startswith("/reads/")))
        route = next(one for one in ROUTES if one.path == path)
        written = {row.event.kind for row in store.audit(before, 1000)}
        assert written == {route.event} == {AuditKind.CONSULTATION}


def test_the_style_sheet_is_the_one_that_was_made() -> None:
    """By its digest; and nothing in it leads to another site or to a font that is not ours."""
    data = STATIC.joinpath("style.css").read_bytes()
    kept = STATIC.joinpath("style.css.sha256").read_text().split()[0]
    assert hashlib.sha256(data).hexdigest() == kept
    text = data.decode()
    assert "MIT License" in text
    for word in ("url(", "@import", "GDS Transport", "crown-logo"):
        assert word not in text


def test_a_page_weighs_little(centre: Centre) -> None:
    """A full page of results with all that it loads: 150 KB at most on the wire."""
    browser = centre.sign_in("ana-1")
    browser.work_on()
    browser.search("unit northshire-car-1 last 80 days")
    total = len(browser.html.encode())
    for path in re.findall(r"(?:href|src)=\"(/static/[^\"]+)\"", browser.html):
        with browser.client.stream("GET", path) as answer:
            total += sum(len(part) for part in answer.iter_raw())
    assert total < 150_000, total


def test_a_person_of_several_roles_has_all_their_pages(centre: Centre) -> None:
    """The menu is the sum."""
    both = frozenset({Role.SUPERVISOR, Role.ANALYST})
    browser = centre.sign_in_as(
        replace(Person("dc-two", "northshire", both, Rank.SERGEANT, "cid"), policy_version="")
    )
    browser.get("/reviews")
    assert {"/search", "/authorisations", "/reviews"} <= set(browser.links())


def test_the_wheel_has_templates_and_files() -> None:
    """They are package data, read the way an installed package is read."""
    assert {"base.html", "found.html"} <= {entry.name for entry in TEMPLATES.iterdir()}
    assert {"style.css", "pages.js", "icon.svg"} <= {entry.name for entry in STATIC.iterdir()}
    root = Path(__file__).resolve().parents[3]
    text = (root / "pyproject.toml").read_text("utf-8")
    assert '"outrider.centre.pages" = ["templates/*", "static/*"]' in text
