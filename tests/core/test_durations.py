"""Durations are said as a person says them: hours as hours, days as days."""

import ast
from pathlib import Path

import pytest

import outrider
from outrider.clock import said_duration

_ROOT = Path(outrider.__file__).parent
_FOR_MEASURERS = {"bench"}  # figures in the unit that was measured


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.02, "20 ms"),
        (90, "90 s"),
        (3_600, "60 min"),
        (86_400, "24 h"),
        (604_800, "7 days"),
        (619_315_200, "7,168 days"),
        (-5_400, "-90 min"),
        (0, "0 ms"),
    ],
)
def test_a_duration_is_said_in_the_unit_that_suits_it(seconds: float, said: str) -> None:
    """Never with an exponent, whatever its length; one before now keeps its sign."""
    assert said_duration(seconds) == said


def test_no_text_for_people_holds_raw_seconds() -> None:
    """A variable that counts seconds goes through said_duration before it is shown."""
    raw = [
        f"{path.relative_to(_ROOT)}:{node.lineno}"
        for path in _ROOT.rglob("*.py")
        if path.relative_to(_ROOT).parts[0] not in _FOR_MEASURERS
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.JoinedStr) and _shows_seconds(node)
    ]
    assert raw == []


def _shows_seconds(text: ast.JoinedStr) -> bool:
    pairs = zip(text.values, text.values[1:], strict=False)
    return any(_counts_seconds(one) and _says(after, " s") for one, after in pairs)


def _says(part: ast.expr, start: str) -> bool:
    return isinstance(part, ast.Constant) and (str(part.value) + " ").startswith(
        (f"{start} ", f"{start}:", f"{start},", f"{start};")
    )


def _counts_seconds(part: ast.expr) -> bool:
    """Whether it is a variable or an attribute of seconds; a constant (_LIMIT_S) says its own."""
    if not isinstance(part, ast.FormattedValue):
        return False
    value = part.value
    name = value.id if isinstance(value, ast.Name) else getattr(value, "attr", "")
    return str(name).endswith(("_s", "seconds")) and not str(name).isupper()
