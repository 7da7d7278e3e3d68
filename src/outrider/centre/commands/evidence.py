"""`outrider centre evidence pack|verify|hold|take-out|release|expire`."""

import argparse
import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from outrider import durable
from outrider.centre.access.scope import Action
from outrider.centre.command_line import add_dir, finish
from outrider.centre.commands.signed_in import (
    EXPECTED,
    add_keys,
    add_purpose,
    add_session,
    desks_for,
    member_of,
    pictures_of,
    purpose_of,
    read_id,
    scope_for,
)
from outrider.centre.desks import Desks
from outrider.centre.evidence.form import MAX_BYTES, verify
from outrider.centre.evidence.holds import Holds
from outrider.centre.evidence.packing import Packer
from outrider.centre.folder import CentreFolder, opening_keys
from outrider.centre.opening.keys import DataKeys, KeyFolder
from outrider.centre.opening.pictures import PictureFault
from outrider.centre.store.columns import to_us
from outrider.centre.store_of import open_store_of
from outrider.clock import SystemClock
from outrider.command_line import Subparsers, new_parser, values
from outrider.shown import say
from outrider.wire.canonical import WireError
from outrider.wire.sealing import CentrePublicKey
from outrider.wire.signing import SigningIdentity, VerifyingKey

_EXPECTED = (*EXPECTED, PictureFault, WireError)


def register(commands: Subparsers) -> None:
    """Add the commands, under `outrider centre`."""
    parser = new_parser(
        commands,
        "evidence",
        "evidence: packs that are verified without a centre, and holds",
        "outrider centre evidence verify read.pack --key receipt.pub",
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    one = _action(actions, "pack", "make the pack of a read", "READ -o read.pack ...")
    _of_a_read(one)
    one.add_argument("-o", "--output", type=Path, required=True, help="a new file")
    one.add_argument("--recipient", required=True, help="who receives it")
    finish(one, _pack, *_EXPECTED)
    one = _action(actions, "verify", "check a pack; needs no centre", "read.pack --key receipt.pub")
    one.add_argument("file", type=Path)
    one.add_argument("--key", type=Path, required=True, help="the centre's public key")
    one.add_argument("--pictures", type=Path, help="a folder for its pictures")
    finish(one, _verify, *_EXPECTED)
    one = _action(actions, "hold", "keep a read past its time", "READ --until 2028-01-01 ...")
    _of_a_read(one)
    one.add_argument("--until", type=_day, required=True, help="when the hold ends")
    finish(one, _hold, *_EXPECTED)
    for name, purpose, handler in (
        ("take-out", "take out what you hold", _take_out),
        ("release", "end a hold of yours", _release),
    ):
        one = _action(actions, name, purpose, "HOLD ...")
        one.add_argument("hold")
        add_session(one)
        if name == "take-out":
            add_purpose(one)
            one.add_argument("--keys", type=values.folder, help="folder of the private keys")
            one.add_argument("-o", "--output", type=values.new_file, required=True)
        else:
            one.add_argument("--words", required=True, help="why")
        finish(one, handler, *_EXPECTED)
    one = _action(actions, "expire", "erase holds that are over, each night", "--dir C")
    add_dir(one)
    finish(one, _expire, *_EXPECTED)


def _action(actions: Subparsers, name: str, purpose: str, example: str) -> argparse.ArgumentParser:
    return new_parser(actions, name, purpose, f"outrider centre evidence {name} {example}")


def _of_a_read(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("read", type=read_id, help="the read's identifier")
    add_session(parser)
    add_purpose(parser)
    add_keys(parser)


def _day(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@contextlib.contextmanager
def _packer(args: argparse.Namespace) -> Iterator[tuple[Desks, Packer]]:
    folder = CentreFolder(args.dir)
    with desks_for(args) as desks:
        identity = SigningIdentity.read(folder.receipt_key)
        yield (
            desks,
            Packer(desks.store, desks.search, pictures_of(desks, args), identity, desks.clock),
        )


def _made(args: argparse.Namespace, desks: Desks, packer: Packer, recipient: str) -> bytes:
    return packer.pack(scope_for(desks, args, Action.EXPORT), args.read, recipient)


def _pack(args: argparse.Namespace) -> int:
    with _packer(args) as (desks, packer):
        durable.write_new(args.output, _made(args, desks, packer, args.recipient), 0o600)
    key = CentreFolder(args.dir).receipt_public
    say(f"{args.output}: outrider centre evidence verify {args.output} --key {key}")
    say(f"to verify it elsewhere hand on {key.name} by another way, once")
    return 0


def _verify(args: argparse.Namespace) -> int:
    """Verify. Exit 0: it is whole; 2: it is not, and what is wrong."""
    with args.file.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    found = verify(data, VerifyingKey.read(args.key))
    read = found.read
    say(f"read {read.read_id}: {read.text.vrm}, {read.at.iso_ms()} by {read.at.quality}")
    say(f"unit {found.unit_id}; position by {read.position.quality}")
    models = ", ".join(f"{name} {digest[:12]}" for name, digest in read.origin.model_digests)
    say(f"models {models}")
    say(f"made {found.made_at} by {found.asked.by} for {found.asked.recipient}, "
        f"case {found.asked.case}, decision {found.asked.decision}")  # fmt: skip
    say(f"row {found.trail_row} of the audit trail, under a signed checkpoint: whole")
    if args.pictures is not None:
        args.pictures.mkdir(parents=True, exist_ok=True)
        for role, picture in found.pictures.items():
            durable.write_new(args.pictures / f"{role.label}.jpg", picture, 0o600)
    return 0


def _holds(desks: Desks, args: argparse.Namespace) -> Holds:
    return Holds(desks.store, desks.clock, CentreFolder(args.dir).root / "held")


def _hold(args: argparse.Namespace) -> int:
    folder = CentreFolder(args.dir)
    with _packer(args) as (desks, packer):
        person = member_of(desks, args)
        pack = _made(args, desks, packer, "the centre's own hold")
        kept = _holds(desks, args).place(
            pack, args.read, person.person_id, person.force, purpose_of(args).case, args.words,
            to_us(args.until), CentrePublicKey.read(folder.sealing_key),
        )  # fmt: skip
    say(f"hold {kept.paper_id}: until {args.until:%Y-%m-%d}")
    return 0


def _take_out(args: argparse.Namespace) -> int:
    keys = DataKeys(KeyFolder(opening_keys(args.keys, CentreFolder(args.dir))).load())
    with desks_for(args) as desks:
        scope = scope_for(desks, args, Action.EXPORT)
        pack = _holds(desks, args).take_out(args.hold, scope, keys)
        durable.write_new(args.output, pack, 0o600)
    say(f"{args.output}: as it was made; decision {scope.decision_id}")
    return 0


def _release(args: argparse.Namespace) -> int:
    with desks_for(args) as desks:
        person = member_of(desks, args)
        _holds(desks, args).release(args.hold, person.person_id, args.words)
    say(f"hold {args.hold}: ended, its pack is erased")
    return 0


def _expire(args: argparse.Namespace) -> int:
    folder = CentreFolder(args.dir)
    with contextlib.closing(open_store_of(folder)) as store:
        gone = Holds(store, SystemClock(), folder.root / "held").erase_over()
    say(f"{len(gone)} holds were over; their packs are erased")
    return 0
