#!/usr/bin/python3
"""Installs the newest bundle of a USB stick that is in the unit when it starts.

The stick's file system is named OUTRIDER. To start a unit with such a stick in it is what a
technician does on purpose, at a standstill; one that is put in while it drives is left alone. A
bundle that is not newer than what runs is taken only if its name ends in `-downgrade.raucb` (RAUC
insists that it is signed as one). One that was judged not to be well is not taken again; one whose
trials ended without a judgement (a power cut, a hang) is taken MOST_TRIES times.
"""

import json
import os
import re
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from time import monotonic

import slot_check
from running import STATE, numbers, running_version

STICK = Path("/dev/disk/by-label/OUTRIDER")
PLACE = Path("/run/outrider-stick")
MOST_TRIES = 3
_SETTLE_S = float(os.environ.get("OUTRIDER_SETTLE_S", "120"))
_NAME = re.compile(r"outrider-.*?-(\d+(?:\.\d+)*)(-downgrade)?\.raucb")


def choose(names: list[str], running: str, refused: set[str]) -> str | None:
    """Return the bundle's file to install, by its name alone; RAUC reads what is signed."""
    offered = []
    for name in names:
        match = _NAME.fullmatch(name)
        if match is None or match[1] in refused or match[1] == running:
            continue
        if match[2] or numbers(match[1]) > numbers(running):
            offered.append((numbers(match[1]), name))
    return max(offered)[1] if offered else None


def _versions(file: str) -> list[str]:
    path = STATE / file
    return path.read_text(encoding="ascii").split() if path.exists() else []


def given_up() -> set[str]:
    """Return the versions that are not tried again."""
    tries = Counter(_versions("tried"))
    return {*_versions("refused"), *(one for one, times in tries.items() if times >= MOST_TRIES)}


def remember_try(name: str) -> None:
    """Write down that a bundle's version is tried, before it is. Errors: OSError."""
    match = _NAME.fullmatch(name)
    assert match is not None
    with (STATE / "tried").open("a", encoding="ascii") as file:
        file.write(f"{match[1]}\n")
        file.flush()
        os.fsync(file.fileno())


def remember_levels() -> None:
    """Write down how the unit's parts are now, once it runs: the new slot must do as well."""
    ends, wait = monotonic() + _SETTLE_S, threading.Event()
    status = slot_check.Status()
    now: slot_check.Levels = {}
    while not now and monotonic() < ends:
        now = status.levels()
        wait.wait(1.0)
    (STATE / "before.json").write_text(json.dumps(now), encoding="ascii")


def main() -> int:
    """Install, and start the new slot on trial. Exit 1: nothing was installed, and why."""
    if not STICK.exists():
        print("take_stick: no stick")
        return 0
    PLACE.mkdir(mode=0o700, exist_ok=True)
    subprocess.run(["mount", "-o", "ro,nodev,nosuid,noexec", STICK, PLACE], check=True)
    running = running_version()
    name = choose([one.name for one in PLACE.iterdir()], running, given_up())
    if name is None:
        print(f"take_stick: the stick has nothing that is newer than {running}")
        return 0
    remember_levels()
    print(f"take_stick: {name} is installed", flush=True)
    subprocess.run(["rauc", "install", PLACE / name], check=True)
    remember_try(name)
    print(f"take_stick: {name} is started on trial", flush=True)
    subprocess.run(["systemctl", "reboot", "--reboot-argument=0 tryboot"], check=True)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"take_stick: nothing was changed: {error}", file=sys.stderr)
        sys.exit(1)
