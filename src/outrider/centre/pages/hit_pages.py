"""Hits to an end: those without one first, repeats of one vehicle raised; wrong entries go back."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from outrider.centre.governance.hit_ends import ENDED, End, EntryFault, HitEnd, HitEnds
from outrider.centre.governance.papers import Kept, NotAllowed
from outrider.centre.pages.calls import Call, GoTo, NotHere, Page, Reply
from outrider.centre.search.answers import ShownHit
from outrider.centre.search.asking import Span

_DAYS = (1, 7, 28, 89)
_URGENT = 2


@dataclass(frozen=True, slots=True)
class HitRow:
    """A hit with its owner and end. name: in this session's addresses; times: of its vehicle."""

    hit: ShownHit
    name: str
    kept: Kept[HitEnd] | None
    times: int

    @property
    def urgent(self) -> bool:
        """Whether its vehicle was met more than once, and nothing has come of it."""
        return self.times >= _URGENT and self.open

    @property
    def open(self) -> bool:
        """Whether it has no end."""
        return self.kept is None or not self.kept.content.end


@dataclass(frozen=True, slots=True)
class ListFigures:
    """Of one list: hits, right and misread by the crews' answers, ended, ended by a stop."""

    list_name: str
    hits: int
    right: int
    misread: int
    ended: int
    stopped: int
    wrong_entries: int


def hits(call: Call) -> Reply:
    """Show the hits of the last days. Raises NeedsPurpose, Denied."""
    days = call.query.get("days", "7")
    if days not in {str(one) for one in _DAYS}:
        raise NotHere("hits are shown of 1, 7, 28 or 89 days")
    rows, answer = _rows(call, int(days))
    facts = {
        "rows": sorted(rows, key=lambda row: (not row.open, -row.times if row.open else 0)),
        "figures": _figures(rows), "days": int(days), "choices": _DAYS, "blind": answer.blind,
    }  # fmt: skip
    return Page("hits.html", facts)


def _rows(call: Call, days: int) -> tuple[list[HitRow], Any]:
    now = call.site.now
    span = Span(now - timedelta(days=days), now)
    answer = call.desks.search.hits(call.scope(span.since), span, cancel=call.cancel)
    shown = [row for row in answer.rows if isinstance(row, ShownHit)]
    times = Counter(hit.listed for hit in shown)
    ends = _ends(call).of([str(hit.hit_id) for hit in shown])
    rows = [
        HitRow(hit, call.memory.name_of(hit.hit_id), ends.get(str(hit.hit_id)), times[hit.listed])
        for hit in shown
    ]
    return rows, answer


def _ends(call: Call) -> HitEnds:
    return HitEnds(call.desks.store, call.desks.clock)


def _figures(rows: Sequence[HitRow]) -> list[ListFigures]:
    found = []
    for name in sorted({row.hit.list_name for row in rows}):
        own = [row for row in rows if row.hit.list_name == name]
        ends = Counter(row.kept.content.end for row in own if row.kept is not None)
        found.append(
            ListFigures(
                name, len(own), sum(row.hit.answer == "correct" for row in own),
                sum(row.hit.answer == "misread" for row in own),
                sum(not row.open for row in own), ends[End.STOPPED], ends[End.WRONG_ENTRY],
            )
        )  # fmt: skip
    return found


def _one_row(call: Call) -> HitRow:
    hit_id = call.memory.read(call.path["hit"])
    rows, _ = _rows(call, _DAYS[-1])
    row = next((row for row in rows if row.hit.hit_id == hit_id), None)
    if row is None:
        raise NotHere("this hit was not shown in your session, or is older than 89 days")
    return row


def one(call: Call) -> Reply:
    """Show one hit."""
    return _one(call, _one_row(call), {}, "")


def _one(call: Call, row: HitRow, typed: dict[str, str], fault: str) -> Page:
    owner = row.kept is not None and row.kept.content.owner == call.person.person_id
    facts = {
        "row": row, "mine": owner and row.open, "ends": list(End), "faults": list(EntryFault),
        "typed": {"end": "", "words": "", "fault": ""} | typed, "fault": fault,
        "read_name": call.memory.name_of(row.hit.read_id),
    }  # fmt: skip
    return Page("hit.html", facts, 422 if fault else 200)


def act(call: Call) -> Reply:
    """Take a hit, or end it. Raises ConflictError."""
    row, ends = _one_row(call), _ends(call)
    name = str(row.hit.hit_id)
    try:
        if call.form.get("act") == "take":
            ends.take(call.person, name, row.hit.list_name, row.hit.listed)
            return GoTo(f"/hits/{row.name}", "This hit is yours until it has an end.")
        typed = {one: call.form.get(one) for one in ("end", "words", "fault")}
        kept = ends.close(call.person, name, typed["end"], typed["words"], typed["fault"])
    except (ValueError, NotAllowed) as fault:
        typed = {one: call.form.get(one) for one in ("end", "words", "fault")}
        return _one(call, row, typed, str(fault))
    told = "" if kept.state == ENDED else " The list's owner is told."
    return GoTo("/hits", f"The hit has ended: {kept.content.end}.{told}")


def wrong_entries(call: Call) -> Reply:
    """Show a list's owner what is wrong with entries."""
    return _wrong(call, "")


def _wrong(call: Call, fault: str) -> Page:
    waits = _ends(call).wrong_entries(call.person)
    return Page("wrong_entries.html", {"waits": waits, "fault": fault}, 422 if fault else 200)


def settle(call: Call) -> Reply:
    """Say what was done about one. Raises ConflictError."""
    try:
        _ends(call).settle(call.person, call.path["hit"], call.form.get("words"))
    except (ValueError, NotAllowed) as fault:
        return _wrong(call, str(fault))
    return GoTo("/wrong-entries", "What was done with the entry is kept.")
