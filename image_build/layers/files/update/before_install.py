#!/usr/bin/python3
"""Refuses a bundle that must not be installed: RAUC's pre-install handler.

Older than what runs, unless its signed content has the file `downgrade-allowed`; or while the
running system is itself on trial: RAUC would then write over the slot that is known to be good.
RAUC has checked the signature before this is run, and nothing has been written yet.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from running import numbers, primary_slot, running_slot, running_version

_BUNDLE_VERSION = re.compile(r"^\[update\][^\[]*?^version=(\S+)$", re.MULTILINE)


def refusal(bundle: Path, running: str, slot: str, primary: str) -> str | None:
    """Return why a mounted bundle is refused; None where it may be installed."""
    if slot != primary:
        return f"slot {slot} is on trial: its bundle is judged first"
    found = _BUNDLE_VERSION.search((bundle / "manifest.raucm").read_text(encoding="utf-8"))
    if found is None:
        return "the bundle says no version"
    if numbers(found[1]) < numbers(running) and not (bundle / "downgrade-allowed").exists():
        return f"{found[1]} is older than {running}, which runs, and is not signed as a downgrade"
    return None


def main() -> int:
    """Judge the bundle that RAUC names. Exit 0: it may be installed; 1: it is refused."""
    try:
        why = refusal(
            Path(os.environ["RAUC_BUNDLE_MOUNT_POINT"]),
            running_version(),
            running_slot(),
            primary_slot(),
        )
    except (KeyError, OSError, ValueError, subprocess.CalledProcessError) as error:
        why = f"it cannot be judged: {error}"
    if why is not None:
        print(f"before_install: refused: {why}", file=sys.stderr)
    return int(why is not None)


if __name__ == "__main__":
    sys.exit(main())
