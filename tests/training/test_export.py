"""The manifest that the exports write."""

import json
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="no torch: see models/training/README.md")
pytest.importorskip("litert_torch", reason="no litert-torch: see models/training/README.md")

import export
import torch


def test_an_entry_replaces_its_own_part_only(tmp_path: Path) -> None:
    """The detector's export leaves the reader's entry, and the other way round."""
    path = tmp_path / "manifest.json"
    export.merge_manifest(path, "reader", {"slots": 9})
    export.merge_manifest(path, "detector", {"stride_px": 4})
    export.merge_manifest(path, "detector", {"stride_px": 8})
    assert json.loads(path.read_text()) == {
        "schema": 1,
        "reader": {"slots": 9},
        "detector": {"stride_px": 8},
    }
    assert [entry.name for entry in tmp_path.iterdir()] == ["manifest.json"]


def test_a_variant_names_its_file_and_digest(tmp_path: Path) -> None:
    """The digest is the file's SHA-256, so that another file is refused at load."""
    path = tmp_path / "x.tflite"
    path.write_bytes(b"abc")
    entry = export.variant(path, "int8", 640, 480)
    assert entry["file"] == "x.tflite"
    assert entry["sha256"] == ("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")


def test_int8_without_calibration_is_refused(tmp_path: Path) -> None:
    """No calibration input is an error with a remedy, not a model with made-up ranges."""
    with pytest.raises(ValueError, match="calibration"):
        export.export_int8(torch.nn.Identity(), [], tmp_path / "x.tflite")
