"""`outrider centre export`: reads handed on, as far as the rules allow what leaves the building."""

import argparse

from outrider import durable
from outrider.centre.access.scope import Action
from outrider.centre.command_line import finish
from outrider.centre.commands.places import place_of
from outrider.centre.commands.signed_in import (
    EXPECTED,
    add_purpose,
    add_session,
    desks_for,
    scope_for,
)
from outrider.centre.search.asking import Span
from outrider.command_line import Subparsers, new_parser, values
from outrider.command_line.exits import UseError
from outrider.shown import say


def register(commands: Subparsers) -> None:
    """Add the command under `outrider centre`."""
    parser = new_parser(
        commands,
        "export",
        "hand the reads of a span on, as lines of JSON",
        "outrider centre export --dir C --since 2026-11-20 --until 2026-11-21T12:00 -o out.ndjson"
        ' --recipient "Northshire CID" --purpose serious --case CR/45/26 --words "..."',
    )
    add_session(parser)
    add_purpose(parser)
    parser.add_argument("--since", type=values.instant, required=True, help="ISO 8601 (UTC)")
    parser.add_argument("--until", type=values.instant, required=True, help="ISO 8601 (UTC)")
    parser.add_argument("--mark", default="", help="of one mark only")
    parser.add_argument("--place", default="", help="LAT,LON,METRES, or corners LAT,LON in quotes")
    parser.add_argument("--recipient", type=values.words, required=True, help="who receives them")
    parser.add_argument("-o", "--output", type=values.new_file, required=True, help="a new file")
    finish(parser, _export, *EXPECTED, UseError)


def _export(args: argparse.Namespace) -> int:
    """Hand on. Exit 0: the file is written; 2: not allowed, or too much, and why."""
    if args.output.exists():
        raise UseError(f"{args.output}: is there already; name a new file")
    span = Span(args.since, args.until)
    place = place_of(args.place) if args.place else None
    with desks_for(args) as desks:
        scope = scope_for(desks, args, Action.EXPORT, since=span.since)
        with durable.whole_file(args.output) as write:
            count = desks.search.hand_on(
                scope, span, args.recipient, write, mark=args.mark, place=place
            )
    say(f"{args.output}: {count} reads; decision {scope.decision_id}")
    return 0
