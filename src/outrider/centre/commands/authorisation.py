"""`outrider centre authorisation ...` and `break-glass ...`: what widens a scope for a while."""

import argparse
from datetime import timedelta

from outrider.centre.command_line import finish
from outrider.centre.commands.signed_in import (
    EXPECTED,
    add_session,
    add_why,
    desks_for,
    member_of,
    purpose_of,
)
from outrider.centre.governance.authorisations import GIVEN, Asked, Authorisations
from outrider.centre.governance.break_glass import Broken
from outrider.centre.governance.papers import Kept
from outrider.centre.store.bounds import Box
from outrider.centre.store.columns import from_us, to_us
from outrider.command_line import Subparsers, add_json, new_parser, values
from outrider.shown import say, say_json

_MOST_HOURS = 672


def register(commands: Subparsers) -> None:
    """Add the commands under `outrider centre`."""
    parser = new_parser(
        commands,
        "authorisation",
        "older reads: asked for by one, given by another",
        "outrider centre authorisation inbox --dir C",
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _register_ask(actions)
    one = _action(actions, "authorisation", "inbox", "what waits for you, and what you asked", "")
    add_json(one)
    finish(one, _inbox, *EXPECTED)
    for name, purpose in (
        ("give", "give what somebody asked for"),
        ("refuse", "refuse what somebody asked for"),
        ("revoke", "take back what was given"),
    ):
        one = _action(actions, "authorisation", name, purpose, 'ID --words "..." ')
        one.add_argument("paper", metavar="ID", help="as the inbox shows it")
        one.add_argument("--words", type=values.words, required=True, help="why, in three or more")
        finish(one, _decide, *EXPECTED)
    _register_glass(commands)


def _action(
    actions: Subparsers, group: str, name: str, purpose: str, example: str
) -> argparse.ArgumentParser:
    parser = new_parser(actions, name, purpose, f"outrider centre {group} {name} {example}--dir C")
    add_session(parser)
    return parser


def _register_ask(actions: Subparsers) -> None:
    one = _action(
        actions, "authorisation", "ask", "ask for reads that are older",
        "--reads-from 2026-03-01 --hours 48 --mark AB12CDE --purpose serious --case CR/45/26 "
        '--words "..." ',
    )  # fmt: skip
    add_why(one)
    one.add_argument(
        "--reads-from", type=values.instant, required=True, help="the oldest read wanted, ISO 8601"
    )
    one.add_argument(
        "--hours", type=values.number(1, _MOST_HOURS), default=48.0, help="how long (48)"
    )
    one.add_argument("--mark", action="append", default=[], help="of this mark; again for more")
    one.add_argument("--area", metavar="S,W,N,E", help="or in this box, in degrees")
    finish(one, _ask, *EXPECTED)


def _register_glass(commands: Subparsers) -> None:
    parser = new_parser(
        commands,
        "break-glass",
        "a life is at risk: two hours of older reads, reviewed afterwards",
        'outrider centre break-glass break --purpose life-at-risk --case CR/45/26 --words "..."',
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    why = '--purpose life-at-risk --case CR/45/26 --words "..." '
    one = _action(actions, "break-glass", "break", "widen your scope for two hours", why)
    add_why(one)
    finish(one, _break, *EXPECTED)
    one = _action(actions, "break-glass", "list", "what waits for a review", "")
    add_json(one)
    finish(one, _to_review, *EXPECTED)
    one = _action(actions, "break-glass", "review", "say whether it was justified",
                  'ID --justified yes --words "..." ')  # fmt: skip
    one.add_argument("paper", metavar="ID")
    one.add_argument("--justified", choices=["yes", "no"], required=True)
    one.add_argument("--words", type=values.words, required=True, help="what was looked at")
    finish(one, _review, *EXPECTED)


def _box(text: str) -> Box:
    try:
        south, west, north, east = (float(part) for part in text.split(","))
    except ValueError:
        raise ValueError("--area: south,west,north,east in degrees") from None
    if not all(abs(part) <= 180 for part in (south, west, north, east)):
        raise ValueError("--area: south,west,north,east in degrees")
    return Box.of_degrees(south, west, north, east)


def _ask(args: argparse.Namespace) -> int:
    area = _box(args.area) if args.area else None
    with desks_for(args) as desks:
        kept = desks.desk.authorisations.ask(
            member_of(desks, args), purpose_of(args), to_us(args.reads_from),
            timedelta(hours=args.hours), tuple(args.mark), area,
        )  # fmt: skip
    say(f"authorisation {kept.paper_id}: asked for; a superintendent or higher of your force gives")
    return 0


def _inbox(args: argparse.Namespace) -> int:
    """Show. Exit 0: what waits for you and what you asked for, whatever there is."""
    with desks_for(args) as desks:
        person, given = member_of(desks, args), desks.desk.authorisations
        waiting, own = given.inbox(person), given.of(person.person_id)
    if args.json:
        say_json({"to_decide": [_plain(k) for k in waiting], "own": [_plain(k) for k in own]})
        return 0
    for title, some in (("to decide", waiting), ("asked for by you", own)):
        say(f"{title}: {len(some)}")
        for kept in some:
            say(f"  {_line(kept)}")
    return 0


def _plain(kept: Kept[Asked]) -> dict[str, object]:
    asked = kept.content
    return {
        "id": kept.paper_id, "state": kept.state, "asked_by": asked.asked_by, "case": asked.case,
        "purpose": asked.purpose.value, "words": asked.words, "marks": asked.marks,
        "area": asked.area, "reads_from": from_us(asked.reads_from_us).isoformat(),
        "hours": asked.hours, "until": from_us(kept.paper.until_us).isoformat(),
        "decided_by": asked.given_by, "decided_words": asked.given_words,
    }  # fmt: skip


def _line(kept: Kept[Asked]) -> str:
    asked = kept.content
    what = ", ".join(asked.marks) if asked.marks else "an area"
    by = f", by {asked.given_by}: {asked.given_words}" if asked.given_by else ""
    return (
        f"{kept.paper_id}  {kept.state}{by}  {asked.asked_by} in {asked.case} ({asked.purpose}): "
        f"{what} from {from_us(asked.reads_from_us):%Y-%m-%d}, for {asked.hours} h: {asked.words}"
    )


def _decide(args: argparse.Namespace) -> int:
    with desks_for(args) as desks:
        given: Authorisations = desks.desk.authorisations
        act = {"give": given.give, "refuse": given.refuse, "revoke": given.revoke}[args.action]
        kept = act(member_of(desks, args), args.paper, args.words)
    until = f", until {from_us(kept.paper.until_us):%Y-%m-%d %H:%M} UTC"
    say(f"authorisation {kept.paper_id}: {kept.state}{until if kept.state == GIVEN else ''}")
    return 0


def _break(args: argparse.Namespace) -> int:
    with desks_for(args) as desks:
        kept = desks.desk.glass.break_it(member_of(desks, args), purpose_of(args))
    until = from_us(kept.content.until_us)
    say(f"break-glass {kept.paper_id}: until {until:%Y-%m-%d %H:%M} UTC; it is reviewed afterwards")
    return 0


def _to_review(args: argparse.Namespace) -> int:
    with desks_for(args) as desks:
        waiting = desks.desk.glass.to_review_by(member_of(desks, args))
    if args.json:
        say_json([{"id": kept.paper_id} | _broken(kept) for kept in waiting])
        return 0
    say(f"to review: {len(waiting)}")
    for kept in waiting:
        say(f"  {kept.paper_id}  " + "  ".join(f"{k} {v}" for k, v in _broken(kept).items()))
    return 0


def _broken(kept: Kept[Broken]) -> dict[str, object]:
    found = kept.content
    at = from_us(found.from_us).isoformat()
    return {"person": found.person, "case": found.case, "at": at, "words": found.words}


def _review(args: argparse.Namespace) -> int:
    with desks_for(args) as desks:
        kept = desks.desk.glass.review(
            member_of(desks, args), args.paper, args.justified == "yes", args.words
        )
    say(f"break-glass {kept.paper_id}: {kept.state}")
    return 0
