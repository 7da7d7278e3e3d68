"""`outrider read` says one line a picture, and never stops at a bad one."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from outrider.cli import main
from outrider.plates.draw import draw_plate
from outrider.plates.style import random_spec


def _picture(path: Path, seed: int = 4) -> str:
    spec = random_spec(np.random.default_rng(seed))
    plate = draw_plate(spec, 0.28).rgb
    picture = np.full((480, 640, 3), 80, np.uint8)
    picture[200 : 200 + plate.shape[0], 200 : 200 + plate.shape[1]] = plate[:, :, ::-1]
    cv2.imwrite(str(path), picture)
    return spec.mark


def _lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_one_json_line_a_picture_in_natural_order(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Folders are walked, 2 before 10; each line has file, ms, cpu_ms and results as promised."""
    (tmp_path / "below").mkdir()
    for name in ("p10.png", "p2.png", "below/p1.png"):
        _picture(tmp_path / name)
    assert main(["read", str(tmp_path), "--json"]) == 0
    lines = _lines(capsys.readouterr().out)
    names = [str(Path(str(line["file"])).relative_to(tmp_path)) for line in lines]
    assert names == ["below/p1.png", "p2.png", "p10.png"]
    for line in lines:
        assert line.keys() == {"file", "ms", "cpu_ms", "results"}
        for one in line["results"]:  # type: ignore[attr-defined]
            assert one.keys() == {
                "vrm", "text", "conf", "box", "corners", "family", "chars",
                "plate", "whole", "incomplete",
            }  # fmt: skip
            assert len(one["chars"]) == len(one["text"])
            assert np.shape(one["corners"]) == (4, 2)


def test_bad_files_have_their_line_and_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A missing, an empty and a cut file each get an error line; the good one is still read."""
    _picture(tmp_path / "good.png")
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.jpg").write_text("not a picture")
    names = ["gone.png", "empty.png", "text.jpg", "good.png"]
    assert main(["read", *(str(tmp_path / name) for name in names), "--json"]) == 1
    lines = _lines(capsys.readouterr().out)
    assert [("error" in line) for line in lines] == [True, True, True, False]
    assert "No such file" in str(lines[0]["error"])


def test_no_models_is_one_clear_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without models nothing is read, and the message says where they were looked for."""
    monkeypatch.setenv("OUTRIDER_MODELS", str(tmp_path))
    assert main(["read", str(tmp_path)]) == 1
    assert "manifest.json" in capsys.readouterr().err
