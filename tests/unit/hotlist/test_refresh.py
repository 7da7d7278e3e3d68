"""One round of updates from the settings, as the dock and `outrider hotlist update` ask for it."""

import re
from pathlib import Path

import pytest

from outrider import cli
from outrider.clock import SystemClock
from outrider.unit.hotlist.refresh import NotSetUpError, refresh
from outrider.unit.hotlist.store import HotlistStore
from outrider.unit.settings.sections import Settings


@pytest.mark.parametrize("url", [None, "https://centre.example"])
def test_what_is_missing_names_a_command_that_takes_it(
    url: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`outrider sync` says it too, and has no such option: the whole command is named."""
    with pytest.raises(NotSetUpError) as raised:
        refresh(Settings(), HotlistStore(tmp_path), SystemClock(), url)
    named = re.search(r"`outrider (.*?) (--\w+)", str(raised.value))
    assert named is not None
    with pytest.raises(SystemExit):
        cli.main([*named[1].split(), "--help"])
    assert named[2] in capsys.readouterr().out


def test_a_unit_without_a_root_of_trust_says_the_whole_way_to_one(tmp_path: Path) -> None:
    """Who never had lists at his centre is told what to do there, and then here."""
    with pytest.raises(NotSetUpError) as raised:
        refresh(Settings(), HotlistStore(tmp_path), SystemClock(), "https://centre.example")
    said = str(raised.value)
    for step in ("publish a list", "centre.toml", "enrol the unit anew", "1.root.json"):
        assert step in said
