"""Which commit this program was built from: written into a wheel, asked of git in a checkout."""

import subprocess
from pathlib import Path
from typing import Final

COMMIT_FILE: Final = "commit.txt"
"""Beside this module, made by `image_build/wheel_backend.py`; absent in a checkout."""
UNKNOWN: Final = "-"
_HERE: Final = Path(__file__).resolve().parent


def commit() -> str:
    """Return the commit that runs, `+` behind it where files differ from it; `-` if unknown."""
    written = _HERE / COMMIT_FILE
    if written.exists():
        return written.read_text(encoding="ascii", errors="replace").strip() or UNKNOWN
    root = _HERE.parents[1]
    return commit_of(root) if (root / ".git").exists() else UNKNOWN


def commit_of(folder: Path) -> str:
    """Return a checkout's commit, `+` behind it where files differ from it; `-` outside one."""
    try:
        short = _git(folder, "rev-parse", "--short=10", "HEAD")
        return short + ("+" if _git(folder, "status", "--porcelain", "-uno") else "")
    except (OSError, subprocess.SubprocessError):
        return UNKNOWN


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder.resolve()), *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=20
    ).stdout.strip()
