"""`outrider centre account`, `end-sessions`: what a force is told of its reads; who is out."""

import argparse
from datetime import timedelta
from pathlib import Path

from outrider import durable
from outrider.centre.access.people import Role
from outrider.centre.command_line import finish
from outrider.centre.commands.signed_in import (
    EXPECTED,
    add_session,
    desks_for,
    member_of,
    member_with,
)
from outrider.centre.folder import CentreFolder
from outrider.centre.governance.accounts import MAX_BYTES, read_account, signed_account
from outrider.centre.governance.papers import NotAllowed
from outrider.centre.search.trail import all_asked
from outrider.centre.store.columns import from_us, to_us
from outrider.command_line import Subparsers, new_parser, values
from outrider.shown import say
from outrider.wire.audit import AuditKind, new_event
from outrider.wire.canonical import WireError
from outrider.wire.signing import SigningIdentity, VerifyingKey

_MAKE = frozenset({Role.AUDITOR, Role.SUPERVISOR, Role.SENIOR_OFFICER, Role.ADMINISTRATOR})
_END = frozenset({Role.ADMINISTRATOR, Role.SUPERVISOR})


def register(commands: Subparsers) -> None:
    """Add the commands under `outrider centre`."""
    parser = new_parser(
        commands, "account", "a force's account of its own reads: who used them, signed",
        "outrider centre account make northshire -o northshire.account --dir C",
    )  # fmt: skip
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    one = new_parser(
        actions, "make", "make it, for whoever is of that force, or audits",
        "outrider centre account make northshire -o northshire.account --dir C",
    )  # fmt: skip
    one.add_argument("force", type=values.words)
    one.add_argument("--since", type=values.instant, help="ISO 8601, UTC (28 days ago)")
    one.add_argument("--until", type=values.instant, help="ISO 8601, UTC (now)")
    one.add_argument("-o", "--output", type=values.new_file, required=True, help="a new file")
    add_session(one)
    finish(one, _make, *EXPECTED)
    one = new_parser(
        actions, "verify", "check and show one; needs no centre",
        "outrider centre account verify northshire.account --key receipt.pub",
    )  # fmt: skip
    one.add_argument("file", type=values.existing_file)
    one.add_argument("--key", type=Path, required=True, help="the centre's public key")
    finish(one, _verify, *EXPECTED, WireError)
    one = new_parser(
        commands, "end-sessions", "sign somebody out everywhere: left, suspended, a lost machine",
        "outrider centre end-sessions dc-1234 --dir C",
    )  # fmt: skip
    one.add_argument("person", type=values.words)
    add_session(one)
    finish(one, _end, *EXPECTED)


def _make(args: argparse.Namespace) -> int:
    identity = SigningIdentity.read(CentreFolder(args.dir).receipt_key)
    with desks_for(args) as desks:
        person, clock = member_of(desks, args), desks.clock
        if not person.roles & _MAKE or (
            person.force != args.force and not person.has(Role.AUDITOR)
        ):
            raise NotAllowed("a force's account is for its own supervisors, or for an auditor")
        now = clock.stamp(clock.mono_ns())
        until = args.until or now.utc
        since = args.since or until - timedelta(days=28)
        made = signed_account(
            all_asked(desks.store), args.force, to_us(since), to_us(until), clock, identity
        )
        said = f"account of {args.force}'s reads from {since.isoformat()} to {until.isoformat()}"
        kind = AuditKind.DISCLOSURE
        desks.store.append_audit(
            [new_event(kind, now, person.person_id, said, "each force sees its own", args.force)]
        )
        durable.write_new(args.output, made, 0o600)
    say(f"{args.output}: the account of {args.force}, signed")
    return 0


def _verify(args: argparse.Namespace) -> int:
    """Verify. Exit 0: the centre signed it; 2: it did not, or it was changed."""
    with args.file.open("rb") as file:
        found = read_account(file.read(MAX_BYTES + 1), VerifyingKey.read(args.key))
    say(f"account of {found.of}: {len(found.uses)} uses of its reads, signed by the centre")
    for one in found.uses:
        grounds = one.authorisation or one.break_glass
        what = "combined with others" if one.reads is None else f"{one.reads} reads"
        on = f", on {grounds}" if grounds else ""
        say(
            f"  {from_us(one.at_us):%Y-%m-%d %H:%M}  {one.person} of {one.force}: {one.kind}, "
            f"{what}; {one.purpose}, {one.case}{on}; {one.decision}"
        )
    return 0


def _end(args: argparse.Namespace) -> int:
    with desks_for(args) as desks:
        why = "an administrator or a supervisor signs others out"
        person = member_with(desks, args, _END, why)
        ended = desks.sessions.end_all_of(args.person, person.person_id)
    say(f"{args.person}: {ended} sessions ended")
    return 0
