"""Recorded drives: written, killed in the middle, damaged, read back."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from outrider.clock import NS_PER_S, ClockQuality, RecordedClock
from outrider.drive.format import (
    FRAMES_FILE,
    HEADER_FILE,
    FrameLine,
    header_text,
    line_text,
)
from outrider.records import ComponentHealth, Fix, FixQuality, Frame, Level, Part
from outrider.sources import SourceError
from outrider.unit.devices.drive_recorder import DriveRecorder, RecordingSource
from outrider.unit.devices.gnss_fixed import FixedPosition
from outrider.unit.devices.gnss_nmea import NmeaPositions
from outrider.unit.devices.source_drive import DriveSource
from tests.unit.devices.makers import MS, frame, header, number_of, write_video

UTC_NS = header().utc_at_zero_ns


def fix_at(mono_ns: int) -> Fix:
    return Fix(
        mono_ns, UTC_NS + mono_ns, 53.0 + mono_ns / 1e12, -2.0, 10.0, 0.0, FixQuality.FIX_3D, 7.8
    )


def recorded(folder: Path, count: int) -> Path:
    """Record a drive of `count` frames that begins a second into the unit's life."""
    with DriveRecorder(folder, header(), zero_mono_ns=NS_PER_S) as recorder:
        for number in range(count):
            at_ns = NS_PER_S + number * 40 * MS
            recorder.fix(fix_at(at_ns))
            recorder.frame(replace(frame(number, skipped=number % 2), mono_ns=at_ns))
    return folder


def frames_of(folder: Path) -> list[Frame]:
    return list(DriveSource(folder).frames(threading.Event()))


def test_a_recorded_drive_is_read_back(tmp_path: Path) -> None:
    """Pictures, instants from the drive's zero, skipped counts, header and track come back."""
    folder = recorded(tmp_path / "drive", 5)
    frames = frames_of(folder)
    assert [number_of(f.image) for f in frames] == [0, 1, 2, 3, 4]
    assert [f.mono_ns for f in frames] == [n * 40 * MS for n in range(5)]
    assert [f.skipped for f in frames] == [0, 1, 0, 1, 0]
    source = DriveSource(folder)
    assert source.header == header()
    assert source.source_id == "drive:test-drive"
    assert source.track is not None
    assert source.truth is None
    positions = NmeaPositions(source.track, RecordedClock(UTC_NS), UTC_NS)
    assert positions.at(60 * MS).latitude_deg == pytest.approx(53.0 + 1.06e-3, abs=1e-7)


def test_the_same_drive_gives_the_same_frames_twice(tmp_path: Path) -> None:
    """Reading a drive is repeatable bit for bit."""
    folder = recorded(tmp_path / "drive", 4)
    for one, other in zip(frames_of(folder), frames_of(folder), strict=True):
        assert one.mono_ns == other.mono_ns
        assert np.array_equal(one.image, other.image)


KILLED = """
import sys
from pathlib import Path
from tests.unit.devices.makers import frame, header
from outrider.unit.devices.drive_recorder import DriveRecorder
recorder = DriveRecorder(Path(sys.argv[1]), header(), 0)
number = 0
while True:
    recorder.frame(frame(number))
    number += 1
    print(number, flush=True)
"""


def test_a_recorder_killed_in_the_middle_leaves_a_drive(tmp_path: Path) -> None:
    """SIGKILL while it writes: every frame that it had reported can be replayed."""
    root = Path(__file__).parents[3]
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path / "drive")],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert process.stdout is not None
    reported = [int(process.stdout.readline()) for _ in range(8)]
    process.send_signal(signal.SIGKILL)
    reported += [int(line) for line in process.stdout.read().split()]
    process.stdout.close()
    process.wait()
    assert len(frames_of(tmp_path / "drive")) >= reported[-1]


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    """A line that was being written when the power went is not an error."""
    folder = recorded(tmp_path / "drive", 3)
    with (folder / FRAMES_FILE).open("a") as lines:
        lines.write('{"mono_ns": 120')
    assert len(frames_of(folder)) == 3


def test_a_missing_picture_is_counted_and_named(tmp_path: Path) -> None:
    """A picture that is gone: the others come, it is skipped, health warns."""
    folder = recorded(tmp_path / "drive", 3)
    (folder / "frames/00000001.jpg").unlink()
    source = DriveSource(folder)
    frames = list(source.frames(threading.Event()))
    assert [(f.index, f.skipped) for f in frames] == [(0, 0), (2, 2)]
    assert source.health().level is Level.WARNING
    assert "frames/00000001.jpg" in source.health().detail


def test_a_drive_kept_as_a_video(tmp_path: Path) -> None:
    """The instants are the index's; a video that ends early leaves frames out, and says so."""
    write_video(tmp_path / "all.mp4", [0, 40, 80])
    (tmp_path / HEADER_FILE).write_text(header_text(header(video="all.mp4")))
    lines = "".join(line_text(FrameLine(mono_ns=n * 33 * MS)) for n in range(4))
    (tmp_path / FRAMES_FILE).write_text(lines)
    source = DriveSource(tmp_path)
    frames = list(source.frames(threading.Event()))
    assert [(number_of(f.image), f.mono_ns) for f in frames] == [
        (0, 0),
        (1, 33 * MS),
        (2, 66 * MS),
    ]
    assert source.health().counts["unreadable"] == 1


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        (HEADER_FILE, "{}", "drive_id: Field required"),
        (HEADER_FILE, "torn {", r"drive\.json: is no header"),
        (FRAMES_FILE, "", "holds no frame that can be read"),
        (FRAMES_FILE, "{}\n", "line 1: mono_ns: Field required"),
        (FRAMES_FILE, '{"mono_ns": 1}\n{"mono_ns": 1}\n', "line 2: mono_ns does not go forward"),
        (FRAMES_FILE, '{"mono_ns": 1, "file": "../../etc/passwd"}\n', "inside the drive's folder"),
        (FRAMES_FILE, '{"mono_ns": 1, "file": "/etc/passwd"}\n', "inside the drive's folder"),
        (FRAMES_FILE, '{"mono_ns": 1, "colour": 2}\n', "line 1: colour: Unexpected"),
    ],
)
def test_a_damaged_drive_is_refused_with_its_place(
    tmp_path: Path, name: str, text: str, complaint: str
) -> None:
    """The message names file, line and field; no file outside the drive is opened."""
    folder = recorded(tmp_path / "drive", 1)
    (folder / name).write_text(text)
    with pytest.raises(SourceError, match=complaint):
        frames_of(folder)


def test_what_is_no_drive_is_refused(tmp_path: Path) -> None:
    """The message says what a drive is."""
    with pytest.raises(SourceError, match=r"a drive is a folder with drive\.json"):
        DriveSource(tmp_path)


def test_a_drive_is_never_recorded_over_another(tmp_path: Path) -> None:
    """A folder with a drive in it is refused."""
    recorded(tmp_path / "drive", 1)
    with pytest.raises(SourceError, match="name a new folder"):
        DriveRecorder(tmp_path / "drive", header(), 0)


class Given:
    """A source of given frames, live or not."""

    def __init__(self, frames: list[Frame], *, live: bool) -> None:
        self._frames = frames
        self.live = live
        self.source_id = "given"

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        yield from self._frames

    def close(self) -> None:
        """Do nothing."""

    def health(self) -> ComponentHealth:
        return ComponentHealth(Part.CAMERA, Level.OK, "given")


def recording(folder: Path, frames: list[Frame], *, live: bool) -> RecordingSource:
    clock = RecordedClock(UTC_NS)
    source = Given(frames, live=live)
    return RecordingSource(source, FixedPosition(53.0, -2.0, clock), clock, folder, header())


def test_a_file_is_recorded_whole(tmp_path: Path) -> None:
    """A source that waits loses nothing to its recording, and its header says its own size."""
    frames = [frame(n) for n in range(20)]
    source = recording(tmp_path / "drive", frames, live=False)
    assert len(list(source.frames(threading.Event()))) == 20
    assert [number_of(f.image) for f in frames_of(tmp_path / "drive")] == list(range(20))
    head = DriveSource(tmp_path / "drive").header
    assert (head.width_px, head.height_px) == (64, 48)
    assert head.clock_quality is ClockQuality.RECORDED


def test_a_live_source_is_not_held_up_by_its_recording(tmp_path: Path) -> None:
    """A disk that fails: every frame still comes, the health warns and counts."""
    source = recording(tmp_path / "drive", [frame(n) for n in range(20)], live=True)
    frames = source.frames(threading.Event())
    given = [next(frames)]
    for path in (tmp_path / "drive/frames").iterdir():
        path.unlink()
    os.rename(tmp_path / "drive/frames", tmp_path / "drive/away")
    given += list(frames)
    assert len(given) == 20
    health = source.health()
    assert health.level is Level.WARNING
    assert "recording to" in health.detail


def test_a_camera_of_colours_is_recorded_in_colour(tmp_path: Path) -> None:
    """Overviews of a replay were grey; now its colours are there, and its grey is as it was."""
    rng = np.random.default_rng(1)
    grey = np.full((240, 320), 180, np.uint8)
    grey[100:140:4, 60:260] = 15  # black strokes on a yellow plate
    grey[:80] = rng.integers(60, 120, (80, 320))
    colour = np.full((120, 160, 3), (90, 110, 200), np.uint8)
    colour[45:75, 25:135] = (230, 200, 20)
    with DriveRecorder(tmp_path / "drive", header(), 0) as recorder:
        for number in range(3):
            recorder.frame(Frame(number, number * 40 * MS, grey, 0, colour))
    frames = frames_of(tmp_path / "drive")
    assert len(frames) == 3
    for one in frames:
        assert np.abs(one.image.astype(int) - grey).mean() < 1.5
        assert abs(int(one.image[104, 160]) - 15) <= 4  # not brightened by the yellow
        assert one.colour is not None
        red, _, blue = one.colour[60, 80].astype(int)
        assert red - blue > 100
        red, _, blue = one.colour[110, 80].astype(int)
        assert blue - red > 60
