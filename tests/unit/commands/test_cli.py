"""The command line as a whole: every command shows its help with an example."""

from pathlib import Path

import pytest

from outrider import cli
from outrider.bench.cli import _BENCHES
from outrider.unit.settings import sections

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
