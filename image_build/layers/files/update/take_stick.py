#!/usr/bin/python3
"""Installs the newest bundle of a USB stick that is in the unit when it starts.

The stick's file system is named OUTRIDER. To start a unit with such a stick in it is what a
technician does on purpose, at a standstill; one that is put in while it drives is left alone. A
bundle that is not newer than what runs is taken only if its name ends in `-downgrade.raucb` (RAUC
insists that it is signed as one); one that was tried and failed is not taken again.
"""

import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from time import monotonic

import slot_check
from running import STATE, numbers, running_version

STICK = Path("/dev/disk/by-label/OUTRIDER")
PLACE = Path("/run/outrider-stick")
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
    refused = STATE / "refused"
    known = set(refused.read_text(encoding="ascii").split()) if refused.exists() else set()
    name = choose([one.name for one in PLACE.iterdir()], running, known)
    if name is None:
        print(f"take_stick: the stick has nothing that is newer than {running}")
        return 0
    remember_levels()
    print(f"take_stick: {name} is installed", flush=True)
    subprocess.run(["rauc", "install", PLACE / name], check=True)
    print(f"take_stick: {name} is started on trial", flush=True)
    subprocess.run(["systemctl", "reboot", "--reboot-argument=0 tryboot"], check=True)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"take_stick: nothing was changed: {error}", file=sys.stderr)
        sys.exit(1)
