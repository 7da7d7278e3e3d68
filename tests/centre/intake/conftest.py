"""A centre that runs for a module's tests, with one enrolled unit whose journal is filled."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.centre.intake.running import Running, Unit, enrolled, running


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A centre with generous rates and short patience."""
    root = tmp_path_factory.mktemp("centre")
    with running(root, body_s=1.0, head_s=1.0, unit_burst=100_000, all_burst=100_000) as made:
        yield made


@pytest.fixture(scope="module")
def unit(centre: Running, tmp_path_factory: pytest.TempPathFactory) -> Unit:
    """A unit with ten reads and a hit; nothing of it has been sent."""
    made = enrolled(centre, tmp_path_factory.mktemp("unit"))
    made.fill(10)
    return made


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder for a unit of a test's own."""
    return tmp_path / "unit"
