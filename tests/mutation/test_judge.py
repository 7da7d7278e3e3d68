"""What the judge changes, and where a change stands. Needs pyproject's extra `mutation`."""

import sys
from pathlib import Path
from types import FunctionType, ModuleType

import pytest

pytest.importorskip("mutmut")

from tests.mutation import judge, mutants
from tests.mutation.rooms import REPO

SOURCE = """
def limited(most):
    def within(value):
        return value < most
    return within

SMALL = limited(3)

def first():
    for name in (
        "one",
        "two",
    ):
        return name
"""


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module of the package that is only in memory."""
    found = REPO / "src" / "outrider" / "made_up.py"
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: SOURCE)
    return found


def test_a_change_within_a_function_that_was_made_at_import_counts(path: Path) -> None:
    """A table of functions is made once: what makes them changes nothing afterwards."""
    module = ModuleType("outrider.made_up")
    exec(compile(SOURCE, str(path), "exec"), module.__dict__)
    assert [module.SMALL(value) for value in (2, 3)] == [True, False]
    changed = next(one for one in mutants.of_file(path) if one.after == " <= most")
    assert isinstance(changed, mutants.Mutant)
    made = judge.Judge([changed], judge.Limits(), lambda _: None)
    made._functions = {(str(path), "limited"): [module.limited]}
    inner = "limited.<locals>.within"
    assert isinstance(module.SMALL, FunctionType)
    made._functions[str(path), inner] = [module.SMALL]
    assert made._put_in(changed)
    assert [module.SMALL(value) for value in (2, 3)] == [True, True]
    assert module.limited(5)(5)
    assert sys.modules.get("outrider.made_up") is None


def test_a_table_in_the_head_of_a_loop_is_run_with_the_loop(path: Path) -> None:
    """Python keeps it as one value, of the line on which the loop begins."""
    begins = SOURCE.splitlines().index("    for name in (") + 1
    texts = [one for one in mutants.of_file(path) if "two" in one.before]
    assert texts
    assert all(begins in one.lines for one in texts)
