"""What commands of people share: who is signed in, why they ask, and the desks that answer."""

import argparse
import contextlib
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from outrider import durable
from outrider.centre.access.people import Person, Role
from outrider.centre.access.purpose import Purpose, PurposeCode, checked_purpose
from outrider.centre.access.rules import RulesFault
from outrider.centre.access.scope import Action, Scope
from outrider.centre.access.why_not import Denied
from outrider.centre.command_line import add_dir
from outrider.centre.desks import Desks, desks_of
from outrider.centre.evidence.pictures import Pictures
from outrider.centre.folder import CentreFolder, opening_keys
from outrider.centre.governance.papers import NotAllowed
from outrider.centre.opening.keys import DataKeys, KeyFolder
from outrider.centre.opening.pictures import Viewer
from outrider.centre.people.provider import SignInFault
from outrider.centre.people.sessions import NoSession
from outrider.centre.search.core import SearchFault
from outrider.centre.store.records import ConflictError
from outrider.centre.store_of import open_store_of
from outrider.clock import SystemClock
from outrider.command_line import values

EXPECTED = (
    Denied, NotAllowed, SearchFault, NoSession, SignInFault, RulesFault, ConflictError, ValueError,
)  # fmt: skip


def add_session(parser: argparse.ArgumentParser) -> None:
    """Add --dir and --session."""
    add_dir(parser)
    parser.add_argument(
        "--session", type=Path, default=Path.home() / ".outrider-centre-session",
        help="file of the session (~/.outrider-centre-session)",
    )  # fmt: skip


def add_purpose(parser: argparse.ArgumentParser) -> None:
    """Add what every search is asked: purpose, case, words, authority, grounds."""
    add_why(parser)
    parser.add_argument("--authorisation", default="", help="one that was given to you")
    parser.add_argument("--break-glass", default="", help="break-glass access of yours")


def add_why(parser: argparse.ArgumentParser) -> None:
    """Add purpose, case, words and authority."""
    parser.add_argument("--purpose", required=True, choices=[code.value for code in PurposeCode])
    parser.add_argument("--case", required=True, help="reference of the case, as in CR/45/26")
    parser.add_argument("--words", required=True, help="why, in words")
    parser.add_argument("--authority", default="", help="what it rests on (policing-purpose)")


def purpose_of(args: argparse.Namespace) -> Purpose:
    """Return the purpose as typed, checked. Raises PurposeFault."""
    return checked_purpose(args.purpose, args.case, args.words, args.authority)


def add_keys(parser: argparse.ArgumentParser) -> None:
    """Add --keys: who has them opens pictures himself."""
    parser.add_argument(
        "--keys", type=values.folder,
        help="folder of the private keys (`opening` in the centre's)",
    )  # fmt: skip


def read_id(text: str) -> uuid.UUID:
    """Return a read's identifier as typed."""
    try:
        return uuid.UUID(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{values.short(text)} is no identifier of a read: `outrider centre search` shows them"
        ) from None


@contextlib.contextmanager
def desks_for(args: argparse.Namespace) -> Iterator[Desks]:
    """Open a centre's desks."""
    folder, clock = CentreFolder(args.dir), SystemClock()
    settings = folder.load()
    with contextlib.closing(open_store_of(folder)) as store:
        yield desks_of(folder, settings, store, clock)


def pictures_of(desks: Desks, args: argparse.Namespace) -> Pictures:
    """Return what opens pictures, with the private keys. Raises SealingError."""
    keys = KeyFolder(opening_keys(args.keys, CentreFolder(args.dir)))
    return Pictures(desks.search, Viewer(desks.store, DataKeys(keys.load())))


def scope_for(
    desks: Desks, args: argparse.Namespace, action: Action, since: datetime | None = None
) -> Scope:
    """Return what whoever is signed in may do. Raises NoSession, PurposeFault, Denied."""
    return desks.desk.decide(
        person_of(desks, args), action, purpose_of(args), since=since,
        authorisation=args.authorisation, break_glass=args.break_glass,
    )  # fmt: skip


def token_of(args: argparse.Namespace) -> str:
    """Return the token of the session. Raises NoSession."""
    try:
        return str(args.session.read_text(encoding="ascii", errors="replace").strip())
    except FileNotFoundError as error:
        raise NoSession("nobody is signed in here: outrider centre sign-in") from error


def keep_token(args: argparse.Namespace, token: str) -> None:
    """Keep a session's token, for its owner only. Raises OSError."""
    durable.write(args.session, f"{token}\n".encode(), 0o600)


def person_of(desks: Desks, args: argparse.Namespace) -> Person:
    """Return who is signed in. Raises NoSession."""
    return desks.sessions.person(token_of(args))


def member_of(desks: Desks, args: argparse.Namespace) -> Person:
    """Return who is signed in and has accepted the rules of use. Raises NoSession, Denied."""
    return desks.member(token_of(args))


def member_with(
    desks: Desks, args: argparse.Namespace, roles: frozenset[Role], words: str
) -> Person:
    """Return a member who has one of the roles. Raises NoSession, Denied, NotAllowed with words."""
    person = member_of(desks, args)
    if not person.roles & roles:
        raise NotAllowed(words)
    return person
