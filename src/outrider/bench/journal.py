"""`outrider bench journal`: reads a second, bytes written per byte kept, hit commit latency."""

import argparse
import random
import sqlite3
import tempfile
import threading
import time
import uuid
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from outrider.clock import ClockQuality, SystemClock, UtcStamp
from outrider.command_line import Subparsers, add_json, new_parser
from outrider.console import Screen
from outrider.records import (
    NO_POSITION,
    CharacterGuess,
    Direction,
    Hit,
    Match,
    MatchClass,
    Origin,
    Pictures,
    PlateText,
    Read,
    Role,
    VehicleOfInterest,
    facts_of,
    uuid7,
)
from outrider.shown import say_json
from outrider.tables import Table
from outrider.unit.journal import Committed, SealedJournal
from outrider.unit.journal.schema import DATABASE
from outrider.unit.journal.space import used_bytes
from outrider.unit.settings.sections import JournalSettings
from outrider.vrm import Family
from outrider.wire.read_record import RecordKind
from outrider.wire.sealing import CentrePrivateKey

_PATROL_READS_PER_S = 20.0


@dataclass(frozen=True, slots=True)
class Figures:
    """What the benchmark found. Latency: from put_hit to the commit's end, ms."""

    reads: int
    sealed: bool
    reads_per_s: float
    written_mb: float
    kept_mb: float
    written_per_kept: float
    hits: int
    hit_commit_p50_ms: float
    hit_commit_p99_ms: float
    hit_commit_max_ms: float


def register(commands: Subparsers) -> None:
    """Add the benchmark."""
    parser = new_parser(
        commands,
        "journal",
        "reads a second, bytes written per byte kept, hit commit latency",
        "outrider bench journal --directory /data/bench --reads 5000",
    )
    parser.add_argument("--directory", type=Path, help="where to write (a temporary folder)")
    parser.add_argument("--reads", type=int, default=3000, help="at full speed (3000)")
    parser.add_argument("--hits", type=int, default=200, help="among 20 reads a second (200)")
    parser.add_argument("--patch-kb", type=float, default=3.0)
    parser.add_argument("--overview-kb", type=float, default=25.0)
    parser.add_argument("--clear", action="store_true", help="without sealing")
    add_json(parser)
    parser.set_defaults(handler=_run)


def _run(args: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(dir=args.directory) as folder:
        figures = measure(Path(folder), args)
    if args.json:
        say_json(asdict(figures), indent=1)
    else:
        _show(figures)
    return 0


def _show(figures: Figures) -> None:
    table = Table("journal", "value", title="outrider bench journal")
    for name, value in asdict(figures).items():
        table.add_row(
            name.replace("_", " "), f"{value:,.2f}" if isinstance(value, float) else str(value)
        )
    Screen().print(table)


def measure(folder: Path, args: argparse.Namespace) -> Figures:
    """Fill one journal at full speed, then time hits among reads at a patrol's pace."""
    written_before = _bytes_written()
    commits = _Commits()
    journal = _open(folder / "journal", sealed=not args.clear, commits=commits)
    makers = ReadMaker(int(args.patch_kb * 1024), int(args.overview_kb * 1024))
    reads_per_s = _fill(journal, commits, makers, args.reads)
    journal.close()
    written = _bytes_written() - written_before
    kept = _kept_bytes(folder / "journal")
    journal = _open(folder / "hits", sealed=not args.clear, commits=commits)
    latencies_ms = _time_hits(journal, commits, makers, args.hits)
    journal.close()
    p50, p99, most = np.percentile(latencies_ms, [50, 99, 100])
    return Figures(
        args.reads, not args.clear, round(reads_per_s, 1),
        round(written / 1e6, 2), round(kept / 1e6, 2), round(written / kept, 4),
        args.hits, round(p50, 2), round(p99, 2), round(most, 2),
    )  # fmt: skip


def _open(directory: Path, *, sealed: bool, commits: "_Commits") -> SealedJournal:
    key_file = directory.with_suffix(".key")
    CentrePrivateKey.generate().public.write(key_file)
    settings = JournalSettings(
        sealing="required" if sealed else "none",
        centre_public_key=key_file if sealed else None,
        min_free_mb=1,
        ballast_mb=0,
    )
    journal = SealedJournal(directory, settings, SystemClock(), live=True, on_commit=commits)
    journal.start(threading.Event())
    return journal


class _Commits:
    """Notes when each hit became durable, and how many records have."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._count = 0
        self._hit_ns: dict[uuid.UUID, int] = {}

    def __call__(self, batch: Sequence[Committed]) -> None:
        now_ns = time.monotonic_ns()
        with self._condition:
            self._count += len(batch)
            self._hit_ns |= {c.record_id: now_ns for c in batch if c.kind is RecordKind.HIT}
            self._condition.notify_all()

    def wait_for_count(self, count: int) -> None:
        with self._condition:
            self._condition.wait_for(lambda: self._count >= count)

    def wait_for_hit(self, hit_id: uuid.UUID) -> int:
        with self._condition:
            self._condition.wait_for(lambda: hit_id in self._hit_ns)
            return self._hit_ns[hit_id]


def _fill(journal: SealedJournal, commits: _Commits, makers: "ReadMaker", count: int) -> float:
    reads = [makers.read() for _ in range(min(count, 200))]
    start_ns = time.monotonic_ns()
    for number in range(count):
        journal.put_read(*reads[number % len(reads)])
    commits.wait_for_count(count)
    return count / ((time.monotonic_ns() - start_ns) / 1e9)


def _time_hits(
    journal: SealedJournal, commits: _Commits, makers: "ReadMaker", count: int
) -> list[float]:
    pause, latencies_ms = threading.Event(), []
    for _ in range(count):
        journal.put_read(*makers.read())
        pause.wait(1 / _PATROL_READS_PER_S)
        hit, pictures = makers.hit()
        start_ns = time.monotonic_ns()
        journal.put_hit(hit, pictures)
        latencies_ms.append((commits.wait_for_hit(hit.hit_id) - start_ns) / 1e6)
    return latencies_ms


def _bytes_written() -> int:
    """Return the bytes that this process has given to the kernel to write, WAL and all."""
    for line in Path("/proc/self/io").read_text(encoding="ascii").splitlines():
        name, _, value = line.partition(": ")
        if name == "wchar":
            return int(value)
    raise RuntimeError("/proc/self/io has no wchar: a Linux kernel with task I/O accounting needed")


def _kept_bytes(directory: Path) -> int:
    """Return the bytes of sealed rows and pictures, without what stores them."""
    with closing(sqlite3.connect(directory / DATABASE)) as db:
        rows = db.execute("SELECT sum(length(body)) FROM row").fetchone()[0]
        pictures = db.execute("SELECT sum(length) FROM picture").fetchone()[0]
    if used_bytes(directory) < rows + pictures:
        raise RuntimeError(f"{directory}: holds less than its rows say")
    return int(rows + pictures)


class ReadMaker:
    """Makes reads of a usual size; their pictures are noise, as JPEG data is to a disk."""

    def __init__(self, patch_bytes: int, overview_bytes: int) -> None:
        self._rng = random.Random(1)
        self._sizes = patch_bytes, overview_bytes

    def read(self) -> tuple[Read, Pictures]:
        """Return another read, and its pictures."""
        rng = self._rng
        vrm = "".join(rng.choices("ABCDEFGHJKLMNOPRSTUVWXY0123456789", k=7))
        guesses = tuple(CharacterGuess(c, rng.random(), (("8", rng.random()),)) for c in vrm)
        at = UtcStamp(1_795_000_000_000_000_000 + rng.getrandbits(50), ClockQuality.GPS, 0.001)
        pictures = dict(zip(Role, map(rng.randbytes, self._sizes), strict=True))
        read = Read(
            read_id=uuid7(at.utc_ns, rng.getrandbits(74)),
            text=PlateText(vrm, vrm, Family.UNKNOWN, rng.random(), guesses),
            at=at,
            mono_ns=rng.getrandbits(50),
            position=NO_POSITION,
            origin=Origin("bench", "bench", "camera-1", (("detector", "0" * 64),)),
            direction=Direction.UNKNOWN,
            frames_fused=5,
            corners=((rng.random(), rng.random()),) * 4,
            pictures=facts_of(pictures),
            hotlist_revision="bench",
        )
        return read, pictures

    def hit(self) -> tuple[Hit, Pictures]:
        """Return a hit on another read, and the read's pictures."""
        read, pictures = self.read()
        entry = VehicleOfInterest(read.text.vrm, "bench")
        match = Match("bench", "1", 0.0, MatchClass.EXACT, entry)
        return Hit(uuid.UUID(int=self._rng.getrandbits(128)), read, match), pictures
