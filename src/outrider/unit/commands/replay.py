"""`outrider replay DRIVE`: a recorded drive on its own clock, on one thread, the same each time."""

import argparse
from pathlib import Path

from outrider.command_line import Subparsers, add_json, exits, new_parser
from outrider.command_line.exits import finish
from outrider.unit.commands.run import refuse_missing, stop_on_signals
from outrider.unit.events import Events
from outrider.unit.run.app import Appliance
from outrider.unit.run.console_events import ConsoleEvents
from outrider.unit.run.json_events import JsonEvents
from outrider.unit.run.wiring import START_ERRORS, open_replay
from outrider.unit.settings import sections as config


def register(commands: Subparsers) -> None:
    """Add the command."""
    parser = new_parser(
        commands,
        "replay",
        "a recorded drive, the same every time",
        "outrider replay tests/replay/golden_drive --json",
    )
    parser.add_argument("drive", metavar="DRIVE", help="a drive's folder, or render:SEED")
    parser.add_argument("-c", "--config", type=Path, help=f"TOML file ({config.DEFAULT_PATH})")
    parser.add_argument("--hotlist", type=Path, metavar="F", help="hotlist file, or a CSV of one")
    add_json(parser)
    finish(parser, _run, *START_ERRORS)


def _run(args: argparse.Namespace) -> int:
    """Replay. Exit 0: to the end; 1: a part failed; 2: wrong use."""
    events: Events = JsonEvents() if args.json else ConsoleEvents()
    source = args.drive if args.drive.startswith("render:") else f"drive:{args.drive}"
    if args.hotlist is not None:
        refuse_missing(args.hotlist)
    settings = config.load(args.config)
    parts = open_replay(settings, source, args.hotlist)
    with stop_on_signals() as stop:
        summary = Appliance(parts, settings, events).replay(stop)
    return exits.FAILED if summary.faults else exits.DONE
