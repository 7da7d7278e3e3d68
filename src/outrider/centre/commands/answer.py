"""`outrider centre answer`: the interface for programs and pages, over HTTP."""

import argparse
import contextlib
import signal
import socket
from collections import Counter
from collections.abc import Iterator
from typing import ClassVar

import uvicorn

from outrider.centre.access.rules import RulesFault
from outrider.centre.api.app import Api
from outrider.centre.command_line import add_dir, finish
from outrider.centre.desks import desks_of
from outrider.centre.folder import CentreFault, CentreFolder, CentreSettings
from outrider.centre.intake.protocol import IntakeProtocol
from outrider.centre.store import open_store
from outrider.clock import SystemClock
from outrider.command_line import Subparsers, new_parser
from outrider.command_line.values import whole
from outrider.shown import complain
from outrider.systemd import SystemdNotifier

_STOP_S = 10
_LOCAL = ("127.0.0.1", "::1", "localhost")


class Answering(IntakeProtocol):
    """As the intake's: a slow head is broken off. A whole office may stand behind one address."""

    most_connections = 500
    most_of_one = 200
    held: ClassVar[Counter[str]] = Counter()


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
    url = settings.store.url or f"sqlite:{folder.store.resolve()}"
    workers = settings.answer.workers
    with contextlib.closing(open_store(url, clock, connections=workers + 2)) as store:
        api = Api(desks_of(folder, settings, store, clock), workers)
        with contextlib.closing(api), _line(settings, args.port) as line:
            complain(f"answering at {'http' if _is_local(settings) else 'https'}://"
                     f"{settings.answer.listen}:{line.getsockname()[1]}")  # fmt: skip
            _serve(api, folder, settings, line)
    return 0


def _is_local(settings: CentreSettings) -> bool:
    return settings.answer.listen in _LOCAL


@contextlib.contextmanager
def _line(settings: CentreSettings, port: int | None) -> Iterator[socket.socket]:
    address = settings.answer.listen
    wanted = settings.answer.port if port is None else port
    try:
        line = socket.create_server((address, wanted))
    except OSError as error:
        raise CentreFault(f"cannot listen at {address}:{wanted}: {error}") from error
    with line:
        yield line


def _serve(api: Api, folder: CentreFolder, settings: CentreSettings, line: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT; beyond this machine with TLS only."""
    tls: dict[str, str] = {}
    if not _is_local(settings):
        tls = {"ssl_certfile": str(folder.server_certificate),
               "ssl_keyfile": str(folder.server_key)}  # fmt: skip
    config = uvicorn.Config(
        api.app, http=Answering, ws="none", lifespan="off", log_config=None, access_log=False,
        proxy_headers=False, server_header=False, timeout_graceful_shutdown=_STOP_S,
        **tls,  # type: ignore[arg-type]
    )  # fmt: skip
    notifier = SystemdNotifier()
    server = uvicorn.Server(config)
    notifier.send("READY=1")
    previous = signal.getsignal(signal.SIGTERM)
    try:
        server.run(sockets=[line])
    finally:
        signal.signal(signal.SIGTERM, previous)
        notifier.send("STOPPING=1")
