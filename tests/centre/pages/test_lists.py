"""A list owner's pages: see, find, add, change, withdraw, confirm; a file with its report."""

import re
from datetime import timedelta

import pytest

from outrider.centre.governance.kept_lists import KeptLists
from outrider.wire.audit import AuditKind
from tests.centre.pages.conftest import Browser, Centre

MILD = {
    "list": "local", "vrm": "KX19ABC", "response": "assess", "reason": "drove off without paying",
    "owner": "northshire lists", "source_reference": "CR/90/26", "priority": "3",
    "words": "reported by the garage",
}  # fmt: skip


def _ends(centre: Centre, days: int = 30) -> dict[str, str]:
    return {"weed_date": f"{centre.site.now.date() + timedelta(days=days)}"}


def _add(browser: Browser, centre: Centre, **more: str) -> str:
    browser.get("/lists/add")
    return browser.post("/lists/add", **(MILD | _ends(centre) | more))


def _in_force(centre: Centre, name: str = "local") -> set[str]:
    lists = KeptLists(centre.site.desks.store, centre.clock)
    return {kept.content.shown.vrm for kept in lists.entries(name)}


def test_an_entry_is_added_found_changed_and_withdrawn(centre: Centre) -> None:
    """What it lacks is told; the mark that is looked for stands in no address."""
    browser = centre.sign_in("lst-1")
    told = _add(browser, centre, owner="", source_reference="", weed_date="")
    for word in ("owner", "source_reference", "weed_date"):
        assert word in told
    assert "contradicts" in _add(browser, centre, response="stop", warning_markers="do not stop")
    assert 'value="KX19ABC"' in browser.html
    assert "is added" in _add(browser, centre)
    browser.get("/lists")
    assert "KX19 ABC" in browser.post("/lists/find", text="x19a")
    assert "19" not in browser.path.removeprefix("/lists/found/") or "KX" not in browser.path
    link = re.findall(r'href="(/lists/entries/[^"]+)"', browser.html)[0]
    assert "drove off without paying" in browser.get(link)
    changed = MILD | _ends(centre) | {"reason": "paid since", "act": "change"}
    assert "is changed" in browser.post(link, **changed)
    assert "paid since" in browser.get(link)
    assert "at least 3" in browser.post(link, act="withdraw", words="ok")
    browser.get(link)
    assert "is withdrawn" in browser.post(link, act="withdraw", words="paid in full since")
    assert "KX19ABC" not in _in_force(centre)
    assert "withdrawn" in browser.get(link)


def test_a_stop_takes_effect_once_the_second_owner_confirms(centre: Centre) -> None:
    """Asked by one, looked at and confirmed by the other; the first cannot."""
    first, second = centre.sign_in("lst-1"), centre.sign_in("lst-2")
    assert "waits for a second person" in _add(first, centre, vrm="KX20ABC", response="stop")
    assert "KX20ABC" not in _in_force(centre)
    shown = second.get("/lists")
    assert "reported by the garage" in shown
    link = next(
        re.findall(r'href="(/lists/waiting/[^"]+)"', part)[0]
        for part in second.html.split("<li>") if "of local" in part and "/waiting/" in part
    )  # fmt: skip
    assert "take it back" in first.get(link)
    first.post(link, act="confirm", words="it is right so")
    assert first.status == 403
    assert "CR/90/26" in second.get(link)
    assert "choose" in second.post(link, act="", words="x")
    assert "takes effect" in second.post(link, act="confirm", words="the crime record says so")
    assert "KX20ABC" in _in_force(centre)


def test_what_is_chosen_together_is_withdrawn_by_two(centre: Centre) -> None:
    """None is withdrawn before the second person says so."""
    first, second = centre.sign_in("lst-1"), centre.sign_in("lst-2")
    for number in range(3):
        _add(first, centre, list="bulk", vrm=f"KX3{number}ABC")
    first.get("/lists/of/bulk")
    ids = re.findall(r'name="entry" value="([^"]+)"', first.html)
    token = re.findall(r'name="form-token" value="([0-9a-f]+)"', first.html)[0]
    data = {"form-token": token, "entry": ids[:2], "words": "the operation is over"}
    answer = first.client.post("/lists/withdraw", data=data, follow_redirects=True)
    assert "2 entries wait" in answer.text
    assert len(_in_force(centre, "bulk")) == 3
    second.get("/lists")
    part = next(p for p in second.html.split("<li>") if "of bulk" in p and "/waiting/" in p)
    link = re.findall(r'href="(/lists/waiting/[^"]+)"', part)[0]
    second.get(link)
    second.post(link, act="confirm", words="asked the team's head")
    assert len(_in_force(centre, "bulk")) == 1


HEAD = "vrm,reason,response,owner,source_reference,weed_date,warning_markers\n"


def _file(browser: Browser, name: str, data: bytes) -> str:
    browser.get("/lists/import")
    token = re.findall(r'name="form-token" value="([0-9a-f]+)"', browser.html)[0]
    browser.page = browser.client.post(
        "/lists/import", data={"form-token": token, "list": name},
        files={"file": ("list.csv", data, "text/csv")}, follow_redirects=True,
    )  # fmt: skip
    return browser.text


def test_a_file_is_read_with_its_report_and_taken_whole(centre: Centre) -> None:
    """Refused rows by line and reason; a file cut short, or that is none, is not taken at all."""
    browser, end = centre.sign_in("lst-1"), _ends(centre)["weed_date"]
    rows = [
        f"KY10ABC,seen at a burglary,assess,lists,CR/1/26,{end},",
        f"KY11ABC,seen at a burglary,assess,lists,,{end},",
        f"KY12ABC,seen at a burglary,silent,lists,CR/1/26,{end},vulnerable child",
        f"nonsense,seen,assess,lists,CR/1/26,{end},",
        f"KY14ABC,seen at a burglary,observe,lists,CR/1/26,{end},",
    ]
    text = HEAD + "\n".join(rows)
    assert "cut short" in _file(browser, "burglary", text.encode())
    assert browser.status == 422
    shown = _file(browser, "burglary", f"{text}\n".encode())
    assert "Entries that may be taken 2" in shown
    for line, reason in (
        (3, "source_reference"),
        (4, "passed in silence"),
        (5, "a mark has a digit"),
    ):
        assert re.search(rf">{line}</th><td[^>]*>[^<]*{reason}", browser.html), line
    path = browser.path
    assert _in_force(centre, "burglary") == set()
    assert "There is a problem" in browser.post(path, words="ok")
    assert "2 entries are taken" in browser.post(path, words="sent by the burglary team")
    assert _in_force(centre, "burglary") == {"KY10ABC", "KY14ABC"}
    browser.get(path)
    assert browser.status == 404
    again = _file(browser, "burglary", f"{text}\n".encode())
    assert "Stand there already 2" in again
    for data in (b"", b"\x00\x01\x02", b"PK\x03\x04" + bytes(50)):
        assert "There is a problem" in _file(browser, "burglary", data)
        assert "/tmp" not in browser.html


def test_more_than_a_megabyte_is_refused_by_name(centre: Centre) -> None:
    """Before any of it is read."""
    browser = centre.sign_in("lst-1")
    _file(browser, "burglary", b"x" * (1024 * 1024 + 1))
    assert browser.status == 413


def test_entries_that_are_shown_stand_in_the_trail_by_name(centre: Centre) -> None:
    """A consultation that names papers, and no mark."""
    browser = centre.sign_in("lst-2")
    store = centre.site.desks.store
    before = len(store.audit(0, 100_000))
    browser.get("/lists/of/stolen")
    assert "RS21 TLN" in browser.text
    (told,) = [row.event for row in store.audit(before, 100)]
    assert (told.kind, told.actor) == (AuditKind.CONSULTATION, "lst-2")
    assert "RS21" not in told.subject


def test_another_forces_owner_sees_nothing_of_it(centre: Centre) -> None:
    """No list, no entry, nothing that waits, and no wrong entry of it."""
    other = centre.sign_in("lst-1", person_id="lst-8", force="eastshire")
    assert "keeps no list here" in other.get("/lists")
    other.get("/lists/of/stolen")
    assert other.status == 404
    own = centre.sign_in("lst-1")
    own.get("/lists/of/stolen")
    link = re.findall(r'href="(/lists/entries/[^"]+)"', own.html)[0]
    other.get(link)
    assert other.status == 403


@pytest.mark.parametrize("name", ["ana-1", "aud-1", "sgt-3"])
def test_nobody_else_has_lists(centre: Centre, name: str) -> None:
    """Not in the menu, not by address."""
    browser = centre.sign_in(name)
    browser.get("/lists")
    assert browser.status == 403
    assert "/lists" not in browser.links()
