"""A named pipe in the place of a file: every reader says what is wrong, none waits for a writer."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import pytest

from outrider.clock import SystemClock
from outrider.command_line.exits import UseError
from outrider.hotlist_import.text import ListTextError, open_text
from outrider.outside import read_text
from outrider.sources import SourceError
from outrider.unit.commands.run import refuse_missing
from outrider.unit.devices.gnss_nmea import NmeaPositions
from outrider.unit.devices.picture_files import PictureError, read_rgb
from outrider.unit.devices.source_spec import parse_frame_source
from outrider.unit.enrolment.enrol import EnrolError, read_ticket
from outrider.wire.sealing import CentrePrivateKey, SealingError

_LONGEST_S = 8


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[Path]:
    """A pipe that nobody writes to; whoever waits for one fails."""

    def waited(number: int, frame: FrameType | None) -> None:
        raise AssertionError("waits for somebody to write")

    path = tmp_path / "pipe.jpg"
    os.mkfifo(path)
    before = signal.signal(signal.SIGALRM, waited)
    signal.alarm(_LONGEST_S)
    yield path
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize(
    ("reader", "error", "why"),
    [
        (read_rgb, PictureError, "is empty"),
        (read_ticket, EnrolError, "no ticket"),
        (CentrePrivateKey.read, SealingError, "is needed"),
        (lambda path: NmeaPositions(path, SystemClock()), SourceError, "holds no fix"),
        (lambda path: open_text(path, "auto"), ListTextError, "is a pipe"),
        (lambda path: parse_frame_source(f"video:{path}"), SourceError, "is a pipe"),
        (refuse_missing, UseError, "is a pipe"),
    ],
)
def test_a_pipe_that_nobody_writes_to_is_an_error(
    pipe: Path, reader: Callable[[Path], object], error: type[Exception], why: str
) -> None:
    """No command hangs without a word, deaf to SIGTERM."""
    with pytest.raises(error, match=why):
        reader(pipe)


def test_settings_from_a_pipe_that_nobody_writes_to_are_empty(pipe: Path) -> None:
    """`-c PIPE` reads nothing, and does not wait."""
    assert read_text(pipe, 100) == ""


def test_what_is_written_to_a_pipe_is_still_read() -> None:
    """A file that the shell makes, `-c <(...)`, goes on working, also while its writer is slow."""
    ours, theirs = os.pipe()
    writer = threading.Timer(0.2, _written, (theirs,))
    writer.start()
    try:
        assert read_text(Path(f"/dev/fd/{ours}"), 100) == "[unit]"
    finally:
        writer.join()
        os.close(ours)


def _written(handle: int) -> None:
    os.write(handle, b"[unit]")
    os.close(handle)
