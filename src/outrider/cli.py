"""The command line: `outrider COMMAND ...`. Only the module of the command given is imported."""

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Sequence
from typing import NamedTuple, NoReturn

from outrider import __version__, logs
from outrider.built_from import commit
from outrider.command_line import Parser, exits
from outrider.shown import (
    complain,
    let_go_of_standard_output,
    name_standard_output,
    say,
    survive_any_text,
)

__all__ = ["COMMANDS", "build_parser", "main", "name_standard_output"]


class _Command(NamedTuple):
    module: str
    purpose: str


COMMANDS = {
    "run": _Command("outrider.unit.commands.run", "read plates from a camera or a recording"),
    "demo": _Command("outrider.unit.commands.demo", "a minute on a rendered road, no hardware"),
    "read": _Command("outrider.unit.commands.read", "plates on still pictures"),
    "replay": _Command("outrider.unit.commands.replay", "a recorded drive, the same every time"),
    "status": _Command("outrider.unit.commands.status", "how a running unit is"),
    "selftest": _Command(
        "outrider.unit.commands.selftest", "every part of a mounted unit: pass or fail"
    ),
    "hotlist": _Command(
        "outrider.unit.commands.hotlist", "vehicles of interest: import, check, info"
    ),
    "alarm": _Command(
        "outrider.unit.commands.alarm", "the alarm unit: test, listen, flash, patterns"
    ),
    "crew": _Command("outrider.unit.commands.crew", "hits that wait, and answers that are owed"),
    "journal": _Command("outrider.unit.commands.journal", "reads kept: list, verify, status"),
    "enrol": _Command("outrider.unit.commands.enrol", "join a centre with its one-time ticket"),
    "provision": _Command(
        "outrider.unit.commands.provision", "make one unit of an image that all share"
    ),
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


class _ShowVersion(argparse.Action):
    """Asks for the commit only when it is to be shown."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        """Print the version and end."""
        say(f"outrider {__version__} (commit {commit()})")
        parser.exit()


def build_parser(chosen: str | None, part: str | None = None) -> argparse.ArgumentParser:
    """Return the parser, with the options of the chosen command only.

    part: of `centre`, the one that is asked for; None for all of them.
    """
    parser = Parser(
        prog="outrider",
        description="Number plate recognition for police cars.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--version", action=_ShowVersion, nargs=0, help="show the version and its commit"
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="log more, to standard error")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, command in COMMANDS.items():
        if name == chosen:
            register = importlib.import_module(command.module).register
            register(commands, part) if name == "centre" else register(commands)
        else:
            commands.add_parser(name, help=command.purpose)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status by the rule in `command_line.exits`."""
    words = list(sys.argv[1:] if argv is None else argv)
    survive_any_text()
    try:
        return _flushed(_run(words))
    except SystemExit as end:  # argparse has shown a help, the version, or what is wrong
        raise SystemExit(_flushed(int(end.code or 0))) from None
    except KeyboardInterrupt:
        complain("outrider: interrupted")
        return exits.INTERRUPTED
    except BrokenPipeError:
        let_go_of_standard_output()
        return exits.READER_GONE
    except Exception as error:  # noqa: BLE001 - the border: no traceback for a person to read
        level = logging.CRITICAL if logs.is_system_log(sys.stderr) else logging.INFO
        logging.getLogger(__name__).log(level, "internal fault", exc_info=error)
        complain(f"outrider: {exits.internal_fault(error)}")
        return exits.FAILED


def _flushed(status: int) -> int:
    """Return the status of a command whose whole output is out, or say that it is not."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        let_go_of_standard_output()
        return exits.say("outrider", error, exits.FAILED)
    return status


def _run(words: Sequence[str]) -> int:
    chosen, part, *_ = *(word for word in words if not word.startswith("-")), None, None
    parser = build_parser(chosen, part)
    args = parser.parse_args(words)
    if args.command is None:
        parser.print_help(sys.stderr)
        return exits.WRONG_USE
    # What a unit keeps is for its user alone, however it is started. What a centre publishes may be
    # served by another program of its group.
    os.umask(0o027 if chosen == "centre" else 0o077)
    logs.start(args.verbose)
    return int(args.handler(args))


if __name__ == "__main__":
    sys.exit(main())
