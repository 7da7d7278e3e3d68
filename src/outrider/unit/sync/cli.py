"""`outrider sync [--once|--watch]`."""

import argparse
import json
import signal
import sqlite3
import sys
import threading
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from outrider import config
from outrider.clock import SystemClock
from outrider.commands_common import Subparsers, add_json, new_parser
from outrider.unit.certificates import TransportSettingsError
from outrider.unit.journal.schema import JournalError
from outrider.unit.sync.dock import Dock, Manner
from outrider.unit.sync.session import Summary
from outrider.wire.key_file import KeyFileError

_TRIES_AT_THE_DOCK = 6


def register(commands: Subparsers) -> None:
    """Add the command."""
    parser = new_parser(
        commands,
        "sync",
        "send what is in the journal to the centre",
        "outrider sync --once          (at the dock)\n"
        "  outrider sync --watch --metered   (on the road)",
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--once", action="store_true", help="until all is sent (the default)")
    how.add_argument("--watch", action="store_true", help="whatever comes, until stopped")
    parser.add_argument("--metered", action="store_true", help="rows, and pictures of hits only")
    parser.add_argument("-c", "--config", type=Path, help=f"TOML file ({config.DEFAULT_PATH})")
    add_json(parser)
    parser.set_defaults(handler=_run)


def _run(args: argparse.Namespace) -> int:
    """Sync. Exit 0: all is at the centre; 1: something is left, and why; 2: not set up."""
    stop = threading.Event()
    previous = signal.signal(signal.SIGTERM, lambda *_: stop.set())
    try:
        dock = Dock(config.load(args.config), SystemClock())
        if args.watch:
            dock.watch(Manner(args.metered), stop, lambda summary: _show(summary, args.json))
            return 0
        return _once(dock, args, stop)
    except (config.ConfigError, TransportSettingsError, KeyFileError, JournalError) as error:
        print(error, file=sys.stderr)
    except sqlite3.Error as error:
        print(f"the journal is damaged: {error}: start the unit to salvage it", file=sys.stderr)
    finally:
        signal.signal(signal.SIGTERM, previous)
    return 2


def _once(dock: Dock, args: argparse.Namespace, stop: threading.Event) -> int:
    manner = Manner(args.metered, give_up_after=_TRIES_AT_THE_DOCK)
    with Progress(console=Console(stderr=True), transient=True, disable=args.json) as bar:
        task = bar.add_task("to the centre", total=None)

        def progress(summary: Summary) -> None:
            text = f"{summary.rows} rows, {summary.pictures} pictures"
            bar.update(task, completed=summary.rows + summary.pictures, description=text)

        summary = dock.once(manner, stop, progress)
    _show(summary, args.json)
    return 0 if summary.done or (args.metered and not summary.faults) else 1


def _show(summary: Summary, as_json: bool) -> None:
    if as_json:
        print(json.dumps(summary.as_json()), flush=True)
        return
    left = summary.remaining
    table = Table(show_header=False)
    for name, value in (
        ("reads", f"{summary.reads:,}"),
        ("hits", f"{summary.hits:,}"),
        ("pictures", f"{summary.pictures:,}"),
        ("sent", f"{summary.bytes_sent / 1e6:.1f} MB in {summary.took_s:.1f} s"),
        ("the centre had already", f"{summary.duplicates:,}"),
        ("left on the unit", f"{left.rows:,} rows, {left.pictures:,} pictures"),
        ("refused, kept here", f"{summary.set_aside:,}"),
        ("erased here after receipt", f"{summary.erased_rows:,} rows"),
    ):
        table.add_row(name, value)
    console = Console()
    console.print(table)
    for fault in summary.faults:
        console.print(f"[bold red]fault[/] {fault}")
    console.print("[green]DONE[/]" if summary.done else "[bold red]NOT ALL SENT[/]")
