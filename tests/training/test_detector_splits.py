"""The splits of the real pictures: nothing that is scored was learnt from."""

import csv
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from make_splits import SPLITS_DIR, groups, held_out_files

FOLDERS = ("gb", "drive", "detect")


def _part(folder: str, part: str) -> list[dict[str, str]]:
    with (SPLITS_DIR / f"{folder}_{part}.csv").open(newline="", encoding="utf-8") as source:
        return list(csv.DictReader(source))


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_picture_and_no_mark_is_in_both_parts(folder: str) -> None:
    """A mark or picture that is scored is in no training part, of any folder."""
    held = _part(folder, "heldout")
    train = [row for other in FOLDERS for row in _part(other, "train")]
    assert held
    assert not {row["file"] for row in held} & {row["file"] for row in train}
    marks = {row["mark"] for row in held} - {""}
    assert not marks & {row["mark"] for row in train}


def _row(file: str, plate: str) -> Mapping[str, str]:
    return {"file": file, "plate": plate, "status": "verified" if plate else "box"}


def test_pictures_that_share_a_mark_stay_together() -> None:
    """Pictures joined by marks, also through a third picture, form one group."""
    joined = groups({"a": {"1", "2"}, "b": {"3"}, "c": {"2", "3"}, "d": {"4"}})
    assert sorted(sorted(files) for files, _ in joined) == [["a", "b", "c"], ["d"]]


@given(
    st.lists(
        st.tuples(st.sampled_from("abcdefghij"), st.sampled_from(("", "M1", "M2", "M3", "M4"))),
        min_size=1,
    )
)
def test_held_out_marks_are_only_in_held_out_pictures(pairs: list[tuple[str, str]]) -> None:
    """Whatever the labels, a held-out mark is in no picture that is learnt from."""
    rows = [_row(file, plate) for file, plate in pairs]
    held = held_out_files(rows, 0.5)
    scored = {row["plate"] for row in rows if row["file"] in held} - {""}
    learnt = {row["plate"] for row in rows if row["file"] not in held}
    assert not scored & learnt
