"""`outrider bench search`: how long searches take, within a scope, the database's lock on.

Made-up reads over 12 months: mark, area, part of a mark, two scenes crossed, associates over one
day; then many people at once while reads come in. Plans are kept with --plans.
"""

import argparse
import contextlib
import os
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from outrider.bench.postgres_cluster import running, temporary_database
from outrider.bench.search_plans import keep_plans
from outrider.bench.search_rows import NOW_US, fill_postgres, fill_store, made_up, mark_of
from outrider.centre.store import open_store, pattern_queries, queries
from outrider.centre.store.bounds import Bounds
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.columns import DAY_US
from outrider.centre.store.places import Circle
from outrider.centre.store.queries import SearchSession
from outrider.centre.store.questions import Question
from outrider.command_line import Subparsers, add_json, new_parser
from outrider.console import Screen
from outrider.shown import say_json
from outrider.tables import Table

YEAR = Bounds(NOW_US - 365 * DAY_US, NOW_US, None, None, None, coarse=False)
_HOUR_US = DAY_US // 24
_REPEATS = 100
_PAGE = 50

Ask = Callable[[SearchSession, random.Random], object]


@dataclass(frozen=True, slots=True)
class Figures:
    """One line of the table: a search, how often it was run, and how long it took, ms.

    p50, p99: of the query. whole: with what goes around it, from taking a connection and setting
    the scope to the commit; p50.
    """

    database: str
    reads: int
    search: str
    runs: int
    p50_ms: float
    p99_ms: float
    whole_p50_ms: float
    errors: int = 0


def register(commands: Subparsers) -> None:
    """Add the benchmark."""
    parser = new_parser(
        commands,
        "search",
        "how long searches take within a scope, on SQLite and on PostgreSQL",
        "outrider bench search --reads 1000000 10000000 --sqlite-reads 1000000 --plans plans/",
    )
    parser.add_argument("--reads", type=int, nargs="*", default=[100_000], help="on PostgreSQL")
    parser.add_argument("--sqlite-reads", type=int, default=100_000, help="on SQLite (0: not)")
    parser.add_argument("--people", type=int, default=50, help="searching at once (50)")
    parser.add_argument("--seconds", type=float, default=20.0, help="of that (20)")
    parser.add_argument("--day-reads", type=int, default=0, help="associates: reads of one day")
    parser.add_argument("--plans", type=Path, help="folder for the plans of the queries")
    add_json(parser)
    parser.set_defaults(handler=_run)


def _run(args: argparse.Namespace) -> int:
    found: list[Figures] = []
    load = os.getloadavg()[0]
    for name, reads, store in _stores(args):
        found += measure(name, store, reads)
        found.append(at_once(name, store, reads, args.people, args.seconds))
    for name, reads, store in _day_stores(args):
        found.append(convoys(name, store, reads))
    if args.json:
        say_json({"load": load, "figures": [asdict(one) for one in found]}, indent=1)
    else:
        _show(found, load)
    return int(any(one.errors for one in found))


def _stores(args: argparse.Namespace) -> Iterator[tuple[str, int, CentreStore]]:
    """Yield stores that are filled, one after the other."""
    if args.sqlite_reads:
        with _sqlite() as store:
            fill_store(store, args.sqlite_reads)
            yield "SQLite", args.sqlite_reads, store
    for reads in args.reads:
        with _postgres(args.people) as (url, store):
            fill_postgres(url, reads)
            if args.plans is not None:
                keep_plans(store, args.plans, reads)
            yield "PostgreSQL", reads, store


def _day_stores(args: argparse.Namespace) -> Iterator[tuple[str, int, CentreStore]]:
    if args.day_reads:
        with _postgres(4) as (url, store):
            fill_postgres(url, args.day_reads, days=1)
            yield "PostgreSQL", args.day_reads, store


@contextlib.contextmanager
def _sqlite() -> Iterator[CentreStore]:
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.closing(open_store(f"sqlite:{folder}/store")) as store,
    ):
        yield store


@contextlib.contextmanager
def _postgres(connections: int) -> Iterator[tuple[str, CentreStore]]:
    with (
        running() as cluster,
        temporary_database(cluster.url("postgres")) as url,
        contextlib.closing(open_store(url, connections=min(connections, 90) + 2)) as store,
    ):
        yield url, store


def _vehicle(rng: random.Random) -> str:
    return mark_of(int(rng.random() ** 2.5 * 100_000))


def _mark(session: SearchSession, rng: random.Random) -> object:
    question = Question(YEAR.not_before_us, NOW_US, (_vehicle(rng),))
    return queries.sightings(session, YEAR, question, _PAGE, None)


def _place(rng: random.Random) -> Circle:
    camera = rng.randrange(1, 600)
    return Circle(
        513_000_000 + camera * 7919 % 400 * 15_000, -9_000_000 + camera * 104729 % 600 * 20_000, 500
    )


def _area(session: SearchSession, rng: random.Random) -> object:
    first = NOW_US - rng.randrange(1, 360) * DAY_US
    question = Question(first, first + DAY_US, place=_place(rng))
    return queries.sightings(session, YEAR, question, _PAGE, None)


def _partial(session: SearchSession, rng: random.Random) -> object:
    mark = _vehicle(rng)
    marks = session.marks_like(f"%{mark[2:6]}_", 501)[:500]
    question = Question(NOW_US - 7 * DAY_US, NOW_US, tuple(marks))
    return queries.sightings(session, YEAR, question, _PAGE, None)


def _crossed(session: SearchSession, rng: random.Random) -> object:
    first = NOW_US - rng.randrange(10, 360) * DAY_US
    scenes = [
        Question(first, first + 6 * _HOUR_US, place=_place(rng)),
        Question(first + DAY_US, first + DAY_US + 6 * _HOUR_US, place=_place(rng)),
    ]
    return pattern_queries.crossed(session, YEAR, scenes, 2, 1001)


def _associates(session: SearchSession, rng: random.Random) -> object:
    first = NOW_US - rng.randrange(1, 360) * DAY_US
    question = Question(first, first + DAY_US, (_vehicle(rng),))
    return pattern_queries.associates(session, YEAR, question, 30_000_000, 2, 1001)


SEARCHES: dict[str, Ask] = {
    "mark, 12 months": _mark,
    "area x 24 h": _area,
    "part of a mark": _partial,
    "two scenes crossed": _crossed,
    "associates of a mark, a day": _associates,
}


def measure(name: str, store: CentreStore, reads: int) -> list[Figures]:
    """Time each search alone, the first runs (a cold cache, plans to make) left out."""
    found = []
    for search, ask in SEARCHES.items():
        rng, times_ms, whole_ms = random.Random(7), list[float](), list[float]()
        for number in range(_REPEATS + 10):
            begun_ns = time.monotonic_ns()
            with store.searching(YEAR) as session:
                start_ns = time.monotonic_ns()
                ask(session, rng)
                end_ns = time.monotonic_ns()
            if number >= 10:
                times_ms.append((end_ns - start_ns) / 1e6)
                whole_ms.append((time.monotonic_ns() - begun_ns) / 1e6)
        found.append(_figures(name, reads, search, times_ms, whole_ms))
    return found


def convoys(name: str, store: CentreStore, reads: int) -> Figures:
    """Time all pairs that met over one day."""
    times_ms = []
    for _ in range(3):
        with store.searching(YEAR) as session:
            start_ns = time.monotonic_ns()
            question = Question(NOW_US - DAY_US, NOW_US)
            pattern_queries.convoys(session, YEAR, question, 10_000_000, 3, 1001)
            times_ms.append((time.monotonic_ns() - start_ns) / 1e6)
    return _figures(name, reads, "associates, all of a day", times_ms, times_ms)


def at_once(name: str, store: CentreStore, reads: int, people: int, seconds: float) -> Figures:
    """Let people search at once, each with a pause of its own, while 1,000 reads/s come in."""
    stop = threading.Event()
    filing = threading.Thread(target=_file_for, args=(store, stop))
    filing.start()
    try:
        with ThreadPoolExecutor(people) as pool:
            ends = time.monotonic() + seconds
            found = list(pool.map(lambda seed: _search_until(store, seed, ends), range(people)))
    finally:
        stop.set()
        filing.join()
    times_ms = [one for times, _ in found for one in times]
    errors = sum(failed for _, failed in found)
    return _figures(
        name, reads, f"{people} people, 1,000 reads/s come in", times_ms, times_ms, errors
    )


def _search_until(store: CentreStore, seed: int, ends: float) -> tuple[list[float], int]:
    rng, times_ms, errors = random.Random(seed), list[float](), 0
    asks = [_mark, _mark, _area, _partial, _crossed]
    pause = threading.Event()
    while time.monotonic() < ends:
        start_ns = time.monotonic_ns()
        try:
            with store.searching(YEAR) as session:
                rng.choice(asks)(session, rng)
        except Exception:  # noqa: BLE001 - the benchmark's border: every kind of failure is counted
            errors += 1
        times_ms.append((time.monotonic_ns() - start_ns) / 1e6)
        pause.wait(rng.random() * 2)  # somebody reads the answer
    return times_ms, errors


def _file_for(store: CentreStore, stop: threading.Event) -> None:
    rows = made_up(1_000_000, days=1, seed=9, first=1_000_000_000)
    begun, sent = time.monotonic(), 0
    while not stop.is_set():
        store.file([next(rows) for _ in range(250)])
        sent += 250
        stop.wait(max(0.0, begun + sent / 1000 - time.monotonic()))


def _figures(
    name: str, reads: int, search: str, times_ms: list[float], whole_ms: list[float],
    errors: int = 0,
) -> Figures:  # fmt: skip
    """Return a line of the table."""
    p50, p99 = np.percentile(times_ms, [50, 99])
    whole = round(float(np.percentile(whole_ms, 50)), 2)
    return Figures(
        name,
        reads,
        search,
        len(times_ms),
        round(float(p50), 2),
        round(float(p99), 2),
        whole,
        errors,
    )


def _show(found: list[Figures], load: float) -> None:
    table = Table(
        "database", "reads", "search", "runs", "p50 ms", "p99 ms", "whole p50", "errors",
        title=f"outrider bench search: {os.cpu_count()} cores, load before {load:.1f}",
    )  # fmt: skip
    for one in found:
        table.add_row(
            one.database, f"{one.reads:,}", one.search, str(one.runs), f"{one.p50_ms:,.2f}",
            f"{one.p99_ms:,.2f}", f"{one.whole_p50_ms:,.2f}", str(one.errors),
        )  # fmt: skip
    Screen().print(table)
