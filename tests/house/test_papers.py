"""The papers name what is there: files, commands, settings."""

import re
import subprocess
from pathlib import Path

import pytest

from outrider.cli import COMMANDS

REPO = Path(__file__).resolve().parents[2]
PACKAGE = REPO / "src/outrider"
_CODE = re.compile(r"`([^`\n]+)`")
_PATH = re.compile(r"[A-Za-z_0-9./*-]*[a-z_0-9*]+(?:/|\.(?:py|h|c|md|toml|json|jsonl|csv|sh))")


def _tracked(pattern: str) -> list[Path]:
    command = ["git", "ls-files", pattern]
    listed = subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=True)
    return [REPO / name for name in listed.stdout.split()]


def _is_there(word: str, paper: Path) -> bool:
    """A path may begin beside the paper, at the top or in the package; a bare name stands once."""
    places = (paper.parent, REPO, PACKAGE, PACKAGE / "unit", PACKAGE / "centre")
    if any(any(place.glob(word)) for place in places):
        return True
    return "/" not in word and bool(_tracked(f"*/{word}"))


def _named(paper: Path) -> list[str]:
    words = [word for code in _CODE.findall(paper.read_text("utf-8")) for word in [code.strip()]]
    return [word for word in words if _PATH.fullmatch(word) and not word.startswith(("/", ".."))]


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "README.md", "src/outrider/unit/README.md"])
def test_every_path_that_a_guide_names_is_there(name: str) -> None:
    """A newcomer who follows the guide finds each file and folder that it names."""
    paper = REPO / name
    missing = [word for word in _named(paper) if not _is_there(word, paper)]
    assert not missing


def test_every_room_of_the_unit_and_the_centre_has_a_paper() -> None:
    """Each folder of code in the unit and the centre says what it is."""
    rooms = [p for side in ("unit", "centre") for p in (PACKAGE / side).iterdir() if p.is_dir()]
    bare = [
        room.name for room in rooms if any(room.glob("*.py")) and not (room / "README.md").exists()
    ]
    assert not bare


def test_a_rooms_table_names_each_of_its_modules() -> None:
    """A module that is added to a room of the unit is added to the room's paper."""
    wrong = []
    for paper in sorted((PACKAGE / "unit").glob("*/README.md")):
        text = paper.read_text("utf-8")
        if "| module |" not in text:
            continue
        modules = {p.name for p in paper.parent.glob("*.py")} - {"__init__.py"}
        wrong += [f"{paper.parent.name}/{m}" for m in sorted(modules) if f"`{m}`" not in text]
    assert not wrong


def test_the_readme_lists_each_command() -> None:
    """The table of commands is the command line's."""
    text = (REPO / "README.md").read_text("utf-8")
    assert [name for name in COMMANDS if f"| `{name}` |" not in text] == []


def test_the_papers_are_found() -> None:
    """The tests above look at something."""
    assert len(_tracked("*.md")) > 20
    assert len(_named(REPO / "CONTRIBUTING.md")) > 40
