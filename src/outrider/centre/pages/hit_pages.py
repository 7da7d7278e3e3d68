"""Hits to an end: those without one first, repeats of one vehicle raised; wrong entries go back."""

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from outrider.centre.governance.hit_ends import ENDED, End, EntryFault, HitEnd, HitEnds
from outrider.centre.governance.papers import Kept, NotAllowed
from outrider.centre.governance.register import Register
from outrider.centre.pages.calls import Call, GoTo, NotHere, Page, Reply, Stream
from outrider.centre.pages.layout import UK, spaced, when
from outrider.centre.pages.paging import ROWS, page_of_table
from outrider.centre.pages.streams import Event
from outrider.centre.search.answers import ShownHit
from outrider.centre.search.asking import AskedWrongly, Span
from outrider.centre.search.core import MOST_ROWS
from outrider.centre.store.columns import from_us
from outrider.shown import shown
from outrider.wire.audit import AuditKind, new_event

_DAYS = (1, 7, 28, 89)
_URGENT = 2
_AT_ONCE = 50


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


@dataclass
class OnPage:
    """What one opened page has shown, since when, and what it was told on top, in order."""

    since: datetime
    shown: frozenset[uuid.UUID]
    told: list[uuid.UUID]

    def reached(self, last: str) -> None:
        """Take back what was told after the last number that reached the page."""
        plain = last.isascii() and last.isdigit() and len(last) <= 6
        del self.told[int(last) if plain else 0 :]


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
    rows, since, answer = _rows(call, int(days))
    rows.sort(key=lambda row: (not row.open, -row.times if row.open else 0))
    on_page = OnPage(since, frozenset(row.hit.hit_id for row in rows), [])
    facts = {
        "live": call.memory.keep_page(on_page), "now": call.site.now,
        "table": page_of_table(rows, call.query, ROWS), "open": sum(row.open for row in rows),
        "figures": _figures(rows), "days": int(days), "choices": _DAYS, "blind": answer.blind,
        "since": since, "cut": len(rows) >= MOST_ROWS,
        "overdue": Register(call.desks.store, call.desks.clock).overdue(),
    }  # fmt: skip
    return Page("hits.html", facts)


def live(call: Call) -> Reply:
    """Tell an opened page of the hits that have come since. Raises NeedsPurpose, Denied."""
    on_page = call.memory.page(call.path["shown"])
    if not isinstance(on_page, OnPage):
        raise NotHere("this page is not kept any more: load it anew")
    call.scope()
    on_page.reached(call.last_event)
    return Stream(lambda now: _fresh(now, on_page))


def _fresh(call: Call, on_page: OnPage) -> list[Event]:
    """Return what has come since the page was shown, as far as its reader may see it now."""
    scope, now = call.scope(), call.site.now
    since = max(on_page.since, from_us(scope.bounds.not_before_us))
    span = Span(min(since, now), now)
    known = on_page.shown | set(on_page.told)
    found = call.desks.search.fresh_hits(scope, span, known, _AT_ONCE, call.cancel)
    first = len(on_page.told) + 1
    on_page.told += [hit.hit_id for hit in found]
    told = [Event("hit", _told(call, hit), number=n) for n, hit in enumerate(found, first)]
    return [*told, Event("now", {"at": f"{now.astimezone(UK):%H:%M:%S}"})]


def _told(call: Call, hit: ShownHit) -> dict[str, str]:
    words = {
        "when": when(hit.at), "listed": spaced(hit.listed), "mark": spaced(hit.mark),
        "list": f"{hit.list_name}, {hit.response}", "crew": hit.answer or "no answer",
        "possible": "possible" if hit.possible else "",
    }  # fmt: skip
    return {key: shown(text) for key, text in words.items()} | {
        "path": f"/hits/{call.memory.name_of(hit.hit_id)}"
    }


def _rows(call: Call, days: int) -> tuple[list[HitRow], datetime, Any]:
    """Return the hits of so many days, or of those that the person may see, and since when."""
    scope, now = call.scope(), call.site.now
    since = max(now - timedelta(days=days), from_us(scope.bounds.not_before_us))
    span = Span(min(since, now), now)
    answer = call.desks.search.hits(scope, span, newest=True, cancel=call.cancel)
    some = [row for row in answer.rows if isinstance(row, ShownHit)]
    times = Counter(hit.listed for hit in some)
    ends = _ends(call).of([str(hit.hit_id) for hit in some])
    rows = [
        HitRow(hit, call.memory.name_of(hit.hit_id), ends.get(str(hit.hit_id)), times[hit.listed])
        for hit in some
    ]
    return rows, since, answer


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
    if hit_id is None:
        raise NotHere("this hit was not shown in your session: look for it among the hits")
    try:
        found = call.desks.search.hit(call.scope(), hit_id, call.cancel)
    except AskedWrongly as error:
        raise NotHere("this hit is none, or older than you may see") from error
    name = str(hit_id)
    kept = _ends(call).of([name]).get(name)
    return HitRow(found.hit, call.path["hit"], kept, found.times)


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
    if waits:  # marks, and what officers found at those vehicles: on record before it is shown
        at = call.desks.clock.stamp(call.desks.clock.mono_ns())
        said = f"wrong entries of lists, for their owner: {len(waits)} shown"
        why = "to correct or withdraw them at their source"
        event = new_event(AuditKind.CONSULTATION, at, call.person.person_id, said, why)
        call.desks.store.append_audit([event])
    return Page("wrong_entries.html", {"waits": waits, "fault": fault}, 422 if fault else 200)


def settle(call: Call) -> Reply:
    """Say what was done about one. Raises ConflictError."""
    try:
        _ends(call).settle(call.person, call.path["hit"], call.form.get("words"))
    except (ValueError, NotAllowed) as fault:
        return _wrong(call, str(fault))
    return GoTo("/wrong-entries", "What was done with the entry is kept.")
