"""The reader's whole path: data, training, export, in the interpreter that has the training extra.

Set OUTRIDER_TRAIN_PYTHON to a Python with torch and litert-torch where this one has none.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

TRAINING = Path(__file__).resolve().parents[2] / "models" / "training"
PYTHON = os.environ.get("OUTRIDER_TRAIN_PYTHON", sys.executable)


def _has_training_extra() -> bool:
    probe = (
        "import importlib.util as u, sys;"
        "sys.exit(not all(map(u.find_spec, ('torch', 'litert_torch', 'av', 'PIL'))))"
    )
    return subprocess.run([PYTHON, "-c", probe], check=False).returncode == 0


pytestmark = pytest.mark.skipif(
    not _has_training_extra(),
    reason=f"{PYTHON} lacks torch, litert-torch, av or Pillow: see models/training/README.md",
)


def _run(*arguments: str) -> str:
    source = str(TRAINING.parents[1] / "src")
    done = subprocess.run(
        [PYTHON, *arguments],
        cwd=TRAINING,
        env={
            **os.environ,
            "PYTHONPATH": f"{source}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
            "OMP_NUM_THREADS": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_reader_is_trained_and_exported_from_nothing(tmp_path: Path) -> None:
    """A few steps from nothing, a resumed run, and both files with their manifest."""
    run = tmp_path / "run"
    common = ("train_reader.py", "--out", str(run), "--batch", "16", "--workers", "0")
    _run(*common, "--samples", "32")
    _run(*common, "--samples", "64")
    out = tmp_path / "models"
    _run(
        "export_reader.py", "--weights", str(run / "reader.pt"), "--out", str(out), "--patches", "8"
    )
    manifest = json.loads((out / "manifest.json").read_text())
    names = {v["file"] for v in manifest["reader"]["variants"]}
    assert names == {"reader_int8.tflite", "reader_f32.tflite"}
    _assert_contract(out / "reader_f32.tflite", np.dtype(np.float32))
    _assert_contract(out / "reader_int8.tflite", np.dtype(np.int8))


def _assert_contract(path: Path, kind: np.dtype) -> None:
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(str(path), num_threads=1)
    runner.allocate_tensors()
    (given,) = runner.get_input_details()
    by_shape = {tuple(one["shape"]): one for one in runner.get_output_details()}
    assert set(by_shape) == {(1, 9, 37), (1, 2)}
    made = by_shape[1, 9, 37]
    assert tuple(given["shape"]) == (1, 64, 128, 1)
    assert given["dtype"] == kind
    runner.set_tensor(given["index"], np.zeros((1, 64, 128, 1), kind))
    runner.invoke()
    rows = runner.get_tensor(made["index"]).sum(axis=2)
    assert np.allclose(rows, 1.0, atol=0.02)
    assert by_shape[1, 2]["dtype"] == kind


def test_batches_depend_on_seed_and_number_alone() -> None:
    """Batch 7 is the same whether batches were made before it or not, and differs from batch 8."""
    script = (
        "import numpy as np; from reader_data import BatchMaker, Recipe;"
        "a = BatchMaker(Recipe(8, 3)); b = BatchMaker(Recipe(8, 3)); a.make(6); x = a.make(7);"
        "y = b.make(7); z = b.make(8);"
        "print(np.array_equal(x[0], y[0]) and np.array_equal(x[1], y[1]),"
        " np.array_equal(x[0], z[0]))"
    )
    assert _run("-c", script).split() == ["True", "False"]
