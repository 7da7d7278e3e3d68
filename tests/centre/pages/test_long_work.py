"""Long work: found again, ended with its session, bounded; what it found is shown to no other."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from outrider.centre.demo import story
from outrider.centre.pages import long_searches
from outrider.centre.pages.jobs import KEPT_S, Job, Jobs, JobState
from outrider.centre.search.engine import Search
from outrider.centre.store.search_ports import Cancelled
from outrider.clock import RecordedClock
from outrider.wire.audit import AuditKind
from tests.centre.pages.conftest import NOW_NS, Browser, Centre

_LEADER = f"{story.LEADER} last 30 days"


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A search for associates that waits to be let go on, or broken off; no page waits for it."""
    gate, own = threading.Event(), Search.associates

    def waits(self: Search, scope: Any, mark: str, span: Any, **how: Any) -> Any:
        how["cancel"].watch(gate.set)
        gate.wait(60)
        if how["cancel"].cancelled:
            raise Cancelled("broken off")
        return own(self, scope, mark, span, **how)

    monkeypatch.setattr(Search, "associates", waits)
    monkeypatch.setattr(long_searches, "_AT_ONCE_S", 0.0)
    yield gate
    gate.set()


def _begun(centre: Centre, name: str = "ana-1") -> tuple[Browser, str]:
    """Return the browser of somebody who asked who was with a mark, and the question's address."""
    browser = centre.sign_in(name)
    browser.work_on()
    browser.search(_LEADER)
    browser.post(f"{browser.path}/again", kind="associates")
    return browser, browser.path


def _until(browser: Browser, path: str, words: str) -> str:
    pause = threading.Event()
    for _ in range(1000):
        if words in browser.get(path):
            return browser.text
        pause.wait(0.02)
    raise AssertionError(browser.text)


def _job(centre: Centre, browser: Browser) -> Job:
    token = browser.client.cookies["outrider-session"]
    return next(iter(centre.site.jobs.of("ana-1", token)))


def test_a_long_search_is_left_and_found_again(centre: Centre, slow: threading.Event) -> None:
    """It goes on while its owner looks elsewhere; what it found stands where it was asked."""
    browser, path = _begun(centre)
    assert "It runs" in browser.get(path)
    browser.get("/purpose")
    shown = browser.get("/jobs")
    assert f"Who was with it ({story.LEADER})" in shown
    assert "runs" in shown
    slow.set()
    assert "CK70 SEC" in _until(browser, path, "seen with it")
    link = next(one for one in browser.get("/jobs") and browser.links() if one.startswith("/jobs/"))
    assert "CK70 SEC" in browser.get(link)
    assert browser.path == path


def test_a_search_that_is_soon_done_is_shown_at_once(centre: Centre) -> None:
    """Nobody is sent to long work that was short."""
    browser, _ = _begun(centre)
    assert "CK70 SEC" in browser.text


def test_a_long_search_is_broken_off_by_its_owner(centre: Centre, slow: threading.Event) -> None:
    """At once, in the store too; asked again it begins anew."""
    browser, path = _begun(centre)
    job = _job(centre, browser)
    browser.get(path)
    assert "it is broken off" in browser.post(f"/jobs/{job.name}/stop")
    assert job.done.wait(30)
    assert job.state is JobState.STOPPED
    assert "It was broken off" in browser.get(path)
    assert "CK70 SEC" in _until(browser, path, "seen with it")


def test_signing_out_ends_long_work_and_lets_go_of_its_results(
    centre: Centre, slow: threading.Event
) -> None:
    """Another session of the same person finds nothing of it, before and after."""
    browser, path = _begun(centre)
    job = _job(centre, browser)
    other = centre.sign_in("ana-1")
    assert job.title not in other.get("/jobs")
    other.get(f"/jobs/{job.name}")
    assert other.status == 404
    browser.get(path)
    browser.post("/sign-out")
    assert job.done.wait(30)
    assert job.state is JobState.STOPPED
    assert job.name not in centre.site.jobs._jobs


def test_a_session_that_is_over_keeps_no_work(centre: Centre, slow: threading.Event) -> None:
    """Ended by an administrator, or by its time: the next sweep breaks its work off."""
    browser, _ = _begun(centre)
    job = _job(centre, browser)
    centre.site.jobs.sweep()
    assert not job.cancel.cancelled
    centre.site.desks.sessions.end(job.token)
    centre.site.jobs.sweep()
    assert job.cancel.cancelled


def test_looking_how_far_it_is_keeps_no_session(centre: Centre) -> None:
    """A page that looks by itself is no use of the session."""
    browser = centre.sign_in("ana-1")
    browser.get("/jobs")
    memory = centre.site.browsers.visit(browser.client.cookies["outrider-session"])
    memory.seen_ns -= 29 * 60 * 10**9
    before = memory.seen_ns
    browser.get("/jobs?watching=yes")
    assert memory.seen_ns == before
    browser.get("/jobs")
    assert memory.seen_ns > before


def test_what_was_found_for_one_purpose_is_not_shown_for_another(centre: Centre) -> None:
    """The same question on another case is asked anew, and is in the trail again."""
    browser, path = _begun(centre)
    store = centre.site.desks.store
    before = len(store.audit(0, 100_000))
    browser.get(path)
    assert len(store.audit(before, 1000)) == 0
    browser.work_on("CR/78/26")
    browser.get(path)
    written = [row.event for row in store.audit(before, 1000)]
    assert [event.kind for event in written] == [AuditKind.CONSULTATION] * 2
    assert all("CR/78/26" in event.justification for event in written)


def test_reads_are_handed_on_in_a_file_that_says_for_whom(centre: Centre) -> None:
    """By who may hand on; the recipient is in the trail before, the file's digest after."""
    browser = centre.sign_in("dc-45")
    browser.work_on("CR/79/26")
    browser.search(f"{story.STOLEN} last 30 days")
    path = f"{browser.path}/hand-on"
    assert path in browser.links()
    browser.get(path)
    assert "There is a problem" in browser.post(path, recipient=" ")
    browser.post(path, recipient="J. Smith, Crown Prosecution Service")
    shown = _until(browser, browser.path, "to hand on")
    link = next(one for one in browser.links() if one.endswith("/file"))
    before = len(centre.site.desks.store.audit(0, 100_000))
    answer = browser.client.get(link)
    assert answer.headers["content-disposition"].startswith("attachment")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert lines[0]["recipient"] == "J. Smith, Crown Prosecution Service"
    assert f"{len(lines) - 1} reads to hand on" in shown
    written = [row.event for row in centre.site.desks.store.audit(before, 10)]
    assert [event.kind for event in written] == [AuditKind.DISCLOSURE]
    browser.work_on("CR/80/26")
    assert browser.client.get(link).status_code == 422


def test_who_may_hand_on_nothing_has_no_way_to_it(centre: Centre) -> None:
    """An analyst: no link, and no page."""
    browser = centre.sign_in("ana-1")
    browser.work_on()
    browser.search(f"{story.STOLEN} last 30 days")
    path = f"{browser.path}/hand-on"
    assert path not in browser.links()
    browser.get(path)
    assert browser.status == 403


def test_results_expire_and_the_oldest_of_many_go_first() -> None:
    """An hour after their end; ten of one person at most."""
    clock = RecordedClock(NOW_NS)
    jobs = Jobs(clock)
    for number in range(15):
        job = jobs.start("a", str(number), "job.html", _nothing)
        assert job.done.wait(30)
    assert [one.title for one in jobs.of("a", "any")] == [str(n) for n in range(14, 4, -1)]
    jobs.sweep()
    assert len(jobs.of("a", "any")) == 10
    clock.advance_to(int(KEPT_S * 1e9) + 1)
    jobs.sweep()
    assert jobs.of("a", "any") == []
    jobs.close()


def _nothing(job: Job) -> None:
    """Be done."""


def test_one_persons_long_work_holds_up_nobody_elses() -> None:
    """Though all that one may have going goes on: another's is begun, and done."""
    jobs = Jobs(RecordedClock(NOW_NS))
    for number in range(3):
        jobs.start("a", str(number), "job.html", _until_cancelled)
    other = jobs.start("b", "x", "job.html", _nothing)
    assert other.done.wait(30)
    assert other.state is JobState.DONE
    jobs.close()


def test_closing_breaks_off_what_runs() -> None:
    """No restart of the service waits for somebody's search."""
    jobs = Jobs(RecordedClock(NOW_NS))
    job = jobs.start("a", "x", "job.html", _until_cancelled)
    jobs.close()
    assert job.state is JobState.STOPPED


def _until_cancelled(job: Job) -> None:
    stopped = threading.Event()
    job.cancel.watch(stopped.set)
    assert stopped.wait(30)
    job.say("more")
