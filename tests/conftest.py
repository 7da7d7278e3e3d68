"""What tests of every part share."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

_REPO = Path(__file__).resolve().parents[1]

# How long an example takes says how loaded the machine is, not whether the code is right.
# In CI the examples are the same each time: what a random one finds is for whoever runs the tests.
settings.register_profile("outrider", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("outrider")


@pytest.fixture(autouse=True)
def homes(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test homes of its own: a unit on this machine is no part of the tests."""
    place = tmp_path_factory.mktemp("homes")
    monkeypatch.setenv("STATE_DIRECTORY", str(place / "state"))
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(place / "run"))


@pytest.fixture(scope="session")
def plates_dir() -> Path:
    """Folder of the real development pictures; a test that needs it is skipped without it."""
    folder = Path(os.environ.get("OUTRIDER_PLATES") or _REPO.parent / "shared" / "plates")
    if not folder.is_dir():
        pytest.skip(f"real pictures are not here: {folder} (set OUTRIDER_PLATES)")
    return folder
