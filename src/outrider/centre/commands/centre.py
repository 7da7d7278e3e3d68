"""`outrider centre ...`: what the reference centre's staff do."""

from outrider.centre import retention
from outrider.centre.commands import (
    account,
    answer,
    audit,
    authorisation,
    authority,
    backup,
    demo,
    evidence,
    export,
    hotlists,
    intake,
    opening,
    pages,
    picture,
    pictures,
    review,
    search,
    sign_in,
    status,
)
from outrider.command_line import Subparsers, new_parser


def register(commands: Subparsers) -> None:
    """Add `centre` with its parts."""
    parser = new_parser(
        commands,
        "centre",
        "the reference centre: init, serve, open, enrol-ticket, units, status, search, ...",
        "outrider centre init /srv/centre --host centre.example\n"
        "  outrider centre serve --dir /srv/centre",
    )
    parts = parser.add_subparsers(dest="part", metavar="PART", required=True)
    for part in (
        authority,
        intake,
        opening,
        status,
        backup,
        audit,
        retention,
        hotlists,
        demo,
        sign_in,
        search,
        picture,
        export,
        answer,
        pages,
        pictures,
        evidence,
        authorisation,
        review,
        account,
    ):
        part.register(parts)
