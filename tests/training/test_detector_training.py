"""The detector's and the straightener's whole path on generated pictures, from nothing to .tflite.

Set OUTRIDER_TRAIN_PYTHON to a Python with torch and litert-torch where this one has none.
"""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

TRAINING = Path(__file__).resolve().parents[2] / "models" / "training"
PYTHON = os.environ.get("OUTRIDER_TRAIN_PYTHON", sys.executable)
FOLDERS = {"gb": 6, "drive": 4, "detect": 24, "negatives": 2}


def _has_training_extra() -> bool:
    probe = (
        "import importlib.util as u, sys;"
        "sys.exit(not (u.find_spec('torch') and u.find_spec('litert_torch')))"
    )
    return subprocess.run([PYTHON, "-c", probe], check=False).returncode == 0


pytestmark = pytest.mark.skipif(
    not _has_training_extra(),
    reason=f"{PYTHON} has no torch and litert-torch: see models/training/README.md",
)


def _run(program: str, *arguments: object) -> str:
    done = subprocess.run(
        [PYTHON, str(TRAINING / program), *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(TRAINING.parents[1] / "src"), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


def _draw_folder(folder: Path, count: int, boxed: bool) -> None:
    """Write pictures with a bright bar for a plate, and labels of the real ones' columns."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(len(folder.name))
    rows = []
    for index in range(count):
        picture = rng.integers(40, 120, (240, 320), np.uint8)
        name, x, y = f"p{index}.png", int(rng.integers(20, 180)), int(rng.integers(20, 180))
        if boxed:
            picture[y : y + 25, x : x + 100] = 220
            rows.append([name, f"AB{index:02}CDE", x, y, 100, 25, "verified"])
        else:
            rows.append([name, "", "", "", "", "", ""])
        cv2.imwrite(str(folder / name), picture)
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows([["file", "plate", "x", "y", "w", "h", "status"], *rows])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with generated pictures under real/ and their splits."""
    root = tmp_path_factory.mktemp("detector")
    for name, count in FOLDERS.items():
        _draw_folder(root / "real" / name, count, boxed=name != "negatives")
    _run("make_splits.py", "--real", root / "real", "--out", root / "splits")
    return root


def _train(world: Path, program: str, out: str, steps: int) -> str:
    return _run(
        program, "--out", world / out, "--real", world / "real", "--splits", world / "splits",
        "--steps", steps, "--batch", 4, "--plates", 8,
    )  # fmt: skip


def _saved_step(path: Path) -> int:
    code = f"import torch; print(torch.load({str(path)!r}, weights_only=True)['step'])"
    done = subprocess.run([PYTHON, "-c", code], capture_output=True, text=True, check=True)
    return int(done.stdout)


COMPARE = """
import sys, json, numpy as np, torch
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from score_detector import TfliteMaps, TorchMaps
size = (96, 128)
canvas = np.random.default_rng(3).integers(0, 256, size, np.uint8)
folder = Path(sys.argv[3])
own = TorchMaps(Path(sys.argv[2]), size)(canvas)
apart = {}
for kind in ("f32", "int8"):
    given = TfliteMaps(folder / f"detector_128x96_{kind}.tflite")(canvas)
    apart[kind] = [float(np.abs(a - b).max()) for a, b in zip(own, given)]
print(json.dumps(apart))
"""


def test_detector_trains_resumes_exports_and_agrees(world: Path) -> None:
    """A few steps from nothing, a resumed run and an export; the files answer as PyTorch does."""
    _train(world, "train_detector.py", "run", 3)
    assert "going on at step 3" in _train(world, "train_detector.py", "run", 5)
    weights = world / "run" / "last.pt"
    assert _saved_step(weights) == 5
    _run(
        "export_detector.py", "--weights", weights, "--real", world / "real", "--out",
        world / "models", "--pictures", 4, "--splits", world / "splits", "--size", 128, 96,
    )  # fmt: skip
    entry = json.loads((world / "models" / "manifest.json").read_text())["detector"]
    assert [v["precision"] for v in entry["variants"]] == ["int8", "f32"]
    done = subprocess.run(
        [PYTHON, "-c", COMPARE, str(TRAINING), str(weights), str(world / "models")],
        env={**os.environ, "PYTHONPATH": str(TRAINING.parents[1] / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    apart = json.loads(done.stdout.splitlines()[-1])
    assert apart["f32"][0] < 1e-4
    assert apart["f32"][1] < 1e-3
    assert apart["int8"][0] < 0.05
    assert apart["int8"][1] < 0.5, "corners must not come out in 8-bit steps"


def test_straightener_trains_and_exports(world: Path) -> None:
    """The second net's path from nothing to its files."""
    _train(world, "train_straightener.py", "straight", 3)
    _run(
        "export_straightener.py", "--weights", world / "straight" / "last.pt", "--real",
        world / "real", "--splits", world / "splits", "--out", world / "models", "--patches", 8,
        "--plates", 8,
    )  # fmt: skip
    entry = json.loads((world / "models" / "manifest.json").read_text())["straightener"]
    assert {v["precision"] for v in entry["variants"]} == {"int8", "f32"}
