"""Settings: what is wrong is said with its line and what is allowed."""

import tomllib

import pytest

from outrider.settings_file import ConfigError, as_toml
from outrider.unit.settings import sections as config


def test_defaults_survive_a_round_trip() -> None:
    """`outrider config show` prints a file that means the same settings."""
    text = as_toml(config.Settings())
    assert config.parse(text, "x") == config.Settings()
    assert tomllib.loads(text)


def test_unknown_key_names_its_line_and_the_allowed_keys() -> None:
    """A typing error is not silently ignored."""
    with pytest.raises(ConfigError, match=r"f\.toml:3: unknown key camera\.exposure_ms") as e:
        config.parse("# c\n[camera]\nexposure_ms = 3\n", "f.toml")
    assert "exposure_us" in str(e.value)


def test_every_fault_is_listed_at_once() -> None:
    """A technician sees all that is wrong, not the first thing."""
    text = "[camera]\nexposure_us = 0\nframe_rate_hz = 1000\n[gsp]\n"
    with pytest.raises(ConfigError) as caught:
        config.parse(text, "f.toml")
    lines = str(caught.value).splitlines()
    assert [line.split(":")[1] for line in lines] == ["2", "3", "4"]
    assert "unknown key gsp" in lines[2]


def test_not_toml_is_said_with_the_place() -> None:
    """A file that is no TOML gives the parser's line, not a traceback."""
    with pytest.raises(ConfigError, match=r"f\.toml: not TOML: .*line 1"):
        config.parse("[camera\n", "f.toml")
