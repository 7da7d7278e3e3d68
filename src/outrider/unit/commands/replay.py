"""`outrider replay DRIVE`: a recorded drive on its own clock, on one thread, the same each time."""

import argparse
from pathlib import Path

from outrider.command_line import Subparsers, add_json, new_parser
from outrider.shown import complain
from outrider.unit.commands.run import stop_on_signals
from outrider.unit.events import Events
from outrider.unit.run.app import Unit
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
    parser.set_defaults(handler=_run)


def _run(args: argparse.Namespace) -> int:
    """Replay. Exit 0: to the end; 2: it could not start."""
    events: Events = JsonEvents() if args.json else ConsoleEvents()
    source = args.drive if args.drive.startswith("render:") else f"drive:{args.drive}"
    try:
        settings = config.load(args.config)
        parts = open_replay(settings, source, args.hotlist)
    except START_ERRORS as error:
        complain(f"outrider replay: {error}")
        return 2
    with stop_on_signals() as stop:
        Unit(parts, settings, events).replay(stop)
    return 0
