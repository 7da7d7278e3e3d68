"""The analyst's story: a purpose once, one box, what was found and where it is blind."""

import pytest

from outrider.centre.demo import story
from outrider.centre.search.record import Stage, read_back
from tests.centre.pages.conftest import Centre


def test_case_and_purpose_are_asked_once_and_carried(centre: Centre) -> None:
    """The first search asks for them; each page then shows them; they can be changed."""
    browser = centre.sign_in("ana-1")
    assert "What do you work on?" in browser.get("/search")
    assert "CR/77/26" in browser.work_on()
    assert "CR/77/26" in browser.get("/authorisations")
    assert "CR/78/26" in browser.work_on("CR/78/26")
    assert "CR/77/26" not in browser.get("/search")


def test_a_mark_is_found_with_its_blind_spots(centre: Centre) -> None:
    """Reads by the page with a map and a time line, what is not known in plain words."""
    browser = centre.sign_in("ana-1")
    browser.work_on()
    shown = browser.search(f"{story.STOLEN} last 30 days")
    assert browser.path.startswith("/search/")
    assert story.STOLEN not in browser.path
    assert "5 reads" in shown
    assert "Where this answer is blind" in shown
    assert "the newest upload is" in shown
    assert browser.html.count("<svg") == 2
    assert "RS21 TLN" in shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RS21T?? last 30 days", "reads"),
        ("unit northshire-mast-3 last 30 days", "reads"),
        ("ZZ99ZZZ", "Not seen, as far as is known"),
        ("", "There is a problem"),
        ("14:00", "this is not understood"),
        ("AB12CDE 31 Feb", "there is no such day"),
        ("AB12CDE 9999-12-31", "of the years 1970 to 2199"),
        ("AB12CDE 0001-01-01 00:10", "of the years 1970 to 2199"),
    ],
)
def test_the_box_understands_or_says_how_to_ask(centre: Centre, text: str, expected: str) -> None:
    """A mark, a part, a unit; what is not understood stays in the box, with what is expected."""
    browser = centre.sign_in("ana-1")
    browser.work_on()
    assert expected in browser.search(text)


def test_a_read_is_seen_beside_its_picture_and_that_is_a_consultation(centre: Centre) -> None:
    """Mark and patch side by side; the trail says who opened it, in which case."""
    browser = centre.sign_in("ana-1")
    browser.work_on()
    browser.search(f"{story.STOLEN} last 30 days")
    link = next(one for one in browser.links() if one.startswith("/reads/"))
    assert "RS21 TLN" in browser.get(link)
    before = len(centre.site.desks.store.audit(0, 100_000))
    picture = browser.client.get(f"{link}/patch.jpg")
    assert picture.headers["content-type"] == "image/jpeg"
    assert picture.content[:2] == b"\xff\xd8"
    written = centre.site.desks.store.audit(before, 100)
    assert {row.event.kind.value for row in written} == {"consultation"}
    assert {row.event.actor for row in written} == {"ana-1"}
    asked = [found for row in written if (found := read_back(row.event)) is not None]
    assert (asked[-1].stage, asked[-1].facts["kind"]) == (Stage.ANSWERED, "picture")
    assert all("CR/77/26" in row.event.justification for row in written)


def test_other_questions_of_the_same_mark(centre: Centre) -> None:
    """Route, ends, associates and clones, one click away."""
    browser = centre.sign_in("ana-1")
    browser.work_on()
    browser.search(f"{story.LEADER} last 30 days")
    path = browser.path
    assert "CK70 SEC" in browser.post(f"{path}/again", kind="associates")
    browser.get(path)
    assert "First and last seen" in browser.post(f"{path}/again", kind="ends")
    browser.search(f"{story.CLONED} last 30 days")
    assert "It may be on two cars" in browser.post(f"{browser.path}/again", kind="clones")


def test_scenes_are_crossed(centre: Centre) -> None:
    """Two places and times: who was at both."""
    browser = centre.sign_in("ana-1")
    browser.work_on()
    unit = {u: centre_place(centre, u) for u in ("northshire-mast-4", "eastshire-mast-3")}
    first, second = unit.values()
    browser.get("/scenes")
    shown = browser.post(
        "/scenes",
        **{
            "scene-1": f"{first} within 500 m 9 Nov 2026 01:00 to 03:00",
            "scene-2": f"{second} within 500 m 12 Nov 2026 01:00 to 03:00",
        },
    )
    assert "VB19 BRG" in shown


def centre_place(centre: Centre, unit: str) -> str:
    """Return where a mast stands, as the reads of it say."""
    browser = centre.sign_in("ana-1")
    browser.work_on()
    shown = browser.search(f"unit {unit} last 30 days")
    cells = shown.split("No. When Mark Sure Where Unit Read", 1)[1].split()
    at = next(n for n, word in enumerate(cells) if word.endswith(",") and "." in word)
    return f"{cells[at]}{cells[at + 1]}"


def test_refused_at_91_days_asked_given_seen(centre: Centre) -> None:
    """The whole way through pages: refused, asked, authorised by a superintendent, seen."""
    browser = centre.sign_in("ana-1")
    browser.work_on("CR/91/26")
    text = f"{story.SUSPECT} 1 Aug 2026 to 20 Nov 2026"
    refused = browser.search(text)
    assert browser.status == 403
    assert "may not be seen" in refused
    ask = next(one for one in browser.links() if one.startswith("/authorisations/ask"))
    assert story.SUSPECT in browser.get(ask).replace(" ", "") or story.SUSPECT in browser.html
    shown = browser.post(
        "/authorisations/ask", marks=story.SUSPECT, since="2026-07-01", hours="24", place=""
    )
    assert "waits for a superintendent" in shown
    senior = centre.sign_in("supt-1")
    senior.get("/")
    assert senior.path == "/authorisations"
    paper = _paper(senior, "CR/91/26")
    senior.get(paper)
    assert "There is a problem" in senior.post(paper, act="give", words="yes")
    assert "is given" in senior.post(paper, act="give", words="needed and proportionate here")
    browser.get("/purpose")
    choice = browser.html.split('<option value="', 2)
    assert choice
    given = [one for one in centre.site.desks.desk.authorisations.of("ana-1")
             if one.content.case == "CR/91/26"]  # fmt: skip
    assert "under an authorisation" in browser.work_on("CR/91/26", authorisation=given[0].paper_id)
    assert "2 reads" in browser.search(text)


def _paper(browser: object, case: str) -> str:
    html = browser.html  # type: ignore[attr-defined]
    row = next(part for part in html.split("<tr")[1:] if case in part)
    return str(row.split('href="')[1].split('"')[0])


def test_a_life_at_risk(centre: Centre) -> None:
    """Broken by oneself, for two hours; it waits for another team's supervisor, who closes it."""
    browser = centre.sign_in("dc-45")
    browser.get("/break-glass")
    browser.post("/break-glass", case="INC/9/26", words="a missing child in a known car")
    assert "life at risk" in browser.text
    assert "reads" in browser.search(f"{story.SUSPECT} 1 Jan 2026 to 20 Nov 2026")
    supervisor = centre.sign_in("sgt-3")
    supervisor.get("/")
    link = next(one for one in supervisor.links() if one.startswith("/reviews/break-glass/"))
    supervisor.get(link)
    shown = supervisor.post(link, justified="yes", words="the child was found then")
    assert "is reviewed" in shown
