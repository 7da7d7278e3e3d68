"""Hits to an end: owned, ended with words; a wrong entry goes back to the list's owner."""

import re

import pytest

from outrider.centre.governance.hit_ends import HitEnds
from outrider.centre.governance.papers import NotAllowed
from outrider.centre.pages import hit_pages
from outrider.centre.search import core, patterns
from outrider.wire.audit import AuditKind
from tests.centre.pages.conftest import Browser, Centre


def _open_hits(browser: Browser) -> list[str]:
    browser.get("/hits?days=28")
    rows = browser.html.split("<tbody", 1)[1].split("</tbody>")[0].split("<tr")[1:]
    return [re.findall(r'href="(/hits/[0-9a-f]{16})"', row)[0] for row in rows if "nobody" in row]


def test_a_hit_is_taken_and_ended_and_a_wrong_entry_goes_back(centre: Centre) -> None:
    """Without an end it stands first; an end needs an owner and words; the list's owner settles."""
    browser = centre.sign_in("dc-45")
    browser.work_on("CR/31/26")
    first = _open_hits(browser)[0]
    assert "hits without an end" in browser.text
    assert "RS21 TLN" in browser.get(first)
    not_mine = browser.post(first, act="end", end="stopped", words="stopped on the bridge")
    assert "take it first" in not_mine
    browser.get(first)
    assert "This hit is yours" in browser.post(first, act="take")
    assert "There is a problem" in browser.post(first, act="end", end="vanished", words="a b c")
    assert "a wrong entry is one of" in browser.post(
        first, act="end", end="wrong entry", words="the keeper showed papers", fault=""
    )
    done = browser.post(
        first, act="end", end="wrong entry", words="the keeper showed papers", fault="sold"
    )
    assert "list's owner is told" in done
    assert first not in _open_hits(browser)
    owner = centre.sign_in("lst-1")
    shown = owner.get("/")
    assert owner.path == "/wrong-entries"
    assert "RS21 TLN" in shown
    assert "sold" in shown
    told = centre.site.desks.store.audit(0, 100_000)[-1].event
    assert (told.kind, told.actor) == (AuditKind.CONSULTATION, "lst-1")
    action = re.findall(r'action="(/wrong-entries/[^"]+)"', owner.html)[0]
    assert "There is a problem" in owner.post(action, words="ok")
    assert "is kept" in owner.post(action, words="withdrawn at its source")
    assert "0 wrong entries" in owner.get("/wrong-entries")


def test_the_trail_tells_of_an_end_and_of_no_mark(centre: Centre) -> None:
    """Who, which hit, which list, how it ended."""
    browser = centre.sign_in("ana-1")
    browser.work_on()
    hits = _open_hits(browser)
    browser.get(hits[0])
    before = len(centre.site.desks.store.audit(0, 100_000))
    browser.post(hits[0], act="take")
    written = centre.site.desks.store.audit(before, 100)
    told = [row.event for row in written if "hit-end" in row.event.subject]
    assert [event.actor for event in told] == ["ana-1"]
    assert "RS21" not in told[0].subject


def test_only_a_lists_owner_settles(centre: Centre) -> None:
    """Nobody else sees what waits."""
    ends = HitEnds(centre.site.desks.store, centre.clock)
    browser = centre.sign_in("ana-1")
    person = centre.site.desks.sessions.person(browser.client.cookies["outrider-session"])
    with pytest.raises(NotAllowed):
        ends.wrong_entries(person)


def test_more_hits_than_a_page_holds_shut_nobody_out(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest are shown, and it is said; each is opened and taken however many there are."""
    for module in (core, patterns, hit_pages):
        monkeypatch.setattr(module, "MOST_ROWS", 2, raising=False)
    browser = centre.sign_in("ana-1")
    browser.work_on()
    assert "Only the newest 2 are shown" in browser.get("/hits?days=89")
    first = re.findall(r'href="(/hits/[0-9a-f]{16})"', browser.html)[0]
    assert "Listed" in browser.get(first)
    assert browser.status == 200


def test_a_control_room_sees_the_hits_of_its_day(centre: Centre) -> None:
    """Who may see a day is shown that day, not refused for the six before it."""
    browser = centre.sign_in("ctl-7")
    browser.work_on()
    assert "Hits since 20 Nov 2026 12:00" in browser.get("/hits")
    assert browser.status == 200
