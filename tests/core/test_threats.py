"""The threat model names tests as its evidence: they are there."""

import re
from pathlib import Path

import outrider

TESTS = Path(__file__).parents[1]


def test_every_test_that_the_threat_model_names_is_there() -> None:
    """A row without its evidence is a claim."""
    text = (Path(outrider.__file__).parent / "THREATS.md").read_text(encoding="utf-8")
    named = re.findall(r"`([a-z_/]+\.py)(?:::(test_\w+))?`", text)
    missing = [
        f"{file}::{name}"
        for file, name in named
        if file.startswith(("core", "unit", "centre", "fault", "wire"))
        and f"def {name}" not in (TESTS / file).read_text(encoding="utf-8")
    ]
    assert len(named) > 20
    assert missing == []
