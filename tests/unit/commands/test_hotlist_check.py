"""`outrider hotlist check` says what it has not done as it was asked."""

from pathlib import Path

import pytest

from outrider.cli import main


def test_an_instant_before_the_list_is_said_to_be_moved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """--when before the list was published is not silently changed."""
    listed = tmp_path / "list.csv"
    listed.write_text("vrm,reason\nAB12CDE,stolen\n")
    command = ["hotlist", "check", "AB12CDE", "--hotlist", str(listed)]
    assert main([*command, "--when", "2001-01-01"]) == 0
    assert "before a list was published" in capsys.readouterr().err
    assert main(command) == 0
    assert "before" not in capsys.readouterr().err
