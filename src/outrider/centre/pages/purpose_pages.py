"""Case and purpose, asked once and carried; the rules of use; a life at risk."""

from typing import Any

from outrider.centre.access.purpose import Authority, PurposeCode, checked_purpose
from outrider.centre.governance.papers import NotAllowed
from outrider.centre.pages.browsers import Carried
from outrider.centre.pages.calls import Call, GoTo, Page, Reply
from outrider.centre.pages.menu import first_page

PURPOSES = {
    PurposeCode.VOLUME: "Priority and volume crime",
    PurposeCode.SERIOUS: "Serious crime",
    PurposeCode.MAJOR: "Major investigation",
    PurposeCode.COUNTER_TERRORISM: "Counter-terrorism",
    PurposeCode.LIFE_AT_RISK: "Life at risk",
    PurposeCode.ASSURANCE: "Assurance: looking at how searches were made",
}
AUTHORITIES = {
    Authority.POLICING: "Policing purpose",
    Authority.DIRECTED_SURVEILLANCE: "Directed surveillance authority",
    Authority.COURT_ORDER: "Court order",
    Authority.VITAL_INTERESTS: "Vital interests",
}


def purpose(call: Call) -> Reply:
    """Ask for them."""
    carried = call.memory.carried
    if carried is None:
        return _form(call, {}, "")
    why = carried.purpose
    typed = {
        "code": why.code.value, "case": why.case, "words": why.words,
        "authority": why.authority.value, "authorisation": carried.authorisation,
    }  # fmt: skip
    return _form(call, typed, "")


def _form(call: Call, typed: dict[str, str], fault: str) -> Page:
    facts: dict[str, Any] = {
        "typed": {"code": "", "case": "", "words": "", "authority": "", "authorisation": ""}
        | typed,
        "fault": fault,
        "purposes": PURPOSES,
        "authorities": AUTHORITIES,
        "given": _given(call),
    }
    return Page("purpose.html", facts, 422 if fault else 200)


def _given(call: Call) -> list[Any]:
    """Return the authorisations that the person may search under now."""
    now_us = call.site.now.timestamp() * 1e6
    own = call.desks.desk.authorisations.of(call.person.person_id)
    return [kept for kept in own if kept.state == "given" and kept.paper.until_us > now_us]


def say_purpose(call: Call) -> Reply:
    """Take them, and go on to the search."""
    names = ("code", "case", "words", "authority", "authorisation")
    typed = {name: call.form.get(name) for name in names}
    authorisation = typed["authorisation"]
    try:
        why = checked_purpose(typed["code"], typed["case"], typed["words"], typed["authority"])
        if authorisation and authorisation not in [kept.paper_id for kept in _given(call)]:
            raise ValueError("authorisation: choose one that was given to you and holds now")
    except ValueError as fault:
        return _form(call, typed, str(fault))
    call.memory.carried = Carried(why, authorisation)
    return GoTo("/search", f"You now work on {why.case}.")


def rules(call: Call) -> Reply:
    """Show the rules of use."""
    return Page("rules.html", {"version": call.desks.acceptance.in_force})


def accept(call: Call) -> Reply:
    """Take an acceptance."""
    call.desks.acceptance.accept(call.person.person_id, call.form.get("version"))
    return GoTo(first_page(call.person), "You have accepted the rules of use.")


def glass(call: Call) -> Reply:
    """Show what breaking the glass means."""
    return _glass(call, {}, "")


def _glass(call: Call, typed: dict[str, str], fault: str) -> Page:
    facts = {"typed": {"case": "", "words": ""} | typed, "fault": fault}
    return Page("glass.html", facts, 422 if fault else 200)


def break_glass(call: Call) -> Reply:
    """Break it: the person's own scope is wider for two hours; a supervisor reviews it."""
    typed = {name: call.form.get(name) for name in ("case", "words")}
    try:
        why = checked_purpose(
            PurposeCode.LIFE_AT_RISK, typed["case"], typed["words"], Authority.VITAL_INTERESTS
        )
        kept = call.desks.desk.glass.break_it(call.person, why)
    except (ValueError, NotAllowed) as fault:
        return _glass(call, typed, str(fault))
    call.memory.carried = Carried(why, break_glass=kept.paper_id)
    return GoTo("/search", "You see reads of up to a year for two hours. A supervisor reviews it.")
