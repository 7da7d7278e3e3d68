"""`outrider centre answer`: the interface for programs and pages, over HTTP."""

import argparse
import contextlib

from outrider.centre.access.rules import RulesFault
from outrider.centre.api.app import Api
from outrider.centre.command_line import add_dir, finish
from outrider.centre.desks import desks_of
from outrider.centre.folder import CentreFolder
from outrider.centre.pictures.reaching import PictureSocket
from outrider.centre.store import open_store
from outrider.centre.web.listening import line_at, own_address, serve, tls_of
from outrider.clock import SystemClock
from outrider.command_line import Subparsers, new_parser
from outrider.command_line.values import whole
from outrider.shown import complain


def register(commands: Subparsers) -> None:
    """Add the command under `outrider centre`."""
    parser = new_parser(
        commands,
        "answer",
        "answer searches over HTTP, for a force's own systems",
        "outrider centre answer --dir /srv/centre",
    )
    add_dir(parser)
    parser.add_argument("--port", type=whole(0, 65_535), help="for trials; else [answer] port")
    finish(parser, _run, RulesFault)


def _run(args: argparse.Namespace) -> int:
    folder, clock = CentreFolder(args.dir), SystemClock()
    settings = folder.load()
    address, workers = settings.answer.listen, settings.answer.workers
    port = settings.answer.port if args.port is None else args.port
    with contextlib.closing(
        open_store(folder.store_url(settings), clock, connections=workers + 2)
    ) as store:
        pictures = PictureSocket.of(folder, settings)
        api = Api(desks_of(folder, settings, store, clock), pictures, workers)
        with contextlib.closing(api), line_at(address, port) as line:
            complain(f"answering at {own_address(address, line.getsockname()[1])}")
            serve(api.app, line, tls_of(folder, address))
    return 0
