"""`outrider centre demo`: a centre to try it on, with its pages."""

import argparse
from pathlib import Path

from outrider.centre.access.rules import RulesFault
from outrider.centre.command_line import finish
from outrider.centre.commands.pages import pages_of
from outrider.centre.demo.maker import DAYS, Plan, make_demo
from outrider.centre.demo.people import STAFF
from outrider.centre.demo.serving import PROVIDER_PORT, beside, check_provider
from outrider.centre.demo.story import STORY
from outrider.centre.folder import CentreFolder
from outrider.centre.web.listening import line_at, own_address, serve
from outrider.clock import SystemClock
from outrider.command_line import Subparsers, new_parser
from outrider.command_line.values import number, whole
from outrider.shown import complain, say

_HERE = Path("outrider-centre-demo")


def register(commands: Subparsers) -> None:
    """Add the command under `outrider centre`."""
    parser = new_parser(
        commands,
        "demo",
        "a centre to try it on, with its pages: 14 months of made-up reads of three forces",
        "outrider centre demo",
    )
    parser.add_argument(
        "--dir", type=Path, default=_HERE, help=f"its folder; made if it is not there ({_HERE})"
    )
    parser.add_argument("--no-pages", action="store_true", help="only make it")
    parser.add_argument(
        "--port", type=whole(0, 65_535), default=8446, help="of the pages, here only (8446)"
    )
    parser.add_argument(
        "--provider-port", type=whole(1, 65_535), default=PROVIDER_PORT,
        help=f"where its people sign in ({PROVIDER_PORT})",
    )  # fmt: skip
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
    folder = CentreFolder(args.dir)
    there = folder.settings.exists()
    if not args.no_pages:
        check_provider(_provider_port(folder) if there else args.provider_port)
    if args.no_pages or not there:
        _make(args)
    _tell()
    if args.no_pages:
        _tell_how_to_go_on(args.dir, args.provider_port)
        return 0
    _serve(args)
    return 0


def _provider_port(folder: CentreFolder) -> int:
    issuer = folder.load().people.issuer
    if not issuer.startswith("http://127.0.0.1:"):
        raise ValueError(f"{folder.root}: a centre is here that is no demo; name a new folder")
    return int(issuer.rpartition(":")[2])


def _make(args: argparse.Namespace) -> None:
    plan = Plan(
        days=args.days,
        reads_a_day=args.reads_a_day,
        seed=args.seed,
        provider_port=args.provider_port,
    )
    made = make_demo(args.dir, plan, SystemClock(), complain)
    say(f"{args.dir}: {made.reads:,} reads, {made.searches:,} events of searches")


def _tell() -> None:
    say("vehicles that mean something:")
    for mark, words in STORY.items():
        say(f"  {mark}  {words}")
    say("people, and who they are:")
    for staff in STAFF:
        say(f"  {staff.person.person_id:<8}{staff.words}")


def _tell_how_to_go_on(root: Path, port: int) -> None:
    users = " ".join(f"--user-claims '{staff.claims()}'" for staff in STAFF)
    say("a provider to sign in at (who they are stands in people.ndjson, too):")
    say(f"  oidc-provider-mock --port {port} {users}")
    say(f"then: outrider centre answer --dir {root}")
    say(f"and:  outrider centre sign-in --dir {root}")


def _serve(args: argparse.Namespace) -> None:
    """Serve the pages here until Ctrl-C, with what they need beside them."""
    folder = CentreFolder(args.dir)
    settings = folder.load()
    with line_at("127.0.0.1", args.port) as line, beside(args.dir, settings.people.issuer):
        own = own_address("127.0.0.1", line.getsockname()[1])
        with pages_of(folder, settings, SystemClock(), own) as pages:
            say(
                f"pages: {own} (sign in as any of them, by the name alone; Ctrl-C ends it)",
                flush=True,
            )
            serve(pages.app, line, ending=pages.streams.end)
