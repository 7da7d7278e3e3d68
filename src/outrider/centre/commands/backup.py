"""`outrider centre backup|restore`: a copy of all that a centre is, and its way back."""

import argparse
import re
from pathlib import Path

from outrider.centre.backup.restoring import Asked, restore
from outrider.centre.backup.taking import take
from outrider.centre.command_line import add_dir, finish
from outrider.centre.folder import CentreFolder
from outrider.clock import SystemClock
from outrider.command_line import Subparsers, add_json, new_parser, values
from outrider.shown import say, say_json
from outrider.wire.canonical import WireError


def register(commands: Subparsers) -> None:
    """Add the commands under `outrider centre`."""
    parser = new_parser(
        commands,
        "backup",
        "copy the centre as it stands now, while it serves",
        "outrider centre backup /media/safe/centre-2026-11-30 --dir /srv/centre",
    )
    parser.add_argument("to", type=values.folder, metavar="FOLDER", help="a new folder")
    add_dir(parser)
    add_json(parser)
    finish(parser, _backup)
    parser = new_parser(
        commands,
        "restore",
        "put a backup back; what is there is set aside, never overwritten",
        "outrider centre restore /media/safe/centre-2026-11-30 --dir /srv/centre"
        ' --officer "A. Smith" --why "disk failed, ticket 4711"',
    )
    parser.add_argument("backup", type=values.folder, metavar="FOLDER", help="from `backup`")
    add_dir(parser)
    parser.add_argument("--officer", type=values.words, required=True, help="who restores")
    parser.add_argument("--why", type=values.words, required=True, help="for the audit trail")
    parser.add_argument("--digest", type=_digest, help="as `backup` printed it, to be sure of it")
    parser.add_argument(
        "--replace", action="store_true", help="though a centre is there: it is set aside"
    )
    finish(parser, _restore, WireError)


def _digest(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise argparse.ArgumentTypeError(f"{values.short(text)} is no SHA-256 in hexadecimal")
    return text


def _backup(args: argparse.Namespace) -> int:
    taken = take(CentreFolder(args.dir), args.to.absolute(), SystemClock())
    size_mb = sum(one.size_bytes for one in taken.manifest.files) / 1e6
    if args.json:
        say_json({"backup": str(taken.path), "digest": taken.digest, "bytes": round(size_mb * 1e6),
                  "audit_rows": taken.manifest.audit_rows, "not_in_it": taken.beside})  # fmt: skip
        return 0
    say(f"{taken.path}: {len(taken.manifest.files)} files, {size_mb:.1f} MB, as of "
        f"{taken.manifest.made_at}")  # fmt: skip
    say(f"digest {taken.digest}: note it elsewhere; `restore --digest` holds the backup against it")
    say("It holds opened reads and the key that makes units: keep it as safe as the centre itself.")
    for one in taken.beside:
        say(f"not in it: {one}")
    return 0


def _restore(args: argparse.Namespace) -> int:
    folder = CentreFolder(args.dir.absolute())
    asked = Asked(args.officer, args.why, args.replace, args.digest)
    done = restore(args.backup, folder, asked, SystemClock())
    say(f"{folder.root}: restored, as of {done.manifest.made_at}; every file is as its list says")
    if args.digest is None:
        say("nothing proves that this is what was backed up, for no --digest was given: whoever")
        say("could write to the backup could change settings, keys, who signs in, and the trail")
    if done.before is not None:
        say(f"what was there before is {done.before}: erase it when nothing of it is needed")
        _tell_of_keys(done.before)
    if done.manifest.store == "postgresql":
        say("the rows are in PostgreSQL: pg_restore --clean --if-exists --dbname=URL FILE.dump")
    say("start the services; units send again at their next docking what this copy lacks")
    return 0


def _tell_of_keys(before: Path) -> None:
    keys = sorted(before.rglob("sealing-*.key"))
    if keys:
        say(f"the private keys that open reads are in {keys[0].parent}: move them out of it")
