"""`outrider bench sync`: a journal docked at a centre over loopback, on a line that may be cut.

Everything is the real thing: the unit's journal with pictures, `outrider sync --once` as a process,
mutual TLS, `outrider centre serve` as a process with its embedded store. What has arrived is asked
of the centre, row by row and picture by picture, not of the unit.
"""

import argparse
import json
import os
import tempfile
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from outrider.bench.journal import ReadMaker
from outrider.bench.sync_centre import RunningCentre, outrider, running
from outrider.bench.sync_proxy import CuttingProxy
from outrider.clock import SystemClock
from outrider.command_line import Subparsers, add_json, new_parser
from outrider.console import Screen
from outrider.shown import say_json
from outrider.tables import Table
from outrider.unit.journal import SealedJournal
from outrider.unit.journal.reader import JournalReader
from outrider.unit.settings.sections import Settings

_ROUNDS = 20


@dataclass(frozen=True, slots=True)
class Figures:
    """What the benchmark found. lost: rows and pictures of the unit that the centre has not."""

    reads: int
    rows: int
    pictures: int
    total_s: float
    reads_per_s: float
    megabytes: float
    megabytes_per_s: float
    cut_connections: int
    syncs: int
    tries_failed: int
    lost: int
    left_on_the_unit: int
    chain_breaks: int
    load: float


def register(commands: Subparsers) -> None:
    """Add the benchmark."""
    parser = new_parser(
        commands,
        "sync",
        "a shift docked at a centre over loopback, on a line that may be cut",
        "outrider bench sync --reads 20000 --cut-every 10",
    )
    parser.add_argument("--reads", type=int, default=2000, help="with pictures (2000)")
    parser.add_argument("--cut-every", type=float, metavar="S", help="cut all connections every S")
    parser.add_argument("--patch-kb", type=float, default=3.0)
    parser.add_argument("--overview-kb", type=float, default=25.0)
    parser.add_argument("--directory", type=Path, help="where to write (a temporary folder)")
    add_json(parser)
    parser.set_defaults(handler=_run)


def _run(args: argparse.Namespace) -> int:
    """Measure; exit 1 where anything was lost."""
    with tempfile.TemporaryDirectory(dir=args.directory) as folder:
        figures = measure(Path(folder), args)
    if args.json:
        say_json(asdict(figures), indent=1)
    else:
        _show(figures)
    return 1 if figures.lost or figures.left_on_the_unit or figures.chain_breaks else 0


def _show(figures: Figures) -> None:
    table = Table("sync", "value", title="outrider bench sync")
    for name, value in asdict(figures).items():
        shown = f"{value:,.2f}" if isinstance(value, float) else f"{value:,}"
        table.add_row(name.replace("_", " "), shown)
    Screen().print(table)


def measure(folder: Path, args: argparse.Namespace) -> Figures:
    """Enrol a unit, fill its journal, dock it; ask the centre what has come."""
    load, unit = os.getloadavg()[0], folder / "unit"
    unit.mkdir()
    toml = _settings_file(folder, unit)
    with running(folder / "centre") as centre:
        proxy = CuttingProxy(centre.port, args.cut_every)
        settings = centre.enrol(unit, toml, proxy.port)
        maker = ReadMaker(int(args.patch_kb * 1024), int(args.overview_kb * 1024))
        _fill(settings, maker, args.reads)
        with JournalReader(settings.journal_dir) as reader:
            before = reader.status()
        with proxy.running():
            summaries = _dock(toml)
        with JournalReader(settings.journal_dir) as reader:
            after = reader.status()
        left = after.rows_to_send + after.pictures_to_send
        if summaries[-1]["done"]:
            left = 0  # what is to send now is the audit event of this very docking
        return _figures(
            args.reads, before.rows, before.pictures_to_send, summaries, left, proxy, centre, load
        )


def _settings_file(folder: Path, unit: Path) -> Path:
    path = folder / "unit.toml"
    path.write_text(
        f'[unit]\nstate_dir = "{unit}"\nruntime_dir = "{unit}/run"\n'
        "[journal]\nmin_free_mb = 1\nballast_mb = 0\n",
        encoding="utf-8",
    )
    return path


def _fill(settings: Settings, maker: ReadMaker, count: int) -> None:
    journal = SealedJournal(settings.journal_dir, settings.journal, SystemClock(), live=True)
    journal.start(threading.Event())
    for _ in range(count):
        journal.put_read(*maker.read())
    journal.close()
    if journal.health().counts["lost"]:
        raise RuntimeError(f"the journal was not filled: {journal.health().detail}")


def _dock(toml: Path) -> list[dict[str, Any]]:
    """Sync until nothing is left, as a person at the dock would who sees NOT ALL SENT."""
    summaries: list[dict[str, Any]] = []
    while len(summaries) < _ROUNDS and not (summaries and summaries[-1]["done"]):
        said = outrider("sync", "--once", "--json", "-c", str(toml), check=False)
        summaries.append(json.loads(said))
    return summaries


def _figures(
    reads: int,
    rows: int,
    pictures: int,
    summaries: list[dict[str, Any]],
    left: int,
    proxy: CuttingProxy,
    centre: RunningCentre,
    load: float,
) -> Figures:
    total_s = sum(one["took_s"] for one in summaries)
    megabytes = proxy.bytes_up / 1e6
    at_centre = centre.unit_line()
    return Figures(
        reads=reads,
        rows=rows,
        pictures=pictures,
        total_s=round(total_s, 2),
        reads_per_s=round(reads / total_s, 1),
        megabytes=round(megabytes, 1),
        megabytes_per_s=round(megabytes / total_s, 2),
        cut_connections=proxy.cut_connections,
        syncs=len(summaries),
        tries_failed=sum(one["tries_failed"] for one in summaries),
        lost=max(0, rows - at_centre["rows"]) + at_centre["missing"] + at_centre["pictures_due"],
        left_on_the_unit=left,
        chain_breaks=at_centre["chain_breaks"],
        load=round(load, 1),
    )
