"""Ctrl-C at any moment ends with one line and the usual status, never a traceback."""

import sys
from collections.abc import Sequence
from types import ModuleType

import pytest

from outrider import cli, entry
from outrider.command_line import exits


class _Interrupting:
    """A finder at whose first question the person presses Ctrl-C."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> None:
        if name == "outrider.cli":
            raise KeyboardInterrupt


def test_while_the_program_is_still_loading(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A Raspberry Pi loads for seconds; who stops it then saw a traceback."""
    monkeypatch.delitem(sys.modules, "outrider.cli")
    monkeypatch.delattr("outrider.cli")
    monkeypatch.setattr(sys, "meta_path", [_Interrupting(), *sys.meta_path])
    assert entry.main() == exits.INTERRUPTED
    assert capfd.readouterr().err == "outrider: interrupted\n"


def test_while_a_command_runs(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The same line and status later on."""

    def interrupted(words: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_run", interrupted)
    assert cli.main(["config", "show"]) == exits.INTERRUPTED
    assert capfd.readouterr().err == "outrider: interrupted\n"
