"""`outrider bench intake`: how many reads a second the centre takes and has on its disk.

Batches are of real sealed rows, made beforehand by four units. `store`: decoded batches into the
store. `desk`: bodies as they come, through all that the intake does with them: signature, digest,
decoding, every row's hash, the store, the signed receipt. Connections are threads of one process,
as in the intake, or processes, as where several intakes share a database.
"""

import argparse
import contextlib
import os
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import timedelta
from hashlib import sha256
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import numpy as np

from outrider.bench.journal import ReadMaker
from outrider.bench.postgres_cluster import running, temporary_database
from outrider.centre.demo.unit_journal import UnitJournal
from outrider.centre.intake.uploads import UploadDesk
from outrider.centre.store import open_store
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.records import ReceivedUpload
from outrider.clock import SystemClock
from outrider.command_line import Subparsers, add_json, new_parser
from outrider.console import Screen
from outrider.shown import say_json
from outrider.tables import Table
from outrider.wire import batch as batches
from outrider.wire import upload as uploads
from outrider.wire.batch import Batch
from outrider.wire.sealing import CentrePrivateKey
from outrider.wire.signing import SigningIdentity
from outrider.wire.upload import Sent, UploadKind, UploadName

_UNITS = 4
_CENTRE = CentrePrivateKey(sha256(b"outrider bench").digest()).public  # in each process the same
_CODE = bytes(32)
_READY_S = 60.0


@dataclass(frozen=True, slots=True)
class Sending:
    """One batch, decoded and as it travels."""

    name: UploadName
    batch: Batch
    body: bytes
    headers: dict[str, str]


Taker: TypeAlias = Callable[[CentreStore], Callable[[Sending], None]]


@dataclass(frozen=True, slots=True)
class Fleet:
    """Units with what they send, in order, and the key that each signs with."""

    keys: dict[str, SigningIdentity]
    sendings: dict[str, list[Sending]]
    reads: int


@dataclass(frozen=True, slots=True)
class Figures:
    """One line of the table. p99: of one batch, from the call to its return, ms."""

    database: str
    connections: int
    processes: int
    store_reads_per_s: float
    store_p99_ms: float
    desk_reads_per_s: float
    desk_p99_ms: float


def register(commands: Subparsers) -> None:
    """Add the benchmark."""
    parser = new_parser(
        commands,
        "intake",
        "reads a second that the centre takes, on SQLite and on PostgreSQL",
        "outrider bench intake --reads 40000 --directory /srv/bench",
    )
    parser.add_argument("--reads", type=int, default=20_000, help="in all, for each figure (20000)")
    parser.add_argument("--batch", type=int, default=500, help="reads in a batch (500)")
    parser.add_argument("--directory", type=Path, help="where SQLite writes (a temporary folder)")
    parser.add_argument(
        "--postgresql",
        metavar="URL",
        help="a server to measure, in databases of the benchmark's own; else one is started",
    )
    add_json(parser)
    parser.set_defaults(handler=_run)


def _run(args: argparse.Namespace) -> int:
    load = os.getloadavg()[0]
    fleet = make_fleet(args.reads, args.batch)
    found = []
    with contextlib.ExitStack() as stack:
        server = args.postgresql or stack.enter_context(running()).url("postgres")
        for name, place in (
            ("SQLite", lambda: _sqlite(args.directory)),
            ("PostgreSQL", lambda: temporary_database(server)),
        ):
            found += [measure(name, place, *ways, fleet) for ways in ((1, 1), (4, 1), (4, 4))]
    if args.json:
        say_json({"load": load, "figures": [asdict(one) for one in found]}, indent=1)
    else:
        _show(found, fleet.reads, args.batch, load)
    return 0


def _show(found: Sequence[Figures], reads: int, batch: int, load: float) -> None:
    table = Table(
        "database", "conn.", "proc.", "store, reads/s", "p99 ms", "desk, reads/s", "p99 ms",
        title=f"outrider bench intake: {reads:,} reads in batches of {batch}, "
        f"{os.cpu_count()} cores, load before {load:.1f}",
    )  # fmt: skip
    for one in found:
        name, *numbers = asdict(one).values()
        table.add_row(name, *(f"{number:,.0f}" for number in numbers))
    Screen().print(table)


@contextlib.contextmanager
def _sqlite(directory: Path | None) -> Iterator[str]:
    with tempfile.TemporaryDirectory(dir=directory) as folder:
        yield f"sqlite:{folder}/store"


def make_fleet(reads: int, batch: int) -> Fleet:
    """Make units that have read so much in all, each in batches of so many reads."""
    maker = ReadMaker(2_000, 20_000)
    sample = [maker.read() for _ in range(batch)]
    keys = {f"unit-{n}": SigningIdentity.generate() for n in range(_UNITS)}
    each = max(1, reads // batch // _UNITS)
    sendings = {}
    for unit_id, key in keys.items():
        journal = UnitJournal(unit_id, _CENTRE)
        sendings[unit_id] = [
            _sending(journal.batch([journal.add(*one) for one in sample]), key) for _ in range(each)
        ]
    return Fleet(keys, sendings, each * batch * _UNITS)


def _sending(batch: Batch, key: SigningIdentity) -> Sending:
    name = UploadName(batch.unit_id, UploadKind.ROWS, uuid.uuid4())
    body, clock = batches.encode(batch), SystemClock()
    headers = uploads.headers(name, uploads.Body(body), key, clock.stamp(clock.mono_ns()))
    return Sending(name, batch, body, headers)


def measure(
    name: str,
    place: Callable[[], contextlib.AbstractContextManager[str]],
    connections: int,
    processes: int,
    fleet: Fleet,
) -> Figures:
    """Send all of a fleet into a new store; once to the store, once whole.

    processes: 1, with a thread for each connection, or as many as connections.
    """
    units = list(fleet.sendings.values())
    shares = [[s for unit in units[n::connections] for s in unit] for n in range(connections)]
    timed = _in_threads if processes == 1 else _in_processes
    found: list[float] = []
    for taker in (_to_store, _to_desk):
        with place() as url:
            with contextlib.closing(open_store(url)) as store:
                _enrol(store, fleet)
            wall_ns, times_ns = timed(url, taker, shares)
            found += fleet.reads / (wall_ns / 1e9), float(np.percentile(times_ns, 99)) / 1e6
    return Figures(name, connections, processes, *found)


def _enrol(store: CentreStore, fleet: Fleet) -> None:
    clock = SystemClock()
    now = clock.stamp(clock.mono_ns()).utc
    for unit_id, key in fleet.keys.items():
        code = sha256(unit_id.encode()).digest()
        store.add_ticket(unit_id, code, now + timedelta(days=1))
        store.enrol(unit_id, code, key.public, _CODE, now)


def _to_store(store: CentreStore) -> Callable[[Sending], None]:
    def take(sending: Sending) -> None:
        clock = SystemClock()
        now = clock.stamp(clock.mono_ns())
        upload = ReceivedUpload(
            sending.name, sha256(sending.body).digest(), Sent(now.utc, now.quality), now.utc
        )
        store.take_rows(upload, sending.batch, lambda stored, duplicates: b"no receipt")

    return take


def _sealed_to() -> frozenset[str]:
    return frozenset([_CENTRE.key_id])


def _to_desk(store: CentreStore) -> Callable[[Sending], None]:
    identity = SigningIdentity.generate()
    desk = UploadDesk(store, store, identity, SystemClock(), timedelta(days=1), _sealed_to)

    def take(sending: Sending) -> None:
        desk.take(sending.name, sending.body, sending.headers)

    return take


def _send(take: Callable[[Sending], None], share: Sequence[Sending]) -> list[int]:
    """Return how long each call took, ns."""
    times_ns = []
    for sending in share:
        start_ns = time.monotonic_ns()
        take(sending)
        times_ns.append(time.monotonic_ns() - start_ns)
    return times_ns


def _in_threads(
    url: str, taker: Taker, shares: Sequence[Sequence[Sending]]
) -> tuple[int, list[int]]:
    """Return how long it took in all, and each call, ns."""
    with (
        contextlib.closing(open_store(url, connections=len(shares))) as store,
        ThreadPoolExecutor(len(shares)) as pool,
    ):
        take, start_ns = taker(store), time.monotonic_ns()
        found = list(pool.map(lambda share: _send(take, share), shares))
        return time.monotonic_ns() - start_ns, [t for times in found for t in times]


def _in_processes(
    url: str, taker: Taker, shares: Sequence[Sequence[Sending]]
) -> tuple[int, list[int]]:
    """Return the same for a process each, as where several intakes share a database."""
    context = get_context("fork")  # what is to be sent comes with it, not through a pipe
    ready = context.Barrier(len(shares))
    with ProcessPoolExecutor(
        len(shares), context, initializer=_Worker.begin, initargs=(url, taker, shares, ready)
    ) as pool:
        found = list(pool.map(_Worker.run, range(len(shares))))
    wall_ns = max(end for _, end, _ in found) - min(start for start, _, _ in found)
    return wall_ns, [t for _, _, times in found for t in times]


class _Worker:
    """What a process of its own was begun with."""

    begun: ClassVar[tuple[str, Taker, Sequence[Sequence[Sending]], Barrier]]

    @classmethod
    def begin(cls, *given: Any) -> None:
        """Take what the process was forked with."""
        cls.begun = given

    @classmethod
    def run(cls, number: int) -> tuple[int, int, list[int]]:
        """Send one share, once all processes are ready; return begin, end, and each call, ns."""
        url, taker, shares, ready = cls.begun
        with contextlib.closing(open_store(url, connections=1)) as store:
            take = taker(store)
            ready.wait(_READY_S)
            start_ns = time.monotonic_ns()
            times_ns = _send(take, shares[number])
            return start_ns, time.monotonic_ns(), times_ns
