"""Divide the real pictures into training and held-out parts, once and for good.

Whatever is scored must never have been learnt from. The split is by mark, not by picture: a mark
seen in training in one picture and scored in another would measure memory. Where a picture holds
several marks they all go with it, so pictures and marks form groups that are never divided.

Writes one CSV a part (columns ``file`` and ``mark``; ``mark`` is empty for a box without a text to
score). The result depends on the labels alone: no random state.

    python models/training/make_splits.py --real ../shared/plates
"""

from __future__ import annotations

import argparse
import csv
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

SPLITS_DIR = Path(__file__).parent / "splits"
HELD_OUT_SHARE: Mapping[str, float] = {"gb": 0.5, "drive": 0.3, "detect": 0.05}

Row = Mapping[str, str]


def share_of(key: str) -> float:
    """Map a key to [0, 1) by its SHA-256: the same on every machine, for ever."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") / 2**64


def marks_by_file(rows: Iterable[Row]) -> dict[str, set[str]]:
    """Collect the known marks (any status that carries a text) of each picture."""
    marks: dict[str, set[str]] = {}
    for row in rows:
        marks.setdefault(row["file"], set()).update({row["plate"]} - {""})
    return marks


def groups(marks: Mapping[str, set[str]]) -> list[tuple[set[str], set[str]]]:
    """Join pictures that share a mark, directly or through others: (files, marks) a group."""
    joined: list[tuple[set[str], set[str]]] = []
    for file, of_file in marks.items():
        files, texts = {file}, set(of_file)
        apart = []
        for group in joined:
            if group[1] & texts:
                files |= group[0]
                texts |= group[1]
            else:
                apart.append(group)
        joined = [*apart, (files, texts)]
    return joined


def held_out_files(rows: list[Row], share: float) -> set[str]:
    """Choose whole groups by the hash of their first mark (or file) until the share is met.

    Groups are taken in the order of their hash and counted in verified rows (in pictures where
    nothing is verified), because a group may be large and a plain threshold would miss the share.
    """
    scored = any(row["status"] == "verified" for row in rows)
    weight: dict[str, int] = {row["file"]: int(not scored) for row in rows}
    for row in rows:
        weight[row["file"]] += int(row["status"] == "verified")
    wanted = share * sum(weight.values())
    chosen: set[str] = set()
    for files, _ in sorted(groups(marks_by_file(rows)), key=_group_order):
        if sum(weight[file] for file in chosen) >= wanted:
            break
        chosen |= files
    return chosen


def _group_order(group: tuple[set[str], set[str]]) -> float:
    files, marks = group
    return share_of(min(marks) if marks else min(files))


def write_part(path: Path, rows: Iterable[Row]) -> int:
    """Write ``file,mark`` lines, marks only where a person verified them or two readers agree."""
    lines = sorted({(r["file"], _scored_mark(r)) for r in rows})
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("file", "mark"))
        writer.writerows(lines)
    return len(lines)


def _scored_mark(row: Row) -> str:
    return row["plate"] if row["status"] in {"verified", "pseudo"} else ""


def main() -> None:
    """Write ``splits/<folder>_train.csv`` and ``splits/<folder>_heldout.csv``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--real", type=Path, required=True, help="folder of the real pictures")
    parser.add_argument("--out", type=Path, default=SPLITS_DIR)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for name, share in HELD_OUT_SHARE.items():
        with (args.real / name / "labels.csv").open(newline="", encoding="utf-8") as source:
            rows: list[Row] = list(csv.DictReader(source))
        held = held_out_files(rows, share)
        for part, keep in (("train", False), ("heldout", True)):
            own = [row for row in rows if (row["file"] in held) is keep]
            count = write_part(args.out / f"{name}_{part}.csv", own)
            verified = sum(row["status"] == "verified" for row in own)
            print(f"{name}_{part}: {count} lines, {verified} verified")
    if (args.real / "gb2").is_dir():
        _write_given(args.real / "gb2", args.out)
    else:
        print("gb2: not there: nothing is learnt from it")


def _write_given(folder: Path, out: Path) -> None:
    """The folder whose labels themselves say what may be learnt from; nothing else of it is."""
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as source:
        rows: list[Row] = [row for row in csv.DictReader(source) if row["split"] == "train"]
    count = write_part(out / f"{folder.name}_train.csv", rows)
    print(f"{folder.name}_train: {count} lines")


if __name__ == "__main__":
    main()
