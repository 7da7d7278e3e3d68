"""The box, what it found, and one read with its pictures."""

from dataclasses import replace
from typing import Any

from outrider.centre.governance.register import Register
from outrider.centre.pages.box import understood
from outrider.centre.pages.calls import Bytes, Call, GoTo, NotHere, Page, Reply
from outrider.centre.pages.charts import chart_of, line_of
from outrider.centre.pages.jobs import JobState
from outrider.centre.pages.long_searches import SLOW, long_search
from outrider.centre.pages.menu import EXPORTERS
from outrider.centre.pages.wanted import OF_A_MARK, Kind, Wanted, ask
from outrider.centre.pictures.asking import PARTS, PictureAsked
from outrider.centre.search import answers
from outrider.centre.search.asking import AskedWrongly, Span

_GONE = "this question is not kept any more: ask it anew"
_SCENES = 4


def box(call: Call) -> Reply:
    """Show the box. Raises NeedsPurpose."""
    return _box(call, "", "")


def _box(call: Call, text: str, fault: str) -> Page:
    carried = call.carried
    return Page("search.html", {"text": text, "fault": fault, "carried": carried},
                422 if fault else 200)  # fmt: skip


def typed(call: Call) -> Reply:
    """Take what was typed; the question gets a name, and only that stands in the address."""
    text = call.form.get("text")
    try:
        wanted = understood(text, call.site.now, call.form.get("exact") == "yes")
    except AskedWrongly as fault:
        return _box(call, text, str(fault))
    return GoTo(f"/search/{call.memory.keep(wanted)}")


def _wanted(call: Call) -> Wanted:
    found = call.memory.question(call.path["question"])
    if not isinstance(found, Wanted):
        raise NotHere(_GONE)
    return found


def found(call: Call) -> Reply:
    """Ask, and show what was found with its blind spots."""
    wanted, name = _wanted(call), call.path["question"]
    page = _page_number(call, wanted)
    if wanted.kind in SLOW:
        job = long_search(call, wanted, name)
        if job.state is not JobState.DONE:
            return Page("job.html", {"job": job, "here": f"/search/{name}"})
        answer = job.result
    else:
        answer = ask(call, wanted, page)
    facts: dict[str, Any] = {
        "wanted": wanted, "name": name, "answer": answer, "blind": answer.blind, "page": page,
        "of_a_mark": OF_A_MARK, "kinds": Kind, "overdue": _overdue(call),
        "hands_on": bool(EXPORTERS & call.person.roles),
    }  # fmt: skip
    if isinstance(answer, answers.Answer):
        return Page("found.html", facts | _of_reads(call, wanted, name, answer, page))
    if isinstance(answer, answers.FirstAndLast):
        return Page("ends.html", facts | _named(call, [answer.first, answer.last]))
    return Page(f"{wanted.kind.value}.html", facts | _of_rows(call, answer))


def _overdue(call: Call) -> frozenset[str]:
    """Return the units whose review is overdue: everybody who is told of units sees it."""
    return Register(call.desks.store, call.desks.clock).overdue()


def _page_number(call: Call, wanted: Wanted) -> int:
    text = call.query.get("page", "1")
    plain = text.isascii() and text.isdigit() and len(text) <= 6
    if not plain or not 1 <= int(text) <= len(wanted.pages) + 1:
        raise NotHere("there is no such page of this answer")
    return int(text)


def _of_reads(
    call: Call, wanted: Wanted, name: str, answer: answers.Answer, page: int
) -> dict[str, Any]:
    if answer.next_page and len(wanted.pages) == page - 1:
        call.memory.keep(replace(wanted, pages=(*wanted.pages, answer.next_page)), name)
    way = wanted.kind is Kind.ROUTE
    return _named(call, answer.reads) | {
        "reads": answer.reads,
        "chart": chart_of(answer.reads, way),
        "line": line_of(answer.reads),
        "more": bool(answer.next_page),
    }


def _named(call: Call, reads: Any) -> dict[str, Any]:
    return {"names": {r.read_id: call.memory.name_of(r.read_id) for r in reads if r is not None}}


def _of_rows(call: Call, answer: answers.Listing) -> dict[str, Any]:
    names: dict[Any, str] = {}
    for row in answer.rows:
        if isinstance(row, answers.CloneSuspect):
            for read_id in (row.first_read_id, row.second_read_id):
                names[read_id] = call.memory.name_of(read_id)
    return {"rows": answer.rows, "names": names}


def again(call: Call) -> Reply:
    """Ask another search of the same mark and time."""
    wanted = _wanted(call)
    try:
        kind = Kind(call.form.get("kind"))
    except ValueError as error:
        raise NotHere("there is no such search") from error
    mark = call.form.get("mark") or wanted.mark
    if kind not in OF_A_MARK or not mark:
        raise AskedWrongly("this search is of one mark: name it")
    one = replace(wanted, mark=mark, place=None, unit="", text=mark)
    return GoTo(f"/search/{call.memory.keep(one.as_kind(kind))}")


def scenes(call: Call) -> Reply:
    """Show the form of a crossing. Raises NeedsPurpose."""
    return _scenes(call, [""] * 2, "")


def _scenes(call: Call, lines: list[str], fault: str) -> Page:
    carried = call.carried
    lines = (lines + [""] * _SCENES)[:_SCENES]
    facts = {"lines": lines, "fault": fault, "carried": carried}
    return Page("scenes.html", facts, 422 if fault else 200)


def crossed(call: Call) -> Reply:
    """Take the scenes: each a place and a time."""
    lines = [call.form.get(f"scene-{number}") for number in range(1, _SCENES + 1)]
    try:
        parts = [_scene(line, number, call) for number, line in enumerate(lines, 1) if line]
        if len(parts) < 2:
            raise AskedWrongly("give two scenes at least, each a place and a time")
    except AskedWrongly as fault:
        return _scenes(call, lines, str(fault))
    spans = [span for _, span in parts]
    span = Span(min(one.since for one in spans), max(one.until for one in spans))
    wanted = Wanted(Kind.CROSSED, "; ".join(filter(None, lines)), span, scenes=tuple(parts))
    return GoTo(f"/search/{call.memory.keep(wanted)}")


def _scene(line: str, number: int, call: Call) -> Any:
    try:
        wanted = understood(line, call.site.now)
    except AskedWrongly as fault:
        raise AskedWrongly(f"scene {number}: {fault}") from fault
    if wanted.place is None or wanted.mark:
        raise AskedWrongly(f"scene {number}: give a place and a time, and no mark")
    return wanted.place, wanted.span


def _read_id(call: Call) -> Any:
    read_id = call.memory.read(call.path["read"])
    if read_id is None:
        raise NotHere("this read was not shown in your session: search for it")
    return read_id


def read(call: Call) -> Reply:
    """Show one read, its patch beside the mark: opening it is a consultation."""
    found = call.desks.search.one(call.scope(), _read_id(call), call.cancel)
    facts = {
        "read": found,
        "name": call.path["read"],
        "chart": chart_of([found], False),
        "overdue": _overdue(call),
    }
    return Page("read.html", facts | {"overview": call.query.get("overview") == "yes"})


def picture(call: Call) -> Reply:
    """Give one picture, opened by the service that may. Raises NoPicture, NeedsPurpose."""
    carried, part = call.carried, PARTS.get(call.path["part"])
    if part is None:
        raise NotHere("there is no such picture")
    purpose = carried.purpose
    asked = PictureAsked(
        token=call.token, read=_read_id(call), part=part, code=purpose.code.value,
        case=purpose.case, words=purpose.words, authority=purpose.authority.value,
        authorisation=carried.authorisation, break_glass=carried.break_glass,
    )  # fmt: skip
    return Bytes(call.site.pictures.ask(asked).jpeg, "image/jpeg")
