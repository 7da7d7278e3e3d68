"""The golden drive: the same reads every time, and the reads that were agreed."""

import json
from pathlib import Path
from typing import Any

import pytest

from outrider.cli import main
from outrider.drive.truth import from_json
from outrider.vrm import fold

HERE = Path(__file__).parent
DRIVE = HERE / "golden_drive"
CONFIDENCE_SLACK = 0.05  # int8 kernels differ a little from processor to processor
PIXEL_SLACK = 1.5


def replayed(capfd: pytest.CaptureFixture[str], *options: str) -> str:
    """Replay the golden drive; return what it printed."""
    capfd.readouterr()
    assert main(["replay", str(DRIVE), "--json", *options]) == 0
    return capfd.readouterr().out


def comparable(line: str) -> dict[str, Any]:
    """Return an event without what may differ a little between processors."""
    event: dict[str, Any] = json.loads(line)
    for name in ("conf", "chars", "corners", "hotlist_revision", "plate", "whole"):
        event.pop(name, None)
    return event


def test_a_replay_gives_the_same_bytes_twice(capfd: pytest.CaptureFixture[str]) -> None:
    """Same input, same output, bit for bit: identifiers, times, confidences and all."""
    assert replayed(capfd) == replayed(capfd)


def test_the_golden_reads_hold(capfd: pytest.CaptureFixture[str]) -> None:
    """Marks, instants, places, directions and identifiers are those that were agreed."""
    lines = replayed(capfd).splitlines()
    golden = (HERE / "golden_reads.jsonl").read_text().splitlines()
    assert [comparable(line) for line in lines] == [comparable(line) for line in golden]
    for line, agreed in zip(map(json.loads, lines), map(json.loads, golden), strict=True):
        assert line.get("conf", 0) == pytest.approx(agreed.get("conf", 0), abs=CONFIDENCE_SLACK)
        for corner, wanted in zip(line.get("corners", ()), agreed.get("corners", ()), strict=True):
            assert corner == pytest.approx(wanted, abs=PIXEL_SLACK)


def test_a_listed_mark_of_the_drive_is_a_hit(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A replay against a hotlist tells the hit before the read of its pass has ended."""
    truth = from_json((DRIVE / "truth.json").read_bytes())
    reads = [json.loads(line) for line in replayed(capfd).splitlines()]
    known = {fold(one.vrm) for one in truth.passes}
    mark = next(e["vrm"] for e in reads if e["event"] == "read" and fold(e["vrm"]) in known)
    (tmp_path / "list.csv").write_text(f"vrm,reason\n{mark},stolen\n")
    events = replayed(capfd, "--hotlist", str(tmp_path / "list.csv")).splitlines()
    told = [e for e in map(json.loads, events) if e.get("vrm") == mark]
    # A possible may become sure in the course of its pass, and is then told once more.
    possible = [e["possible"] for e in told if e["event"] == "hit"]
    assert possible in ([False], [True, False])
    assert told[-1]["event"] == "read"
