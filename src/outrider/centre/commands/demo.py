"""`outrider centre demo`: a centre to try it on."""

import argparse
from pathlib import Path

from outrider.centre.access.rules import RulesFault
from outrider.centre.command_line import finish
from outrider.centre.demo.maker import DAYS, Plan, make_demo
from outrider.centre.demo.people import STAFF
from outrider.centre.demo.story import STORY
from outrider.clock import SystemClock
from outrider.command_line import Subparsers, new_parser
from outrider.command_line.values import number, whole
from outrider.shown import complain, say


def register(commands: Subparsers) -> None:
    """Add the command under `outrider centre`."""
    parser = new_parser(
        commands,
        "demo",
        "make a centre to try it on: 14 months of made-up reads of three forces",
        "outrider centre demo --no-pages --dir /tmp/centre",
    )
    parser.add_argument("--dir", type=Path, required=True, help="a new folder")
    parser.add_argument(
        "--no-pages", action="store_true", help="only make it (pages are not part of it yet)"
    )
    parser.add_argument(
        "--days", type=whole(1, 3_660), default=DAYS, help=f"back from now ({DAYS})"
    )
    parser.add_argument(
        "--reads-a-day", type=number(0, 1e7), default=50.0, help="of all units (50)"
    )
    parser.add_argument(
        "--seed", type=whole(0, 2**63 - 1), default=1, help="the same seed, the same centre (1)"
    )
    finish(parser, _run, ValueError, RulesFault)


def _run(args: argparse.Namespace) -> int:
    if not 7 <= args.days <= 800 or not 0 <= args.reads_a_day <= 10_000:
        raise ValueError("--days: 7 to 800; --reads-a-day: 0 to 10000")
    plan = Plan(days=args.days, reads_a_day=args.reads_a_day, seed=args.seed)
    made = make_demo(args.dir, plan, SystemClock(), complain)
    say(f"{args.dir}: {made.reads:,} reads, {made.searches:,} events of searches")
    say("vehicles that mean something:")
    for mark, words in STORY.items():
        say(f"  {mark}  {words}")
    say("people (who they are stands in people.ndjson; a provider to sign in at):")
    for staff in STAFF:
        say(f"  {staff.person.person_id:<8}{staff.words}")
    users = " ".join(f"--user-claims '{staff.claims()}'" for staff in STAFF)
    say(f"  oidc-provider-mock --port 9400 {users}")
    say(f"then: outrider centre answer --dir {args.dir}")
    say(f"and:  outrider centre sign-in --dir {args.dir}")
    return 0
