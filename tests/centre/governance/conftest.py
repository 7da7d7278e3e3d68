"""What tests of the duties share: an empty store, and the clock of the access tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from outrider.centre.store import open_store
from outrider.centre.store.centre_store import CentreStore
from outrider.clock import RecordedClock
from tests.centre.access import makers


@pytest.fixture
def clock() -> RecordedClock:
    return makers.clock()


@pytest.fixture
def store(tmp_path: Path, clock: RecordedClock) -> Iterator[CentreStore]:
    opened = open_store(f"sqlite:{tmp_path / 'store'}", clock)
    yield opened
    opened.close()
