"""Older reads: asked for by one, decided by another."""

from datetime import UTC, datetime, timedelta
from typing import Any

from outrider.centre.access.people import Role
from outrider.centre.governance.papers import NotAllowed
from outrider.centre.pages.calls import Call, GoTo, NotHere, Page, Reply
from outrider.centre.pages.layout import UK
from outrider.centre.pages.places import take_place
from outrider.centre.pages.wanted import Wanted
from outrider.centre.search.asking import AskedWrongly
from outrider.centre.store.columns import to_us

_ACTS = ("give", "refuse", "revoke")


def inbox(call: Call) -> Reply:
    """Show what waits for this person's decision, and what he asked for himself."""
    given = call.desks.desk.authorisations
    senior = Role.SENIOR_OFFICER in call.person.roles
    now_us = to_us(call.site.now)
    facts = {"to_decide": given.inbox(call.person), "own": given.of(call.person.person_id)}
    return Page("authorisations.html", facts | {"senior": senior, "now_us": now_us})


def form(call: Call) -> Reply:
    """Show what is asked for; a question that was refused for its age is taken over."""
    call.carried  # noqa: B018 - no request without a case and a purpose
    typed = {}
    wanted = call.memory.question(call.query.get("for", ""))
    if isinstance(wanted, Wanted):
        typed = {"marks": wanted.mark, "since": f"{wanted.span.since.astimezone(UK):%Y-%m-%d}"}
    return _form(call, typed, "")


def _form(call: Call, typed: dict[str, str], fault: str) -> Page:
    names = {"marks": "", "place": "", "since": "", "hours": "48"}
    facts: dict[str, Any] = {"typed": names | typed, "fault": fault, "carried": call.carried}
    return Page("ask.html", facts, 422 if fault else 200)


def asked(call: Call) -> Reply:
    """Take the request."""
    typed = {name: call.form.get(name) for name in ("place", "since", "hours")}
    marks = tuple(call.form.lines("marks"))
    try:
        place, _ = take_place(typed["place"])
        if typed["place"] and place is None:
            raise AskedWrongly("area: degrees or a grid reference, as in 53.40,-1.50 within 2 km")
        kept = call.desks.desk.authorisations.ask(
            call.person, call.purpose, to_us(_day(typed["since"])), _hours(typed["hours"]), marks,
            place.box if place else None,
        )  # fmt: skip
    except (ValueError, NotAllowed) as fault:
        return _form(call, typed | {"marks": "\n".join(marks)}, str(fault))
    notice = f"Your request in {kept.content.case} waits for a superintendent."
    return GoTo("/authorisations", notice)


def _day(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UK).astimezone(UTC)
    except ValueError as error:
        raise ValueError("reads from: a day, as in 2026-03-01") from error


def _hours(text: str) -> timedelta:
    if not text.isascii() or not text.isdigit() or len(text) > 4:
        raise ValueError("for: a whole number of hours")
    return timedelta(hours=int(text))


def one(call: Call) -> Reply:
    """Show one request to whoever may decide about it."""
    return _one(call, "", "")


def _one(call: Call, words: str, fault: str) -> Page:
    paper_id = call.path["paper"]
    given = call.desks.desk.authorisations
    waits = [*given.inbox(call.person), *given.of(call.person.person_id)]
    kept = next((kept for kept in waits if kept.paper_id == paper_id), None)
    if kept is None:
        raise NotHere("no request of this name waits for your decision")
    facts = {"kept": kept, "own": kept.content.asked_by == call.person.person_id,
             "words": words, "fault": fault}  # fmt: skip
    return Page("authorisation.html", facts, 422 if fault else 200)


def decide(call: Call) -> Reply:
    """Give, refuse or take back. Raises NotAllowed, ConflictError."""
    act, words, given = call.form.get("act"), call.form.get("words"), call.desks.desk.authorisations
    if act not in _ACTS:
        return _one(call, words, "choose: give or refuse")
    try:
        kept = {"give": given.give, "refuse": given.refuse, "revoke": given.revoke}[act](
            call.person, call.path["paper"], words
        )
    except ValueError as fault:
        return _one(call, words, str(fault))
    done = {"given": "given", "refused": "refused", "revoked": "taken back"}[kept.state]
    return GoTo("/authorisations", f"The request in {kept.content.case} is {done}.")
