"""Every command that a README shows is one that works.

All are taken through the real parsers; those in fenced blocks are run as well, in the order in
which a reader would paste them, in a folder that stands for the places that they name. What cannot
run here is in one list, with why and with the test that runs it instead.
"""

import argparse
import functools
import importlib
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from outrider import cli

ROOT = Path(__file__).resolve().parents[1]
FRAME = ROOT / "tests" / "replay" / "golden_drive" / "frames" / "00020.jpg"
READMES = sorted(
    path
    for path in (*ROOT.glob("*.md"), *ROOT.glob("*/**/*.md"))
    if not {".venv", "build", ".venv-train", "node_modules"} & set(path.relative_to(ROOT).parts)
)
NOT_RUN = {
    "outrider run --source picamera2": "needs a camera: image_build/checks/camera_harness",
    "outrider run --source v4l2": "needs a camera: tests/unit/devices/test_camera_v4l2.py",
    "outrider run --source video:drive.mp4": "needs a video: tests/unit/run/test_run.py",
    "outrider demo": "a minute long: tests/unit/commands/test_demo.py runs a short one",
    "outrider centre demo": "a service: tests/centre/demo",
    "outrider centre serve": "a service: tests/journeys/test_first_journey.py",
    "outrider centre open": "a service: tests/journeys/test_first_journey.py",
    "outrider enrol": "needs the service: tests/journeys/test_first_journey.py",
    "outrider sync": "needs the service: tests/journeys/test_first_journey.py",
    "outrider hotlist check": "needs a list from a centre: tests/journeys/test_first_journey.py",
    "outrider status": "needs a running unit: tests/unit/run/test_faults.py",
    "outrider alarm flash": "needs a board: tests/firmware/test_flash.py",
    "outrider alarm test": "needs a board: tests/unit/alarm/test_end_to_end.py simulates one",
    "outrider centre audit export --dir C --follow": "for ever: tests/centre/audit/test_export.py",
    "outrider centre audit checkpoint": "a new trail is empty: tests/centre/audit/test_verify.py",
    "outrider centre audit verify": "likewise: tests/centre/audit/test_verify.py",
    "outrider centre evidence verify": "needs a pack: tests/journeys/test_centre_stories.py",
    "outrider centre export": "needs somebody signed in: tests/centre/commands/test_decisions.py",
}
# What a reader puts his own name for.
PLACES = {
    "/srv/centre": "centre",
    "/srv/hotlists": "hotlists",
    "C": "centre",
    "/media/opening": "opening",
    "R": "repository",
}


def commands(readme: Path) -> Iterator[str]:
    """Yield the lines of a README's fenced blocks that call the program."""
    for block in re.findall(r"```(?:sh)?\n(.*?)```", readme.read_text(encoding="utf-8"), re.S):
        for line in re.sub(r"\\\n\s*", "", block).splitlines():
            for part in re.sub(r"\s#.*", "", line).split("&&"):
                words = part.strip().removeprefix(".venv/bin/")
                if words.startswith("outrider "):
                    yield words


def mentioned() -> Iterator[tuple[str, str]]:
    """Yield every `outrider ...` that a README names in its text, with the README."""
    for readme in READMES:
        for words in re.findall(r"`(outrider [^`\n]+)`", readme.read_text(encoding="utf-8")):
            yield str(readme.relative_to(ROOT)), words


def parsed(words: list[str]) -> argparse.Namespace:
    """Take a command line through its parser; SystemExit where it refuses."""
    args = cli.build_parser(words[0]).parse_args(words)
    if words[0] == "bench":
        parser = argparse.ArgumentParser()
        importlib.import_module(f"outrider.bench.{words[1]}").register(parser.add_subparsers())
        args = parser.parse_args(words[1:])
    return args


@pytest.mark.parametrize("readme", READMES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_shown_is_taken_by_its_parser(
    readme: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No README shows an option, or a command, that is not there."""
    monkeypatch.chdir(tmp_path)
    for line in commands(readme):
        words = [word if word != "..." else "x" for word in shlex.split(line)][1:]
        for word in words[1:]:
            if re.fullmatch(r"[a-z0-9-]+\.[a-z]+", word):
                (tmp_path / word).touch()  # a file that an earlier step makes
        try:
            parsed(words)
        except SystemExit:
            pytest.fail(f"{readme}: {line}")


def test_every_command_named_in_a_text_is_there() -> None:
    """`outrider X Y` in running text names a command, and only options that it has."""
    wrong = []
    for readme, text in mentioned():
        words = re.split(r"[\[\s|.]+", text)[1:]
        name = words[0] if words else ""
        if name.startswith("-") or name.isupper():
            continue
        if name not in cli.COMMANDS:
            wrong.append(f"{readme}: {text}")
            continue
        if name == "bench":
            continue
        help_texts = _help_of(name)
        options = [word for word in words if word.startswith("--")]
        wrong += [f"{readme}: {text}: {one}" for one in options if one not in help_texts]
    assert wrong == []


@functools.cache
def _help_of(name: str) -> str:
    def below(parser: argparse.ArgumentParser) -> Iterator[str]:
        yield parser.format_help()
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                for one in action.choices.values():
                    yield from below(one)

    return "\n".join(below(cli.build_parser(name)))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what a reader has: pictures, a list."""
    folder = tmp_path_factory.mktemp("reader")
    (folder / "pictures").mkdir()
    (folder / "safe").mkdir()
    shutil.copy(FRAME, folder / "pictures")
    (folder / "list.csv").write_text("vrm,reason\nAB12CDE,stolen\n")
    (folder / "stolen.csv").write_text("vrm,reason\nAB12CDE,stolen\n")
    for medium in "abc":
        (folder / medium).mkdir()
    return folder


def test_the_commands_shown_run(
    place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Pasted one after another they succeed; those that cannot be run here say why."""
    monkeypatch.chdir(place)
    monkeypatch.setenv("STATE_DIRECTORY", str(place / "state"))
    monkeypatch.setenv("OUTRIDER_KEY_PASSPHRASE", "four words of a phrase")
    ran = 0
    done: set[str] = set()
    for readme in READMES:
        for line in commands(readme):
            if line in done or any(line.startswith(left_out) for left_out in NOT_RUN):
                continue
            done.add(line)
            words = [_placed(word) for word in shlex.split(line)]
            status = cli.main(words[1:])
            assert status == 0, f"{readme}: {line}\n{capfd.readouterr().err}"
            ran += 1
    assert ran >= 12


def _placed(word: str) -> str:
    if word.startswith("/media/"):
        return PLACES.get(word, word.removeprefix("/media/"))
    return PLACES.get(word, word)
