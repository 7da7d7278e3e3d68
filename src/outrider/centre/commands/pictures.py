"""`outrider centre pictures`: opens single pictures for the pages, at a socket of this machine."""

import argparse
import contextlib
from pathlib import Path

from outrider.centre.access.rules import RulesFault
from outrider.centre.command_line import add_dir, finish
from outrider.centre.desks import desks_of
from outrider.centre.folder import CentreFolder, opening_keys
from outrider.centre.opening.keys import DataKeys, KeyFolder
from outrider.centre.pictures.reaching import PictureSocket
from outrider.centre.pictures.service import PictureService
from outrider.centre.pictures.showing import Showing
from outrider.centre.store import open_store
from outrider.centre.web.listening import serve, socket_at
from outrider.clock import SystemClock
from outrider.command_line import Subparsers, new_parser
from outrider.shown import complain

_WORKERS = 2


def register(commands: Subparsers) -> None:
    """Add the command under `outrider centre`."""
    parser = new_parser(
        commands,
        "pictures",
        "open single pictures for the pages, with the private keys and no network",
        "outrider centre pictures --dir /srv/centre --keys /media/opening",
    )
    add_dir(parser)
    parser.add_argument("--keys", type=Path, help="folder of the private keys (DIR/opening)")
    finish(parser, _run, RulesFault)


def _run(args: argparse.Namespace) -> int:
    folder, clock = CentreFolder(args.dir), SystemClock()
    settings = folder.load()
    keys = DataKeys(KeyFolder(opening_keys(args.keys, folder)).load())
    place = PictureSocket.of(folder, settings).path
    with contextlib.closing(
        open_store(folder.store_url(settings), clock, connections=_WORKERS + 2)
    ) as store:
        service = PictureService(Showing(desks_of(folder, settings, store, clock), keys), _WORKERS)
        with contextlib.closing(service), socket_at(place) as line:
            complain(f"opening single pictures at {place}")
            serve(service.app, line)
    return 0
