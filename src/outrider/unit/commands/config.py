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


def _checked(path: Path | None) -> str:
    """Return what may be said of settings that hold: of which file, or that there is none."""
    if path is None and not config.DEFAULT_PATH.exists():
        return f"{config.DEFAULT_PATH}: not there: every setting has its default"
    return f"{path or config.DEFAULT_PATH}: good"


def _run(args: argparse.Namespace) -> int:
    settings = config.load(args.config)
    if args.action == "check":
        say(_checked(args.config))
    elif args.json:
        say_json(settings.model_dump(mode="json"), indent=1)
    else:
        for line in as_toml(settings).splitlines():
            say(line)
    return 0
