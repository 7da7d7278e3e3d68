"""What a drive's folder, or a text file of settings, may hold: anything, with one error each."""

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from outrider.drive.format import FRAMES_FILE, HEADER_FILE, read_header, read_lines
from outrider.hotlist_import.mapping import MappingError, parse_mapping
from outrider.settings_file import ConfigError
from outrider.sources import SourceError
from outrider.unit.settings import sections
from outrider.wire.hotlist_policy import PolicyError, policy_from_toml

ONE_FOLDER = [HealthCheck.function_scoped_fixture]
JSON = st.binary(max_size=80) | st.sampled_from(
    [b"[" * 20_000, b'{"mono_ns": ' + b"9" * 6000 + b"}\n", b'{"mono_ns": 1, "file": "\\ud800"}\n']
)
TOML = st.text(max_size=60) | st.sampled_from(
    ["a = " + "[" * 5000, "[fields]\nvrm = " + "9" * 6000, "a." * 3000 + "b = 1", "x = 0001-01-01"]
)


@given(JSON)
@example(b"\xff\n")
@settings(max_examples=150, deadline=None, suppress_health_check=ONE_FOLDER)
def test_any_drive_is_read_or_refused(tmp_path: Path, data: bytes) -> None:
    """A header or index of any bytes: a SourceError that names it, nothing else."""
    (tmp_path / HEADER_FILE).write_bytes(data)
    (tmp_path / FRAMES_FILE).write_bytes(data)
    with contextlib.suppress(SourceError):
        read_header(tmp_path)
    with contextlib.suppress(SourceError):
        list(read_lines(tmp_path))


@pytest.mark.parametrize(
    ("parse", "error"),
    [
        (sections.parse, ConfigError),
        (parse_mapping, MappingError),
        (policy_from_toml, PolicyError),
    ],
)
@given(text=TOML)
@settings(max_examples=100, deadline=None)
def test_any_toml_is_taken_or_refused(
    parse: Callable[[str, str], object], error: type[Exception], text: str
) -> None:
    """Deep nesting and endless numbers too: each reader has one error of its own."""
    with contextlib.suppress(error):
        parse(text, "test")
