"""`outrider config show|check`."""

import argparse
from pathlib import Path

from outrider.command_line import Subparsers, add_json, new_parser
from outrider.command_line.exits import finish
from outrider.settings_file import as_toml
from outrider.shown import say, say_json
from outrider.unit.settings import sections as config


def register(commands: Subparsers) -> None:
    """Add the command."""
    parser = new_parser(commands, "config", "settings: show, check", "outrider config check -c F")
    parser.add_argument("action", choices=("show", "check"))
    parser.add_argument("-c", "--config", type=Path, help=f"TOML file ({config.DEFAULT_PATH})")
    add_json(parser)
    finish(parser, _run)


def _run(args: argparse.Namespace) -> int:
    settings = config.load(args.config)
    if args.action == "check":
        say(f"{args.config or config.DEFAULT_PATH}: good")
    elif args.json:
        say_json(settings.model_dump(mode="json"), indent=1)
    else:
        for line in as_toml(settings).splitlines():
            say(line)
    return 0
