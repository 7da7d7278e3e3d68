"""What somebody is told when a page cannot be shown; what the store or program says is not told."""

import logging
from typing import Any

from pydantic import ValidationError

from outrider.centre.access.why_not import Denied
from outrider.centre.governance.papers import NotAllowed
from outrider.centre.intake.codes import Refusal
from outrider.centre.pages.browsers import Idle
from outrider.centre.pages.calls import GoTo, NeedsPurpose, NotHere, Page
from outrider.centre.pages.streams import Event
from outrider.centre.people.provider import SignInFault
from outrider.centre.people.sessions import NoSession
from outrider.centre.people.sign_ins import NoProvider, NoSignIn
from outrider.centre.pictures.reaching import NoPicture
from outrider.centre.search.core import SearchFault
from outrider.centre.store.records import ConflictError, StoreError
from outrider.centre.store.search_ports import Cancelled
from outrider.centre.web.bodies import Refused
from outrider.outside import OutsideError
from outrider.shown import shown

_log = logging.getLogger(__name__)


class NotYours(Exception):
    """A page of other roles."""


_STORE = "The store cannot answer now. Ask again in a minute; if it stays so, tell the operator."
_UNREADABLE = "What the centre holds cannot be read. Tell the operator."
_ELSE = "Somebody else has changed this meanwhile. Go back and look again."
# kind, status, title, words (empty: what the fault itself says)
_FAULTS: tuple[tuple[type[Exception], int, str, str], ...] = (
    (NoSignIn, 403, "You are not signed in", ""),
    (NoProvider, 503, "Nobody can sign in", ""),
    (SignInFault, 502, "You are not signed in", ""),
    (NotHere, 404, "There is no such page", ""),
    (NotYours, 403, "This page is not for your role", ""),
    (NotAllowed, 403, "This is not yours to do", ""),
    (ConflictError, 409, "It has changed", _ELSE),
    (SearchFault, 503, "No answer now", _STORE),
    (StoreError, 503, "No answer now", _STORE),
    (Cancelled, 499, "Broken off", "You went away."),
    # Their words may repeat what was parsed: a row or a paper of somebody else's.
    (OutsideError, 500, "A fault of the centre", _UNREADABLE),
    (ValidationError, 500, "A fault of the centre", _UNREADABLE),
    (ValueError, 422, "This cannot be asked so", ""),
)


def answer_to(error: Exception, question: str) -> GoTo | Page:
    """Return what is told of a fault. question: the name of the question it is of, if any."""
    if isinstance(error, NoSession | Idle):
        return GoTo("/")
    if isinstance(error, NeedsPurpose):
        return GoTo("/purpose")
    if isinstance(error, Denied):
        return _denied(error, question)
    if isinstance(error, Refusal):
        return _page(error.status, "Too much at once", f"{error}. Try again in a moment.")
    if isinstance(error, Refused | NoPicture):
        return _page(error.status, "This was not done", str(error))
    for kind, status, title, words in _FAULTS:
        if isinstance(error, kind):
            return _page(status, title, words or str(error))
    _log.error("pages: %s", type(error).__name__)
    return _page(500, "A fault of the centre", "Its log has it. Tell the operator.")


def ending_of(error: Exception) -> Event:
    """Return what ends a stream: as on a page, why."""
    if isinstance(error, NoSession | Idle):
        return Event("ended", {"words": "Your session has ended: sign in again."}, last=True)
    if isinstance(error, NeedsPurpose):
        return Event("ended", {"words": "Say your case and purpose again."}, last=True)
    told = answer_to(error, "")
    words = str(told.facts.get("words", "")) if isinstance(told, Page) else ""
    return Event("ended", {"words": shown(words) or "Load the page anew."}, last=True)


def _denied(error: Denied, question: str) -> GoTo | Page:
    if error.code == "policy":
        return GoTo("/rules-of-use")
    facts: dict[str, Any] = {"code": error.code, "words": str(error), "question": question}
    return Page("denied.html", facts, 403)


def _page(status: int, title: str, words: str) -> Page:
    return Page("fault.html", {"fault_title": title, "words": words}, status)
