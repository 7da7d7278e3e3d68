"""`outrider centre audit ...`: the trail."""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from outrider import durable
from outrider.centre.audit import export
from outrider.centre.audit.crew_trail import check
from outrider.centre.audit.lines import as_line, read_file
from outrider.centre.checkpoints.keeping import CheckpointFolder
from outrider.centre.checkpoints.verify import Verdict, rows_after, verify
from outrider.centre.command_line import add_dir, finish
from outrider.centre.folder import CentreFolder
from outrider.centre.store.trail import AuditStore
from outrider.centre.store_of import open_store_of
from outrider.clock import SystemClock
from outrider.command_line import Subparsers, new_parser, values
from outrider.command_line.exits import UseError
from outrider.shown import say
from outrider.wire import checkpoint as checkpoints
from outrider.wire.canonical import WireError
from outrider.wire.checkpoint import Checkpoint
from outrider.wire.signing import SigningIdentity, VerifyingKey

_EXPECTED = (WireError, ValueError, UseError)


def register(commands: Subparsers) -> None:
    """Add the commands, under `outrider centre`."""
    parser = new_parser(
        commands,
        "audit",
        "the audit trail: export, verify, checkpoint",
        "outrider centre audit verify --dir C --checkpoint /media/safe/checkpoint-812.json",
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _register_actions(actions)


def _register_actions(actions: Subparsers) -> None:
    parser = _action(
        actions,
        "export",
        "the trail as NDJSON, with its hashes",
        "--dir C --follow -o trail.ndjson",
    )
    parser.add_argument("-o", "--output", type=values.new_file, help="file (standard output)")
    parser.add_argument(
        "--since", type=values.whole(0, 2**62), default=0, help="only rows after this number"
    )
    parser.add_argument(
        "--follow", action="store_true", help="go on as rows come; a file is added to"
    )
    finish(parser, _export, *_EXPECTED)
    parser = _action(
        actions, "verify", "check every row, its chain and checkpoints", "--dir C --checkpoint F"
    )
    parser.add_argument(
        "--file", type=values.existing_file, help="check an export instead of the centre's trail"
    )
    parser.add_argument(
        "--checkpoint", type=Path, action="append", default=[], help="one kept elsewhere"
    )
    parser.add_argument("--key", type=Path, help="public key of the checkpoints (the centre's own)")
    parser.add_argument(
        "--since", type=values.whole(0, 2**62), default=0, help="only rows after this number"
    )
    finish(parser, _verify, *_EXPECTED)
    parser = _action(
        actions, "checkpoint", "sign where the trail stands now", "--dir C -o /media/safe/cp.json"
    )
    parser.add_argument("-o", "--output", type=values.new_file, help="a new file (standard output)")
    parser.add_argument(
        "--public-key", type=values.new_file, help="write the key that verifies it, too"
    )
    finish(parser, _checkpoint, *_EXPECTED)
    parser = _action(actions, "crew", "check the trails of the crews' own entries", "--dir C")
    finish(parser, _crew, *_EXPECTED)


def _action(actions: Subparsers, name: str, purpose: str, example: str) -> argparse.ArgumentParser:
    parser = new_parser(actions, name, purpose, f"outrider centre audit {name} {example}")
    add_dir(parser)
    return parser


def _write_out(lines: bytes) -> None:
    sys.stdout.buffer.write(lines)
    sys.stdout.buffer.flush()


def _export(args: argparse.Namespace) -> int:
    if args.follow and args.output and args.since:
        raise ValueError("--since: a file that is added to knows itself where to go on")
    with closing(open_store_of(CentreFolder(args.dir))) as store:
        if args.follow:
            return _follow(store, args.since, args.output)
        if args.output is not None:
            count = export.write_file(store, args.since, args.output)
            say(f"{args.output}: {count} rows of the audit trail")
            return 0
        for row in rows_after(store, args.since):
            _write_out(as_line(row))
    return 0


def _follow(store: AuditStore, since: int, output: Path | None) -> int:
    stop = threading.Event()
    previous = signal.signal(signal.SIGTERM, lambda *_: stop.set())
    try:
        if output is None:
            export.follow(store, since, _write_out, stop)
        else:
            with export.kept_file(store, output) as (after, write):
                export.follow(store, after, write, stop)
    finally:
        signal.signal(signal.SIGTERM, previous)
    return 0


def _verify(args: argparse.Namespace) -> int:
    """Verify. Exit 0: sound; 1: the first break, or nothing from outside proves it; 2: wrong use.

    A chain alone holds together though its end was cut off or the whole was set back: a checkpoint
    that was kept elsewhere is needed, given here, brought by a unit or in the overseer's file.
    """
    if args.file is not None and not args.checkpoint:
        raise UseError("--file needs --checkpoint: an export alone does not show that it is whole")
    given = _checkpoints(args)
    if args.file is not None:
        return _tell(verify(read_file(args.file), given, args.since), given)
    folder = CentreFolder(args.dir)
    kept = CheckpointFolder(folder.checkpoints, _identity(args).public)
    outside = [
        *kept.standing(given),
        *(one.checkpoint for one in kept.outside(folder.load().audit.overseer_file)),
    ]
    for gone in kept.restores():
        say(gone.text())
    known = [*outside, *(one.checkpoint for one in kept.own())]
    with closing(open_store_of(folder)) as store:
        return _tell(verify(rows_after(store, args.since), known, args.since), outside)


def _checkpoints(args: argparse.Namespace) -> list[Checkpoint]:
    if not args.checkpoint:
        return []
    key = VerifyingKey.read(args.key) if args.key else _identity(args).public
    return [checkpoints.decode(path.read_bytes(), key) for path in args.checkpoint]


def _identity(args: argparse.Namespace) -> SigningIdentity:
    return SigningIdentity.read(CentreFolder(args.dir).receipt_key)


def _tell(verdict: Verdict, outside: Sequence[Checkpoint]) -> int:
    say(f"rows {verdict.first} to {verdict.last}, {verdict.checkpoints} checkpoints met")
    proving = [one for one in outside if verdict.proves(one)]
    if not verdict.sound:
        say(f"BROKEN: {verdict.first_break}")
    elif outside and not proving:
        say(
            "NOT PROVEN: no checkpoint from outside speaks of these rows: take --since from a row "
            "that one was made of, or leave it out"
        )
    elif not outside:
        say(
            "NOT PROVEN: the rows hold together, but no checkpoint from outside shows that none "
            "was cut off or set back: dock a unit again (it brings the one that it was shown), set "
            "audit.overseer_file or audit.overseer_url, or give --checkpoint FILE"
        )
    else:
        newest = max(proving, key=lambda one: one.number)
        say(f"sound; proven from outside up to row {newest.number}, of {newest.at}")
    return int(not verdict.sound or not proving)


def _checkpoint(args: argparse.Namespace) -> int:
    identity, clock = _identity(args), SystemClock()
    with closing(open_store_of(CentreFolder(args.dir))) as store:
        verdict = verify(rows_after(store, 0))
    if not verdict.sound or not verdict.last:
        raise ValueError(f"nothing is signed: {verdict.first_break or 'the trail is empty'}")
    at = clock.stamp(clock.mono_ns()).iso_ms()
    made = checkpoints.encode(Checkpoint(verdict.last, verdict.last_hash, at), identity)
    if args.public_key is not None:
        identity.public.write(args.public_key)
    if args.output is None:
        _write_out(made)
    elif os.path.lexists(args.output):
        raise ValueError(f"{args.output}: is there already; a checkpoint is never overwritten")
    else:
        durable.write(args.output, made)
        say(f"{args.output}: row {verdict.last}; keep it where nobody of the centre can reach it")
    return 0


def _crew(args: argparse.Namespace) -> int:
    """Check. Exit 0: every trail is whole; 1: the faults; 2: not possible."""
    with closing(open_store_of(CentreFolder(args.dir))) as store, store.snapshot() as opened:
        units = check(opened)
    for unit in units:
        say(f"{unit.unit_id}: {unit.rows} rows in {unit.trails} trails")
        for fault in unit.faults:
            say(f"  FAULT {fault}")
    return int(any(unit.faults for unit in units))
