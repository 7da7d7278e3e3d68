"""`outrider hotlist ...`: the commands, and what they share."""

import argparse
from collections.abc import Callable
from pathlib import Path

from outrider.command_line import Subparsers, new_parser
from outrider.command_line.exits import UseError, finish
from outrider.hotlist_import.limits import ImportRefused
from outrider.hotlist_import.mapping import MappingError
from outrider.unit.commands import hotlist_check as cli_check
from outrider.unit.commands import hotlist_lists as cli_lists
from outrider.unit.commands import hotlist_own_entries as cli_crew
from outrider.unit.devices.list_keys import list_keys
from outrider.unit.hotlist.generations import GenerationError
from outrider.unit.hotlist.keys import LockedError
from outrider.unit.hotlist.lookup import LookupFileError
from outrider.unit.hotlist.store import HotlistStore, ListNameError
from outrider.unit.settings import sections as config
from outrider.vrm import VrmError
from outrider.wire.hotlist_policy import PolicyError

Handler = Callable[[argparse.Namespace, HotlistStore], int]
_FAILED = (GenerationError, ImportRefused, LockedError, LookupFileError)
_WRONG = (ListNameError, PolicyError, MappingError, VrmError, ValueError)


def register(commands: Subparsers) -> None:
    """Add `hotlist` with its actions."""
    parser = new_parser(
        commands,
        "hotlist",
        "vehicles of interest: import, check, info, rollback, export, diff, add, remove, update",
        "outrider hotlist import stolen.csv --list stolen",
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for module in (cli_lists, cli_check, cli_crew):
        module.register(actions, _add_place)


def _add_place(parser: argparse.ArgumentParser, handler: Handler) -> None:
    parser.add_argument("--store", type=Path, help="folder of the lists (from the settings)")
    parser.add_argument("-c", "--config", type=Path, help="settings file")
    finish(parser, lambda args: _run(args, handler), *_FAILED, wrong=_WRONG)


def _run(args: argparse.Namespace, handler: Handler) -> int:
    settings = config.load(args.config)
    folder = args.store or _store_of(settings)
    return handler(args, HotlistStore(folder, list_keys(settings, folder)))


def _store_of(settings: config.Settings) -> Path:
    path = settings.hotlist.path
    if path is not None and (path.is_file() or path.suffix):
        raise UseError(f"hotlist.path is one file, {path}: give --store FOLDER")
    return path or settings.unit.state_dir / "hotlists"
