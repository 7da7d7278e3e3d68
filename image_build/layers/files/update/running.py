"""What runs: the image's version, the slot it was started from, the slot that is chosen."""

import os
import subprocess
from pathlib import Path

STATE = Path("/data/update")
_PROGRAMS = Path(os.environ.get("OUTRIDER_PROGRAMS", "/usr/lib/outrider"))  # for tests


def numbers(version: str) -> tuple[int, ...]:
    """Return a version as numbers that can be compared. Errors: ValueError."""
    return tuple(int(part) for part in version.split("."))


def running_version() -> str:
    """Return the version of the image that runs. Errors: OSError."""
    return (_PROGRAMS / "image-version").read_text(encoding="ascii").strip()


def running_slot() -> str:
    """Return the slot that the firmware started. Errors: CalledProcessError, OSError."""
    return _asked(_PROGRAMS / "update/boot-slot")


def primary_slot() -> str:
    """Return the slot that is started by itself. Errors: CalledProcessError, OSError."""
    return _asked(_PROGRAMS / "update/boot_choice.py", "get-primary")


def choose(slot: str) -> None:
    """Let the firmware start a slot by itself from now on. Errors: CalledProcessError, OSError.

    Without RAUC, which would answer over D-Bus, in its own time: it asks for the choice anew.
    """
    _asked(_PROGRAMS / "update/boot_choice.py", "set-primary", slot)


def _asked(*words: Path | str) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()
