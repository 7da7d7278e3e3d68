"""Nothing of a session stands outside of it: addresses, headers, copies; forged and ended ones."""

import re
from dataclasses import replace

import pytest

from outrider.centre.access.people import Person
from outrider.centre.demo import story
from outrider.centre.demo.people import STAFF
from outrider.centre.pages import paging
from outrider.centre.pages.calls import NotHere
from outrider.centre.pages.routes import ROUTES, PageRoute
from tests.centre.pages.conftest import Browser, Centre

_FORMS = tuple(route for route in ROUTES if route.method == "POST")


def _somebody(route: PageRoute) -> Person:
    return next(one.person for one in STAFF if route.roles & one.person.roles)


@pytest.mark.parametrize("route", _FORMS, ids=[route.path for route in _FORMS])
def test_no_form_is_taken_without_the_token_of_its_session(
    centre: Centre, route: PageRoute
) -> None:
    """Each form of the table, with a session that has it: refused, and nothing written."""
    browser = centre.sign_in_as(_somebody(route))
    store = centre.site.desks.store
    before = len(store.audit(0, 100_000))
    path = re.sub(r"\{\w+\}", "x", route.path)
    answer = browser.client.post(path, data={"words": "in somebody else's name"})
    assert answer.status_code == 403
    assert "not of your session" in answer.text
    assert len(store.audit(before, 100)) == 0


def _walk(browser: Browser) -> None:
    browser.work_on("CR/56/26")
    browser.search(f"{story.STOLEN} last 30 days")
    for path in (browser.path, *browser.links(), "/hits?days=28", "/jobs", "/authorisations"):
        if not path.startswith("/static/"):
            browser.get(path)
            assert browser.page is not None
            _holds_nothing(browser, path)


def _holds_nothing(browser: Browser, path: str) -> None:
    """Hold an answer, and those that led to it, to what may stand around a page."""
    assert browser.page is not None
    for answer in (*browser.page.history, browser.page):
        around = f"{answer.request.url} {answer.headers}"
        for word in (story.STOLEN, "RS21", "CR/56", "CR%2F56", "northshire-car", "53."):
            assert word not in around, (path, word)
        assert answer.headers["cache-control"] == "no-store", path
        assert not {"etag", "last-modified", "content-location"} & set(answer.headers), path


@pytest.mark.parametrize("name", ["dc-45", "ana-1", "ctl-7"])
def test_no_address_and_no_header_names_what_was_searched(centre: Centre, name: str) -> None:
    """Neither a browser's history, nor a log between, nor a copy holds a mark, case or place."""
    _walk(centre.sign_in(name))


def test_what_is_asked_for_by_its_head_tells_no_more(centre: Centre) -> None:
    """HEAD is as strict as GET, and begins no stream."""
    browser = centre.sign_in("dc-45")
    browser.work_on()
    browser.get("/hits")
    stream = browser.html.split('data-stream="', 1)[1].split('"')[0]
    for path in ("/hits", stream, "/units", "/trail"):
        answer = browser.client.head(path)
        assert answer.content == b""
        assert answer.status_code == (403 if path in ("/units", "/trail") else 200)
    assert centre.pages.streams.open == 0


def test_sessions_that_are_ended_by_an_administrator_are_over_at_once(centre: Centre) -> None:
    """Each page and picture of it, however often it was shown before."""
    person = replace(STAFF[0].person, person_id="ana-gone")
    browser = centre.sign_in_as(person)
    browser.work_on()
    browser.search(f"{story.STOLEN} last 30 days")
    question = browser.path
    read = next(one for one in browser.links() if one.startswith("/reads/"))
    assert centre.site.desks.sessions.end_all_of("ana-gone", "adm-1") == 1
    for path in (question, read, f"{read}/patch.jpg", "/hits", "/jobs"):
        answer = browser.client.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/"), path


_PAGES = tuple(
    route for route in ROUTES if route.method == "GET" and "{" not in route.path and not route.lasts
)


@pytest.mark.parametrize("route", _PAGES, ids=[route.path for route in _PAGES])
def test_each_page_weighs_little_with_all_that_it_loads(centre: Centre, route: PageRoute) -> None:
    """150 KB at most on the wire, its style and its script counted."""
    browser = centre.sign_in_as(_somebody(route))
    if route.path not in ("/rules-of-use", "/jobs"):
        browser.get("/purpose")
        if browser.status == 200:
            browser.work_on()
    browser.get(route.path)
    assert browser.status == 200
    assert _weight(browser) < 150_000


def _weight(browser: Browser) -> int:
    total = len(browser.html.encode())
    for path in set(re.findall(r"(?:href|src)=\"(/static/[^\"]+)\"", browser.html)):
        with browser.client.stream("GET", path) as answer:
            total += sum(len(part) for part in answer.iter_raw())
    return total


@pytest.mark.parametrize(("name", "path"), [("dc-45", "/hits?days=28"), ("adm-1", "/units")])
def test_a_full_page_of_a_long_table_weighs_little(centre: Centre, name: str, path: str) -> None:
    """As many rows as a page holds, each as long as those that are here."""
    browser = centre.sign_in(name)
    browser.get("/purpose")
    if browser.status == 200:
        browser.work_on()
    browser.get(path)
    rows = re.findall(r"<tr.*?</tr>", browser.html, re.DOTALL)
    longest = max(len(row.encode()) for row in rows)
    assert len(rows) > 3
    assert _weight(browser) + longest * paging.ROWS < 150_000, longest


def test_a_long_table_is_shown_by_the_page() -> None:
    """Every row stands on one page; beyond the last there is none."""
    rows = list(range(250))
    parts = [paging.page_of_table(rows, {"page": str(page)}) for page in (1, 2, 3)]
    assert [row for part in parts for row in part.rows] == rows
    assert paging.page_of_table([], {}).rows == []
    for wrong in ("0", "4", "-1", "x", "１"):
        with pytest.raises(NotHere, match="3 pages"):
            paging.page_of_table(rows, {"page": wrong})
