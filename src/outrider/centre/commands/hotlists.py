"""`outrider centre hotlist ...`: keys, the root's ceremony, publishing, renewing."""

import argparse
import os
import re
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from securesystemslib.signer import CryptoSigner, Key
from tuf.api.metadata import Root

from outrider.centre.command_line import add_dir, finish
from outrider.centre.folder import CentreFolder
from outrider.centre.governance.kept_lists import KeptLists
from outrider.centre.hotlists.keys import SigningKeyError, load_key, make_key
from outrider.centre.hotlists.publish import Publisher
from outrider.centre.hotlists.repository import ONLINE_ROLES, HotlistRepository, RepositoryFault
from outrider.centre.store_of import open_store_of
from outrider.clock import SystemClock
from outrider.command_line import Subparsers, add_json, new_parser
from outrider.command_line.list_options import add_options, list_file
from outrider.command_line.values import short, whole
from outrider.hotlist_import.limits import ImportRefused
from outrider.hotlist_import.mapping import MappingError
from outrider.shown import complain, say, say_json
from outrider.wire.hotlist_policy import NAME_FORM, PolicyError

PASSPHRASE_VARIABLE = "OUTRIDER_KEY_PASSPHRASE"
_SHOWN_REJECTIONS = 20
_EXPECTED = (ImportRefused, MappingError, PolicyError, RepositoryFault, SigningKeyError, ValueError)


def register(commands: Subparsers) -> None:
    """Add `hotlist` with its actions, under `outrider centre`."""
    parser = new_parser(
        commands,
        "hotlist",
        "signed hotlists: key, stage-root, sign-root, publish, publish-kept, renew",
        "outrider centre hotlist publish stolen.csv --list stolen --repository /srv/hotlists",
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _register_ceremony(actions)
    _register_publishing(actions)


def _register_ceremony(actions: Subparsers) -> None:
    parser = new_parser(
        actions, "key", "make a signing key", "outrider centre hotlist key /media/a/root-a.pem"
    )
    parser.add_argument("file", type=Path, help=f"PEM file; passphrase from {PASSPHRASE_VARIABLE}")
    finish(parser, _key, *_EXPECTED)
    parser = new_parser(
        actions,
        "stage-root",
        "write the next root of trust, to be signed offline",
        "outrider centre hotlist stage-root --repository R --root-key a.pem --root-key b.pem"
        " --root-key c.pem --threshold 2 --online-keys keys/",
    )
    _add_repository(parser)
    parser.add_argument("--root-key", type=Path, action="append", required=True)
    parser.add_argument(
        "--threshold", type=whole(1, 64), default=2, help="root keys that must sign (2)"
    )
    finish(parser, _stage_root, *_EXPECTED)
    parser = new_parser(
        actions,
        "sign-root",
        "sign the staged root with one key; the last one needed publishes it",
        "outrider centre hotlist sign-root --repository R --root-key a.pem",
    )
    _add_repository(parser)
    parser.add_argument("--root-key", type=Path, required=True)
    finish(parser, _sign_root, *_EXPECTED)


def _register_publishing(actions: Subparsers) -> None:
    parser = new_parser(
        actions,
        "publish",
        "take a list in, make its packages and sign them",
        "outrider centre hotlist publish stolen.csv --list stolen --repository R",
    )
    _add_repository(parser)
    parser.add_argument("--list", type=_list_name, required=True, help="name of the list")
    parser.add_argument("--masters", type=Path, help="folder of the master lists (beside R)")
    add_options(parser)
    add_json(parser)
    finish(parser, _publish, *_EXPECTED)
    parser = new_parser(
        actions,
        "publish-kept",
        "publish the lists that are kept at the centre: by a timer, every few minutes",
        "outrider centre hotlist publish-kept --dir /srv/centre --repository R",
    )
    add_dir(parser)
    _add_repository(parser)
    parser.add_argument("--masters", type=Path, help="folder of the master lists (beside R)")
    finish(parser, _publish_kept, *_EXPECTED)
    parser = new_parser(
        actions,
        "renew",
        "sign the timestamp anew; run it at least every 12 hours",
        "outrider centre hotlist renew --repository R",
    )
    _add_repository(parser)
    parser.add_argument("--masters", type=Path, help="folder of the master lists (beside R)")
    finish(parser, _renew, *_EXPECTED)


def _add_repository(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--repository", type=Path, required=True, help="folder that is served")
    parser.add_argument("--online-keys", type=Path, help="folder of the online keys (beside R)")


def _list_name(text: str) -> str:
    if not re.match(NAME_FORM, text):
        raise argparse.ArgumentTypeError(f"{short(text)}: a-z, 0-9, dot, dash, _, at most 48")
    return text


def _passphrase() -> bytes | None:
    return os.environb.get(PASSPHRASE_VARIABLE.encode()) or None


def _key(args: argparse.Namespace) -> int:
    signer = make_key(args.file, _passphrase())
    say(f"{args.file}: key {signer.public_key.keyid}")
    return 0


def _repository(args: argparse.Namespace) -> HotlistRepository:
    return HotlistRepository(args.repository, SystemClock())


def _online_keys(args: argparse.Namespace) -> dict[str, CryptoSigner]:
    folder = args.online_keys or args.repository.with_name(f"{args.repository.name}-keys")
    return {role: load_key(folder / f"{role}.pem", None) for role in ONLINE_ROLES}


def _stage_root(args: argparse.Namespace) -> int:
    folder = args.online_keys or args.repository.with_name(f"{args.repository.name}-keys")
    online = {}
    for role in ONLINE_ROLES:
        path = folder / f"{role}.pem"
        # Online keys must sign by themselves at night: without a passphrase, guarded by the host.
        online[role] = load_key(path, None) if path.exists() else make_key(path, None)
    keys: dict[str, list[Key]] = {role: [signer.public_key] for role, signer in online.items()}
    keys[Root.type] = [load_key(path, _passphrase()).public_key for path in args.root_key]
    staged = _repository(args).stage_root(keys, args.threshold)
    say(f"root version {staged.signed.version} staged: {args.threshold} keys must sign it")
    return 0


def _sign_root(args: argparse.Namespace) -> int:
    repository = _repository(args)
    version = repository.staged_root().signed.version
    done = repository.sign_root(load_key(args.root_key, _passphrase()))
    say(f"root version {version}: {'published' if done else 'signed, more signatures needed'}")
    return 0


def _publisher(args: argparse.Namespace) -> Publisher:
    masters = args.masters or args.repository.with_name(f"{args.repository.name}-masters")
    return Publisher(masters, _repository(args), _online_keys(args))


def _publish(args: argparse.Namespace) -> int:
    done = _publisher(args).publish(args.list, list_file(args, SystemClock()))
    if args.json:
        say_json(asdict(done), indent=1)
        return 0
    for rejection in done.report.rejections[:_SHOWN_REJECTIONS]:
        complain(f"{args.file}:{rejection.line}: {rejection.reason}")
    if done.report.suspect:
        complain(f"{args.file}: {done.report.suspect}")
    say(
        f"{args.list}: revision {done.revision}, {done.changes} changes,"
        f" {done.report.rejected} rows refused"
    )
    for made in done.packages:
        say(f"  {made.ref.path}: {made.ref.size_bytes / 1e6:.3f} MB")
    return 0


def _publish_kept(args: argparse.Namespace) -> int:
    clock = SystemClock()
    with closing(open_store_of(CentreFolder(args.dir))) as store:
        kept = KeptLists(store, clock)
        over = kept.end_overdue("centre")
        lists = {name: [one.content.shown for one in kept.entries(name)] for name in kept.lists()}
    done = _publisher(args).publish_kept(lists, clock.stamp(clock.mono_ns()).utc_ns)
    for name, published in done.items():
        say(f"{name}: revision {published.revision}, {published.changes} changes")
    say(f"{len(lists)} lists, {len(done)} with news; {over} entries came to their end")
    return 0


def _renew(args: argparse.Namespace) -> int:
    _publisher(args).renew()
    say("timestamp renewed")
    return 0
