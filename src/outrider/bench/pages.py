"""`outrider bench pages`: how long a page of results takes to its first byte, and what it weighs.

Many people search a large store through the pages, each with their own session and a pause to read
the answer; then as many ask the search itself the same, by as many workers, without a page around.
The pages run in a process of their own, as in earnest, and the clock stands where the reads end.
"""

import argparse
import contextlib
import multiprocessing
import os
import random
import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import httpx
import numpy as np

from outrider.bench.postgres_cluster import running, temporary_database
from outrider.bench.search_rows import NOW_US, fill_postgres, fill_store, mark_of
from outrider.centre.access.people import Person, Rank, Role
from outrider.centre.access.purpose import checked_purpose
from outrider.centre.access.scope import Action
from outrider.centre.authority.setup import set_up
from outrider.centre.commands.pages import pages_of
from outrider.centre.desks import Desks, desks_of
from outrider.centre.folder import CentreFolder, opening_keys
from outrider.centre.pages.box import understood
from outrider.centre.pages.wanted import PAGE, Kind
from outrider.centre.store import open_store
from outrider.centre.store.columns import from_us
from outrider.centre.web.listening import line_at, serve
from outrider.clock import RecordedClock
from outrider.command_line import Subparsers, add_json, new_parser
from outrider.command_line.values import whole
from outrider.console import Screen
from outrider.shown import say_json
from outrider.tables import Table

_TOKEN = re.compile(r'name="form-token" value="([0-9a-f]+)"')
_WORDS = "measure how long a page takes"
_WORKERS = 8
_LINKED = re.compile(r"(?:href|src)=\"(/static/[^\"]+)\"")


@dataclass(frozen=True, slots=True)
class Figures:
    """How often something was asked, and how long it took, ms; errors: answers that were none."""

    what: str
    runs: int
    p50_ms: float
    p99_ms: float
    errors: int


@dataclass(frozen=True, slots=True)
class Measured:
    """Both, as a ratio; weight: of the heaviest page with all that it loads, bytes on the wire."""

    database: str
    reads: int
    people: int
    page: Figures
    search: Figures
    ratio_p50: float
    ratio_p99: float
    weight_bytes: int


def register(commands: Subparsers) -> None:
    """Add the benchmark."""
    parser = new_parser(
        commands, "pages", "first byte of a page of results, as a ratio to the search itself",
        "outrider bench pages --reads 10000000 --people 50",
    )  # fmt: skip
    parser.add_argument(
        "--reads", type=whole(0, 10**9), default=200_000, help="in the store (200000)"
    )
    parser.add_argument("--sqlite", action="store_true", help="in the embedded store")
    parser.add_argument("--people", type=whole(1, 500), default=50, help="at once (50)")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each (20)")
    add_json(parser)
    parser.set_defaults(handler=_run)


def _run(args: argparse.Namespace) -> int:
    load = os.getloadavg()[0]
    with _centre(args.sqlite, args.reads) as folder:
        found = measure(folder, args)
    if args.json:
        say_json({"load": load, "figures": asdict(found)}, indent=1)
    else:
        _show(found, load)
    return int(bool(found.page.errors or found.search.errors))


@contextlib.contextmanager
def _centre(sqlite: bool, reads: int) -> Iterator[CentreFolder]:
    """Make a centre whose store is filled."""
    with tempfile.TemporaryDirectory() as root, contextlib.ExitStack() as stack:
        folder = CentreFolder(Path(root) / "centre")
        set_up(folder, ("localhost",), opening_keys(None, folder), _clock())
        if not sqlite:
            cluster = stack.enter_context(running())
            url = stack.enter_context(temporary_database(cluster.url("postgres")))
            with folder.settings.open("a", encoding="utf-8") as file:
                file.write(f'[store]\nurl = "{url}"\n')
        with contextlib.closing(open_store(folder.store_url(folder.load()))) as store:
            if sqlite:
                fill_store(store, reads)
            else:
                fill_postgres(url, reads)
        yield folder


def _clock() -> RecordedClock:
    return RecordedClock(NOW_US * 1000)


def measure(folder: CentreFolder, args: argparse.Namespace) -> Measured:
    """Measure pages and search, one after the other."""
    settings = folder.load()
    url = folder.store_url(settings)
    with contextlib.closing(open_store(url, _clock(), connections=_WORKERS + 4)) as store:
        desks = desks_of(folder, settings, store, _clock())
        tokens = [_token(desks, number) for number in range(args.people)]
        with _pages(folder) as address, contextlib.ExitStack() as stack:
            visitors = [
                stack.enter_context(contextlib.closing(_Visitor(address, token, number)))
                for number, token in enumerate(tokens)
            ]
            page = _at_once("first byte of a page", args.seconds, [v.search for v in visitors])
            weight = max(visitor.weight for visitor in visitors)
        places = threading.Semaphore(_WORKERS)
        askers = [_Asker(desks, number, places) for number in range(args.people)]
        search = _at_once("the search itself", args.seconds, [a.search for a in askers])
    database = "SQLite" if args.sqlite else "PostgreSQL"
    return Measured(
        database, args.reads, args.people, page, search,
        round(page.p50_ms / search.p50_ms, 2), round(page.p99_ms / search.p99_ms, 2), weight,
    )  # fmt: skip


def _person(desks: Desks, number: int) -> Person:
    version = desks.acceptance.in_force
    return Person(
        f"ana-{number}", "northshire", frozenset({Role.ANALYST}), Rank.STAFF, "analysis", version
    )


def _token(desks: Desks, number: int) -> str:
    person = _person(desks, number)
    desks.acceptance.accept(person.person_id, person.policy_version)
    return desks.sessions.begin(person)


def _question(rng: random.Random) -> str:
    """Return what somebody types: mostly a mark; a place, a part of a mark."""
    mark = mark_of(int(rng.random() ** 2.5 * 20_000))
    if rng.random() < 0.6:
        return f"{mark} last 89 days"
    if rng.random() < 0.5:
        return f"{mark[:3]}?{mark[4:]} last 7 days"
    camera = rng.randrange(1, 600)
    latitude = 51.3 + camera * 7919 % 400 * 0.0015
    longitude = -0.9 + camera * 104729 % 600 * 0.002
    return f"{latitude:.4f},{longitude:.4f} within 500 m yesterday"


class _Visitor:
    """Somebody with a browser: types a question and is sent to its answer."""

    def __init__(self, address: str, token: str, number: int) -> None:
        self._client = httpx.Client(
            base_url=address, cookies={"outrider-session": token}, timeout=60
        )
        self._rng, self.weight = random.Random(number), 0
        purpose = self._client.get("/purpose")
        self._form = {"form-token": _TOKEN.findall(purpose.text)[0]}
        said = {"case": "CR/1/26", "code": "serious", "words": _WORDS}
        self._client.post("/purpose", data=self._form | said)
        self._loaded = 0

    def close(self) -> None:
        """Close the browser."""
        self._client.close()

    def search(self) -> tuple[float, bool]:
        """Return how long the answer's first byte took, s, and whether it is one."""
        asked = self._client.post("/search", data=self._form | {"text": _question(self._rng)})
        path = asked.headers.get("location", "")
        if asked.status_code != 303 or not path.startswith("/search/"):
            return 0.0, False
        begun = time.monotonic()
        with self._client.stream("GET", path) as answer:
            took_s = time.monotonic() - begun
            body = answer.read()
        if not self._loaded:
            self._loaded = sum(map(self._size, set(_LINKED.findall(body.decode()))))
        self.weight = max(self.weight, len(body) + self._loaded)
        return took_s, answer.status_code == 200

    def _size(self, path: str) -> int:
        with self._client.stream("GET", path) as answer:
            return sum(len(part) for part in answer.iter_raw())


class _Asker:
    """Somebody who asks the search itself, of as many workers as the pages have."""

    def __init__(self, desks: Desks, number: int, places: threading.Semaphore) -> None:
        self._desks, self._places, self._rng = desks, places, random.Random(number)
        self._person = _person(desks, number)
        self._purpose = checked_purpose("serious", "CR/1/26", _WORDS)

    def search(self) -> tuple[float, bool]:
        """Return how long the answer took, s."""
        wanted = understood(_question(self._rng), from_us(NOW_US))
        begun = time.monotonic()
        with self._places:
            search, span = self._desks.search, wanted.span
            scope = self._desks.desk.decide(
                self._person, Action.SEARCH, self._purpose, since=span.since
            )
            if wanted.kind is Kind.PARTIAL:
                search.partial(scope, wanted.mark, span, size=PAGE)
            elif wanted.place is not None:
                search.area(scope, wanted.place, span, size=PAGE)
            else:
                search.mark(scope, wanted.mark, span, size=PAGE)
        return time.monotonic() - begun, True


_Search = Callable[[], tuple[float, bool]]


def _at_once(what: str, seconds: float, people: list[_Search]) -> Figures:
    """Let people ask at once, each with pauses of their own."""
    with ThreadPoolExecutor(len(people)) as pool:
        ends = time.monotonic() + seconds
        found = list(pool.map(lambda search: _until(search, ends), people))
    times_ms = [took_s * 1000 for one in found for took_s, good in one if good]
    errors = sum(not good for one in found for _, good in one)
    p50, p99 = np.percentile(times_ms, [50, 99])
    return Figures(what, len(times_ms), round(float(p50), 1), round(float(p99), 1), errors)


def _until(search: _Search, ends: float) -> list[tuple[float, bool]]:
    rng, pause, found = random.Random(str(search)), threading.Event(), list[tuple[float, bool]]()
    while True:
        found.append(search())
        if time.monotonic() >= ends:
            return found
        pause.wait(rng.random() * 2)  # somebody reads the answer


@contextlib.contextmanager
def _pages(folder: CentreFolder) -> Iterator[str]:
    """Serve the pages in a process of their own."""
    here, there = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(folder, there))
    process.start()
    try:
        yield str(here.recv())
    finally:
        process.terminate()
        process.join()


def _serve(folder: CentreFolder, told: Connection) -> None:
    with line_at("127.0.0.1", 0) as line:
        own = f"http://127.0.0.1:{line.getsockname()[1]}"
        with pages_of(folder, folder.load(), _clock(), own) as pages:
            told.send(own)
            serve(pages.app, line, ending=pages.streams.end)


def _show(found: Measured, load: float) -> None:
    table = Table(
        "what", "runs", "p50 ms", "p99 ms", "errors",
        title=f"outrider bench pages: {found.reads:,} reads in {found.database}, {found.people} "
        f"people, {os.cpu_count()} cores, load before {load:.1f}",
    )  # fmt: skip
    for one in (found.page, found.search):
        table.add_row(
            one.what, str(one.runs), f"{one.p50_ms:,.1f}", f"{one.p99_ms:,.1f}", str(one.errors)
        )
    table.add_row("ratio", "", f"{found.ratio_p50:.2f}", f"{found.ratio_p99:.2f}", "")
    table.add_row("heaviest page, KB", "", f"{found.weight_bytes / 1000:.1f}", "", "")
    Screen().print(table)
