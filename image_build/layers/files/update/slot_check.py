#!/usr/bin/python3
"""Judges a system on trial: the new slot becomes the one that is started, or the old one returns.

A slot is on trial when the firmware started another one than its choice says. It is kept when
every part of the unit that was well before the update is well for STEADY_S on end, within
LIMIT_S; a unit at the dock need not see the sky or have a list to be as well as it was. Otherwise,
also when this program fails itself, the machine starts again, and the firmware takes the old slot.
The version that failed is written down, and the same stick does not offer it twice.
"""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from time import monotonic, monotonic_ns

from running import STATE, choose, primary_slot, running_slot, running_version

LIMIT_S = float(os.environ.get("OUTRIDER_TRIAL_S", "300"))
STEADY_S = 10.0
MOST_RESTARTS = 3
_EVERY_S = 1.0
_FRESH_NS = 30_000_000_000
_WELL = ("ok", "warning")
_STATUS = Path("/var/lib/outrider/status.json")
_RESTARTS = ("systemctl", "show", "--value", "--property=NRestarts", "outrider.service")

Levels = dict[str, str]
"""The level of each part by its name; empty where no unit runs."""


class Status:
    """What the running unit writes of itself; what an earlier start left there does not count."""

    def __init__(self, file: Path = _STATUS) -> None:
        self._file = file
        self._left = self._read()[0]

    def levels(self) -> Levels:
        """Return how the parts are now; nothing where the unit does not run or hangs."""
        at_ns, found = self._read()
        fresh = at_ns != self._left and 0 <= monotonic_ns() - at_ns <= _FRESH_NS
        return found if fresh else {}

    def _read(self) -> tuple[int, Levels]:
        try:
            status = json.loads(self._file.read_text(encoding="utf-8"))
            parts = {part["name"]: part["level"] for part in status["components"]}
            return int(status["mono_ns"]), parts
        except (OSError, ValueError, KeyError, TypeError):  # none, or of another version
            return -1, {}


def worse(before: Levels, now: Levels) -> list[str]:
    """Return the parts that were well and are not; "unit" where none is told."""
    if not now:
        return ["unit"]
    return sorted(
        name for name, level in before.items() if level in _WELL and now.get(name) not in _WELL
    )


def keeps_failing() -> bool:
    """Whether the unit was started again and again: no time will make it well."""
    told = subprocess.run(_RESTARTS, capture_output=True, text=True, check=False).stdout.strip()
    return told.isdigit() and int(told) >= MOST_RESTARTS


def steady(before: Levels, status: Status) -> list[str]:
    """Wait until nothing is worse for long enough; return what still was at the end of the time."""
    ends, since, wait = monotonic() + LIMIT_S, None, threading.Event()
    bad = ["unit"]
    while monotonic() < ends and not keeps_failing():
        bad = worse(before, status.levels())
        since = (since or monotonic()) if not bad else None
        if since is not None and monotonic() - since >= STEADY_S:
            return []
        wait.wait(_EVERY_S)
    return bad or ["unit"]


def judge() -> list[str]:
    """Return what is wrong with the slot on trial."""
    before = STATE / "before.json"
    known: Levels = json.loads(before.read_text(encoding="utf-8")) if before.exists() else {}
    return steady(known, Status())


def main() -> int:
    """Judge, where there is something to judge."""
    try:
        slot, primary = running_slot(), primary_slot()
    except (OSError, subprocess.CalledProcessError) as error:  # a restart would not mend that
        print(f"slot_check: which slot is chosen cannot be read, so none is judged: {error}")
        return 0
    if slot == primary:
        print(f"slot_check: slot {slot} is the chosen one")
        return 0
    version = running_version()
    print(f"slot_check: {version} is on trial in slot {slot}", flush=True)
    bad = judge()
    if not bad:
        choose(slot)
        print(f"slot_check: {version} is well: slot {slot} is chosen from now on")
        return 0
    worst = ", ".join(bad)
    print(f"slot_check: {version} is not as well as what it replaces: {worst}", flush=True)
    with (STATE / "refused").open("a", encoding="ascii") as file:
        file.write(f"{version}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
