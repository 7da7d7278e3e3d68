"""`outrider centre find`: where and when a mark was read, logged with who asks and why."""

import argparse
from contextlib import closing

from outrider.centre.command_line import add_dir, finish
from outrider.centre.folder import CentreFolder
from outrider.centre.opening.consult import Consultation
from outrider.centre.opening.find import MOST, Found, find
from outrider.centre.store_of import open_store_of
from outrider.clock import SystemClock
from outrider.command_line import Subparsers, add_json, new_parser, values
from outrider.shown import say, say_json
from outrider.vrm import VrmError, normalise


def register(commands: Subparsers) -> None:
    """Add the command under `outrider centre`."""
    parser = new_parser(
        commands,
        "find",
        "where and when a mark was read, logged with who asks and why",
        'outrider centre find AB12CDE --dir C --officer "DC 1234" --case CR/45/26 --reason "..."',
    )
    parser.add_argument("mark", type=_mark, help="the whole mark, with or without spaces")
    add_dir(parser)
    parser.add_argument("--officer", type=values.words, required=True, help="who asks")
    parser.add_argument("--case", type=values.words, required=True, help="reference of the case")
    parser.add_argument("--reason", type=values.words, required=True, help="why it is needed")
    add_json(parser)
    finish(parser, _find)


def _mark(text: str) -> str:
    try:
        return normalise(text)
    except VrmError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _find(args: argparse.Namespace) -> int:
    """Find. Exit 0: at least one read; 1: none; 2: not possible."""
    by = Consultation(args.officer, args.case, args.reason)
    with closing(open_store_of(CentreFolder(args.dir))) as store:
        found = find(store, args.mark, by, SystemClock())
    for one in found:
        if args.json:
            say_json(_as_json(one))
        else:
            say(_line(one))
    if not args.json:
        more = ": the most that is shown" if len(found) >= MOST else ""
        say(f"{len(found)} reads{more}; who asked and why is in the audit trail")
    return 0 if found else 1


def _as_json(one: Found) -> dict[str, object]:
    read, place = one.read, one.read.position
    return {
        "unit": one.unit_id,
        "record": str(one.record_id),
        "vrm": read.text.vrm,
        "confidence": round(read.text.confidence, 3),
        "utc": read.at.iso_ms(),
        "latitude_deg": place.latitude_deg,
        "longitude_deg": place.longitude_deg,
        "hit": one.hit,
    }


def _line(one: Found) -> str:
    read, place = one.read, one.read.position
    where = "no position"
    if place.latitude_deg is not None and place.longitude_deg is not None:
        where = f"{place.latitude_deg:.5f}, {place.longitude_deg:.5f}"
    kind = "HIT " if one.hit else ""
    return f"{read.at.iso_ms()}  {read.text.vrm:<9} {kind}{where}  {one.unit_id}  {one.record_id}"
