"""Video files and folders of pictures as sources."""

import threading
from itertools import pairwise
from pathlib import Path

import cv2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.records import Frame, Level
from outrider.sources import FrameSource, SourceError
from outrider.unit.devices.source_pictures import PicturesSource, natural_key
from outrider.unit.devices.source_video import VideoSource
from tests.unit.devices.makers import (
    MS,
    SIZE_PX,
    number_of,
    picture,
    write_avi,
    write_pictures,
    write_video,
)


def all_of(source: FrameSource) -> list[Frame]:
    return list(source.frames(threading.Event()))


def test_a_video_gives_every_picture_grey_and_in_order(tmp_path: Path) -> None:
    """What was encoded comes out: number, shape, instants from 0."""
    source = VideoSource(write_video(tmp_path / "v.mp4", [0, 40, 80, 120]))
    frames = all_of(source)
    assert [number_of(frame.image) for frame in frames] == [0, 1, 2, 3]
    assert {frame.image.shape for frame in frames} == {SIZE_PX[::-1]}
    assert [frame.mono_ns for frame in frames] == [0, 40 * MS, 80 * MS, 120 * MS]
    assert not source.live


def test_a_variable_frame_rate_keeps_the_containers_instants(tmp_path: Path) -> None:
    """Instants are the container's own, not the nominal rate's, and start at the first picture."""
    frames = all_of(VideoSource(write_video(tmp_path / "v.mp4", [500, 520, 700, 1500])))
    assert [frame.mono_ns for frame in frames] == [0, 20 * MS, 200 * MS, 1000 * MS]


def test_a_damaged_video_gives_what_is_whole_and_says_what_is_not(tmp_path: Path) -> None:
    """Bytes overwritten in the middle: the rest is read, the damage counted and named."""
    path = tmp_path / "v.avi"
    data, chunks = write_avi(path, 20)
    for chunk in chunks[8:10]:
        data[chunk + 8 : chunk + 40] = bytes(32)
    path.write_bytes(data)
    source = VideoSource(path)
    frames = all_of(source)
    assert 15 <= len(frames) <= 18
    assert all(a.mono_ns < b.mono_ns for a, b in pairwise(frames))
    assert sum(frame.skipped for frame in frames) >= 1
    health = source.health()
    assert health.level is Level.WARNING
    assert "Invalid data" in health.detail
    assert health.counts["damaged"] >= 1


def test_a_torn_video_gives_its_beginning(tmp_path: Path) -> None:
    """A file cut short (the recorder lost power) gives the pictures before the cut."""
    path = tmp_path / "v.avi"
    data, chunks = write_avi(path, 20)
    path.write_bytes(data[: chunks[12]])
    numbers = [number_of(frame.image) for frame in all_of(VideoSource(path))]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) in (11, 12)  # the demuxer may want the next chunk before it trusts one


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "there is no such file"),
        (b"", "cannot be opened as a video"),
        (b"not a video" * 100, "cannot be opened as a video"),
    ],
)
def test_what_is_no_video_is_refused(tmp_path: Path, content: bytes | None, complaint: str) -> None:
    """The message names the file and what is wrong with it."""
    path = tmp_path / "clip.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceError, match=rf"clip\.mp4: {complaint}"):
        VideoSource(path)


def test_a_stop_ends_a_video_at_once(tmp_path: Path) -> None:
    """No frame comes after stop is set."""
    stop = threading.Event()
    frames = VideoSource(write_video(tmp_path / "v.mp4", [0, 40, 80])).frames(stop)
    next(frames)
    stop.set()
    assert len(list(frames)) <= 1


def test_pictures_come_in_natural_order_at_the_nominal_rate(tmp_path: Path) -> None:
    """frame2 comes before frame10; other files are left alone."""
    folder = write_pictures(tmp_path / "p", ["frame2.png", "frame10.PNG", "frame11.jpg"])
    (folder / "notes.txt").write_text("not a picture")
    frames = all_of(PicturesSource(folder, rate_hz=10))
    assert [number_of(frame.image) for frame in frames] == [0, 1, 2]
    assert [frame.mono_ns for frame in frames] == [0, 100 * MS, 200 * MS]


def test_an_unreadable_picture_is_named_counted_and_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One bad picture of three: two frames in their places, one skipped, its name in the log."""
    folder = write_pictures(tmp_path / "p", ["1.png", "2.png", "3.png"])
    (folder / "2.png").write_bytes(b"no picture")
    source = PicturesSource(folder, rate_hz=25)
    frames = all_of(source)
    assert [(frame.index, frame.skipped) for frame in frames] == [(0, 0), (2, 1)]
    assert "2.png is no JPEG, PNG, GIF, BMP, WebP or TIFF picture" in caplog.text
    assert source.health().level is Level.WARNING
    assert source.health().counts == {"frames": 2, "unreadable": 1}


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"])
def test_a_folder_of_nothing_readable_is_refused(tmp_path: Path, content: bytes) -> None:
    """All pictures bad: the run does not end as if all were well."""
    (tmp_path / "1.jpg").write_bytes(content)
    with pytest.raises(SourceError, match="none of its 1 pictures can be read"):
        all_of(PicturesSource(tmp_path))


def test_an_empty_or_absent_folder_is_refused(tmp_path: Path) -> None:
    """The message names the folder and what was looked for."""
    with pytest.raises(SourceError, match=r"holds no picture \(\.bmp, \.gif"):
        PicturesSource(tmp_path)
    with pytest.raises(SourceError, match="absent: is not a folder that can be read"):
        PicturesSource(tmp_path / "absent")


def test_a_colour_picture_becomes_grey(tmp_path: Path) -> None:
    """Frames are H x W, whatever the file holds."""
    cv2.imwrite(str(tmp_path / "c.png"), cv2.merge([picture(3)] * 3))
    (frame,) = all_of(PicturesSource(tmp_path))
    assert frame.image.shape == SIZE_PX[::-1]


@given(numbers=st.lists(st.integers(0, 10**6), unique=True, min_size=2))
def test_names_sort_by_their_numbers(numbers: list[int]) -> None:
    """Names that differ in a number sort by its value."""
    names = [f"drive-{number}.jpg" for number in numbers]
    ordered = [f"drive-{number}.jpg" for number in sorted(numbers)]
    assert sorted(names, key=natural_key) == ordered


@given(names=st.lists(st.text(max_size=12), max_size=6))
def test_any_names_can_be_sorted(names: list[str]) -> None:
    """No pair of names is beyond comparing."""
    assert len(sorted(names, key=natural_key)) == len(names)
