"""Supervisor, auditor, operator: what each sees first, and does."""

import re
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from outrider.centre.authority.overview import UnitLine, overview
from outrider.centre.pages.jobs import Job, Jobs, JobState, TooManyJobs
from outrider.centre.pages.unit_state import Facts, shown_unit
from outrider.clock import SystemClock
from tests.centre.pages.conftest import Browser, Centre


def test_a_supervisor_closes_reviews_and_sees_how_far_they_are(centre: Centre) -> None:
    """What was drawn waits for a supervisor of another team, with the searcher's own words."""
    browser = centre.sign_in("sgt-3")
    shown = browser.get("/reviews")
    count = int(re.findall(r"(\d+) search(?:es)? of the sample", shown)[0])
    assert count > 0
    assert "dc-99, cid" in shown.split("unusual search", 1)[1].split("of the sample")[0]
    drawn = browser.html.split("of the sample", 1)[1]
    link = re.findall(r'href="(/reviews/[0-9a-f-]{36})"', drawn)[0]
    assert "Their words" in browser.get(link)
    wrong = browser.post(link, finding="in order", words="ok")
    assert "There is a problem" in wrong
    assert browser.status == 422
    done = browser.post(link, finding="in order", words="the case file names this vehicle")
    assert "The review is closed" in done
    assert f"{count - 1} search" in done
    assert browser.client.get(link).status_code == 404


def test_an_auditor_filters_the_trail_and_verifies_it(centre: Centre) -> None:
    """Rows of one person, one kind, some words; the whole chain checked with its progress."""
    browser = centre.sign_in("aud-1")
    browser.get("/trail")
    browser.post("/trail", actor="dc-99", kind="consultation", words="", since="", until="")
    rows = _rows(browser)
    assert rows
    assert all("dc-99" in row for row in rows)
    assert "dc-99" not in browser.path
    browser.get("/trail")
    assert "day: as in" in browser.post(
        "/trail", actor="", kind="", words="", since="soon", until=""
    )
    private = centre.site.folder.receipt_key
    away = private.rename(private.with_name("away"))  # pages verify, and sign nothing
    try:
        browser.get("/trail")
        browser.post("/trail/verification")
        for _ in range(600):
            if "holds together" in browser.text:
                break
            browser.get(browser.path)
    finally:
        away.rename(private)
    assert "The trail holds together, and is not proven" in browser.text
    assert "Verification of the audit trail" in browser.get("/jobs")


def _rows(browser: Browser) -> list[str]:
    return browser.html.split("<tbody", 1)[1].split("<tr")[1:] if "<tbody" in browser.html else []


def test_older_rows_of_the_trail_are_reached(centre: Centre) -> None:
    """Backwards, page by page, none twice."""
    browser = centre.sign_in("aud-1")
    browser.get("/trail")
    first = re.findall(r'<td class="govuk-table__cell">(\d+)</td>', browser.html)
    older = next(one for one in browser.links() if "before=" in one)
    browser.get(older)
    second = re.findall(r'<td class="govuk-table__cell">(\d+)</td>', browser.html)
    assert first
    assert second
    assert int(second[0]) < int(first[-1])


def test_the_operator_sees_every_unit_and_what_to_do(centre: Centre) -> None:
    """Rows, last upload, clock, misreads, certificate; each trouble with what to do."""
    browser = centre.sign_in("adm-1")
    shown = browser.get("/units")
    for unit in ("northshire-car-1", "westshire-mast-4"):
        assert unit in shown
    assert "Wait to be opened" in shown
    assert "What to do" in browser.get("/units/northshire-car-1") or "well" in browser.text
    assert "Last upload" in browser.text
    browser.get("/units/no-such-unit")
    assert browser.status == 404


def _line(centre: Centre) -> UnitLine:
    return next(
        one for one in overview(centre.site.desks.store) if one.unit_id == "northshire-car-1"
    )


@pytest.mark.parametrize(
    ("days", "tag"), [(1, ""), (3, "late"), (8, "silent")], ids=["well", "late", "silent"]
)
def test_a_unit_that_sends_nothing_is_late_and_then_silent(
    centre: Centre, days: int, tag: str
) -> None:
    """After two days, and after a week."""
    line = _line(centre)
    newest = max(journal.last_upload_at for journal in line.journals)
    shown = shown_unit(line, Facts(), {}, newest + timedelta(days=days))
    tags = {trouble.tag for trouble in shown.troubles}
    assert (tag in tags) if tag else not tags & {"late", "silent"}


def test_a_unit_that_misreads_is_shown_with_its_figure(centre: Centre) -> None:
    """Three wrong of ten answered; and no rate where nobody answered."""
    line = _line(centre)
    now = centre.site.now
    wrong, right, unknown = (
        shown_unit(line, Facts(answers), {}, now) for answers in ((7, 3), (10, 0), (0, 0))
    )
    assert {t.tag for t in wrong.troubles} >= {"misreads"}
    assert "misreads" not in {t.tag for t in right.troubles}
    assert unknown.rate is None


def test_work_of_one_person_is_nobody_elses(centre: Centre) -> None:
    """Its page is there for its owner alone."""
    jobs = centre.site.jobs
    job = jobs.start("aud-1", "Something", "job.html", lambda job: 1)
    assert jobs.get(job.name, "aud-1", "any") is job
    assert jobs.get(job.name, "aud-2", "any") is None
    other = centre.sign_in("adm-1")
    other.get(f"/jobs/{job.name}")
    assert other.status == 404


def test_work_that_fails_says_so_and_nobody_queues_without_end() -> None:
    """A fault is that piece's own; three of one person at once."""
    jobs, gate = Jobs(SystemClock(), workers=1), threading.Event()

    def waits(job: Job) -> None:
        gate.wait(60)

    def fails(job: Job) -> None:
        raise OSError("the disk")

    failing = jobs.start("a", "x", "job.html", fails)
    for _ in range(2):
        jobs.start("a", "x", "job.html", waits)
    _until(lambda: failing.ended)
    jobs.start("a", "x", "job.html", waits)
    with pytest.raises(TooManyJobs):
        jobs.start("a", "x", "job.html", waits)
    gate.set()
    jobs.close()
    assert failing.state is JobState.FAILED
    assert "disk" not in failing.said
    assert isinstance(failing, Job)


def _until(holds: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(1000):
        if holds():
            return
        pause.wait(0.01)
    raise AssertionError("it never came to hold")
