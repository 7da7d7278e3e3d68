"""What a video's container says beside its pictures: turned, joined, several tracks, too large."""

import threading
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outrider.records import Frame, Image, Level
from outrider.sources import SourceError
from outrider.unit.devices import source_video
from outrider.unit.devices.source_video import VideoSource
from outrider.unit.recognise.evidence import FrameViews
from tests.unit.devices.makers import MS, turn_video, write_scene, write_video


def all_of(source: VideoSource) -> list[Frame]:
    return list(source.frames(threading.Event()))


def scene() -> Image:
    """Return 96 x 64 px: its top left quarter red, the rest dark."""
    image = np.full((64, 96, 3), 20, np.uint8)
    image[:32, :48] = (220, 30, 30)
    return image


@pytest.mark.parametrize("turn_deg", [0, 90, 180, 270])
def test_a_turned_video_is_read_upright(tmp_path: Path, turn_deg: int) -> None:
    """The flag was ignored: at 90 degrees no read, at 180 wrong ones at 0.99."""
    turned = np.ascontiguousarray(np.rot90(scene(), turn_deg // 90))  # as the camera was held
    frames = all_of(VideoSource(turn_video(write_scene(tmp_path / "v.mp4", turned), turn_deg)))
    for frame in frames:
        assert frame.image.shape == (64, 96)
        assert frame.image[8:24, 8:40].mean() > 70
        assert frame.image[40:56, 56:88].mean() < 50
        assert frame.colour is not None
        assert frame.colour[16, 24, 0] > frame.colour[16, 24, 1] + 100


def test_joined_clips_keep_their_instants_rising(tmp_path: Path) -> None:
    """Two transport streams end to end: each picture of the second had one and the same instant."""
    one = write_video(tmp_path / "one.ts", [0, 40, 80, 120]).read_bytes()
    both = tmp_path / "both.ts"
    both.write_bytes(one + one)
    source = VideoSource(both)
    frames = all_of(source)
    steps = {after.mono_ns - before.mono_ns for before, after in pairwise(frames)}
    assert len(frames) >= 7
    assert min(steps) >= 39 * MS
    assert source.health().level is Level.WARNING
    assert "1 clips are joined on" in source.health().detail


def test_a_second_video_track_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A camera to the rear in the same file is not left out without a word."""
    source = VideoSource(write_scene(tmp_path / "v.mp4", scene(), tracks=2))
    assert "the first of 2 video tracks is read" in source.health().detail
    assert source.health().level is Level.WARNING
    assert "the first of 2 video tracks is read" in caplog.text


def test_a_video_of_too_many_pixels_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before a picture of it is decoded, with what to do."""
    path = write_scene(tmp_path / "v.mp4", scene())
    monkeypatch.setattr(source_video, "MAX_PIXELS", 96 * 64 - 1)
    with pytest.raises(SourceError, match=r"is 96 x 64, more than .* megapixels: make it smaller"):
        VideoSource(path)


def test_a_video_that_grows_on_the_way_is_not_decoded_further(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The decoder itself is given the bound: a header that says little is not believed."""
    path = write_scene(tmp_path / "v.mkv", scene())
    source = VideoSource(path)
    monkeypatch.setattr(source_video, "MAX_PIXELS", 96 * 64 - 1)
    with pytest.raises(SourceError, match="no picture of it can be decoded"):
        all_of(source)


def test_the_overview_of_a_colour_video_is_in_colour(tmp_path: Path) -> None:
    """Evidence keeps the colour that the camera saw, though plates are read in grey."""
    (frame, *_) = all_of(VideoSource(write_scene(tmp_path / "v.mp4", scene())))
    corners = np.array([[10, 10], [40, 10], [40, 20], [10, 20]], np.float32)
    views = FrameViews(frame).of(corners)
    assert views.overview.ndim == 3
    assert int(views.overview[16, 24, 0]) > int(views.overview[16, 24, 2]) + 100


@pytest.mark.parametrize(
    ("created", "known"),
    [
        ("2026-11-21T06:00:00.000000Z", 1_795_240_800_000_000_000),
        ("1904-01-01T00:00:00.000000Z", None),
        ("2003-05-05T00:00:00.000000Z", None),
        (None, None),
    ],
)
def test_the_creation_time_is_told_where_it_can_be(
    tmp_path: Path, created: str | None, known: int | None
) -> None:
    """A camera that was never set writes the beginning of its calendar."""
    assert VideoSource(write_video(tmp_path / "v.mp4", [0, 40], created)).created_utc_ns == known


@given(st.sampled_from(["v.mp4", "v.ts", "v.avi", "v.mkv"]), st.data())
@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_damage_to_a_video_is_counted_or_one_error(
    tmp_path: Path, name: str, data: st.DataObject
) -> None:
    """Cut anywhere, bytes changed anywhere: pictures, counted damage or a SourceError."""
    path = tmp_path / name
    whole = bytearray((_coloured if data.draw(st.booleans()) else _plain)(path).read_bytes())
    for _ in range(data.draw(st.integers(0, 12))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    try:
        source = VideoSource(path)
    except SourceError:
        return
    try:
        frames = all_of(source)
        assert all(after.mono_ns > before.mono_ns for before, after in pairwise(frames))
    except SourceError:
        pass
    finally:
        source.health()
        source.close()


def test_a_container_whose_codec_is_not_known_is_one_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut in its headers, a file may name a track without saying how it is coded."""
    path = write_video(tmp_path / "v.mp4", [0, 40])

    class Track:
        codec_context = None

    monkeypatch.setattr(source_video, "_tracks", lambda _: [Track()])
    with pytest.raises(SourceError, match="cannot be decoded"):
        VideoSource(path)


def test_whatever_the_library_raises_on_opening_is_one_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Text in a file's headers may be in no encoding at all: the library raised UnicodeError."""
    path = write_video(tmp_path / "v.mp4", [0, 40])

    def fail(*_: object, **__: object) -> None:
        raise UnicodeDecodeError("utf-8", b"\x80", 0, 1, "invalid start byte")

    monkeypatch.setattr(av, "open", fail)
    with pytest.raises(SourceError, match="damaged"):
        VideoSource(path)


def _coloured(path: Path) -> Path:
    return write_scene(path, scene())


def _plain(path: Path) -> Path:
    return write_video(path, [0, 40, 80])


def test_a_cover_picture_is_no_track() -> None:
    """What av calls it is what the code asks for."""
    assert av.stream.Disposition.attached_pic
