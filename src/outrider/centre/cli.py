"""`outrider centre ...`: what the reference centre's staff do."""

from outrider.centre import retention
from outrider.centre.audit import cli as audit
from outrider.centre.authority import cli as authority
from outrider.centre.hotlists import cli as hotlists
from outrider.centre.intake import cli as intake
from outrider.centre.opening import cli as opening
from outrider.commands_common import Subparsers, new_parser


def register(commands: Subparsers) -> None:
    """Add `centre` with its parts."""
    parser = new_parser(
        commands,
        "centre",
        "the reference centre: init, serve, open, enrol-ticket, units, audit, hotlist, ...",
        "outrider centre init /srv/centre --host centre.example\n"
        "  outrider centre serve --dir /srv/centre",
    )
    parts = parser.add_subparsers(dest="part", metavar="PART", required=True)
    for part in (authority, intake, opening, audit, retention, hotlists):
        part.register(parts)
