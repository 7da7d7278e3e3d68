"""What commands of people share: who is signed in, why they ask, and the desks that answer."""

import argparse
import contextlib
from collections.abc import Iterator
from pathlib import Path

from outrider import durable
from outrider.centre.access.people import Person
from outrider.centre.access.purpose import Purpose, PurposeCode, checked_purpose
from outrider.centre.access.rules import RulesFault
from outrider.centre.access.why_not import Denied
from outrider.centre.command_line import add_dir
from outrider.centre.desks import Desks, desks_of
from outrider.centre.folder import CentreFolder
from outrider.centre.governance.papers import NotAllowed
from outrider.centre.people.provider import SignInFault
from outrider.centre.people.sessions import NoSession
from outrider.centre.search.core import SearchFault
from outrider.centre.store.records import ConflictError
from outrider.centre.store_of import open_store_of
from outrider.clock import SystemClock

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
    parser.add_argument("--purpose", required=True, choices=[code.value for code in PurposeCode])
    parser.add_argument("--case", required=True, help="reference of the case, as in CR/45/26")
    parser.add_argument("--words", required=True, help="why, in words")
    parser.add_argument("--authority", default="", help="what it rests on (policing-purpose)")
    parser.add_argument("--authorisation", default="", help="one that was given to you")
    parser.add_argument("--break-glass", default="", help="break-glass access of yours")


def purpose_of(args: argparse.Namespace) -> Purpose:
    """Return the purpose as typed, checked. Raises PurposeFault."""
    return checked_purpose(args.purpose, args.case, args.words, args.authority)


@contextlib.contextmanager
def desks_for(args: argparse.Namespace) -> Iterator[Desks]:
    """Open a centre's desks."""
    folder, clock = CentreFolder(args.dir), SystemClock()
    settings = folder.load()
    with contextlib.closing(open_store_of(folder)) as store:
        yield desks_of(folder, settings, store, clock)


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
