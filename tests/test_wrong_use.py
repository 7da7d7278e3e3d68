"""Every command with wrong values of each argument: a plain sentence and a status, never more."""

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from outrider.cli import main
from tests import wrong_use

ROOT = Path(__file__).resolve().parents[1]
FRAME = ROOT / "tests" / "replay" / "golden_drive" / "frames" / "00020.jpg"
DRIVERS = 3
WRONG = {
    "empty": "",
    "huge": "9" * 5_000,
    "negative": "-1",
    "another type": "abc",
    "not a number": "nan",
    "a folder": "pictures",
    "not there": "no/such/place",
    "unreadable": "/proc/self/mem",
    "not UTF-8": "\udcff\udcfe.csv",
}
# What fills the other arguments, by command or by name, so that one alone is wrong.
GOOD = {
    "run": ["--source", "pictures:pictures", "--alarm", "none"],
    "demo": ["--seconds", "0.5"],
    "alarm test": ["--port", "no-port"],
    "alarm listen": ["--port", "no-port", "--seconds", "0.1"],
    "alarm flash": ["--port", "no-port", "--verify-only"],
    "enrol": ["--ticket", "no.ticket"],
    "sync": ["--once"],
}
VALUES = {
    "paths": ["pictures/one.jpg"], "drive": ["render:x"], "file": ["list.csv"],
    "list": ["local"], "vrm": ["AB12CDE"], "officer": ["PC 1"], "comment": ["seen"],
    "days": ["7"], "action": ["queue"], "to": ["out"], "who": ["DC 1"], "why": ["CR/1"],
    "dir": ["centre"], "unit": ["unit-7"], "output": ["out.file"], "read": ["0" * 32],
    "role": ["patch"], "case": ["CR/1"], "reason": ["theft"], "since": ["2026-11-01"],
    "until": ["2026-11-02"], "repository": ["repository"], "root_key": ["root.pem"],
    "mark": ["AB12CDE"], "recipient": ["CID"],
}  # fmt: skip
# What a library or the system says when nobody has put it in words.
RAW = re.compile(
    r"Traceback|internal fault|\[Errno|invalid literal|Invalid isoformat|could not convert|"
    r"codec can't|has no attribute|NoneType|ValidationError|badly formed|unsupported operand|"
    r"^\w+(Error|Exception):|object is not|pydantic|string argument|[a-z_]+\(\) (got|takes)|"
    r"out of range|Exceeds the limit",
    re.MULTILINE,
)
_SHARED = {
    "authorisation", "authority", "break_glass", "case", "config", "dir", "directory", "officer",
    "purpose", "reason", "session", "store",
}  # fmt: skip
_SERVICES = {
    "centre serve",
    "centre answer",
}  # with a value that is good after all, it runs until it is stopped


def cases() -> Iterator[list[str]]:
    """Yield each command with each of its arguments wrong in each way, the others good."""
    driven: set[tuple[object, ...]] = set()
    for words, parser in wrong_use.leaves():
        for wrong in wrong_use.arguments(parser):
            if " ".join(words) in _SERVICES and wrong.dest == "dir":
                continue  # any folder in which a centre was made serves, until it is stopped
            kind = _taken_by(words, wrong)
            if kind in driven:
                continue
            driven.add(kind)
            others = _others(words, parser, wrong)
            option = wrong.option_strings[-1:]
            if option:
                yield [*words, *others, *option]
            for value in WRONG.values():
                equals = [f"{option[0]}={value}"] if option else ["--", value]
                yield [*words, *others, *equals]


def _taken_by(words: tuple[str, ...], wrong: argparse.Action) -> tuple[object, ...]:
    """Return what takes an argument: where it is one code for several commands, it is driven once.

    That is so for those that a kind of commands shares by name; and for an option whose type of our
    own refuses what is wrong, among the commands of one group (`centre search ...`).
    """
    if wrong.dest in _SHARED:
        return words[0], wrong.dest
    if len(words) > 2 and wrong.option_strings and wrong.type not in (None, str, Path):
        return words[:2], wrong.dest, wrong.type
    return words, wrong.dest


def _others(
    words: tuple[str, ...], parser: argparse.ArgumentParser, wrong: argparse.Action
) -> list[str]:
    """Return good values for what a command needs beside the argument that is wrong."""
    others = list(GOOD.get(" ".join(words), []))
    if wrong.option_strings and wrong.option_strings[-1] in others:
        at = others.index(wrong.option_strings[-1])
        del others[at : at + 2]
    for other in wrong_use.arguments(parser):
        option = other.option_strings[-1:]
        needed = other.required or other.dest == "dir"
        if other is not wrong and needed and not set(option) & set(others):
            others += [*option, *VALUES.get(other.dest, ["x"])]
    return others


def made_place(folder: Path) -> Path:
    """A folder with a centre, a list, a picture, a file with a name that is not UTF-8."""
    (folder / "pictures").mkdir()
    (folder / "pictures" / "one.jpg").write_bytes(FRAME.read_bytes())
    (folder / "list.csv").write_text("vrm,reason\nAB12CDE,stolen\n")
    Path(os.fsdecode(bytes(folder) + b"/\xff\xfe.csv")).write_bytes(b"\xff\xfe\x00 not text \xff")
    assert main(["centre", "init", str(folder / "centre"), "--keys-here"]) == 0
    return folder


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """How each case ended. Half of the time is waiting: so the cases are dealt to drivers."""
    places = [made_place(tmp_path_factory.mktemp("wrong")) for _ in range(DRIVERS)]
    every = list(cases())
    with ThreadPoolExecutor(DRIVERS) as pool:
        dealt = pool.map(driven, places, [every[k::DRIVERS] for k in range(DRIVERS)])
        return [end for ends in dealt for end in ends]


def driven(place: Path, some: list[list[str]]) -> list[dict[str, Any]]:
    """How some of the cases ended, one after another, in a place of their own."""
    environment = {
        **os.environ,
        "STATE_DIRECTORY": str(place / "state"),
        "RUNTIME_DIRECTORY": str(place / "run"),
        "PYTHONPATH": str(ROOT),
    }
    for name in [name for name in environment if name.startswith("COVERAGE_")]:
        del environment[
            name
        ]  # a child ends without writing what was measured: only its time is lost
    done = subprocess.run(
        [sys.executable, "-m", "tests.wrong_use", str(place)],
        input=json.dumps(some),
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def shortened(end: dict[str, Any]) -> str:
    """Return a case in a line."""
    words = " ".join(word if len(word) < 40 else f"{word[:20]}..." for word in end["words"])
    said = [line for line in end["said"].splitlines() if not line.startswith(("INFO", "WARNING"))]
    return f"outrider {words!r} -> {end['status']}: {' | '.join(said[-2:])[:300]}"


def test_wrong_use_is_said_in_a_plain_sentence(ends: list[dict[str, Any]]) -> None:
    """No traceback, no library's own words, for no argument of no command."""
    raw = [shortened(end) for end in ends if RAW.search(end["said"])]
    assert raw == []


def test_every_command_ends_by_the_rule(ends: list[dict[str, Any]]) -> None:
    """0, 1, 2 (3 for a mark that is not listed), never a signal; and an error is never mute."""
    wrong = [
        shortened(end)
        for end in ends
        if end["status"] not in (0, 1, 2, 3)
        and not (end["status"] == -14 and " ".join(end["words"][:2]) in _SERVICES)
    ]
    mute = [shortened(end) for end in ends if end["status"] not in (0, -14) and not end["said"]]
    assert wrong + mute == []


def test_an_option_without_its_value_is_wrong_use(ends: list[dict[str, Any]]) -> None:
    """The plainest mistake has one status everywhere."""
    missing = [
        end for end in ends if end["words"][-1].startswith("-") and "=" not in end["words"][-1]
    ]
    assert missing
    assert [
        shortened(end) for end in missing if end["status"] != 2 and end["words"][-1] != "-1"
    ] == []
