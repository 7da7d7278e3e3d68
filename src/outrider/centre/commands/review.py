"""`outrider centre review ...` and `insider`: what people searched, looked at by others."""

import argparse
from dataclasses import asdict

from outrider.centre.access.people import Person, Role
from outrider.centre.command_line import add_dir, finish
from outrider.centre.commands.signed_in import (
    EXPECTED,
    add_session,
    desks_for,
    member_of,
    member_with,
)
from outrider.centre.governance.detector import Flag, flags
from outrider.centre.governance.papers import Kept
from outrider.centre.governance.reviews import FINDINGS, Review
from outrider.centre.search.trail import all_asked
from outrider.centre.store.columns import from_us
from outrider.command_line import Subparsers, add_json, new_parser, values
from outrider.shown import say, say_json

_LOOKS = frozenset({Role.SUPERVISOR, Role.AUDITOR})


def register(commands: Subparsers) -> None:
    """Add the commands under `outrider centre`."""
    parser = new_parser(
        commands,
        "review",
        "searches that are reviewed: a sample, and what the detector flagged",
        "outrider centre review list --dir C",
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    one = new_parser(
        actions, "draw", "draw the sample, run the detector, open reviews: each night",
        "outrider centre review draw --dir C",
    )  # fmt: skip
    add_dir(one)
    finish(one, _draw, *EXPECTED)
    one = new_parser(
        actions, "list", "what waits for you, and how far each team is",
        "outrider centre review list --dir C",
    )  # fmt: skip
    add_session(one)
    add_json(one)
    finish(one, _list, *EXPECTED)
    one = new_parser(
        actions, "close", "say what a review found",
        'outrider centre review close ID --finding "in order" --words "..." --dir C',
    )  # fmt: skip
    one.add_argument("paper", metavar="ID", help="as the list shows it")
    one.add_argument("--finding", choices=FINDINGS, required=True)
    one.add_argument("--words", type=values.words, required=True, help="what was looked at")
    add_session(one)
    finish(one, _close, *EXPECTED)
    one = new_parser(
        commands, "insider", "what the detector of misuse sees, for a supervisor or an auditor",
        "outrider centre insider --dir C",
    )  # fmt: skip
    add_session(one)
    add_json(one)
    finish(one, _insider, *EXPECTED)


def _draw(args: argparse.Namespace) -> int:
    """Open reviews. It says how many, never of whom: whoever runs it each night is no reviewer."""
    with desks_for(args) as desks:
        trail = list(all_asked(desks.store))
        found = flags(trail)
        chosen = {decision for flag in found for decision in flag.decisions}
        opened = desks.reviews.take(trail, chosen)
        overdue = sum(one.overdue for one in desks.reviews.completion())
    say(f"{opened} reviews opened; {len(found)} patterns flagged; {overdue} reviews are overdue")
    return 0


def _list(args: argparse.Namespace) -> int:
    with desks_for(args) as desks:
        person = member_with(desks, args, _LOOKS, "supervisors and auditors look at reviews")
        waiting, done = desks.reviews.inbox(person), desks.reviews.completion()
    if args.json:
        waits = [{"id": kept.paper_id} | asdict(kept.content) for kept in waiting]
        say_json({"to_review": waits, "completion": [asdict(one) for one in done]})
        return 0
    say(f"to review: {len(waiting)}")
    for kept in waiting:
        say(f"  {_line(kept)}")
    say("completion, by force and team:")
    for one in done:
        say(f"  {one.team}: {one.closed} closed, {one.open} open, {one.overdue} overdue")
    return 0


def _line(kept: Kept[Review]) -> str:
    found = kept.content
    who, until = f"{found.person} ({found.force}/{found.team})", from_us(kept.paper.until_us)
    return (
        f"{kept.paper_id}  {found.why}  {who}: {found.kind} for {found.purpose} in {found.case}: "
        f"{found.words}; by {until:%d %b}"
    )


def _close(args: argparse.Namespace) -> int:
    with desks_for(args) as desks:
        kept = desks.reviews.close(member_of(desks, args), args.paper, args.finding, args.words)
    say(f"review {kept.paper_id}: {kept.state}, {kept.content.finding}")
    return 0


def _insider(args: argparse.Namespace) -> int:
    """Show flags of other teams' people. Exit 0: none; 1: some: each accuses nobody."""
    with desks_for(args) as desks:
        why = "supervisors and auditors see what the detector sees"
        person = member_with(desks, args, _LOOKS, why)
        found = [one for one in flags(all_asked(desks.store)) if _of_others(person, one)]
    if args.json:
        say_json([asdict(one) for one in found])
    else:
        for one in found:
            say(f"{one.person} ({one.force}/{one.team}): {one.pattern}: {one.words}")
            say(f"  decisions {', '.join(one.decisions)}")
        say(f"{len(found)} patterns; `outrider centre review draw` opens a review of each")
    return int(bool(found))


def _of_others(person: Person, flag: Flag) -> bool:
    """Whether a flag is of another team: nobody is told of his own, or of himself."""
    return flag.person != person.person_id and (flag.force, flag.team) != (
        person.force, person.team,
    )  # fmt: skip
