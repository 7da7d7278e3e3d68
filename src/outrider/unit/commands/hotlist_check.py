"""`outrider hotlist check VRM [--explain]`."""

import argparse
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from outrider import vrm
from outrider.clock import NS_PER_S, SystemClock
from outrider.command_line import Subparsers, add_json, exits, new_parser
from outrider.command_line.values import instant, number, short
from outrider.records import NO_POSITION, CharacterGuess, FixQuality, Match, PlateText, Position
from outrider.shown import complain, say, say_json
from outrider.unit.commands.hotlist_lists import Adder
from outrider.unit.hotlist.explain import explain
from outrider.unit.hotlist.match import HotlistMatcher
from outrider.unit.hotlist.open_matcher import open_matcher
from outrider.unit.hotlist.store import HotlistStore
from outrider.unit.settings.sections import HotlistSettings
from outrider.wire.hotlist_entry import FIELDS, to_row


def register(actions: Subparsers, add_place: Adder) -> None:
    """Add the action."""
    parser = new_parser(
        actions,
        "check",
        "whether a mark is listed; exit status 0: it is, 3: it is not",
        "outrider hotlist check AB12CDE --doubt 3=7:0.2 --explain",
    )
    parser.add_argument("vrm", nargs="+", help="registration mark")
    parser.add_argument("--hotlist", type=Path, help="one list file, in place of the unit's lists")
    parser.add_argument("--explain", action="store_true", help="say why, character by character")
    parser.add_argument("--at", type=_position, metavar="LAT,LON", help="as if there (areas)")
    parser.add_argument(
        "--when", type=instant, metavar="ISO8601", help="as if then (dates and hours; UTC)"
    )
    parser.add_argument(
        "--doubt",
        metavar="PLACE=CHAR:P",
        action="append",
        default=[],
        help="as if the reader held CHAR possible at PLACE (1 is first) with probability P",
    )
    add_json(parser)
    add_place(parser, _check)


def _check(args: argparse.Namespace, store: HotlistStore) -> int:
    clock = SystemClock()
    place = args.at or NO_POSITION
    utc_ns = _when_ns(args.when) or clock.stamp(clock.mono_ns()).utc_ns
    if args.hotlist is not None and not args.hotlist.exists():
        raise exits.UseError(f"--hotlist {args.hotlist}: does not exist")
    if args.hotlist is not None and args.hotlist.is_fifo():
        raise exits.UseError(f"--hotlist {args.hotlist}: is a pipe; name a file")
    matcher = open_matcher(args.hotlist or store.root, clock, HotlistSettings(), store.keys)
    try:
        results = [_one(matcher, args, text, place, utc_ns) for text in args.vrm]
        detail, faults = matcher.health(), matcher.faults
        if args.when and utc_ns < matcher.newest_utc_ns:
            complain("--when is before a list was published: that list is looked at as of then")
    finally:
        matcher.close()
    if args.json:
        say_json({"health": detail.detail, "complete": not faults, "checked": results}, indent=1)
    else:
        say(f"{detail.level.value}: {detail.detail}")
        for result in results:
            _tell(result, args.explain, complete=not faults)
    if any(result["matches"] for result in results):
        return exits.DONE
    return exits.FAILED if faults else exits.NOT_LISTED


def _one(
    matcher: HotlistMatcher, args: argparse.Namespace, raw: str, place: Position, utc_ns: int
) -> dict[str, Any]:
    text = _with_doubts(as_text(raw, utc_ns), args.doubt)
    matches = matcher.match(text, place, utc_ns)
    return {
        "vrm": text.vrm,
        "family": text.family.value,
        "matches": [_as_json(match, text.vrm) for match in matches],
    }


def as_text(raw: str, utc_ns: int) -> PlateText:
    """Return a typed mark as a read without any doubt. Raises VrmError."""
    mark = vrm.normalise(raw)
    today = datetime.fromtimestamp(utc_ns / NS_PER_S).date()
    characters = tuple(CharacterGuess(char, 1.0) for char in mark)
    return PlateText(mark, mark, vrm.family(mark, today), 1.0, characters)


def _with_doubts(text: PlateText, doubts: list[str]) -> PlateText:
    guesses = list(text.characters)
    for doubt in doubts:
        place, _, rest = doubt.partition("=")
        char, _, probability = rest.partition(":")
        if (
            not place.isdigit()
            or len(place) > 2
            or not 1 <= int(place) <= len(guesses)
            or len(char) != 1
        ):
            raise ValueError(f"--doubt {doubt!r}: PLACE=CHAR:P, PLACE from 1 to {len(guesses)}")
        guess = guesses[int(place) - 1]
        more = (*guess.alternatives, (char.upper(), _probability(probability or "0.5")))
        guesses[int(place) - 1] = replace(guess, alternatives=more)
    return replace(text, characters=tuple(guesses))


def _probability(text: str) -> float:
    try:
        return number(0, 1)(text)
    except argparse.ArgumentTypeError as error:
        raise ValueError(f"--doubt: {error}") from error


def _position(at: str) -> Position:
    try:
        latitude, longitude = (float(part) for part in at.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{short(at)} is no place such as 51.5,-0.12") from None
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):  # NaN fails both
        raise argparse.ArgumentTypeError(f"{short(at)} is no place on Earth")
    return Position(latitude, longitude, None, None, FixQuality.SURVEYED, 0.0, None)


def _when_ns(when: datetime | None) -> int | None:
    return None if when is None else int(when.timestamp()) * NS_PER_S


def _as_json(match: Match, read_vrm: str) -> dict[str, Any]:
    return {
        "list": match.list_name,
        "revision": match.list_revision,
        "age_s": match.list_age_s,
        "class": match.match_class.value,
        "entry": dict(zip(FIELDS, to_row(match.entry), strict=True)),
        "explanation": explain(match, read_vrm),
    }


def _tell(result: dict[str, Any], explained: bool, *, complete: bool) -> None:
    if not result["matches"]:
        found = "not listed" if complete else "NOT KNOWN: a list could not be looked at, see above"
        say(f"{result['vrm']}: {found}")
    for match in result["matches"]:
        entry = match["entry"]
        say(
            f"{result['vrm']}: {match['class']} {entry['vrm']} in {match['list']}:"
            f" {entry['response']}, priority {entry['priority']}, {entry['reason']}"
        )
        for line in match["explanation"] if explained else ():
            say(f"  {line}")
