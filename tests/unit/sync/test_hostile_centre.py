"""The real `outrider sync --watch` against a centre whose answers are meant to break it."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.centre.intake.running import eventually
from tests.unit.journal.filled import fill, reads
from tests.unit.sync.centre import Handler, TestCentre, body_of_200, good_receipt, serve, status
from tests.unit.sync.test_dock import UNIT, settings_file

DIGITS = b"9" * 5000


def _swapped(old: bytes, new: bytes) -> Callable[[Handler], bytes]:
    """Return a receipt that was good before some of its bytes were changed."""
    return lambda handler: good_receipt(handler).replace(old, new)


HOSTILE: tuple[Callable[[Handler], bool], ...] = (
    body_of_200(_swapped(b'"stored":1000000', b'"stored":' + DIGITS)),
    body_of_200(_swapped(b'"version":1', b'"version":1e999')),
    body_of_200(lambda handler: good_receipt(handler, stored=10**4000)),
    body_of_200(lambda handler: b"[" * 60_000),
    body_of_200(lambda handler: good_receipt(handler).decode().encode("utf-16")),
    status(503, Retry_After="inf"),
    status(429, Retry_After="nan"),
    status(500, Set_Cookie="a=b; expires=" + "9" * 3000),
)


@pytest.fixture
def centre(tmp_path: Path) -> TestCentre:
    """A centre that knows the unit, and answers with everything hostile first."""
    made = TestCentre(UNIT.public)
    UNIT.write(tmp_path / "signing.key")
    made.identity.public.write(tmp_path / "receipt.key")
    made.misbehaviour = list(HOSTILE)
    return made


def test_no_answer_of_a_centre_ends_a_watching_sync(tmp_path: Path, centre: TestCentre) -> None:
    """A receipt with a number of 5,000 digits ended `sync --watch`; rows stayed on the unit."""
    fill(tmp_path / "journal", reads(0, 5))
    with serve(centre) as url, (tmp_path / "log").open("wb") as log:
        settings = settings_file(tmp_path, url)
        words = [sys.executable, "-m", "outrider.cli", "sync", "--watch", "-c", str(settings)]
        process = subprocess.Popen(words, stdout=log, stderr=log)
        try:

            def all_sent() -> bool:
                said = (tmp_path / "log").read_text(errors="replace")
                assert process.poll() is None, said[-3000:]
                return not centre.misbehaviour and len(centre.arrived) >= 5

            eventually(all_sent)
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(30.0) == 0
    assert "Traceback" not in (tmp_path / "log").read_text(errors="replace")
