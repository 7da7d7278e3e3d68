"""New hits as they come: within each reader's scope, bounded, ended with the session."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from itertools import count
from typing import Any

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from outrider.centre.demo.maker import Plan, make_demo
from outrider.centre.pages.streams import Event, Streams
from outrider.centre.store.columns import to_us
from outrider.centre.store.filed import Camera, FiledHit, FiledRead
from outrider.centre.web.quotas import Quotas
from outrider.clock import RecordedClock
from outrider.wire.audit import AuditKind
from tests.centre.pages.conftest import NOW_NS, Browser, Centre, centre_of

_NUMBERS = count(1)


@pytest.fixture(scope="module")
def lively(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    """A small centre of this module's own, for hits come in; it looks often."""
    root = tmp_path_factory.mktemp("live") / "centre"
    make_demo(root, Plan(days=7, reads_a_day=1, vehicles=50, searches=False), RecordedClock(NOW_NS))
    with centre_of(root) as found:
        found.pages.streams.every_s = 0.02
        yield found


def _hit_comes(centre: Centre, unit: str, ago: timedelta = timedelta(minutes=1)) -> None:
    """File a hit as the opening service does."""
    number = next(_NUMBERS)
    at_us = to_us(centre.site.now - ago) + number * 1000
    name = number.to_bytes(16, "big")
    read = FiledRead(
        10**15 + number, Camera(unit, "front", True), at_us, f"LV{number:02d}HET", 534_000_000,
        -15_000_000, name, 970,
    )  # fmt: skip
    hit = FiledHit(2 * 10**15 + number, name, read, read.mark, "stolen", "stop", "exact", False)
    centre.site.desks.store.file([read, hit])


def _opened(centre: Centre, name: str) -> tuple[Browser, str]:
    """Return the browser of somebody whose page of hits is open, and its stream."""
    browser = centre.sign_in(name)
    browser.work_on()
    browser.get("/hits")
    return browser, browser.html.split('data-stream="', 1)[1].split('"')[0]


@contextmanager
def _stream(browser: Browser, path: str, last: str = "") -> Iterator[Iterator[tuple[str, Any]]]:
    headers = {"Last-Event-ID": last} if last else {}
    with browser.client.stream("GET", path, headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        yield _events(answer)


def _events(answer: httpx.Response) -> Iterator[tuple[str, Any]]:
    name = ""
    for line in answer.iter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def _next(events: Iterator[tuple[str, Any]], name: str) -> Any:
    return next(facts for event, facts in events if event == name)


def test_a_hit_that_comes_is_told_to_an_open_page_and_leads_to_itself(lively: Centre) -> None:
    """With its mark, its list and an address of this session; once."""
    browser, path = _opened(lively, "dc-45")
    with _stream(browser, path) as events:
        _next(events, "now")
        _hit_comes(lively, "northshire-car-1")
        told = _next(events, "hit")
        assert told["list"] == "stolen, stop"
        assert told["mark"].startswith("LV")
        assert next(events)[0] == next(events)[0] == "now"
    assert told["listed"] in browser.get(told["path"])
    assert told["listed"] in browser.get("/hits")


def test_a_page_that_connects_anew_is_told_what_came_meanwhile(lively: Centre) -> None:
    """What reached it is not told again; what was sent and did not reach it is."""
    browser, path = _opened(lively, "dc-45")
    with _stream(browser, path) as events:
        _next(events, "now")
        _hit_comes(lively, "northshire-car-1")
        first = _next(events, "hit")
    _hit_comes(lively, "northshire-car-1")
    with _stream(browser, path, last="1") as events:
        found = [next(events) for _ in range(3)]
    assert [name for name, _ in found] == ["hit", "now", "now"]
    assert found[0][1]["mark"] != first["mark"]
    with _stream(browser, path, last="0") as events:  # the first did not reach the page
        assert [next(events)[1].get("mark") for _ in range(2)] == [
            first["mark"], found[0][1]["mark"],
        ]  # fmt: skip


def test_a_stream_tells_no_more_than_the_scope_of_its_reader(lively: Centre) -> None:
    """A control room: its own force's hits of a day; others' and older ones never come."""
    browser, path = _opened(lively, "ctl-7")
    with _stream(browser, path) as events:
        _next(events, "now")
        _hit_comes(lively, "eastshire-mast-3")
        _hit_comes(lively, "northshire-car-1", timedelta(hours=30))
        _hit_comes(lively, "northshire-car-1")
        last = f"LV{next(_NUMBERS) - 1:02d} HET"
        found = [next(events) for _ in range(8)]
    assert [facts["mark"] for name, facts in found if name == "hit"] == [last]


def test_the_trail_tells_what_a_stream_told_and_nothing_of_its_looking(lively: Centre) -> None:
    """Asked before, answered after; a look that finds nothing new tells nobody anything."""
    browser, path = _opened(lively, "ana-1")
    store = lively.site.desks.store
    with _stream(browser, path) as events:
        _next(events, "now")
        before = len(store.audit(0, 100_000))
        for _ in range(3):
            _next(events, "now")
        assert len(store.audit(0, 100_000)) == before
        _hit_comes(lively, "northshire-car-1")
        _next(events, "hit")
    written = [row.event for row in store.audit(before, 100)]
    assert [event.kind for event in written] == [AuditKind.CONSULTATION] * 2
    assert [f'"stage":"{word}"' in event.subject for event, word in
            zip(written, ("asked", "answered"), strict=True)] == [True, True]  # fmt: skip


def test_the_end_of_a_session_ends_its_stream(lively: Centre) -> None:
    """Signed out elsewhere: the next look ends it, and says why."""
    browser, path = _opened(lively, "dc-45")
    with _stream(browser, path) as events:
        _next(events, "now")
        lively.site.desks.sessions.end(browser.client.cookies["outrider-session"])
        _hit_comes(lively, "northshire-car-1")
        rest = list(events)
    assert [name for name, _ in rest if name != "now"] == ["ended"]
    assert "session has ended" in rest[-1][1]["words"]


def test_a_page_left_open_keeps_no_session(lively: Centre) -> None:
    """Half an hour without its person: the stream ends the session as no page at all would."""
    browser, path = _opened(lively, "dc-45")
    token = browser.client.cookies["outrider-session"]
    with _stream(browser, path) as events:
        _next(events, "now")
        lively.site.browsers.visit(token, used=False).seen_ns -= 31 * 60 * 10**9
        assert "session has ended" in _next(events, "ended")["words"]
    assert "Sign in at your force" in browser.get("/hits")


def test_a_purpose_that_is_given_up_ends_what_it_was_for(lively: Centre) -> None:
    """The scope is decided at each look, on what the person works on then."""
    browser, path = _opened(lively, "dc-45")
    memory = lively.site.browsers.visit(browser.client.cookies["outrider-session"])
    with _stream(browser, path) as events:
        _next(events, "now")
        memory.carried = None
        assert "purpose" in _next(events, "ended")["words"]
    assert "What do you work on?" in browser.get(path)


def test_streams_are_bounded_of_one_person_and_in_all(lively: Centre) -> None:
    """One more is refused and counted; a place is free again when one ends."""
    browser, path = _opened(lively, "dc-45")
    streams = lively.pages.streams
    before = streams.counts["refused"]
    with ExitStack() as stack:
        going = [stack.enter_context(_stream(browser, path)) for _ in range(4)]
        for events in going:
            _next(events, "now")
        with browser.client.stream("GET", path) as answer:
            assert answer.status_code == 503
        assert streams.counts["refused"] == before + 1
    _until(lambda: streams.open == 0)
    with _stream(browser, path) as events:
        _next(events, "now")


def _until(holds: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(1000):
        if holds():
            return
        pause.wait(0.01)
    raise AssertionError("it never came to hold")


def test_another_session_has_no_stream_of_this_page(lively: Centre) -> None:
    """Its name means nothing elsewhere."""
    _, path = _opened(lively, "dc-45")
    other = lively.sign_in("ana-1")
    other.work_on()
    other.get(path)
    assert other.status == 404


def test_without_a_script_the_page_says_as_of_when_and_how_to_load_it(lively: Centre) -> None:
    """Nothing pretends to be live."""
    browser, _ = _opened(lively, "dc-45")
    assert "as of 21 Nov 2026 12:00" in browser.text
    assert "Load this page anew" in browser.text


async def _never(message: Message) -> None:
    await asyncio.Event().wait()


async def _still_there() -> Message:
    await asyncio.Event().wait()
    raise AssertionError


async def _nothing() -> list[Event]:
    return [Event("now", {})]


def test_a_reader_that_takes_nothing_is_dropped_and_counted() -> None:
    """Nothing waits for it, and its place is free again."""
    streams = Streams(every_s=0.01, patience_s=0.05)
    asyncio.run(streams.of("dc-1", _nothing)({}, _still_there, _never))
    assert streams.counts == {"dropped: too slow": 1}
    assert streams.open == 0


def test_all_streams_end_when_the_service_does() -> None:
    """At once, and whole: no restart waits for a page that is open."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def story() -> None:
        streams = Streams(every_s=600)
        going = asyncio.ensure_future(streams.of("dc-1", _nothing)({}, _still_there, send))
        while len(sent) < 2:
            await asyncio.sleep(0)
        streams.end()
        await asyncio.wait_for(going, 30)
        assert streams.open == 0

    asyncio.run(story())
    assert sent[-1]["more_body"] is False


def test_streams_take_no_place_of_what_is_soon_answered() -> None:
    """A whole office may stand behind one address, each with a page open."""
    places: list[int] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        places.append(quotas._gate.inside)
        await PlainTextResponse("")(scope, receive, send)

    quotas = Quotas(app, (), lambda refusal: PlainTextResponse("no"), "/hits/live/")

    async def story() -> None:
        transport = httpx.ASGITransport(quotas)
        async with httpx.AsyncClient(transport=transport, base_url="http://centre") as client:
            await client.get("/hits/live/x")
            await client.get("/hits/live")

    asyncio.run(story())
    assert places == [0, 1]


def test_what_a_hit_says_is_text_wherever_it_is_put() -> None:
    """An event holds no line of its own: nothing in it begins another."""
    told = Event("hit", {"mark": "a\nevent: now\n\n<b>"}).encoded()
    assert told.count(b"\n") == 3


def test_a_page_loaded_again_and_again_forgets_no_question(lively: Centre) -> None:
    """A control room loads its hits all day: what it searched stays where it was."""
    browser, _ = _opened(lively, "dc-45")
    browser.search("RS21TLN last 6 days")
    question = browser.path
    memory = lively.site.browsers.visit(browser.client.cookies["outrider-session"])
    for _ in range(60):
        memory.keep_page(object())
    browser.get(question)
    assert browser.status == 200
