"""Peers run in environments of their own, are asked for first, and are scored as we are."""

import sys
from datetime import date
from pathlib import Path

import cv2
import numpy as np
import pytest

from outrider.bench import peers
from outrider.bench.labels import LabelledPicture, load
from outrider.bench.peers import Peer, PeerError
from outrider.console import Screen

TODAY = date(2026, 11, 21)
READS = """
import json, sys
for line in sys.stdin:
    box = json.loads(line)["boxes"][0]
    reads = [{"text": "ab12cde", "conf": 0.9, "box": box}, {"text": "?!", "conf": 1, "box": box}]
    print(json.dumps({"reads": reads, "cpu_ms": 50.0}))
"""
FAILS = "raise SystemExit('no licence')"


@pytest.fixture
def pictures(tmp_path: Path) -> list[LabelledPicture]:
    """One picture with one plate."""
    cv2.imwrite(str(tmp_path / "a.png"), np.full((80, 200, 3), 120, np.uint8))
    rows = "file,plate,x,y,w,h,status\na.png,AB12CDE,10,10,60,20,verified\n"
    (tmp_path / "labels.csv").write_text(rows)
    return load(tmp_path)


def _asked(
    program: str, pictures: list[LabelledPicture], folder: Path, patch: pytest.MonkeyPatch
) -> peers.PeerScore:
    (folder / "peer.py").write_text(program)
    patch.setattr(peers, "_PROGRAMS", folder)
    boxes = {pictures[0].path: [[10.0, 10.0, 60.0, 20.0]]}
    peer = Peer("one", (), "peer.py")
    return peers._ask(peer, Path(sys.executable), [], pictures, boxes, TODAY)


def test_a_peers_reads_are_scored_as_ours(
    pictures: list[LabelledPicture], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its text counts in upper case, what is no mark does not, and its CPU time is set in ratio."""
    score = _asked(READS, pictures, tmp_path, monkeypatch)
    row = peers._figures(score, 10.0)
    assert (row["read"], row["wrong"], row["our_cpu_to_its"]) == (1.0, 0, 0.2)


def test_a_peer_that_fails_is_named_with_what_it_said(
    pictures: list[LabelledPicture], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refusal of the peer's own is an error, not a score of nothing."""
    with pytest.raises(PeerError, match="one: failed: no licence"):
        _asked(FAILS, pictures, tmp_path, monkeypatch)


def test_nothing_is_installed_without_leave(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever says no gets no environment and no download."""
    monkeypatch.setattr(peers, "_CACHE", tmp_path / "cache")
    monkeypatch.setattr(peers, "ask", lambda _question, _screen: False)
    with pytest.raises(PeerError, match="left out"):
        peers._installed(peers.PEERS[0], False, Screen())
    assert not (tmp_path / "cache").exists()
