"""Break the code in small ways and see which tests notice: `python -m tests.mutation ROOM ...`.

mutmut (a Python package; see pyproject's extra `mutation`) makes the mutants and runs, for each,
the tests that pass through it. Not a part of CI: a room takes minutes to hours. What survives and
is not explained in `explained.txt` is printed, and the exit status is then 1.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Room:
    """What is broken, and by which tests it is judged."""

    sources: tuple[str, ...]
    tests: tuple[str, ...]


ROOMS = {
    "decide": Room(("unit/pipeline/*",), ("tests/unit/pipeline", "tests/unit/run/test_silent.py")),
    "match": Room(
        ("unit/hotlist/match.py", "unit/hotlist/candidates.py", "unit/hotlist/arming.py"),
        ("tests/unit/hotlist/test_match.py", "tests/unit/hotlist/test_repeat.py"),
    ),
    "journal": Room(("unit/journal/*",), ("tests/unit/journal",)),
    "sync": Room(("unit/sync/*",), ("tests/unit/sync",)),
    "wire": Room(("wire/*",), ("tests/wire",)),
    "intake": Room(("centre/intake/*",), ("tests/centre/intake",)),
}
_RESULT = re.compile(r"^\s*(\S+): ([a-z ]+)$")


def main() -> int:
    """Run the rooms that are named; print a table and the survivors."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rooms", nargs="+", choices=sorted(ROOMS))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="folder to work in, kept for a later look")
    args = parser.parse_args()
    explained = _explained()
    bad = False
    for name in args.rooms:
        results = _run(name, args.jobs, args.keep)
        counts = Counter(results.values())
        print(name, dict(counts))
        left = [m for m, r in results.items() if r == "survived" and m not in explained]
        for mutant in left:
            print("  survived:", mutant)
        bad = bad or bool(left) or not results
    return int(bad)


def _explained() -> set[str]:
    lines = Path(__file__).with_name("explained.txt").read_text("utf-8").splitlines()
    return {line.split()[0] for line in lines if line.strip() and not line.startswith("#")}


def _run(name: str, jobs: int, keep: Path | None) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = (keep or Path(temporary)) / name
        _copy(folder, ROOMS[name])
        mutmut = [sys.executable, "-m", "mutmut"]
        subprocess.run([*mutmut, "run", "--max-children", str(jobs)], cwd=folder, check=False)
        command = [*mutmut, "results", "--all", "true"]
        told = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    found = (_RESULT.match(line) for line in told.stdout.splitlines())
    return {match[1]: match[2] for match in found if match}


def _copy(folder: Path, room: Room) -> None:
    """Lay out what mutmut needs: the sources, the tests, and what they look for beside them."""
    ignore = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for part in ("src", "tests", "models", "firmware", "image_build"):
        shutil.copytree(REPO / part, folder / part, ignore=ignore, symlinks=True)
    text = (REPO / "pyproject.toml").read_text("utf-8")
    tomllib.loads(text)
    (folder / "pyproject.toml").write_text(
        f"{text}\n[tool.mutmut]\nsource_paths = ['src']\n"
        f"only_mutate = {[f'src/outrider/{s}' for s in room.sources]}\n"
        f"pytest_add_cli_args_test_selection = {list(room.tests)}\n"
        "pytest_add_cli_args = ['-p', 'no:randomly', '-x', '-q']\n"
        "also_copy = ['models', 'firmware', 'image_build']\n",
        encoding="utf-8",
    )
    (folder / "README.md").write_text("", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
