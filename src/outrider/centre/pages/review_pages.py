"""What a supervisor sees first: what waits for review, unusual use, how far reviews are."""

from typing import Any

from outrider.centre.governance.papers import NotAllowed
from outrider.centre.governance.reviews import FINDINGS
from outrider.centre.pages.calls import Call, GoTo, NotHere, Page, Reply
from outrider.centre.pages.paging import ROWS
from outrider.centre.store.columns import to_us


def inbox(call: Call) -> Reply:
    """Show what waits."""
    reviews = call.desks.reviews
    waits = reviews.inbox(call.person)
    facts = {
        "flagged": [kept for kept in waits if kept.content.why == "flagged"],
        "sampled": [kept for kept in waits if kept.content.why != "flagged"],
        "glass": _glass(call),
        "most": ROWS,
        "completion": reviews.completion(),
        "now_us": to_us(call.site.now),
    }
    return Page("reviews.html", facts)


def _glass(call: Call) -> list[Any]:
    """Return the break-glass accesses that this person may review."""
    person = call.person
    return [
        kept
        for kept in call.desks.desk.glass.to_review()
        if kept.content.person != person.person_id
        and (kept.content.force, kept.content.team) != (person.force, person.team)
    ]


def one(call: Call) -> Reply:
    """Show one search to be looked at."""
    return _one(call, {}, "")


def _one(call: Call, typed: dict[str, str], fault: str) -> Page:
    waits = call.desks.reviews.inbox(call.person)
    kept = next((kept for kept in waits if kept.paper_id == call.path["paper"]), None)
    if kept is None:
        raise NotHere("no review of this name waits for you")
    facts = {"kept": kept, "typed": {"finding": "", "words": ""} | typed, "fault": fault,
             "findings": FINDINGS}  # fmt: skip
    return Page("review.html", facts, 422 if fault else 200)


def close(call: Call) -> Reply:
    """Close it. Raises NotAllowed, ConflictError."""
    typed = {name: call.form.get(name) for name in ("finding", "words")}
    try:
        call.desks.reviews.close(call.person, call.path["paper"], typed["finding"], typed["words"])
    except ValueError as fault:
        return _one(call, typed, str(fault))
    return GoTo("/reviews", f"The review is closed: {typed['finding']}.")


def glass(call: Call) -> Reply:
    """Show one break-glass access to be looked at."""
    return _one_glass(call, {}, "")


def _one_glass(call: Call, typed: dict[str, str], fault: str) -> Page:
    kept = next((one for one in _glass(call) if one.paper_id == call.path["paper"]), None)
    if kept is None:
        raise NotHere("no break-glass access of this name waits for you")
    facts = {"kept": kept, "typed": {"justified": "", "words": ""} | typed, "fault": fault}
    return Page("glass_review.html", facts, 422 if fault else 200)


def close_glass(call: Call) -> Reply:
    """Close it: justified or not. Raises ConflictError."""
    typed = {name: call.form.get(name) for name in ("justified", "words")}
    if typed["justified"] not in ("yes", "no"):
        return _one_glass(call, typed, "choose: it was justified, or it was not")
    if len(typed["words"].split()) < 3:
        return _one_glass(call, typed, "words: at least three that say what was looked at")
    justified = typed["justified"] == "yes"
    try:
        call.desks.desk.glass.review(call.person, call.path["paper"], justified, typed["words"])
    except NotAllowed as fault:
        return _one_glass(call, typed, str(fault))
    return GoTo("/reviews", "The break-glass access is reviewed.")
