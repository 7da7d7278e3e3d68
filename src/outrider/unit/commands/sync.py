"""`outrider sync [--once|--watch]`."""

import argparse
import signal
import sqlite3
import threading
from pathlib import Path

from outrider.clock import SystemClock, said_duration
from outrider.command_line import Subparsers, add_json, new_parser
from outrider.command_line.exits import finish
from outrider.console import Line, Screen, line, progress, styled
from outrider.shown import say_json
from outrider.systemd import SystemdNotifier
from outrider.tables import Table
from outrider.unit.certificates import TransportSettingsError
from outrider.unit.devices.list_keys import list_keys
from outrider.unit.journal.database import is_busy
from outrider.unit.journal.schema import JournalError
from outrider.unit.settings import sections as config
from outrider.unit.sync.dock import Dock, Manner
from outrider.unit.sync.session import ListLine, Summary
from outrider.wire.key_file import KeyFileError

_TRIES_AT_THE_DOCK = 6


def register(commands: Subparsers) -> None:
    """Add the command."""
    parser = new_parser(
        commands,
        "sync",
        "send what is in the journal to the centre",
        "outrider sync --once     (at the dock)\n  outrider sync --watch    (as the service does)",
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--once", action="store_true", help="until all is sent (the default)")
    how.add_argument("--watch", action="store_true", help="whatever comes, until stopped")
    link = parser.add_mutually_exclusive_group()
    link.add_argument(
        "--metered",
        action="store_const",
        const=True,
        help="rows, and pictures of hits only (by default it is found out)",
    )
    link.add_argument(
        "--unmetered", dest="metered", action="store_const", const=False, help="everything"
    )
    parser.add_argument("-c", "--config", type=Path, help=f"TOML file ({config.DEFAULT_PATH})")
    add_json(parser)
    finish(parser, _run, JournalError, wrong=(TransportSettingsError, KeyFileError))


def _run(args: argparse.Namespace) -> int:
    """Sync. Exit 0: all is at the centre; 1: something is left, and why; 2: not set up."""
    stop = threading.Event()
    previous = signal.signal(signal.SIGTERM, lambda *_: stop.set())
    try:
        settings = config.load(args.config)
        dock = Dock(settings, SystemClock(), list_keys(settings))
        return _watch(dock, args, stop) if args.watch else _once(dock, args, stop)
    except sqlite3.Error as error:
        what = "is in use: try again" if is_busy(error) else "is damaged: start the unit to salvage"
        raise JournalError(f"the journal {what}: {error}") from error
    finally:
        signal.signal(signal.SIGTERM, previous)


def _watch(dock: Dock, args: argparse.Namespace, stop: threading.Event) -> int:
    # `systemctl reload outrider-sync`, as NetworkManager's dispatcher does when a network comes.
    signal.signal(signal.SIGUSR1, lambda *_: dock.hurry())
    SystemdNotifier().send("READY=1")
    said: list[str] = []

    def report(summary: Summary) -> None:
        if summary.reads > 0 or summary.faults != said:
            _show(summary, args.json)
        said[:] = summary.faults

    dock.watch(Manner(args.metered), stop, report)
    return 0


def _once(dock: Dock, args: argparse.Namespace, stop: threading.Event) -> int:
    manner = Manner(args.metered, give_up_after=_TRIES_AT_THE_DOCK)
    with progress(Screen(stderr=True), disable=args.json) as bar:
        task = bar.add_task("to the centre", total=None)

        def tell(summary: Summary) -> None:
            bar.update(task, completed=summary.reads, description=f"{summary.reads} reads")

        summary = dock.once(manner, stop, tell)
    _show(summary, args.json)
    all_well = summary.done or (summary.link_metered and not summary.faults)
    return 0 if all_well and not summary.gave_up else 1


def _show(summary: Summary, as_json: bool) -> None:
    if as_json:
        say_json(summary.as_json(), flush=True)
        return
    # Nothing from which hits could be told: see Summary.as_json.
    table = Table(show_header=False)
    for name, value in (
        ("reads", f"{summary.reads:,}"),
        ("crew's own entries", f"{summary.crew_entries:,}"),
        ("took", said_duration(summary.took_s)),
        ("reads left on the unit", f"{summary.remaining.reads:,}"),
        ("link", f"{summary.link}, {'metered' if summary.link_metered else 'not metered'}"),
        *((f"list {one.name}", _list_line(one)) for one in summary.lists),
    ):
        table.add_row(name, value)
    if summary.renewed_until:
        table.add_row("certificate renewed", f"until {summary.renewed_until}")
    console = Screen()
    console.print(table)
    for note in summary.notes:
        console.print(f"note: {note}")
    for fault in summary.faults:
        console.print(line(("fault", "bold red"), f" {fault}"))
    console.print(_ending(summary))


def _ending(summary: Summary) -> Line:
    if not summary.done:
        return styled("NOT ALL SENT", "bold red")
    if summary.gave_up:
        return styled("NOTHING LEFT TO SEND, but the centre was not reached", "bold red")
    return styled("DONE", "green")


def _list_line(one: ListLine) -> str:
    return f"revision {one.revision}, {said_duration(one.age_h * 3600)} old, {one.state}"
