"""Every page of every role, and each role's story, in real Chromium.

A page that is added to the table of pages is looked at here by itself; one that the walk does not
come to fails by its name.
"""

import re
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from outrider.centre.access.purpose import checked_purpose
from outrider.centre.demo import story
from outrider.centre.demo.maker import Plan, make_demo
from outrider.centre.demo.people import STAFF, member
from outrider.centre.governance.rights_letter import Collected, Letters, letter_text
from outrider.centre.pages.menu import EVERYBODY, HITTERS, REGISTER_READERS, SEARCHERS
from outrider.centre.pages.routes import ROUTES, PageRoute
from outrider.centre.store.columns import to_us
from outrider.centre.store.filed import Camera, FiledHit, FiledRead
from outrider.clock import RecordedClock
from tests.centre.pages.chromium import WIDTHS, enter, fill, look, page_of, tab_to, token_of
from tests.centre.pages.conftest import NOW_NS, WORDS, Browser, Centre, centre_of

# What is no page of its own to look at: a picture, a file; a result that has an address elsewhere.
_NO_PAGE = {"/reads/{read}/{part}.jpg", "/jobs/{job}/file", "/requests/{case}/letter.txt"}


def _walked(centre: Centre, name: str) -> Browser:
    """Return the browser of somebody who has done what their pages are made of; they know links."""
    browser = centre.sign_in(name)
    browser.get("/purpose")
    if browser.status == 200:
        browser.work_on("CR/55/26")
    return browser


def _addresses(browser: Browser, name: str) -> dict[str, str]:
    """Return an address for each page of the table that somebody comes to, by its pattern."""
    roles = next(one.person.roles for one in STAFF if one.person.person_id == name)
    own = [route for route in ROUTES if route.method == "GET" and route.roles & roles
           and not route.lasts and route.path not in _NO_PAGE]  # fmt: skip
    patterns = {route.path: _pattern(route) for route in own}
    found = {path: path for path in patterns if "{" not in path}
    links = [*found.values(), *_made(browser)]
    for path in links:
        links += [link for link in _links(browser, path) if _fits(link, patterns, found)]
    return found


def _pattern(route: PageRoute) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(route.path)))


def _links(browser: Browser, path: str) -> list[str]:
    browser.get(path)
    return [browser.path, *browser.links()]


def _fits(link: str, patterns: dict[str, re.Pattern[str]], found: dict[str, str]) -> bool:
    """Whether a link is the first to a page; a page with a fixed name is not one with any."""
    plain = link.partition("?")[0]
    fitting = [path for path, pattern in patterns.items() if pattern.fullmatch(plain)]
    if not fitting:
        return False
    path = min(fitting, key=lambda one: one.count("{"))
    new = path not in found
    found.setdefault(path, link)
    return new


def _made(browser: Browser) -> Iterator[str]:
    """Do what makes pages that no link leads to: questions, filters, long work."""
    browser.get("/search")
    if browser.path == "/search" and browser.status == 200:
        browser.search(f"{story.STOLEN} last 30 days")
        yield browser.path
        browser.post(f"{browser.path}/again", kind="associates", mark=story.LEADER)
        yield from ("/jobs", "/hits?days=28")
    browser.get("/trail")
    if browser.path == "/trail" and browser.status == 200:
        browser.post("/trail", actor="dc-99", kind="", words="", since="", until="")
        yield browser.path
        browser.get("/trail")
        browser.post("/trail/verification")
        yield browser.path
    browser.get("/lists/import")
    if browser.status == 200:
        token = browser.html.split('name="form-token" value="', 1)[1].split('"')[0]
        answer = browser.client.post(
            "/lists/import", data={"form-token": token, "list": "local"},
            files={"file": ("list.csv", b"vrm,reason\nKX21ABC,not whole\n", "text/csv")},
        )  # fmt: skip
        yield answer.headers["location"]
        browser.get("/lists")
        browser.post("/lists/find", text="x21a")
        yield browser.path
    browser.get("/requests")
    if browser.status == 200:  # one of them has a letter
        yield from [one for one in browser.links() if re.fullmatch("/requests/[0-9a-f-]{36}", one)]


# One of each kind of people: the pages of all are those of these.
_LOOKED_AT = ("dc-45", "adm-1", "lst-1", "aud-1", "supt-1", "sgt-3", "dpo-1")


@pytest.fixture(scope="module")
def waiting(centre: Centre) -> str:
    """A request for older reads that waits for a superintendent, and broken glass; its case."""
    case, now = "CR/92/26", centre.site.now
    centre.site.desks.desk.glass.break_it(
        member("dc-45", centre.site.desks.acceptance.in_force),
        checked_purpose("life-at-risk", case, WORDS),
    )
    centre.site.desks.desk.authorisations.ask(
        member("ana-1", centre.site.desks.acceptance.in_force),
        checked_purpose("serious", case, WORDS), to_us(now - timedelta(days=120)),
        timedelta(hours=24), (story.SUSPECT,), None,
    )  # fmt: skip
    _answer_a_complaint(centre)
    return case


# What a page weighs with all that it loads, on the wire.
_WEIGHT = (
    "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
    ".reduce((sum, one) => sum + one.encodedBodySize, 0)"
)


def _answer_a_complaint(centre: Centre) -> None:
    desks, version = centre.site.desks, centre.site.desks.acceptance.in_force
    one, other, cases = member("dpo-1", version), member("dpo-2", version), desks.desk.rights
    today = cases.today()
    name = cases.receive(one, "complaint", f"{today}", "A. Person", "1 High Street", WORDS).paper_id
    cases.check_identity(other, name, "by the card that she showed")
    kept = cases.take(one, name)
    text = letter_text(kept.content, "upheld", "", Collected(), today, 12)
    digest = Letters(desks.store, desks.clock).keep(one, name, text)
    cases.decide(one, name, "upheld", "", "the officer's notes say so", letter_sha256=digest)


@pytest.fixture(scope="module")
def walked(centre: Centre, waiting: str) -> dict[str, tuple[str, dict[str, str]]]:
    """The session of each of these people, and an address of each page that they come to."""
    found = {}
    for name in _LOOKED_AT:
        browser = _walked(centre, name)
        addresses = _addresses(browser, name)
        found[name] = browser.client.cookies["outrider-session"], addresses
    return found


# Pages that are the same to many roles are looked at as one of them.
_SHARED = {
    route.path for route in ROUTES
    if route.roles in (EVERYBODY, SEARCHERS, HITTERS, REGISTER_READERS)
}  # fmt: skip
_seen: set[str] = set()


@pytest.mark.parametrize("name", _LOOKED_AT)
def test_every_page_is_clean_narrow_and_wide(
    chromium: Any, centre: Centre, walked: dict[str, tuple[str, dict[str, str]]], name: str
) -> None:
    """No finding of axe-core, nothing to scroll sideways, no fault told to the console."""
    token, addresses = walked[name]
    faults: list[str] = []
    with page_of(chromium, centre, token) as page:
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        for path, address in addresses.items():
            if path in _SHARED and path in _seen:
                continue
            _seen.add(path)
            page.goto(centre.address + address)
            picture = re.sub(r"[{}]", "", f"{name}{path.replace('/', '-')}")
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 900})
                look(page, f"{picture}-{width}")
            assert page.evaluate(_WEIGHT) < 150_000, address
    assert faults == []


def test_what_everybody_sees_is_clean_narrow_and_wide(chromium: Any, centre: Centre) -> None:
    """Without a session: the start, and the page for the public."""
    with page_of(chromium, centre, "nobody") as page:
        for path in ("/", "/public"):
            page.goto(centre.address + path)
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 900})
                look(page, f"nobody{path.replace('/', '-')}-{width}")


def test_every_page_of_the_table_is_come_to(
    walked: dict[str, tuple[str, dict[str, str]]],
) -> None:
    """By somebody: a page that is added without a way to it fails here by its name."""
    found = {path for _, addresses in walked.values() for path in addresses}
    every = {route.path for route in ROUTES if route.method == "GET" and not route.lasts}
    assert every - found - _NO_PAGE == set()


MODES = ("keyboard", "no script, narrow")


def _as(chromium: Any, centre: Centre, name: str, mode: str) -> Any:
    """Return a page in a mode: wide with a script for the keyboard, narrow without a script."""
    token = token_of(centre, name)
    if mode == "keyboard":
        return page_of(chromium, centre, token)
    return page_of(chromium, centre, token, 320, java_script_enabled=False)


def _go(page: Any, mode: str, words: str) -> None:
    """Follow a link or press a button."""
    if mode == "keyboard":
        enter(page, words=words)
    else:
        page.click(f"main >> text={words}")


def _type(page: Any, mode: str, name: str, text: str) -> None:
    if mode == "keyboard":
        fill(page, name, text)
    else:
        page.fill(f"#{name}", text)


def _open(page: Any, mode: str, words: str) -> None:
    """Open what is folded."""
    if mode == "keyboard":
        tab_to(page, words=words)
        page.keyboard.press("Enter")
    else:
        page.click(f"main >> text={words}")


def _choose(page: Any, mode: str, name: str) -> None:
    if mode == "keyboard":
        stem, _, number = name.rpartition("-")
        tab_to(page, f"{stem}-1")
        page.keyboard.press("Space")
        for _ in range(int(number) - 1):
            page.keyboard.press("ArrowDown")
    else:
        page.check(f"#{name}")


@pytest.mark.parametrize("mode", MODES)
def test_a_supervisor_closes_a_review(chromium: Any, centre: Centre, mode: str) -> None:
    """From what waits to the words that close it."""
    with _as(chromium, centre, "sgt-3", mode) as page:
        _go(page, mode, "Look")
        page.wait_for_selector("text=Their words")
        _choose(page, mode, "finding-1")
        _type(page, mode, "words", "the case file names this vehicle")
        _go(page, mode, "Close")
        page.wait_for_selector("text=The review is closed")


@pytest.mark.parametrize("mode", MODES)
def test_an_auditor_filters_and_verifies_the_trail(
    chromium: Any, centre: Centre, mode: str
) -> None:
    """Rows of one person; then the whole trail, its progress, its verdict."""
    with _as(chromium, centre, "aud-1", mode) as page:
        _open(page, mode, "Show only some rows")
        _type(page, mode, "actor", "dc-99")
        with page.expect_navigation():
            page.press("#actor", "Enter")
        page.wait_for_selector("td:has-text('dc-99')")
        page.goto(centre.address + "/trail")
        _go(page, mode, "Verify")
        if mode != "keyboard":
            for _ in range(200):
                if page.query_selector("text=holds together"):
                    break
                page.click("text=See how far it is")
        page.wait_for_selector("text=The trail holds together")


@pytest.mark.parametrize("mode", MODES)
def test_an_operator_looks_at_a_unit(chromium: Any, centre: Centre, mode: str) -> None:
    """From the map and its table to one unit and what is to be done about it."""
    with _as(chromium, centre, "adm-1", mode) as page:
        page.wait_for_selector("text=Where they were heard last")
        _go(page, mode, "eastshire-car-1")
        page.wait_for_selector("text=What to do")
        assert "stolen 1" in page.inner_text("main")


@pytest.mark.parametrize("mode", MODES)
def test_a_senior_officer_decides_a_request(chromium: Any, centre: Centre, mode: str) -> None:
    """Read, weighed in words, refused; the request is gone from what waits."""
    case = f"CR/93-{mode[:2]}/26"
    centre.site.desks.desk.authorisations.ask(
        member("ana-1", centre.site.desks.acceptance.in_force),
        checked_purpose("serious", case, WORDS),
        to_us(centre.site.now - timedelta(days=120)), timedelta(hours=24), (story.SUSPECT,), None,
    )  # fmt: skip
    with _as(chromium, centre, "supt-1", mode) as page:
        href = page.get_attribute(f"tr:has-text('{case}') a", "href")
        page.goto(centre.address + str(href))
        _choose(page, mode, "act-2")
        _type(page, mode, "words", "the need was not shown in this case")
        _go(page, mode, "Decide")
        page.wait_for_selector("text=is refused")


@pytest.mark.parametrize("mode", MODES)
def test_an_investigator_takes_a_hit_to_its_end(chromium: Any, centre: Centre, mode: str) -> None:
    """Purpose, the hits, one of them, mine."""
    with _as(chromium, centre, "dc-45", mode) as page:
        page.goto(centre.address + "/purpose")
        _type(page, mode, "case", "CR/94/26")
        _choose(page, mode, "code-1")
        _type(page, mode, "words", WORDS)
        _go(page, mode, "Go on")
        page.goto(centre.address + "/hits?days=28")
        _go(page, mode, "Look")
        page.wait_for_selector("text=Listed")


@pytest.fixture(scope="module")
def lively(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    """A small centre for hits that come in, which looks often."""
    root = tmp_path_factory.mktemp("live") / "centre"
    make_demo(root, Plan(days=7, reads_a_day=1, vehicles=50, searches=False), RecordedClock(NOW_NS))
    with centre_of(root) as found:
        found.pages.streams.every_s = 0.05
        yield found


def test_a_new_hit_appears_and_what_is_stale_is_shown_so(chromium: Any, lively: Centre) -> None:
    """The row comes by itself, as text; when the session ends, the page says as of when it is."""
    browser = lively.sign_in("dc-45")
    browser.work_on()
    with page_of(chromium, lively, browser.client.cookies["outrider-session"]) as page:
        page.goto(lively.address + "/hits")
        page.wait_for_selector("text=live: as of")
        at_us, name = to_us(lively.site.now) - 60_000_000, uuid.uuid4().bytes
        read = FiledRead(
            7, Camera("<b>unit</b>", "front", True), at_us, "LV26HET", None, None, name, 970
        )
        lively.site.desks.store.file(
            [read, FiledHit(8, name, read, "LV26HET", "<i>stolen</i>", "stop", "exact", False)]
        )
        page.wait_for_selector("text=One new hit has come")
        row = page.inner_text("#live-rows tr >> nth=0")
        assert "LV26 HET" in row
        assert "<i>stolen</i>, stop" in row
        look(page, "hits-live")
        lively.site.desks.sessions.end(browser.client.cookies["outrider-session"])
        page.wait_for_selector("text=stale: as of")
        told = page.inner_text("#live")
        assert "One new hit has come. Your session has ended" in told
        look(page, "hits-stale")
