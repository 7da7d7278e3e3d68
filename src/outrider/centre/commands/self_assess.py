"""`outrider centre self-assess`: checks against the Surveillance Camera Code."""

import argparse
from dataclasses import asdict

from outrider.centre.access.rules import RulesFault
from outrider.centre.command_line import add_dir, finish
from outrider.centre.commands.pages import pages_of
from outrider.centre.folder import CentreFolder
from outrider.centre.governance.code_of_practice import KINDS, Assessment, principles
from outrider.centre.pages.self_pages import assess
from outrider.clock import SystemClock
from outrider.command_line import Subparsers, add_json, new_parser
from outrider.shown import say, say_json


def register(commands: Subparsers) -> None:
    """Add the command under `outrider centre`."""
    parser = new_parser(
        commands,
        "self-assess",
        "run the checks against the Surveillance Camera Code's twelve principles, each month",
        "outrider centre self-assess --dir /srv/centre",
    )
    add_dir(parser)
    parser.add_argument("--kind", choices=KINDS, help="of these units only; else of both")
    add_json(parser)
    finish(parser, _run, RulesFault)


def _run(args: argparse.Namespace) -> int:
    """Run and keep them. Exit 0: all is well, or nothing to measure; 1: something is not."""
    folder = CentreFolder(args.dir)
    kinds = (args.kind,) if args.kind else KINDS
    with pages_of(folder, folder.load(), SystemClock(), "http://localhost") as pages:
        found = [assess(pages.site, kind, "centre", lambda text: None) for kind in kinds]
    if args.json:
        say_json([asdict(one) for one in found], indent=1)
    else:
        for one in found:
            _tell(one)
    return int(any(check.good is False for one in found for check in one.checks))


def _tell(run: Assessment) -> None:
    say(f"{run.kind} units, {run.on}")
    signs = {True: "well", False: "NOT WELL", None: "nothing to measure"}
    for principle in principles():
        say(f"{principle.number}. {principle.words}")
        for check in filter(None, map(run.of, principle.checks)):
            say(f"   {signs[check.good]}: {check.check}: {check.words}")
