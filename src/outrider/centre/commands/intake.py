"""`outrider centre serve`."""

import argparse
import logging
from contextlib import closing

from outrider.centre.command_line import add_dir, finish
from outrider.centre.folder import CentreFault, CentreFolder, CentreSettings, is_host
from outrider.centre.intake.journal_lines import JsonLines, say
from outrider.centre.store_of import open_store_of
from outrider.clock import SystemClock
from outrider.command_line import Subparsers, new_parser, values

_log = logging.getLogger(__name__)


def register(commands: Subparsers) -> None:
    """Add the command under `outrider centre`."""
    parser = new_parser(
        commands,
        "serve",
        "take in what units send, until stopped",
        "outrider centre serve --dir /srv/centre",
    )
    add_dir(parser)
    parser.add_argument("--host", type=_address, help="address to listen at (all)")
    parser.add_argument("--port", type=values.whole(0, 65535), help="for units (8443)")
    parser.add_argument("--enrol-port", type=values.whole(0, 65535), help="for enrolment (8444)")
    finish(parser, _serve)


def _address(text: str) -> str:
    if text and not is_host(text):
        raise argparse.ArgumentTypeError(f"{values.short(text)} is no address of this machine")
    return text


def _serve(args: argparse.Namespace) -> int:
    try:  # only here: the other commands need no web server
        from outrider.centre.intake.service import IntakeService
    except ModuleNotFoundError as error:
        text = f"{error.name} is not installed: pip install 'outrider[centre]'"
        raise CentreFault(text) from error
    _log_as_json()
    folder = CentreFolder(args.dir)
    written = folder.load()
    settings = _laid_over(written, args)
    _tell_of_other_ports(written, settings)
    with closing(open_store_of(folder)) as store:
        IntakeService(folder, settings, store, SystemClock()).run()
    return 0


def _laid_over(settings: CentreSettings, args: argparse.Namespace) -> CentreSettings:
    given = {"listen": args.host, "port": args.port, "enrol_port": args.enrol_port}
    said = {key: value for key, value in given.items() if value is not None}
    return settings.model_copy(update={"server": settings.server.model_copy(update=said)})


def _tell_of_other_ports(written: CentreSettings, used: CentreSettings) -> None:
    """Say so where tickets, which name the settings' ports, would lead units elsewhere."""
    ports = {key: getattr(written.server, key) for key in ("port", "enrol_port")}
    if any(getattr(used.server, key) != port for key, port in ports.items()):
        say(_log, logging.WARNING, "tickets name other ports: set [server] in centre.toml", **ports)


def _log_as_json() -> None:
    for handler in logging.getLogger().handlers:
        handler.setFormatter(JsonLines())
    logging.getLogger("outrider").setLevel(logging.INFO)
