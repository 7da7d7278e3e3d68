"""A file of entries: read first, with its report; taken as a whole or not at all."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from outrider.centre.governance.kept_lists import MOST_AT_ONCE, KeptLists
from outrider.centre.governance.papers import NotAllowed
from outrider.centre.hotlists.entry_rules import faults_of, is_grave
from outrider.centre.pages.calls import Call, GoTo, NotHere, Page, Reply
from outrider.hotlist_import.mapping import MappingError
from outrider.hotlist_import.reading import ListReader, Rejection
from outrider.hotlist_import.text import ListTextError
from outrider.records import VehicleOfInterest

MOST_BYTES = 1024 * 1024
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class ReadFile:
    """What a file holds. good: may be taken; known: stand on the list already, word for word."""

    list_name: str
    good: tuple[VehicleOfInterest, ...]
    grave: int
    known: int
    doubled: int
    refused: tuple[Rejection, ...]


def _lists(call: Call) -> KeptLists:
    return KeptLists(call.desks.store, call.desks.clock)


def form(call: Call) -> Reply:
    """Ask for a file."""
    return _form(call, "", "")


def _form(call: Call, list_name: str, fault: str) -> Page:
    lists = _lists(call).lists()
    own = sorted(name for name, force in lists.items() if force == call.person.force)
    facts = {"own": own, "list_name": list_name, "fault": fault, "most": MOST_AT_ONCE}
    return Page("list_import.html", facts, 422 if fault else 200)


def read(call: Call) -> Reply:
    """Read a file; nothing of it is taken yet."""
    list_name, data = call.form.get("list"), call.form.file("file")
    try:
        if not data:
            raise ValueError("file: choose one")
        found = _read(call, list_name, data)
        if not found.good and not found.refused and not found.known:
            raise ValueError("file: it holds no entry")
    except ValueError as fault:
        return _form(call, list_name, str(fault))
    call.memory.drop(ReadFile)  # one at a time: each may be a megabyte
    return GoTo(f"/lists/import/{call.memory.keep(found)}")


def _rows(data: bytes) -> tuple[ListReader, list[tuple[int, VehicleOfInterest]]]:
    """Return a file's entries with the line of each, and its reader. Raises ValueError."""
    with tempfile.TemporaryDirectory() as folder:  # a reader looks twice: at its form, its rows
        path = Path(folder) / "list"
        path.write_bytes(data)
        try:
            reader = ListReader(path)
            rows = [(reader.line, entry) for entry in reader.entries()]
        except (MappingError, ListTextError) as error:
            raise ValueError(str(error).replace(str(path), "the file")) from error
    if reader.report.suspect:
        raise ValueError(f"file: {reader.report.suspect}")
    return reader, rows


def _read(call: Call, list_name: str, data: bytes) -> ReadFile:
    """Return what a file holds. Raises ValueError."""
    today = call.site.now.date()
    own = _lists(call).of_force(call.person)
    known = {one.content.entry for one in own if one.content.list_name == list_name}
    reader, rows = _rows(data)
    if len(rows) > MOST_AT_ONCE:
        raise ValueError(
            f"file: {len(rows)} entries, at most {MOST_AT_ONCE} at once: larger lists come "
            "by `outrider centre hotlist publish`"
        )
    refused, good = list(reader.report.rejections), []
    for line, entry in rows:
        faults = faults_of(entry, today)
        if faults:
            refused.append(Rejection(line, "; ".join(faults)))
        elif entry not in known:
            good.append(entry)
    there = sum(entry in known for _, entry in rows)
    refused.sort(key=lambda one: one.line)
    grave = sum(map(is_grave, good))
    return ReadFile(list_name, tuple(good), grave, there, reader.report.duplicates, tuple(refused))


def report(call: Call) -> Reply:
    """Show what would be taken, and what is refused, with its line and reason."""
    return _report(call, _kept(call), "", "")


def _kept(call: Call) -> ReadFile:
    found = call.memory.question(call.path["file"])
    if not isinstance(found, ReadFile):
        raise NotHere("this file is not kept any more: read it in again")
    return found


def _report(call: Call, found: ReadFile, words: str, fault: str) -> Page:
    facts = {
        "file": found, "refused": found.refused[:_SHOWN], "words": words, "fault": fault,
        "name": call.path["file"],
    }  # fmt: skip
    return Page("list_import_report.html", facts, 422 if fault else 200)


def take(call: Call) -> Reply:
    """Take all that may be taken, at once. Raises ConflictError."""
    found, words = _kept(call), call.form.get("words")
    try:
        made = _lists(call).add(call.person, found.list_name, found.good, words)
    except (ValueError, NotAllowed) as fault:
        return _report(call, found, words, str(fault))
    call.memory.drop(ReadFile)  # it is not taken twice
    told = "units have all of it with the next delta"
    if made[0].content.wanted is not None:
        told = "all of it waits for a second person of your force"
    count = "1 entry is" if len(made) == 1 else f"{len(made)} entries are"
    return GoTo("/lists", f"{count} taken: {told}.")
