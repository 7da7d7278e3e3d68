"""`outrider centre search ...`: the searches, for whoever is signed in."""

import argparse
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter

from outrider.centre.access.scope import Action, Scope
from outrider.centre.command_line import finish
from outrider.centre.commands.places import place_of
from outrider.centre.commands.signed_in import (
    EXPECTED,
    add_purpose,
    add_session,
    desks_for,
    read_id,
    scope_for,
)
from outrider.centre.search.answers import Answer, BlindSpots, FirstAndLast, FoundRead, Listing
from outrider.centre.search.asking import Span
from outrider.centre.search.engine import Search
from outrider.centre.store.places import Place
from outrider.command_line import Subparsers, add_json, new_parser, values
from outrider.command_line.values import number, whole
from outrider.shown import say, say_json

_PLAIN: TypeAdapter[Any] = TypeAdapter(Any)
# How far back a search goes that says nothing of it: those of all marks are bounded.
_USUAL_DAYS = 14
_DAYS = {"clones": 7, "convoys": 1}
_Ask = Callable[[Search, Scope, argparse.Namespace, Span], Any]


def register(commands: Subparsers) -> None:
    """Add the command with its searches, under `outrider centre`."""
    parser = new_parser(
        commands,
        "search",
        "search reads: mark, partial, area, camera, route, crossed, associates, clones, hits, ...",
        'outrider centre search mark AB12CDE --purpose serious --case CR/45/26 --words "..."',
    )
    searches = parser.add_subparsers(dest="action", metavar="SEARCH", required=True)
    for name, (purpose, argument, ask) in _SEARCHES.items():
        one = new_parser(searches, name, purpose, f"outrider centre search {name} ... --dir C")
        if argument:
            one.add_argument("what", type=read_id if name == "read" else str, help=argument)
        _add_options(one, name)
        one.set_defaults(ask=ask)
        finish(one, _run, *EXPECTED)


def _add_options(parser: argparse.ArgumentParser, name: str) -> None:
    add_session(parser)
    add_purpose(parser)
    days = _DAYS.get(name, _USUAL_DAYS)
    ago = "a day ago" if days == 1 else f"{days} days ago"
    parser.add_argument("--since", type=values.instant, help=f"ISO 8601, UTC ({ago})")
    parser.add_argument("--until", type=values.instant, help="ISO 8601, UTC (now)")
    parser.add_argument("--page", default="", help="the next_page of the page before")
    parser.add_argument("--size", type=whole(1, 10_000), default=50, help="reads of a page (50)")
    if name == "mark":
        parser.add_argument("--exact", action="store_true", help="O is not 0, I is not 1")
    if name == "crossed":
        parser.add_argument(
            "--scene", action="append", required=True, metavar="LAT,LON,M/SINCE/UNTIL",
            help="a circle and a span; twice or more",
        )  # fmt: skip
    if name == "clones":
        parser.add_argument("--mark", default="", help="of this mark only, over any time")
    if name in ("associates", "convoys"):
        parser.add_argument(
            "--window-s", type=number(0, 86_400), default=30.0, help="seconds apart (30)"
        )
        parser.add_argument("--least", type=whole(1, 1_000_000), default=3, help="meetings (3)")
    if name == "hits":
        parser.add_argument("--list", dest="list_name")
        parser.add_argument("--response")
        parser.add_argument("--answer", help="correct, misread, dismissed, none")
    add_json(parser)


def _instant(text: str) -> datetime:
    try:
        return values.instant(text)
    except argparse.ArgumentTypeError as error:
        raise ValueError(f"--scene: {error}") from None


def _scene(text: str) -> tuple[Place, Span]:
    parts = text.split("/")
    if len(parts) != 3:
        raise ValueError("--scene: LAT,LON,METRES/SINCE/UNTIL")
    return place_of(parts[0]), Span(_instant(parts[1]), _instant(parts[2]))


def _paged(args: argparse.Namespace) -> dict[str, Any]:
    return {"page": args.page, "size": args.size}


def _crossed(search: Search, scope: Scope, args: argparse.Namespace, span: Span) -> Any:
    return search.crossed(scope, [_scene(text) for text in args.scene])


_SEARCHES: dict[str, tuple[str, str, _Ask]] = {
    "read": ("one read", "its identifier",
             lambda s, scope, a, span: s.one(scope, a.what)),
    "mark": ("a mark", "the mark", lambda s, scope, a, span: s.mark(
        scope, a.what, span, exact=a.exact, **_paged(a))),
    "partial": ("a part of a mark", "? for a character, * for any number",
                lambda s, scope, a, span: s.partial(scope, a.what, span, **_paged(a))),
    "area": ("a place", "LAT,LON,METRES, or corners LAT,LON in quotes",
             lambda s, scope, a, span: s.area(scope, place_of(a.what), span, **_paged(a))),
    "camera": ("what a unit read", "the unit",
               lambda s, scope, a, span: s.camera(scope, a.what, span, **_paged(a))),
    "route": ("where a vehicle went, the oldest first", "the mark",
              lambda s, scope, a, span: s.route(scope, a.what, span, **_paged(a))),
    "look-back": ("what was read of a new list entry", "the mark, ? and * may stand",
                  lambda s, scope, a, span: s.look_back(scope, a.what, span, **_paged(a))),
    "ends": ("first and last seen", "the mark",
             lambda s, scope, a, span: s.ends(scope, a.what, span)),
    "crossed": ("who was at several scenes", "", _crossed),
    "associates": ("who was with a vehicle", "the mark", lambda s, scope, a, span: s.associates(
        scope, a.what, span, window=timedelta(seconds=a.window_s), least=a.least)),
    "clones": ("marks at two places at once", "",
               lambda s, scope, a, span: s.clone_suspects(scope, span, mark=a.mark)),
    "convoys": ("all pairs that met so often in a day", "", lambda s, scope, a, span: s.convoys(
        scope, span, window=timedelta(seconds=a.window_s), least=a.least)),
    "hits": ("hits and what became of them", "", lambda s, scope, a, span: s.hits(
        scope, span, list_name=a.list_name, response=a.response, answer=a.answer)),
}  # fmt: skip


def _run(args: argparse.Namespace) -> int:
    """Search. Exit 0: something was found; 1: nothing was, and why that may be; 2: not possible."""
    with desks_for(args) as desks:
        now = desks.clock.stamp(desks.clock.mono_ns()).utc
        until = args.until or now
        days = _DAYS.get(args.action, _USUAL_DAYS)
        span = Span(args.since or until - timedelta(days=days), until)
        since = span.since
        if args.action == "crossed":
            since = min(scene[1].since for scene in map(_scene, args.scene))
        scope = scope_for(
            desks, args, Action.SEARCH, since=None if args.action == "read" else since
        )  # fmt: skip
        found = args.ask(desks.search, scope, args, span)
    if args.json:
        told = _PLAIN.dump_python(found, mode="json")
        say_json({"decision_id": str(scope.decision_id)} | told, indent=1)
    else:
        _show(found)
        if args.action not in ("read", "crossed"):
            say(f"from {span.since:%Y-%m-%d %H:%M} to {span.until:%Y-%m-%d %H:%M} UTC")
        say(f"decision {scope.decision_id}")
    return 0 if _count(found) else 1


def _count(found: Answer | Listing | FirstAndLast | FoundRead) -> int:
    if isinstance(found, FoundRead):
        return 1
    return len(found.rows) if isinstance(found, Listing) else found.total


def _show(found: Answer | Listing | FirstAndLast | FoundRead) -> None:
    if isinstance(found, FoundRead):
        say(line_of(found))
        return
    if isinstance(found, Listing):
        for row in found.rows:
            say("  ".join(f"{name} {value}" for name, value in asdict(row).items()))
    elif isinstance(found, FirstAndLast):
        for name, read in (("first", found.first), ("last", found.last)):
            say(f"{name}: {line_of(read) if read else 'not seen'}")
    else:
        for read in found.reads:
            say(line_of(read))
        if found.next_page:
            say(f"more: --page {found.next_page}")
    _blind(found.blind)


def line_of(read: FoundRead) -> str:
    """Return a read in a line, its identifier last."""
    where = "position not told"
    if read.latitude_deg is not None and read.longitude_deg is not None:
        where = f"{read.latitude_deg:.5f},{read.longitude_deg:.5f} ({read.position_precision})"
    sure = "" if read.confidence is None else f"  {read.confidence:.0%}"
    unit = f"  {read.unit_id}" if read.unit_id else ""
    true = f"  corrected to {read.corrected_to}" if read.corrected_to else ""
    return (
        f"{read.at:%Y-%m-%d %H:%M:%S}Z  {read.mark:<9}{sure}{true}  {where}{unit}  {read.read_id}"
    )


def _blind(blind: BlindSpots) -> None:
    say(blind.words)
    for silent in blind.silent:
        say(f"  {silent.unit_id or 'a camera'} ({silent.force}): {silent.why}")
    if blind.missing_rows:
        say(f"  {blind.missing_rows:,} rows that units wrote are not here")
    for one in blind.misreads:
        say(f"  {one.unit_id or 'a unit'}: {one.rate:.0%} misread ({one.wrong} of "
            f"{one.right + one.wrong} answered)")  # fmt: skip
    for alike in blind.look_alikes:
        say(f"  {alike.mark} looks alike: seen {alike.seen} times")
    if blind.likely_misread:
        say(f"  a read of this mark is another's with a chance of {blind.likely_misread:.1%}")
