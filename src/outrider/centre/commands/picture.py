"""`outrider centre picture|correct`: a picture looked at by eye, and what it shows put right."""

import argparse

from outrider import durable
from outrider.centre.access.scope import Action
from outrider.centre.command_line import finish
from outrider.centre.commands.search import line_of
from outrider.centre.commands.signed_in import (
    EXPECTED,
    add_keys,
    add_purpose,
    add_session,
    desks_for,
    pictures_of,
    purpose_of,
    read_id,
    scope_for,
    token_of,
)
from outrider.centre.evidence.pictures import ShownPicture
from outrider.centre.folder import CentreFolder, opening_keys
from outrider.centre.opening.pictures import PictureFault
from outrider.centre.pictures.asking import PARTS, PictureAsked
from outrider.centre.pictures.reaching import NoPicture, PictureSocket
from outrider.command_line import Subparsers, new_parser, values
from outrider.command_line.exits import UseError
from outrider.records import Role
from outrider.shown import say

_WHY = '--purpose serious --case CR/45/26 --words "..."'


def register(commands: Subparsers) -> None:
    """Add the commands, under `outrider centre`."""
    parser = new_parser(
        commands,
        "picture",
        "look at one picture of a read",
        f"outrider centre picture 0193... --role patch -o patch.jpg {_WHY} --dir C",
    )
    parser.add_argument("read", type=read_id, help="as a search shows it")
    parser.add_argument("--role", choices=[role.label for role in Role], required=True)
    parser.add_argument(
        "-o", "--output", type=values.new_file, required=True, help="a new JPEG file"
    )
    _add_asking(parser)
    add_keys(parser)
    finish(parser, _picture, *EXPECTED, PictureFault, NoPicture, UseError)
    parser = new_parser(
        commands,
        "correct",
        "say what the true mark of a read is; what was read stays beside it",
        f"outrider centre correct 0193... AB12CDE {_WHY} --dir C",
    )
    parser.add_argument("read", type=read_id, help="as a search shows it")
    parser.add_argument("mark", help="the true mark; the one that was read takes a correction back")
    _add_asking(parser)
    finish(parser, _correct, *EXPECTED)


def _add_asking(parser: argparse.ArgumentParser) -> None:
    add_session(parser)
    add_purpose(parser)


def _picture(args: argparse.Namespace) -> int:
    """Look. Exit 0: the file is written; 2: not allowed, or there is none, and why."""
    if args.output.exists():
        raise UseError(f"{args.output}: is there already; name a new file")
    shown = _shown(args)
    durable.write_new(args.output, shown.jpeg, 0o600)
    say(line_of(shown.read))
    say(f"{args.output}: its {shown.role.label}; decision {shown.decision_id}")
    return 0


def _shown(args: argparse.Namespace) -> ShownPicture:
    """Open it here, where the keys are; else ask the service that has them."""
    folder = CentreFolder(args.dir)
    if args.keys is not None or opening_keys(None, folder).is_dir():
        with desks_for(args) as desks:
            scope = scope_for(desks, args, Action.PICTURE)
            return pictures_of(desks, args).open(scope, args.read, Role[args.role.upper()])
    purpose = purpose_of(args)
    asked = PictureAsked(
        token=token_of(args), read=args.read, part=PARTS[args.role], code=purpose.code.value,
        case=purpose.case, words=purpose.words, authority=purpose.authority.value,
        authorisation=args.authorisation, break_glass=args.break_glass,
    )  # fmt: skip
    return PictureSocket.of(folder, folder.load()).ask(asked)


def _correct(args: argparse.Namespace) -> int:
    with desks_for(args) as desks:
        scope = scope_for(desks, args, Action.CORRECT)
        read = desks.search.correct(scope, args.read, args.mark)
    say(line_of(read))
    say(f"decision {scope.decision_id}")
    return 0
