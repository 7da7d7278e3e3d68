"""No page of any role shows what its Scope withholds: every page, walked as each role.

What may be seen is asked of the decider itself; marks, identifiers, units and positions of all
other reads are looked for in each page's bytes and headers.
"""

import re
from dataclasses import dataclass
from datetime import timedelta

import pytest

from outrider.centre.access.scope import Action
from outrider.centre.demo.people import STAFF, member
from outrider.centre.desks import Desks
from outrider.centre.governance.figures import everything
from outrider.centre.pages.routes import ROUTES
from outrider.centre.store import queries
from outrider.centre.store.columns import to_us
from outrider.centre.store.questions import Order, Question, Sighting
from tests.centre.access import makers
from tests.centre.pages.conftest import Browser, Centre

ASKED = (
    "unit northshire-car-1 last 89 days", "unit eastshire-mast-3 last 89 days",
    "*1*T* last 89 days", "RS21TLN last 89 days", "HG15SUS last 89 days",
    "HG15SUS 1 Jan 2026 to 20 Nov 2026",
    "53.40,-1.50 within 40 km last 20 hours", "53.40,-1.50 within 40 km last 80 days",
)  # fmt: skip
_MARK = re.compile(r"\b[A-Z]{2}\d\d ?[A-Z]{3}\b")
_DEGREES = re.compile(r"\b\d{2}\.\d{5}\b")


@dataclass(frozen=True)
class Known:
    """All reads there are, with the unit that made each."""

    sightings: tuple[Sighting, ...]
    units: dict[int, str]

    @property
    def all_units(self) -> set[str]:
        return set(self.units.values())


@pytest.fixture(scope="module")
def known(centre: Centre) -> Known:
    """Asked of the store, around every scope."""
    bounds = everything(centre.site.now)
    question = Question(1, to_us(centre.site.now), order=Order.NEWEST)
    with centre.site.desks.store.searching(bounds) as session:
        found = tuple(queries.sightings(session, bounds, question, 100_000, None))
        facts = queries.cameras(session, [one.camera for one in found])
    assert len(found) > 200
    return Known(found, {number: one.unit_id for number, one in facts.items()})


def _walk(browser: Browser) -> list[tuple[str, str]]:
    """Return every page that somebody comes to, by links and by what they may ask: path, bytes."""
    pages: list[tuple[str, str]] = []
    browser.work_on("CR/55/26")
    waiting = ["/", *(r.path for r in ROUTES if r.method == "GET" and "{" not in r.path)]
    for text in ASKED:
        browser.search(text)
        waiting += [browser.path, *browser.links()]
        pages.append((text, browser.html))
        if browser.path.startswith("/search/"):
            for kind in ("route", "ends", "associates", "clones"):
                browser.post(f"{browser.path}/again", kind=kind, mark="RS21TLN")
                pages.append((f"{text} {kind}", browser.html))
    seen: set[str] = set()
    while waiting:
        path = waiting.pop(0)
        if path in seen or path.startswith("/static/") or len(seen) > 150:
            continue
        seen.add(path)
        browser.get(path)
        assert browser.status in (200, 403, 404), path
        assert browser.page is not None
        pages.append((path, browser.html + str(browser.page.headers)))
        waiting += browser.links()
    return pages


def _may(desks: Desks, name: str) -> tuple[int, frozenset[str] | None]:
    """Return the oldest instant and the forces of what somebody may search."""
    scope = desks.desk.decide(
        member(name, desks.acceptance.in_force), Action.SEARCH, makers.purpose()
    )
    return scope.bounds.not_before_us, scope.bounds.forces


@pytest.mark.parametrize("name", [staff.person.person_id for staff in STAFF])
def test_no_page_shows_what_is_withheld(centre: Centre, known: Known, name: str) -> None:
    """Marks, positions and units that only withheld reads have stand in none of its pages."""
    browser = centre.sign_in(name)
    pages = _walk(browser)
    if name in ("aud-1", "adm-1", "lst-1", "lst-2", "dpo-1", "dpo-2"):
        allowed: tuple[Sighting, ...] = ()
    else:
        first_us, forces = _may(centre.site.desks, name)
        allowed = tuple(
            one for one in known.sightings
            if one.at_us >= first_us and (forces is None or one.force in forces)
        )  # fmt: skip
        assert pages
    _marks_are_allowed(name, pages, allowed)
    ids = {str(one.read_id) for one in known.sightings} - {str(one.read_id) for one in allowed}
    for path, html in pages:
        if name != "aud-1":  # which reads were consulted stands in the trail, by identifier
            assert not any(one in html for one in ids), (name, path)
        if name in ("aud-1", "supt-1", "ctl-7"):
            assert not _DEGREES.search(_without_what_was_asked(html)), (name, path)
        if name == "supt-1":
            typed = _without_what_was_asked(html)
            assert not any(unit in typed for unit in known.all_units), (name, path)


def _without_what_was_asked(html: str) -> str:
    """Leave out what somebody typed, and the place that they asked for."""
    return re.sub(r"<dl class=\"govuk-summary-list\">.*?</dl>", "", html, count=1, flags=re.DOTALL)


def _marks_are_allowed(
    name: str, pages: list[tuple[str, str]], allowed: tuple[Sighting, ...]
) -> None:
    told = {one.mark for one in allowed} | {one.vrm for one in allowed}
    asked = {"HG15SUS", "RS21TLN"}  # what they typed themselves; and the example in the hint
    papers = {"HG15SUS"}  # the demo's request, which an analyst made and a superintendent decides
    if name in ("lst-1", "lst-2"):
        papers |= {"VB19BRG", "MT66CLN"}  # their own entries, as they stated them
    if name in ("dpo-1", "dpo-2"):
        papers |= {"PW68NBR"}  # as somebody wrote it in a request
    for path, html in pages:
        if '<h1 class="govuk-heading-l">Audit trail' in html:
            continue  # what was searched for stands there, and is what an auditor sees
        text = re.sub(r"<[^>]*>", " ", html)
        for mark in {found.replace(" ", "") for found in _MARK.findall(text)} - {"AB12CDE"}:
            assert mark in told | asked | papers, (name, path, mark)


def test_an_auditors_trail_holds_no_read(centre: Centre, known: Known) -> None:
    """What was searched, by whom and why; no position, no picture, and no way to one."""
    browser = centre.sign_in("aud-1")
    html, path = "", "/trail"
    for _ in range(6):
        browser.get(path)
        html += browser.html
        older = [one for one in browser.links() if "before=" in one]
        if not older:
            break
        path = older[0]
    assert "consultation" in html
    assert not _DEGREES.search(html)
    assert "/reads/" not in html
    assert not any(f"{(one.latitude_e7 or 0) / 1e7:.3f}" in html for one in known.sightings)


def test_a_read_of_another_session_has_no_address(centre: Centre) -> None:
    """What one person was shown leads nobody else anywhere, nor does a read's own identifier."""
    browser, other = centre.sign_in("ana-1"), centre.sign_in("dc-45")
    for one in (browser, other):
        one.work_on()
    browser.search("RS21TLN last 30 days")
    question = browser.path
    link = next(one for one in browser.links() if one.startswith("/reads/"))
    for path in (question, link, f"{link}/patch.jpg"):
        other.get(path)
        assert other.status == 404, path
    read_id = re.search(r"Read </dt>\s*|[0-9a-f-]{36}", browser.get(link))
    assert read_id is not None
    other.get(f"/reads/{read_id[0]}")
    assert other.status == 404


def test_an_older_picture_stays_shut_though_its_read_was_named(centre: Centre) -> None:
    """The picture service decides anew: a link of old opens nothing outside the scope."""
    browser = centre.sign_in("ana-1")
    browser.work_on()
    browser.search("HG15SUS last 89 days")
    link = next(one for one in browser.links() if one.startswith("/reads/"))
    assert browser.client.get(f"{link}/patch.jpg").status_code == 200
    memory = centre.site.browsers.visit(browser.client.cookies["outrider-session"])
    old = centre.site.now - timedelta(days=91)
    bounds = everything(centre.site.now)
    question = Question(to_us(old) - 86_400_000_000, to_us(old), marks=("HG15SUS",))
    with centre.site.desks.store.searching(bounds) as session:
        (found,) = queries.sightings(session, bounds, question, 10, None)
    withheld = f"/reads/{memory.name_of(found.read_id)}"
    assert browser.client.get(f"{withheld}/patch.jpg").status_code == 422
    assert browser.client.get(withheld).status_code == 422
