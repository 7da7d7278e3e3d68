"""What tests of every part share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

_REPO = Path(__file__).resolve().parents[1]

# How long an example takes says how loaded the machine is, not whether the code is right.
# In CI the examples are the same each time: what a random one finds is for whoever runs the tests.
settings.register_profile("outrider", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("outrider")


LONG_FILES = (
    "test_campaigns.py",
    "test_detector_training.py",
    "test_first_journey.py",
    "test_wrong_use.py",
    "test_residual.py",
    "test_reader_training.py",
    "test_readmes.py",
    "test_site.py",
    "test_browser.py",
    "test_crawl.py",
)
"""Begun first, so that no worker has one to itself while the others have done."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest before the others, in the order above."""
    place = {name: number for number, name in enumerate(LONG_FILES)}
    items.sort(key=lambda item: place.get(item.path.name, len(place)))


@pytest.fixture(autouse=True)
def homes(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test homes of its own: a unit on this machine is no part of the tests."""
    place = tmp_path_factory.mktemp("homes")
    monkeypatch.setenv("STATE_DIRECTORY", str(place / "state"))
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(place / "run"))


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    """Give each test the usual umask: a command that another ran in this process narrowed it."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture(scope="session")
def plates_dir() -> Path:
    """Folder of the real development pictures; a test that needs it is skipped without it."""
    folder = Path(os.environ.get("OUTRIDER_PLATES") or _REPO.parent / "shared" / "plates")
    if not folder.is_dir():
        pytest.skip(f"real pictures are not here: {folder} (set OUTRIDER_PLATES)")
    return folder
