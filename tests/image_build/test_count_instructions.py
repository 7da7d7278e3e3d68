"""The gate on instructions: what counts as grown."""

import importlib.util
import json
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "image_build" / "checks" / "aarch64"
_SPEC = importlib.util.spec_from_file_location("counting", FOLDER / "count_instructions.py")
assert _SPEC is not None
assert _SPEC.loader is not None
counting = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(counting)


@pytest.mark.parametrize(
    ("now", "grew"), [(100.0, False), (102.9, False), (103.1, True), (50.0, False)]
)
def test_more_than_three_percent_is_growth(now: float, grew: bool) -> None:
    """Up to 3 % may come of a compiler or a library; beyond it, the stage is named."""
    kept = {cpu: {"reader": 100.0} for cpu in counting.CPUS}
    counted = {cpu: {"reader": now} for cpu in counting.CPUS}
    assert counting.grown(kept, counted) == [(cpu, "reader") for cpu in counting.CPUS if grew]


def test_a_stage_that_was_never_kept_or_is_gone_does_not_pass() -> None:
    """A new stage needs a count that is kept, and one that vanished is not a saving."""
    kept = {cpu: {"reader": 100.0} for cpu in counting.CPUS}
    counted = {cpu: {"detector": 1.0} for cpu in counting.CPUS}
    named = [(cpu, stage) for cpu in counting.CPUS for stage in ("detector", "reader")]
    assert counting.grown(kept, counted) == named


def test_every_stage_is_kept() -> None:
    """What is in the repo has each processor and each stage."""
    kept = json.loads(counting.KEPT.read_text(encoding="utf-8"))
    stages = {*counting.STAGES, "frame"} - {"frames"}
    assert {cpu: set(found) for cpu, found in kept.items()} == dict.fromkeys(counting.CPUS, stages)
