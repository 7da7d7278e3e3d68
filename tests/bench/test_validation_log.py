"""Every scoring of a validation set leaves a line, with what made it; clips are scored by pass."""

import csv
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from outrider.bench import validation_log
from outrider.bench.clips import passes_of, scored
from outrider.bench.labels import LabelError, load
from outrider.records import Direction, PassResult, PlateText
from outrider.vrm import Family

WHEN = datetime(2026, 11, 30, 15, 4, tzinfo=UTC)


def _read(mark: str, sure: float) -> PassResult:
    text = PlateText(mark, mark, Family.CURRENT, sure, ())
    at = np.zeros((4, 2), np.float32)
    return PassResult(1, text, 0, 0, 0, Direction.UNKNOWN, 3, at, {}, True)


def test_each_scoring_adds_a_line_and_changes_none(tmp_path: Path) -> None:
    """A bad result stays beside the better one that came after it."""
    path = tmp_path / "log.csv"
    validation_log.append(path, WHEN, "ab" * 32, "gb2", validation_log.as_text({"read": 0.5}))
    first = path.read_bytes()
    validation_log.append(path, WHEN, "cd" * 32, "gb2", validation_log.as_text({"read": 0.95}))
    assert path.read_bytes().startswith(first)
    with path.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [row["figures"] for row in rows] == ["read 50.0%", "read 95.0%"]
    assert rows[0]["reader"] == "abababababab"
    assert rows[0]["commit"] == "-", "outside a checkout no commit is claimed"


def test_only_rows_of_a_split_are_scored(tmp_path: Path) -> None:
    """The rows of a set that may be learnt from are not scored with those that may not."""
    head = "file,plate,x,y,w,h,status,split\n"
    rows = "a.jpg,AB12CDE,1,1,60,20,verified,train\nb.jpg,XY10ZZO,1,1,60,20,verified,validate\n"
    (tmp_path / "labels.csv").write_text(head + rows)
    (found,) = load(tmp_path, split="validate")
    assert found.path.name == "b.jpg"
    with pytest.raises(LabelError, match="no picture"):
        load(tmp_path, split="test")


def test_clips_count_right_doubled_and_wrong_passes(tmp_path: Path) -> None:
    """A mark read twice in one pass is doubled, one of no vehicle wrong, folded letters right."""
    (tmp_path / "passes.csv").write_text(
        "clip,mark,status\na.mp4,AB12CDO,verified\na.mp4,XY10ZZZ,verified\na.mp4,QQ,illegible\n"
    )
    due = passes_of(tmp_path / "passes.csv")["a.mp4"]
    assert due == Counter({"AB12CD0": 1, "XY10ZZZ": 1})
    reads = [_read("AB12CD0", 0.9), _read("AB12CDO", 0.9), _read("ZZ99ZZZ", 0.95)]
    found = scored("a.mp4", due, reads, 0.9)
    assert (found.due, found.right, found.doubled) == (2, 1, 1)
    assert (found.wrong, found.wrong_at_alarm) == (1, 1)
