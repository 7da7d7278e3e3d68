"""A demo centre that commands are run at, as people of each role."""

from pathlib import Path

import pytest

from outrider.centre.demo.maker import Plan, make_demo
from outrider.clock import SystemClock
from tests.centre.commands.running import Runner


@pytest.fixture(scope="session")
def told_centre(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo of 310 days: the whole story within the year, an officer who stalks flagged."""
    root = tmp_path_factory.mktemp("demo") / "centre"
    make_demo(root, Plan(days=310, reads_a_day=0.2, vehicles=60), SystemClock())
    return root


@pytest.fixture
def run(told_centre: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Runner:
    """Run commands at it."""
    return Runner(told_centre, tmp_path, capfd)
