"""`outrider run`: the appliance, from a camera or from a recording."""

import argparse
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from outrider.command_line import Subparsers, add_json, new_parser
from outrider.logs import is_system_log
from outrider.settings_file import Section
from outrider.shown import complain
from outrider.unit.devices.source_spec import FRAME_SOURCES, POSITION_SOURCES
from outrider.unit.events import Events, NoEvents
from outrider.unit.health import leave_within
from outrider.unit.run.app import Unit
from outrider.unit.run.console_events import ConsoleEvents
from outrider.unit.run.json_events import JsonEvents
from outrider.unit.run.wiring import START_ERRORS, RunOptions, open_parts
from outrider.unit.settings import sections as config
from outrider.unit.settings.sections import Settings

_EXAMPLE = (
    "outrider run --source video:drive.mp4 --gps gpsd --hotlist list.csv"
    " --alarm /dev/ttyUSB0 --json"
)


def register(commands: Subparsers) -> None:
    """Add the command."""
    parser = new_parser(commands, "run", "read plates from a camera or a recording", _EXAMPLE)
    parser.add_argument("-c", "--config", type=Path, help=f"TOML file ({config.DEFAULT_PATH})")
    parser.add_argument("--source", default="picamera2", metavar="SPEC", help=FRAME_SOURCES)
    parser.add_argument("--gps", metavar="SPEC", help=POSITION_SOURCES)
    parser.add_argument("--hotlist", type=Path, metavar="F", help="hotlist file, or a CSV of one")
    parser.add_argument("--alarm", metavar="PORT|terminal|none", help="the alarm unit")
    parser.add_argument("--journal", type=Path, metavar="DIR", help="where reads are kept")
    parser.add_argument("--record", type=Path, metavar="DIR", help="record the drive as it is read")
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument(
        "--lines", action="store_true", help="print reads and hits also where there is no terminal"
    )
    shown.add_argument("--quiet", action="store_true", help="print no reads, as the service does")
    add_json(parser)
    parser.set_defaults(handler=_run)


def _run(args: argparse.Namespace) -> int:
    """Run. Exit 0: ended or stopped in order; 1: a part failed; 2: it could not start."""
    events = _events(args)
    if not isinstance(events, NoEvents) and is_system_log(sys.stdout):
        complain("outrider run: reads are never written to the system's log: give --quiet")
        return 2
    with stop_on_signals() as stop:
        try:
            settings = settings_of(args)
            parts = open_parts(settings, options_of(args), stop)
        except START_ERRORS as error:
            complain(f"outrider run: {error}")
            return 2
        summary = Unit(parts, settings, events, on_hang=leave_within).run(stop)
    return 1 if summary.faults else 0


def _events(args: argparse.Namespace) -> Events:
    """Return who is told of reads: whoever asked, or a terminal; else they are kept, not told."""
    if args.quiet:
        return NoEvents()
    if args.json:
        return JsonEvents()
    return ConsoleEvents() if args.lines or sys.stdout.isatty() else NoEvents()


def settings_of(args: argparse.Namespace) -> Settings:
    """Return the settings of the file with what the command line says laid over them."""
    settings = config.load(args.config)
    changes: dict[str, Section] = {}
    if args.hotlist:
        changes["hotlist"] = settings.hotlist.model_copy(update={"path": args.hotlist})
    if args.alarm:
        changes["alarm"] = settings.alarm.model_copy(update={"port": args.alarm})
    if args.journal:
        changes["journal"] = settings.journal.model_copy(update={"directory": args.journal})
    return settings.model_copy(update=changes)


def options_of(args: argparse.Namespace) -> RunOptions:
    """Return what is asked of this run alone."""
    return RunOptions(source=args.source, gps=args.gps, record=args.record)


@contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """Give an event that SIGTERM and SIGINT set, while the block runs."""
    stop = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: stop.set())
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
