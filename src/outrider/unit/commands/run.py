"""`outrider run`: the appliance, from a camera or from a recording."""

import argparse
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from outrider.command_line import Subparsers, add_json, exits, new_parser
from outrider.command_line.exits import UseError, finish
from outrider.console import Screen
from outrider.logs import is_system_log, is_where_the_log_goes
from outrider.settings_file import Section
from outrider.shown import complain
from outrider.unit.devices.source_spec import FRAME_SOURCES, POSITION_SOURCES
from outrider.unit.events import Events, NoEvents
from outrider.unit.health import leave_within
from outrider.unit.run.app import Appliance
from outrider.unit.run.console_events import ConsoleEvents
from outrider.unit.run.json_events import JsonEvents
from outrider.unit.run.outlet import outlet_on
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
    parser.add_argument("--start", metavar="TIME", help="when a video began: 2026-11-21T06:00:00Z")
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
    finish(parser, _run, *START_ERRORS)


def _run(args: argparse.Namespace) -> int:
    """Run. Exit 0: ended or stopped in order; 1: a part failed; 2: wrong use."""
    if _told(args) and is_system_log(sys.stdout):
        raise UseError("reads are never written to the system's log: give --quiet")
    settings = settings_of(args)
    if not _told(args) and not args.quiet:
        complain(
            "outrider run: no terminal: reads are kept, not shown (--lines shows, --json tells)"
        )
    with stop_on_signals() as stop, outlet_on(sys.stdout) as outlet:
        parts = open_parts(settings, options_of(args), stop)
        parts = replace(parts, watched=(*parts.watched, outlet.health))
        events = events_on(outlet.stream, as_json=args.json) if _told(args) else NoEvents()
        told_twice = isinstance(events, ConsoleEvents) and is_where_the_log_goes(sys.stdout)
        unit = Appliance(parts, settings, events, leave_within, health_logged=not told_twice)
        summary = unit.run(stop)
    if not _told(args) and not args.quiet:
        complain(f"outrider run: {summary.frames} frames, {summary.reads} reads")
    if outlet.refused is not None:
        return exits.say("outrider run", outlet.refused, exits.FAILED)
    return exits.FAILED if summary.faults else exits.DONE


def events_on(out: TextIO, *, as_json: bool) -> Events:
    """Return what tells a run's events on a stream, to a machine or to people."""
    return JsonEvents(out) if as_json else ConsoleEvents(Screen(file=out))


def _told(args: argparse.Namespace) -> bool:
    """Return whether somebody is told of reads: who asked, or a terminal; else they are kept."""
    return not args.quiet and (args.json or args.lines or sys.stdout.isatty())


def settings_of(args: argparse.Namespace) -> Settings:
    """Return the settings of the file with what the command line says laid over them."""
    settings = config.load(args.config)
    changes: dict[str, Section] = {}
    if args.hotlist:
        refuse_missing(args.hotlist)
        changes["hotlist"] = settings.hotlist.model_copy(update={"path": args.hotlist})
    if args.alarm:
        _refuse_no_port(args.alarm)
        changes["alarm"] = settings.alarm.model_copy(update={"port": args.alarm})
    if args.journal:
        changes["journal"] = settings.journal.model_copy(update={"directory": args.journal})
    return settings.model_copy(update=changes)


def refuse_missing(path: Path) -> None:
    """Refuse a hotlist that is named by hand and is no file or folder; raise UseError."""
    if not path.exists():
        raise UseError(f"--hotlist {path}: does not exist: is the name right?")
    if path.is_fifo():
        raise UseError(f"--hotlist {path}: is a pipe, which cannot be read twice: name a file")


def _refuse_no_port(port: str) -> None:
    """Refuse a folder or a plain file; a port that is not there yet is waited for."""
    if Path(port).is_dir() or Path(port).is_file():
        raise UseError(f"--alarm {port}: is no serial port; name one, or terminal, or none")


def options_of(args: argparse.Namespace) -> RunOptions:
    """Return what is asked of this run alone."""
    return RunOptions(source=args.source, gps=args.gps, record=args.record, start=args.start)


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
