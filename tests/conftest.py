"""What tests of every part share."""

import os
from pathlib import Path

import pytest

_REPO = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def plates_dir() -> Path:
    """Folder of the real development pictures; a test that needs it is skipped without it."""
    folder = Path(os.environ.get("OUTRIDER_PLATES") or _REPO.parent / "shared" / "plates")
    if not folder.is_dir():
        pytest.skip(f"real pictures are not here: {folder} (set OUTRIDER_PLATES)")
    return folder
