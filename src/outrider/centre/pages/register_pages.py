"""The register: each unit's need, what was weighed, its next review, the year's measured facts."""

from datetime import timedelta
from typing import Any

from outrider.centre.access.people import Role
from outrider.centre.governance.figures import figures_of
from outrider.centre.governance.papers import NotAllowed
from outrider.centre.governance.register import Entry, Need, Register
from outrider.centre.governance.review_sheet import sheet_of
from outrider.centre.pages.calls import Call, GoTo, NotHere, Page, Reply

_YEAR = timedelta(days=365)


def _register(call: Call) -> Register:
    return Register(call.desks.store, call.desks.clock)


def register(call: Call) -> Reply:
    """Show every unit that is enrolled or was entered."""
    entries = _register(call).all()
    names = sorted({unit.unit_id for unit in call.desks.store.units()} | set(entries))
    today = call.site.now.date()
    rows = [(name, entries.get(name)) for name in names]
    overdue = [name for name, kept in rows if kept is not None and kept.content.overdue(today)]
    return Page("register.html", {"rows": rows, "overdue": overdue})


def entry(call: Call) -> Reply:
    """Show one of them, with the facts of the last year."""
    return _entry(call, {}, "")


def _entry(call: Call, typed: dict[str, Any], fault: str) -> Page:
    name = call.path["unit"]
    kept = _register(call).all().get(name)
    if kept is None and name not in {unit.unit_id for unit in call.desks.store.units()}:
        raise NotHere("no unit of this name was ever enrolled")
    shown: dict[str, Any] = {"kind": "", "force": "", "dpia": "", "consulted": "",
                             "next_review": "", "needs": {}}  # fmt: skip
    if kept is not None:
        known = kept.content
        shown |= {
            "kind": known.kind, "force": known.force, "dpia": known.dpia, "needs": known.needs,
            "consulted": known.consulted, "next_review": known.next_review,
        }  # fmt: skip
    now = call.site.now
    facts = {
        "name": name, "kept": kept, "typed": shown | typed, "fault": fault, "all_needs": list(Need),
        "figures": figures_of(call.desks.store, now - _YEAR, now, name),
        "mine": Role.ADMINISTRATOR in call.person.roles,
        "overdue": kept is not None and kept.content.overdue(now.date()),
    }  # fmt: skip
    return Page("register_entry.html", facts, 422 if fault else 200)


def sheet(call: Call) -> Reply:
    """Show a unit's year for its review, as a plain page to print."""
    name, now = call.path["unit"], call.site.now
    kept = _register(call).all().get(name)
    if kept is None and name not in {unit.unit_id for unit in call.desks.store.units()}:
        raise NotHere("no unit of this name was ever enrolled")
    found = sheet_of(call.desks.store, call.desks.clock, name, now - _YEAR, now)
    entry = kept.content if kept else None
    overdue = entry is not None and entry.overdue(now.date())
    return Page("review_sheet.html", {"sheet": found, "entry": entry, "overdue": overdue})


def enter(call: Call) -> Reply:
    """Enter it, or write its review. Raises ConflictError."""
    form, name = call.form, call.path["unit"]
    typed: dict[str, Any] = {
        one: form.get(one) for one in ("kind", "force", "dpia", "consulted", "next_review")
    }
    said = {need.value: form.get(f"need-{n}") for n, need in enumerate(Need, 1)}
    typed["needs"] = {need: words for need, words in said.items() if words}
    try:
        _register(call).put(call.person, Entry(name, **typed))
    except (ValueError, NotAllowed) as fault:
        return _entry(call, typed, str(fault))
    return GoTo("/register", f"{name} is entered; its next review: {typed['next_review']}.")
