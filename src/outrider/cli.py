"""The command line: `outrider COMMAND ...`. Only the module of the command given is imported."""

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import NamedTuple

from outrider import __version__, logs
from outrider.shown import survive_any_text


class _Command(NamedTuple):
    module: str
    purpose: str


COMMANDS = {
    "run": _Command("outrider.unit.commands.run", "read plates from a camera or a recording"),
    "demo": _Command("outrider.unit.commands.demo", "a minute on a rendered road, no hardware"),
    "read": _Command("outrider.unit.commands.read", "plates on still pictures"),
    "replay": _Command("outrider.unit.commands.replay", "a recorded drive, the same every time"),
    "status": _Command("outrider.unit.commands.status", "how a running unit is"),
    "hotlist": _Command(
        "outrider.unit.commands.hotlist", "vehicles of interest: import, check, info"
    ),
    "alarm": _Command(
        "outrider.unit.commands.alarm", "the alarm unit: test, listen, flash, patterns"
    ),
    "crew": _Command("outrider.unit.commands.crew", "hits that wait, and answers that are owed"),
    "journal": _Command("outrider.unit.commands.journal", "reads kept: list, verify, status"),
    "enrol": _Command("outrider.unit.commands.enrol", "join a centre with its one-time ticket"),
    "sync": _Command("outrider.unit.commands.sync", "send what is kept to the centre"),
    "centre": _Command(
        "outrider.centre.commands.centre", "the reference centre: serve, units, open, ..."
    ),
    "config": _Command("outrider.unit.commands.config", "settings: show, check"),
    "bench": _Command("outrider.bench.cli", "measure: accuracy, drive, speed, pipeline, ..."),
}

_EXAMPLE = """examples:
  outrider demo
  outrider run --source video:drive.mp4 --gps fixed:51.5,-0.12 --hotlist list.csv --json
  outrider read pictures/ --json
"""


def build_parser(chosen: str | None) -> argparse.ArgumentParser:
    """Return the parser, with the options of the chosen command only."""
    parser = argparse.ArgumentParser(
        prog="outrider",
        description="Number plate recognition for police cars.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"outrider {__version__}")
    parser.add_argument("-v", "--verbose", action="store_true", help="log more, to standard error")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        if name == chosen:
            importlib.import_module(command.module).register(commands)
        else:
            commands.add_parser(name, help=command.purpose)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status. 2: wrong use; 130: interrupted."""
    words = list(sys.argv[1:] if argv is None else argv)
    chosen = next((word for word in words if not word.startswith("-")), None)
    args = build_parser(chosen).parse_args(words)
    survive_any_text()
    logs.start(args.verbose)
    try:
        return int(args.handler(args))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 141


if __name__ == "__main__":
    sys.exit(main())
