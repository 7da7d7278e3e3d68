"""The command line as a whole: every command shows its help with an example."""

import argparse
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from outrider import cli
from outrider.bench.cli import _BENCHES
from outrider.centre.commands.centre import PARTS
from outrider.command_line import Parser
from outrider.unit.settings import sections
from tests import wrong_use

GOLDEN = Path(__file__).resolve().parents[2] / "replay" / "golden_drive"

COMMANDS = sorted(cli.COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_shows_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`outrider COMMAND --help` works and ends with an example that starts with the command."""
    with pytest.raises(SystemExit) as ended:
        cli.main([command, "--help"])
    assert ended.value.code == 0
    assert f"outrider {command}" in capsys.readouterr().out.split("example")[1]


@pytest.mark.parametrize("name", sorted(_BENCHES))
def test_every_benchmark_shows_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`outrider bench NAME --help` works, so that the table of names and the modules agree."""
    with pytest.raises(SystemExit) as ended:
        cli.main(["bench", name, "--help"])
    assert ended.value.code == 0
    assert f"outrider bench {name}" in capsys.readouterr().out.split("example")[1]


def test_bare_outrider_prints_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a command it is wrong use, and the help says what there is."""
    assert cli.main([]) == 2
    printed = capsys.readouterr().err
    assert all(command in printed for command in COMMANDS)


def test_an_unknown_option_shows_the_usage_of_its_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Every command, at every depth: its own usage, not the program's, and the nearest option."""
    assert [words for words, parser in wrong_use.leaves() if not isinstance(parser, Parser)] == []
    for words, meant in (
        (["run", "--hotlst=x"], "(did you mean --hotlist?); `outrider run --help`"),
        (["centre", "units", "--jsn"], "(did you mean --json?); `outrider centre units --help`"),
        (["status", "now"], "unrecognized: now; `outrider status --help`"),
    ):
        with pytest.raises(SystemExit) as ended:
            cli.main(words)
        said = capsys.readouterr().err
        assert ended.value.code == 2
        assert said.startswith(f"usage: outrider {' '.join(words[:-1])} "), said
        assert meant in said


def test_a_part_of_the_centre_is_registered_by_the_module_that_is_imported_for_it() -> None:
    """The table names every part once, and only the asked one's module has to be imported."""
    for module, names in PARTS.items():
        commands = argparse.ArgumentParser().add_subparsers()
        importlib.import_module(module).register(commands)
        assert tuple(commands.choices) == names, module
    imported = (
        "import sys, outrider.cli as c; c.build_parser('centre', 'units'); print(*sys.modules)"
    )
    there = subprocess.run(
        [sys.executable, "-c", imported], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "outrider.centre.commands.authority" in there
    assert "outrider.centre.commands.search" not in there
    assert "cv2" not in there


def test_no_start_of_the_unit_waits_for_what_only_updates_need() -> None:
    """python-tuf and what it brings take a fifth of a second, more on a Raspberry Pi."""
    imported = "import sys, outrider.cli, outrider.unit.commands.run as r; print(*sys.modules)"
    there = subprocess.run(
        [sys.executable, "-c", imported], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "outrider.unit.run.wiring" in there
    assert not {"tuf", "securesystemslib", "urllib3"} & set(there)


def test_a_state_folder_that_cannot_be_used_is_said_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file, or where none can be made: which setting names it, and a status of 2 for `run`."""
    (tmp_path / "file").touch()
    run = ["run", "--quiet", "--source", f"drive:{GOLDEN}", "--alarm", "none"]
    for place in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/nobody")):
        monkeypatch.setenv("STATE_DIRECTORY", str(place))
        assert cli.main(run) == 2
        said = capsys.readouterr().err
        assert str(place) in said
        assert "state_dir under [unit]" in said
        assert "Errno" not in said
    (tmp_path / "list.csv").write_text("vrm,reason\nAB12CDE,stolen\n")
    assert cli.main(["hotlist", "import", str(tmp_path / "list.csv")]) != 0
    assert "name another place" in capsys.readouterr().err


def test_settings_that_are_not_there_are_not_called_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file put where nobody looks for it: `config check` says that it found none."""
    place = tmp_path / "outrider.toml"
    monkeypatch.setattr(sections, "DEFAULT_PATH", place)
    assert cli.main(["config", "check"]) == 0
    assert "not there: every setting has its default" in capsys.readouterr().out
    place.write_text("[unit]\n", encoding="utf-8")
    assert cli.main(["config", "check"]) == 0
    assert "good" in capsys.readouterr().out
