"""People's requests: what is due, each to its letter; the person's name stands in no address."""

from typing import Any

from outrider.centre.governance.papers import Kept, NotAllowed
from outrider.centre.governance.rights_case import RightsCase, Vehicle
from outrider.centre.governance.rights_letter import Collected, Letters, collect, letter_text
from outrider.centre.governance.rights_rules import rules
from outrider.centre.pages.calls import Bytes, Call, GoTo, NotHere, Page, Reply
from outrider.wire.audit import AuditKind, new_event

_TYPED = ("kind", "received", "name", "contact", "words", "vehicles")
_DECIDED = ("outcome", "told", "reasons")


def requests(call: Call) -> Reply:
    """Show what is not answered yet, the first due first."""
    return _list(call, False)


def closed(call: Call) -> Reply:
    """Show what is closed."""
    return _list(call, True)


def _list(call: Call, is_closed: bool) -> Page:
    cases = call.desks.desk.rights
    found = cases.all(call.person, is_closed)
    rows = [(kept, cases.due(kept.content), cases.standing(kept.content)) for kept in found]
    return Page("requests.html", {"rows": rows, "closed": is_closed})


def form(call: Call) -> Reply:
    """Show an empty request."""
    return _form(call, {"received": f"{call.site.now:%Y-%m-%d}"}, "")


def _form(call: Call, typed: dict[str, str], fault: str) -> Page:
    facts = {
        "typed": dict.fromkeys(_TYPED, "") | typed, "fault": fault,
        "kinds": [one.name for one in rules().kind],
    }  # fmt: skip
    return Page("request_new.html", facts, 422 if fault else 200)


def receive(call: Call) -> Reply:
    """Take a request in."""
    typed = {name: call.form.get(name) for name in ("kind", "received", "name")}
    typed |= {name: call.form.text(name).strip() for name in ("contact", "words", "vehicles")}
    try:
        kept = call.desks.desk.rights.receive(
            call.person, typed["kind"], typed["received"], typed["name"], typed["contact"],
            typed["words"], _vehicles(call.form.lines("vehicles")),
        )  # fmt: skip
    except (ValueError, NotAllowed) as fault:
        return _form(call, typed, str(fault))
    notice = f"{kept.content.reference} is taken in. Its clock runs."
    return GoTo(f"/requests/{kept.paper_id}", notice)


def _vehicles(lines: list[str]) -> list[Vehicle]:
    """Return vehicles of lines `AB12 CDE 2025-03-01 2026-11-03`. Raises ValueError."""
    found = []
    for line in lines:
        *mark, since, until = line.split() if len(line.split()) >= 3 else ("", "", "")
        found.append(Vehicle("".join(mark), since, until))
    return found


def one(call: Call) -> Reply:
    """Show one request."""
    return _one(call, call.desks.desk.rights.get(call.person, call.path["case"]), {}, "")


def _one(call: Call, kept: Kept[RightsCase], typed: dict[str, str], fault: str) -> Page:
    _tell(call, kept, "a person's request is looked at")
    cases, case = call.desks.desk.rights, kept.content
    facts: dict[str, Any] = {
        "kept": kept, "case": case, "due": cases.due(case), "standing": cases.standing(case),
        "mine": case.assigned_to == call.person.person_id,
        "i_checked": case.identity_by == call.person.person_id,
        "awaited": any(not pause.until for pause in case.pauses),
        "outcomes": rules().of(case.kind).outcomes,
        "typed": dict.fromkeys((*_DECIDED, "how"), "") | typed, "fault": fault,
    }  # fmt: skip
    return Page("request.html", facts, 422 if fault else 200)


def _tell(call: Call, kept: Kept[RightsCase], what: str) -> None:
    """Write down that a request was looked at, by its name: no person and no mark is in it."""
    at = call.desks.clock.stamp(call.desks.clock.mono_ns())
    said, why = f"{what}: {kept.paper_id}", f"to answer {kept.content.reference}"
    event = new_event(AuditKind.CONSULTATION, at, call.person.person_id, said, why)
    call.desks.store.append_audit([event])


def act(call: Call) -> Reply:
    """Do the next step. Raises NotAllowed, ConflictError, Denied, SearchFault."""
    cases, name, form_ = call.desks.desk.rights, call.path["case"], call.form
    step, words = form_.get("act"), form_.get("words")
    person = call.person
    try:
        if step == "ask-identity":
            cases.ask_identity(person, name)
        elif step == "identity":
            cases.check_identity(person, name, words)
        elif step == "take":
            cases.take(person, name)
        elif step == "extend":
            cases.extend(person, name, words)
        elif step == "decide":
            _decide(call)
        elif step == "send":
            cases.send(person, name, words)
        elif step == "withdraw":
            cases.withdraw(person, name, words)
        else:
            raise ValueError("choose what is done")
    except ValueError as fault:
        typed = {one: form_.text(one).strip() for one in _DECIDED} | {"how": words}
        return _one(call, cases.get(person, name), typed, str(fault))
    return GoTo(f"/requests/{name}", "It is written down.")


def _decide(call: Call) -> None:
    """Make the letter and decide. Nothing is looked up before all else is as it must be."""
    cases, name = call.desks.desk.rights, call.path["case"]
    outcome = call.form.get("outcome")
    told, reasons = call.form.text("told").strip(), call.form.get("reasons")
    kept = cases.to_decide(call.person, name, outcome, told, reasons)
    found = Collected()
    if rules().of(kept.content.kind).reads and outcome.startswith("answered"):
        found = collect(call.desks.desk, call.desks.search, call.person, kept)
    months = call.site.settings.retention.months
    text = letter_text(kept.content, outcome, told, found, cases.today(), months)
    letters = Letters(call.desks.store, call.desks.clock)
    digest = letters.keep(call.person, name, text)
    cases.decide(
        call.person, name, outcome, told, reasons, reads=len(found.reads), letter_sha256=digest
    )


def letter(call: Call) -> Reply:
    """Show the letter, as a plain page to print."""
    kept, text = _letter(call)
    paragraphs = [part.splitlines() for part in text.strip().split("\n\n")]
    return Page("letter.html", {"case": kept.content, "paragraphs": paragraphs})


def letter_file(call: Call) -> Reply:
    """Give the letter as a text file."""
    kept, text = _letter(call)
    name = kept.content.reference.replace("/", "-")
    return Bytes(text.encode(), "text/plain; charset=utf-8", f"letter-{name}.txt")


def _letter(call: Call) -> tuple[Kept[RightsCase], str]:
    kept = call.desks.desk.rights.get(call.person, call.path["case"])
    letters = Letters(call.desks.store, call.desks.clock)
    text = letters.get(kept.paper_id, kept.content.letter_sha256)
    if not kept.content.letter_sha256 or not text:
        raise NotHere("this request has no letter yet")
    _tell(call, kept, "the letter of a person's request is looked at")
    return kept, text
