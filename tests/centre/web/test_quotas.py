"""No stranger keeps anybody from searching or signing in, and no person keeps another waiting."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from outrider.centre.intake.codes import Refusal
from outrider.centre.intake.door import Door
from outrider.centre.intake.rates import Rate
from outrider.centre.store.search_ports import Cancel
from outrider.centre.web import quotas
from outrider.centre.web.listening import line_at
from outrider.centre.web.quotas import Quotas
from outrider.centre.web.working import Workers
from tests.centre.api.serving import serving


def told(refusal: Refusal) -> Response:
    return PlainTextResponse(str(refusal), refusal.status)


async def here(request: Request) -> Response:
    return PlainTextResponse("here")


ROUTES = [Route("/sign-in", here), Route("/search", here)]


def asking(client: httpx.Client, address: str) -> httpx.Client:
    """Return a client that asks from another address of this machine."""
    transport = httpx.HTTPTransport(local_address=address)
    return httpx.Client(base_url=client.base_url, transport=transport, timeout=60)


def test_sign_ins_of_one_address_have_a_rate(caplog: pytest.LogCaptureFixture) -> None:
    """Beyond it: 429, and when to come again; searches, and another's sign-ins, are let through."""
    app = Quotas(Starlette(routes=ROUTES), ("/sign-in",), told)
    with serving(app) as client, asking(client, "127.0.0.2") as other:
        burst = int(quotas.SIGN_INS_OF_ONE.burst)
        answers = [client.get("/sign-in") for _ in range(burst + 5)]
        assert {one.status_code for one in answers[:burst]} == {200}
        assert answers[-1].status_code == 429
        assert int(answers[-1].headers["Retry-After"]) >= 1
        assert client.get("/search").status_code == 200
        assert other.get("/sign-in").status_code == 200
    assert app.refused["sign-in too-many"] >= 1
    assert "sign-in too-many" in caplog.text


def test_requests_of_one_address_have_a_rate() -> None:
    """Whoever asks without end is refused before anything is looked up; others are not."""
    app = Quotas(Starlette(routes=ROUTES), ("/sign-in",), told)
    app._rates._each = Rate(0.01, 3)
    with serving(app) as client, asking(client, "127.0.0.2") as other:
        assert [client.get("/search").status_code for _ in range(4)] == [200, 200, 200, 429]
        assert other.get("/search").status_code == 200


@contextlib.contextmanager
def held_up(app: Starlette, path: str, count: int) -> Iterator[httpx.Client]:
    """Have so many requests of one address wait in the application; yield its client."""
    arrived, go = threading.Semaphore(0), threading.Event()

    async def waits(request: Request) -> Response:
        arrived.release()
        await asyncio.to_thread(go.wait, 30)
        return PlainTextResponse("at last")

    app.router.routes.insert(0, Route(path, waits))
    quota = Quotas(app, ("/slow",), told)
    with serving(quota) as client:
        ask = [threading.Thread(target=client.get, args=(path,)) for _ in range(count)]
        for each in ask:
            each.start()
        for _ in range(count):
            assert arrived.acquire(timeout=30)
        try:
            yield client
        finally:
            go.set()
            for each in ask:
                each.join()


def test_sign_ins_that_wait_for_the_provider_take_no_place_of_a_search() -> None:
    """A provider that hangs: so many of an address wait, one more is refused, searches go on."""
    with held_up(Starlette(routes=ROUTES), "/slow", quotas.SIGNING_IN_OF_ONE) as client:
        assert client.get("/slow").status_code == 503
        assert client.get("/search").status_code == 200


def test_fifty_people_behind_one_address_are_answered_at_once() -> None:
    """Each asks once, all at the same moment, of a service's threads: none is refused."""
    workers, everybody = Workers(8, "test"), asyncio.Barrier(50)

    async def works(request: Request) -> Response:
        await everybody.wait()
        name = request.query_params["who"]
        return await workers.run_until_gone(
            request, lambda: PlainTextResponse(name), Cancel(), name
        )

    async def story() -> set[int]:
        app = Quotas(Starlette(routes=[Route("/search", works)]), (), told)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://centre") as client:
            asked = [client.get(f"/search?who=dc-{number}") for number in range(50)]
            return {answer.status_code for answer in await asyncio.gather(*asked)}

    try:
        assert asyncio.run(asyncio.wait_for(story(), 60)) == {200}
    finally:
        workers.close()


def test_one_person_has_half_of_the_threads_at_most() -> None:
    """Slow searches of one person: one more is refused, and another person's is answered."""
    go = threading.Event()

    class Here(Request):
        async def is_disconnected(self) -> bool:
            return False

    async def run() -> list[object]:
        workers = Workers(4, "test")
        request = Here({"type": "http"})

        def slow() -> bool:
            return go.wait(30)

        async def ask(work: object, person: str) -> object:
            return await workers.run_until_gone(request, work, Cancel(), person)  # type: ignore[arg-type]

        waiting = [asyncio.create_task(ask(slow, "dc-1")) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Refusal, match="dc-1 has 2 requests in flight"):
            await ask(slow, "dc-1")
        other = await asyncio.wait_for(ask(lambda: "found", "dc-2"), 30)
        go.set()
        found = [other, *[await one for one in waiting]]
        workers.close()
        return found

    assert asyncio.run(run()) == ["found", True, True]


def test_the_port_for_people_has_a_door() -> None:
    """Who connects there and says nothing is bounded before TLS, as at the intake."""
    with line_at("127.0.0.1", 0) as line:
        assert isinstance(line, Door)
