"""`outrider status`: how a running unit is, from the file that it keeps."""

import argparse
import json
import time
from pathlib import Path
from typing import Any

from outrider.clock import said_duration
from outrider.command_line import Subparsers, add_json, new_parser
from outrider.command_line.exits import finish
from outrider.console import Screen, line, styled
from outrider.records import Level
from outrider.shown import say_json
from outrider.tables import Table
from outrider.unit.health import STATUS_SCHEMA
from outrider.unit.settings import sections as config

_STALE_AFTER_S = 5.0
_STYLES = {"ok": "green", "warning": "yellow", "fault": "bold red", "off": "dim"}


def register(commands: Subparsers) -> None:
    """Add the command."""
    parser = new_parser(commands, "status", "how a running unit is", "outrider status --json")
    parser.add_argument("-c", "--config", type=Path, help=f"TOML file ({config.DEFAULT_PATH})")
    parser.add_argument("--state-dir", type=Path, help="the unit's state folder, if not as set")
    add_json(parser)
    finish(parser, _run, StatusError)


def _run(args: argparse.Namespace) -> int:
    """Print the status. Exit 0: all well; 1: a fault, or no unit runs; 2: settings are wrong."""
    settings = config.load(args.config)
    path = args.state_dir / "status.json" if args.state_dir else settings.status_file
    status = _load(path)
    if args.json:
        say_json(status, indent=1)
    else:
        _show(status)
    return 1 if status["level"] == Level.FAULT.value or status["stale"] or status["ended"] else 0


class StatusError(Exception):
    """There is no status to show; the message says why and what to do."""


def _load(path: Path) -> dict[str, Any]:
    try:
        status: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StatusError(
            f"{path}: not there: no unit has run here; start `outrider run`"
        ) from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no status"
        raise StatusError(f"{path}: cannot be read: {why}") from error
    if status.get("schema") != STATUS_SCHEMA:
        raise StatusError(f"{path}: of another version of outrider; restart the unit")
    status["age_s"] = round((time.monotonic_ns() - status["mono_ns"]) / 1e9, 1)
    status["stale"] = not 0 <= status["age_s"] <= _STALE_AFTER_S
    status.setdefault("ended", False)  # of an older version
    return status


def _standing(status: dict[str, Any]) -> str:
    return "The unit was stopped:" if status["ended"] else "The unit does not run, or hangs:"


def _last_word(status: dict[str, Any]) -> str:
    """Return when it was last heard of, in this machine's time; how long ago, if known."""
    ago = f", {said_duration(status['age_s'])} ago" if status["age_s"] >= 0 else ""
    at = f"{status['utc'][:19].replace('T', ' ')} UTC"
    return f" last word at {at}{ago}, from process {status['pid']}"


def _show(status: dict[str, Any]) -> None:
    console = Screen()
    if status["stale"] or status["ended"]:
        console.print(line((_standing(status), "bold red"), _last_word(status)))
    table = Table("component", "state", "detail", "counts")
    for component in status["components"]:
        counts = "  ".join(f"{name} {count}" for name, count in component["counts"].items())
        state = styled(component["level"], _STYLES[component["level"]])
        table.add_row(component["name"], state, component["detail"], counts)
    console.print(table)
