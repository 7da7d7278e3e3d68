"""`outrider centre status`: whether all is well at the centre, and what to do where it is not."""

import argparse
from contextlib import closing

from outrider.centre.authority.overview import UnitLine, overview
from outrider.centre.checkpoints.keeping import CheckpointFolder, contradictions
from outrider.centre.command_line import add_dir, finish
from outrider.centre.folder import CentreFolder
from outrider.centre.opening.alarm import alarm_text
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store_of import open_store_of
from outrider.command_line import Subparsers, add_json, new_parser
from outrider.shown import say, say_json
from outrider.wire.canonical import WireError
from outrider.wire.signing import SigningIdentity

_SHOWN = 10


def register(commands: Subparsers) -> None:
    """Add the command under `outrider centre`."""
    parser = new_parser(
        commands,
        "status",
        "how the centre is: what waits, what does not open, what is missing",
        "outrider centre status --dir /srv/centre",
    )
    add_dir(parser)
    add_json(parser)
    finish(parser, _status, WireError)


def _status(args: argparse.Namespace) -> int:
    """Tell. Exit 0: all is well; 1: something is not, and what to do; 2: not possible."""
    folder = CentreFolder(args.dir)
    settings = folder.load()
    with closing(open_store_of(folder)) as store:
        facts, alarms = _look(store)
        kept = CheckpointFolder(folder.checkpoints, SigningIdentity.read(folder.receipt_key).public)
        outside = kept.outside(settings.audit.overseer_file)
        alarms += contradictions(store, [*outside, *kept.own()])
        restores = [one.text() for one in kept.restores()]
    facts["checkpoints_from_outside"] = len(outside)
    if args.json:
        say_json(facts | {"restores": restores, "alarms": alarms}, indent=1)
        return int(bool(alarms))
    for name, value in facts.items():
        say(f"{name.replace('_', ' ')}: {value if value is not None else '-'}")
    for told in (*restores, *alarms):
        say(told)
    say("NOT WELL" if alarms else "well")
    return int(bool(alarms))


def _look(store: CentreStore) -> tuple[dict[str, object], list[str]]:
    backlog, lines = store.backlog(), overview(store)
    facts: dict[str, object] = {
        "units": len(lines),
        "rows": sum(line.present for line in lines),
        "rows_waiting": backlog.waiting,
        "oldest_waiting": backlog.oldest_at.isoformat() if backlog.oldest_at else None,
        "rows_set_aside": backlog.set_aside,
        "rows_missing": sum(line.missing for line in lines),
    }
    return facts, [*_set_aside(store), *_missing(lines)]


def _set_aside(store: CentreStore) -> list[str]:
    aside = store.set_aside_by_unit()
    if not aside:
        return []
    reasons = [f"  {one.unit_id}: {one.why}" for one in store.rows_set_aside(_SHOWN)]
    return [alarm_text(aside), *reasons]


def _missing(lines: list[UnitLine]) -> list[str]:
    return [
        f"{line.unit_id}: {line.missing:,} rows are missing, {line.chain_breaks:,} do not follow "
        "on the row before: dock the unit; if they do not come, look at its card"
        for line in lines
        if line.missing or line.chain_breaks
    ]
