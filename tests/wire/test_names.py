"""One form for the names of units and cameras."""

import json
from importlib import resources

import pytest

from outrider.wire.names import NAME_PATTERN, is_name


@pytest.mark.parametrize("name", ["unit-7", "7", "A.b_c-d", "x" * 64])
def test_a_plain_name_is_one(name: str) -> None:
    """Letters, digits, dots, underscores, hyphens."""
    assert is_name(name)


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".hidden", "-option", "_x", "a/b", "a b", "a\n", "é", "x" * 65]
)
def test_no_name_is_a_folder_an_option_or_too_long(name: str) -> None:
    """A name stands in paths, files and commands: it can be nothing else there."""
    assert not is_name(name)


def test_the_centres_interface_says_the_same_form() -> None:
    """What programs are told is what is checked."""
    text = resources.files("outrider.centre.intake").joinpath("openapi.json").read_text("utf-8")
    assert json.loads(text)["components"]["schemas"]["UnitId"]["pattern"] == NAME_PATTERN
