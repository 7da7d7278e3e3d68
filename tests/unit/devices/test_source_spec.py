"""What --source and --gps take."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.sources import SourceError
from outrider.unit.devices.source_spec import (
    CameraSpec,
    FileKind,
    FileSpec,
    FixedSpec,
    GpsdSpec,
    NmeaSpec,
    RenderSpec,
    parse_frame_source,
    parse_position_source,
)


def test_frame_sources_are_told_apart(tmp_path: Path) -> None:
    """Each kind of source becomes its own spec, paths with colons included."""
    path = tmp_path / "a:b.mp4"
    path.touch()
    assert parse_frame_source("picamera2") == CameraSpec(0)
    assert parse_frame_source("picamera2:1") == CameraSpec(1)
    assert parse_frame_source("render:7") == RenderSpec(7)
    assert parse_frame_source(f"video:{path}") == FileSpec(FileKind.VIDEO, path)
    assert parse_frame_source(f"pictures:{tmp_path}") == FileSpec(FileKind.PICTURES, tmp_path)
    assert parse_frame_source(f"drive:{tmp_path}") == FileSpec(FileKind.DRIVE, tmp_path)


def test_position_sources_are_told_apart(tmp_path: Path) -> None:
    """Each kind of position becomes its own spec; gpsd's place may be left out."""
    assert parse_position_source("gpsd") == GpsdSpec("127.0.0.1", 2947)
    assert parse_position_source("gpsd:car.local:3000") == GpsdSpec("car.local", 3000)
    assert parse_position_source("gpsd:[::1]:3000") == GpsdSpec("::1", 3000)
    assert parse_position_source(f"nmea:{tmp_path}") == NmeaSpec(tmp_path)
    assert parse_position_source("fixed:53.48,-2.24") == FixedSpec(53.48, -2.24)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "'' is not known"),
        ("webcam", "'webcam' is not known"),
        ("picamera2:front", "'front' is not a whole number"),
        ("picamera2:64", "0..63"),
        ("render", "'' is not a whole number"),
        ("render:-1", "'-1' is not a whole number"),
        ("render:99999999999999999999999", "0..9223372036854775807"),
        ("video:", "a path is needed"),
        ("video:/no/such/file", "/no/such/file does not exist"),
    ],
)
def test_a_wrong_frame_source_says_why_and_what_is_allowed(text: str, why: str) -> None:
    """The message quotes what was given, says what is wrong, and lists what is allowed."""
    with pytest.raises(SourceError, match="Allowed: picamera2") as raised:
        parse_frame_source(text)
    assert repr(text) in str(raised.value)
    assert why in str(raised.value)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("gps", "'gps' is not known"),
        ("gpsd:2947", "a host and a port are needed"),
        ("gpsd::2947", "a host and a port are needed"),
        ("gpsd:host:port", "'port' is not a whole number"),
        ("gpsd:host:0", "port 0 is none"),
        ("gpsd:host:65536", "0..65535"),
        ("nmea:", "a path is needed"),
        ("nmea:/no/such/log", "does not exist"),
        ("fixed:", "two numbers"),
        ("fixed:53.4", "two numbers"),
        ("fixed:53.4,-2.2,7", "two numbers"),
        ("fixed:91,0", "-90..90"),
        ("fixed:nan,0", "-90..90"),
        ("fixed:0,inf", "-180..180"),
    ],
)
def test_a_wrong_position_source_says_why_and_what_is_allowed(text: str, why: str) -> None:
    """The message quotes what was given, says what is wrong, and lists what is allowed."""
    with pytest.raises(SourceError, match="Allowed: gpsd") as raised:
        parse_position_source(text)
    assert why in str(raised.value)


@given(text=st.text(max_size=40))
def test_any_text_is_a_spec_or_a_clear_refusal(text: str) -> None:
    """Nothing that can be typed makes either parser fail in another way."""
    for parse in (parse_frame_source, parse_position_source):
        with contextlib.suppress(SourceError):
            parse(text)
