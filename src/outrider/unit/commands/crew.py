"""`outrider crew queue|owed|answer`: the officers' side of a running unit, from its own folder."""

import argparse
import time
import uuid
from pathlib import Path
from typing import Any

from outrider.clock import said_duration
from outrider.command_line import Subparsers, add_json, exits, new_parser
from outrider.command_line.exits import UseError, finish
from outrider.command_line.values import folder as folder_type
from outrider.command_line.values import short
from outrider.console import Screen
from outrider.records import Hit
from outrider.shown import say, say_json
from outrider.tables import Table
from outrider.unit.crew import desk as crew_desk
from outrider.unit.settings import sections as config


class NotTakenError(Exception):
    """An answer that the unit does not wait for."""


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
    parser.add_argument(
        "--runtime-dir", type=folder_type, help="the unit's folder in memory, if not as set"
    )
    parser.add_argument("-c", "--config", type=Path, help=f"TOML file ({config.DEFAULT_PATH})")
    add_json(parser)
    finish(parser, _run, NotTakenError)


def _run(args: argparse.Namespace) -> int:
    """Exit 0: done; 1: the answer was not taken; 2: wrong use."""
    folder = args.runtime_dir or config.load(args.config).unit.runtime_dir
    if folder is None:
        raise UseError("unit.runtime_dir is not set: the unit keeps nothing over a restart")
    if not (folder / "crew").is_dir():
        raise UseError(f"{folder}: no unit runs there (or --runtime-dir is another): nothing waits")
    if args.action == "answer":
        return _answer(folder / "crew", args.hit, args.note)
    rows = _queue(folder / "crew") if args.action == "queue" else _owed(folder / "crew")
    _show(rows, args.json)
    return exits.DONE


def _answer(folder: Path, hit: str | None, note: str | None) -> int:
    if not hit or not note:
        raise UseError("name the hit and the answer: outrider crew answer HIT 'AB12 CDE'")
    try:
        crew_desk.put_answer(folder, uuid.UUID(hit), note)
    except (KeyError, ValueError):
        words = f"no answer is owed for hit {short(hit)}; see `outrider crew owed`"
        raise NotTakenError(words) from None
    return exits.DONE


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
    table = Table(*(name.removesuffix("_s") for name in rows[0]))
    for row in rows:
        table.add_row(*(_cell(name, value) for name, value in row.items()))
    Screen().print(table)


def _cell(name: str, value: Any) -> str:
    return said_duration(value) if name.endswith("_s") else str(value)
