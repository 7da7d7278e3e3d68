"""A list owner's entries: seen, found, added, changed, withdrawn; the grave ones by two people.

A mark that is looked for is kept by the session, and stands in no address.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from outrider.centre.governance.kept_lists import KeptLists
from outrider.centre.governance.list_entry import IN_FORCE, Batch, ListEntry
from outrider.centre.governance.papers import Kept, NotAllowed
from outrider.centre.hotlists.entry_rules import is_grave
from outrider.centre.pages.calls import Call, GoTo, NotHere, Page, Reply
from outrider.hotlist_import.entry import EntryMaker, RowError
from outrider.hotlist_import.mapping import built_in
from outrider.records import Response, VehicleOfInterest
from outrider.vrm import fold
from outrider.wire.audit import AuditKind, new_event
from outrider.wire.hotlist_entry import FIELDS, to_row

_PAGE = 50
_SHOWN = 200
NO_FIELD = ("armed_area",)  # an area needs the list's own policy, which comes from a file
_TYPED = tuple(name for name in FIELDS if name not in NO_FIELD)
_LONG = ("reason", "instruction")


@dataclass(frozen=True, slots=True)
class _Sought:
    """A mark, or a part of one, that was looked for."""

    text: str


def _lists(call: Call) -> KeptLists:
    return KeptLists(call.desks.store, call.desks.clock)


def lists(call: Call) -> Reply:
    """Show the force's lists, and what waits for a second person."""
    kept = _lists(call)
    counts = Counter(one.content.list_name for one in kept.of_force(call.person))
    waits = kept.waiting(call.person)
    own = sorted(name for name, force in kept.lists().items() if force == call.person.force)
    facts = {
        "lists": [(name, counts[name]) for name in own],
        "to_decide": [one for one in waits if one.by != call.person.person_id],
        "own": [one for one in waits if one.by == call.person.person_id],
    }
    return Page("lists.html", facts)


def one_list(call: Call) -> Reply:
    """Show a list's entries, a page of them."""
    name, kept = call.path["list"], _lists(call)
    if kept.lists().get(name) != call.person.force:
        raise NotHere("your force keeps no list of this name")
    found = [one for one in kept.of_force(call.person) if one.content.list_name == name]
    text = call.query.get("page", "1")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 1
    return _entries(call, name, found, max(number, 1))


def find(call: Call) -> Reply:
    """Look for a mark among the force's entries."""
    return GoTo(f"/lists/found/{call.memory.keep(_Sought(call.form.get('text')))}")


def found(call: Call) -> Reply:
    """Show the entries whose mark holds what was looked for."""
    sought = call.memory.question(call.path["question"])
    if not isinstance(sought, _Sought):
        raise NotHere("this is not kept any more: look for it again")
    text = fold("".join(filter(str.isalnum, sought.text.upper())))
    entries = _lists(call).of_force(call.person)
    return _entries(call, "", [one for one in entries if text in fold(one.content.shown.vrm)], 1)


def _entries(
    call: Call, name: str, entries: Sequence[Kept[ListEntry]], page: int, fault: str = ""
) -> Page:
    shown = entries[(page - 1) * _PAGE :][: _PAGE if name else _SHOWN]
    _tell(call, f"{len(shown)} entries of lists", shown)
    facts = {
        "name": name, "entries": shown, "total": len(entries), "page": page, "fault": fault,
        "more": name and page * _PAGE < len(entries), "grave": is_grave,
    }  # fmt: skip
    return Page("list_entries.html", facts, 422 if fault else 200)


def _tell(call: Call, what: str, shown: Sequence[Kept[ListEntry]]) -> None:
    """Write down that entries were shown, by their papers' names: no mark is in it."""
    if shown:
        at = call.desks.clock.stamp(call.desks.clock.mono_ns())
        ids = ", ".join(one.paper_id for one in shown)
        said = f"{what}, for their owner: {ids}"
        why = "to keep the lists of the force"
        event = new_event(AuditKind.CONSULTATION, at, call.person.person_id, said, why)
        call.desks.store.append_audit([event])


def entry(call: Call) -> Reply:
    """Show one entry, with all that it says."""
    kept = _lists(call).get(call.person, call.path["entry"])
    return _entry(call, kept, {}, "")


def _entry(call: Call, kept: Kept[ListEntry], typed: dict[str, str], fault: str) -> Page:
    _tell(call, "an entry of a list", [kept])
    facts = {
        "kept": kept, "typed": _texts(kept.content.shown) | typed, "fault": fault,
        "fields": _fields(), "responses": list(Response), "open": kept.state == IN_FORCE,
        "said": _said(kept.content.shown), "covert": kept.content.shown.response == "silent",
    }  # fmt: skip
    return Page("list_entry.html", facts, 422 if fault else 200)


def form(call: Call) -> Reply:
    """Show an empty entry."""
    start = {"owner": f"{call.person.force} {call.person.team}".strip(), "priority": "3"}
    return _form(call, start, "")


def _form(call: Call, typed: dict[str, str], fault: str) -> Page:
    kept = _lists(call).lists()
    facts = {
        "typed": dict.fromkeys(("list", "words", *_TYPED), "") | typed, "fault": fault,
        "fields": _fields(), "responses": list(Response),
        "own": sorted(name for name, force in kept.items() if force == call.person.force),
    }  # fmt: skip
    return Page("list_add.html", facts, 422 if fault else 200)


def _fields() -> list[tuple[str, bool]]:
    """Return the fields that are typed beside mark and response; whether each is long."""
    return [(name, name in _LONG) for name in _TYPED if name not in ("vrm", "response")]


def add(call: Call) -> Reply:
    """Take an entry. Raises ConflictError."""
    typed = {name: call.form.get(name) for name in ("list", "words", *_TYPED)}
    try:
        made = _lists(call).add(call.person, typed["list"], [_of_form(typed)], typed["words"])[0]
    except (RowError, ValueError, NotAllowed) as fault:
        return _form(call, typed, str(fault))
    return GoTo(f"/lists/of/{made.content.list_name}", _done(made, "is added"))


def change(call: Call) -> Reply:
    """State an entry anew, or withdraw it. Raises NotAllowed, ConflictError."""
    kept_here = _lists(call)
    kept = kept_here.get(call.person, call.path["entry"])
    typed = {name: call.form.get(name) for name in ("words", *_TYPED)}
    try:
        if call.form.get("act") == "withdraw":
            kept_here.withdraw(call.person, [kept.paper_id], typed["words"])
            notice = "The entry is withdrawn: units let go of it with the next delta."
            return GoTo(f"/lists/of/{kept.content.list_name}", notice)
        made = kept_here.change(call.person, kept.paper_id, _of_form(typed), typed["words"])
    except (RowError, ValueError, NotAllowed) as fault:
        return _entry(call, kept, typed if call.form.get("vrm") else {}, str(fault))
    return GoTo(f"/lists/of/{made.content.list_name}", _done(made, "is changed"))


def _done(made: Kept[ListEntry], words: str) -> str:
    if made.state == IN_FORCE:
        return f"The entry {words}: units have it with the next delta."
    return "The entry waits for a second person of your force: it is grave."


def withdraw(call: Call) -> Reply:
    """Withdraw several entries: with a second person. Raises NotAllowed, ConflictError."""
    kept = _lists(call)
    try:
        made = kept.withdraw(call.person, call.form.all("entry"), call.form.get("words"))
    except ValueError as fault:
        name = call.form.get("list")
        own = kept.of_force(call.person)
        return _entries(call, name, [k for k in own if k.content.list_name == name], 1, str(fault))
    if len(made) == 1:
        return GoTo("/lists", "The entry is withdrawn: units let go of it with the next delta.")
    return GoTo("/lists", f"{len(made)} entries wait for a second person to be withdrawn.")


def batch(call: Call) -> Reply:
    """Show what waits for a second person."""
    return _batch(call, _waiting(call), "", "")


def _waiting(call: Call) -> Batch:
    found = (b for b in _lists(call).waiting(call.person) if b.batch == call.path["batch"])
    one = next(found, None)
    if one is None:
        raise NotHere("nothing of this name waits in your force")
    return one


def _batch(call: Call, one: Batch, words: str, fault: str) -> Page:
    _tell(call, f"{len(one.entries)} entries that wait", one.entries[:_SHOWN])
    facts: dict[str, Any] = {
        "batch": one, "mine": one.by == call.person.person_id, "words": words, "fault": fault,
        "rows": [(kept, _wanted(kept)) for kept in one.entries[:_SHOWN]], "said": _said,
    }  # fmt: skip
    return Page("list_waiting.html", facts, 422 if fault else 200)


def _wanted(kept: Kept[ListEntry]) -> VehicleOfInterest:
    wanted = kept.content.wanted
    return wanted.entry if wanted and wanted.entry else kept.content.shown


def decide(call: Call) -> Reply:
    """Confirm or refuse what waits. Raises NotAllowed, ConflictError."""
    act, words, kept = call.form.get("act"), call.form.get("words"), _lists(call)
    if act not in ("confirm", "refuse"):
        return _batch(call, _waiting(call), words, "choose: confirm or refuse")
    try:
        done = {"confirm": kept.confirm, "refuse": kept.refuse}[act](
            call.person, call.path["batch"], words
        )
    except ValueError as fault:
        return _batch(call, _waiting(call), words, str(fault))
    told = "takes effect with the next delta" if act == "confirm" else "is dropped"
    return GoTo("/lists", f"What was asked of {len(done.entries)} entries {told}.")


def _of_form(typed: dict[str, str]) -> VehicleOfInterest:
    """Return the entry that was typed. Raises RowError."""
    return EntryMaker(built_in("own").mapping).make({name: typed[name] for name in _TYPED})


def _texts(entry: VehicleOfInterest) -> dict[str, str]:
    return dict(zip(FIELDS, map(str, to_row(entry)), strict=True)) | {"words": ""}


def _said(entry: VehicleOfInterest) -> list[tuple[str, str]]:
    """Return what an entry says, field by field, without what is empty and without its mark."""
    return [(label(name), text) for name, text in _texts(entry).items()
            if text and name not in ("vrm", "words")]  # fmt: skip


def label(name: str) -> str:
    """Return a field's name in words."""
    words = {"weed_date": "Last day", "valid_from": "First day", "force_area": "Force and area"}
    return words.get(name, name.replace("_", " ").capitalize())
