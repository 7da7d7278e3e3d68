"""`outrider centre pages`: what people of each role see in a browser."""

import argparse
import contextlib
from collections.abc import Iterator

from outrider.centre.access.rules import RulesFault
from outrider.centre.command_line import add_dir, finish
from outrider.centre.desks import desks_of
from outrider.centre.folder import CentreFolder, CentreSettings
from outrider.centre.governance.lists_held import ListsHeld
from outrider.centre.pages.app import Pages
from outrider.centre.pages.browsers import Browsers
from outrider.centre.pages.calls import Site
from outrider.centre.pages.jobs import WORKERS, Jobs
from outrider.centre.pictures.reaching import PictureSocket
from outrider.centre.store import open_store
from outrider.centre.web.listening import line_at, own_address, serve, tls_of
from outrider.clock import Clock, SystemClock
from outrider.command_line import Subparsers, new_parser
from outrider.command_line.values import whole
from outrider.shown import complain


def register(commands: Subparsers) -> None:
    """Add the command under `outrider centre`."""
    parser = new_parser(
        commands,
        "pages",
        "the pages for people, in a browser",
        "outrider centre pages --dir /srv/centre",
    )
    add_dir(parser)
    parser.add_argument("--port", type=whole(0, 65_535), help="for trials; else [pages] port")
    finish(parser, _run, RulesFault)


def _run(args: argparse.Namespace) -> int:
    folder = CentreFolder(args.dir)
    settings = folder.load()
    address = settings.pages.listen
    port = settings.pages.port if args.port is None else args.port
    with line_at(address, port) as line:
        own = settings.pages.address or own_address(address, line.getsockname()[1])
        with pages_of(folder, settings, SystemClock(), own) as pages:
            complain(f"pages at {own}")
            serve(pages.app, line, tls_of(folder, address), ending=pages.streams.end)
    return 0


@contextlib.contextmanager
def pages_of(
    folder: CentreFolder, settings: CentreSettings, clock: Clock, own: str
) -> Iterator[Pages]:
    """Make the pages of a centre. own: the address as browsers have it."""
    workers = settings.pages.workers
    with contextlib.closing(
        open_store(folder.store_url(settings), clock, connections=workers + WORKERS + 8)
    ) as store:
        desks = desks_of(folder, settings, store, clock, redirect=f"{own}/signed-in")
        browsers = Browsers(clock, settings.pages.idle_min * 60)

        def alive(token: str) -> bool:
            return browsers.alive(token) and desks.sessions.holds(token)

        site = Site(
            desks, folder, settings, PictureSocket.of(folder, settings), browsers,
            Jobs(clock, alive), ListsHeld(store),
        )  # fmt: skip
        with contextlib.closing(Pages(site, workers, tls=own.startswith("https:"))) as pages:
            yield pages
