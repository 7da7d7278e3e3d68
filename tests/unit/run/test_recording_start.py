"""The time of a recording: where it comes from, and how well it is known."""

import os
from pathlib import Path

import pytest

from outrider.clock import NS_PER_S, Clock, ClockQuality
from outrider.drive.nmea_text import epoch
from outrider.sources import SourceError
from outrider.unit.run.inputs import open_inputs
from outrider.unit.run.recording_start import start_of_drive
from outrider.unit.settings.sections import Settings
from tests.unit.devices.makers import header, write_pictures, write_video
from tests.unit.gnss.conftest import UTC_NS, fix_at

CREATED = "2026-11-20T10:00:00.000000Z"
CREATED_NS = 1_795_168_800 * NS_PER_S
WRITTEN_NS = 1_795_100_000 * NS_PER_S


def clock_of(source: str, gps: str | None = None, start: str | None = None) -> Clock:
    inputs = open_inputs(source, gps, Settings(), start=start)
    inputs.source.close()
    return inputs.clock


def video(folder: Path, created: str | None = None) -> str:
    path = write_video(folder / "v.mp4", [0, 1000, 2000], created)
    os.utime(path, ns=(WRITTEN_NS, WRITTEN_NS))
    return f"video:{path}"


def test_a_start_that_is_said_goes_first(tmp_path: Path) -> None:
    """Whatever the container says, the officer who has the statement knows better."""
    for said in ("2026-11-21T06:00:00Z", "2026-11-21T07:00:00+01:00", "2026-11-21 06:00"):
        stamp = clock_of(video(tmp_path, CREATED), start=said).stamp(0)
        assert (stamp.utc_ns, stamp.quality) == (UTC_NS, ClockQuality.RECORDED)
        assert stamp.error_s == 60


def test_the_containers_creation_time_comes_next(tmp_path: Path) -> None:
    """A video's reads were stamped with the present, error 0."""
    stamp = clock_of(video(tmp_path, CREATED)).stamp(0)
    assert (stamp.utc_ns, stamp.quality) == (CREATED_NS, ClockQuality.RECORDED)
    assert stamp.error_s == 3600


def test_else_the_file_says_and_is_not_believed_far(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Written at its end, so it began its length before; and the log says how to do better."""
    stamp = clock_of(video(tmp_path)).stamp(0)
    assert abs(stamp.utc_ns - (WRITTEN_NS - 2 * NS_PER_S)) < NS_PER_S
    assert (stamp.quality, stamp.error_s) == (ClockQuality.FREE_RUNNING, 86_400)
    assert "the time that the file was written; --start says it better" in caplog.text
    assert "within 24 h" in caplog.text  # and not within 8.64e+04 s


def test_pictures_are_as_old_as_the_first_file(tmp_path: Path) -> None:
    """A folder of pictures was read as of now."""
    folder = write_pictures(tmp_path / "p", ["1.png", "2.png"])
    os.utime(folder / "1.png", ns=(WRITTEN_NS, WRITTEN_NS))
    stamp = clock_of(f"pictures:{folder}").stamp(0)
    assert (stamp.utc_ns, stamp.quality) == (WRITTEN_NS, ClockQuality.FREE_RUNNING)


def log_of(folder: Path, utc_ns: int) -> str:
    path = folder / "track.nmea"
    path.write_text(epoch(fix_at(0, utc_ns=utc_ns)))
    return f"nmea:{path}"


def test_a_log_of_positions_gives_the_time_but_not_to_0_s(tmp_path: Path) -> None:
    """That it begins with the video is an assumption."""
    stamp = clock_of(video(tmp_path, CREATED), log_of(tmp_path, UTC_NS)).stamp(0)
    assert (stamp.utc_ns, stamp.quality) == (UTC_NS, ClockQuality.RECORDED)
    assert stamp.error_s >= 1


@pytest.mark.parametrize("weeks", [-1024, 1024])
def test_a_log_whose_weeks_rolled_over_gives_no_time(tmp_path: Path, weeks: int) -> None:
    """1999 or 2046 was believed, with error 0; the container's time is taken instead."""
    wrong = log_of(tmp_path, UTC_NS + weeks * 7 * 86_400 * NS_PER_S)
    source = video(tmp_path, CREATED)
    inputs = open_inputs(source, wrong, Settings())
    assert inputs.clock.stamp(0).utc_ns == CREATED_NS
    assert inputs.positions.at(0).latitude_deg == pytest.approx(53.48)
    inputs.source.close()


def test_a_drive_is_known_no_better_than_when_it_was_recorded() -> None:
    """A drive recorded without GPS or network came back as exact."""
    free = start_of_drive(header(clock_quality=ClockQuality.FREE_RUNNING, clock_error_s=604_800.0))
    assert (free.quality, free.error_s) == (ClockQuality.FREE_RUNNING, 604_800)
    good = start_of_drive(header())
    assert (good.quality, good.error_s) == (ClockQuality.RECORDED, 0.1)
    unset = start_of_drive(header(utc_at_zero_ns=0))
    assert unset.quality is ClockQuality.FREE_RUNNING


@pytest.mark.parametrize("said", ["yesterday", "1999-12-31T00:00:00Z", "2099-01-01T00:00:00Z"])
def test_a_start_that_cannot_be_is_refused(tmp_path: Path, said: str) -> None:
    """With what is wanted."""
    with pytest.raises(SourceError, match=r"no date and time as|must lie between 2000 and now"):
        clock_of(video(tmp_path), start=said)


def test_a_start_has_no_place_with_what_says_its_own(tmp_path: Path) -> None:
    """A rendered drive, or a video that is played now beside gpsd."""
    for source, gps in (("render:1", None), (video(tmp_path), "gpsd")):
        with pytest.raises(SourceError, match="--start is for a video or pictures"):
            clock_of(source, gps, start="2026-11-21T06:00:00Z")
