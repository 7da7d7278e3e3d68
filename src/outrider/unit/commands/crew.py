"""`outrider crew queue|owed|answer`: the officers' side of a running unit, from its own folder."""

import argparse
import time
import uuid
from pathlib import Path
from typing import Any

from outrider.command_line import Subparsers, add_json, new_parser
from outrider.console import Screen
from outrider.records import Hit
from outrider.settings_file import ConfigError
from outrider.shown import complain, say, say_json
from outrider.tables import Table
from outrider.unit.crew import desk as crew_desk
from outrider.unit.settings import sections as config


def register(commands: Subparsers) -> None:
    """Add the command."""
    parser = new_parser(
        commands,
        "crew",
        "hits that wait, and answers that are owed",
        "outrider crew answer 01a1fc76-b7c1-75f1-a9cc-72f63251356b 'AB12 CDE'",
    )
    parser.add_argument("action", choices=("queue", "owed", "answer"))
    parser.add_argument("hit", nargs="?", help="the hit's id, for answer")
    parser.add_argument("note", nargs="?", help="the true mark, the reason or the outcome")
    parser.add_argument("-c", "--config", type=Path, help=f"TOML file ({config.DEFAULT_PATH})")
    add_json(parser)
    parser.set_defaults(handler=_run)


def _run(args: argparse.Namespace) -> int:
    """Exit 0: done; 1: the answer was not taken; 2: settings or use are wrong."""
    try:
        folder = config.load(args.config).unit.runtime_dir
    except ConfigError as error:
        return _say(error, 2)
    if folder is None:
        return _say("unit.runtime_dir is not set: the unit keeps nothing over a restart", 2)
    if args.action == "answer":
        return _answer(folder / "crew", args.hit, args.note)
    rows = _queue(folder / "crew") if args.action == "queue" else _owed(folder / "crew")
    _show(rows, args.json)
    return 0


def _answer(folder: Path, hit: str | None, note: str | None) -> int:
    if not hit or not note:
        return _say("name the hit and the answer: outrider crew answer HIT 'AB12 CDE'", 2)
    try:
        crew_desk.put_answer(folder, uuid.UUID(hit), note)
    except (KeyError, ValueError):
        return _say(f"no answer is owed for hit {hit}; see `outrider crew owed`", 1)
    except OSError as error:
        return _say(f"the answer cannot be left for the unit: {error}", 1)
    return 0


def _queue(folder: Path) -> list[dict[str, Any]]:
    now_ns = time.monotonic_ns()
    return [
        {**_of(hit), "waits_s": round((now_ns - raised_ns) / 1e9)}
        for hit, raised_ns in crew_desk.waiting(folder)
    ]


def _owed(folder: Path) -> list[dict[str, Any]]:
    return [
        {**_of(hit), "did": action.kind.value, "at": action.at.iso_ms()}
        for hit, action in crew_desk.owed(folder)
    ]


def _of(hit: Hit) -> dict[str, Any]:
    return {
        "hit": str(hit.hit_id),
        "vrm": hit.read.text.vrm,
        "response": "possible" if hit.possible else hit.response.value,
        "reason": hit.match.entry.reason,
    }


def _show(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        say_json(rows, indent=1)
        return
    if not rows:
        say("nothing")
        return
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    Screen().print(table)


def _say(words: object, status: int) -> int:
    complain(f"outrider crew: {words}")
    return status
