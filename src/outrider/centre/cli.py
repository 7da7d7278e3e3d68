"""`outrider centre ...`: what the reference centre's staff do."""

from outrider.centre.hotlists import cli as hotlists
from outrider.commands_common import Subparsers, new_parser


def register(commands: Subparsers) -> None:
    """Add `centre` with its parts."""
    parser = new_parser(
        commands,
        "centre",
        "the reference centre: hotlist",
        "outrider centre hotlist publish stolen.csv --list stolen --repository /srv/hotlists",
    )
    parts = parser.add_subparsers(dest="part", metavar="PART", required=True)
    hotlists.register(parts)
