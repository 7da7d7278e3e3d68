"""The models that ship are found, checked against their digests, and refused by name."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from outrider.unit.recognise import manifest
from outrider.unit.recognise.manifest import ModelStore, open_store
from outrider.unit.recognise.network import ModelError

CONTENT = b"not really a model"


def _variant(file: str, width: int = 640, precision: str = "int8") -> dict[str, Any]:
    digest = hashlib.sha256(CONTENT).hexdigest()
    return {
        "file": file, "precision": precision, "width_px": width, "height_px": 480,
        "sha256": digest,
    }  # fmt: skip


def _written(folder: Path, **changes: Any) -> Path:
    text = {
        "schema": 1,
        "detector": {
            "variants": [_variant("d640.tflite"), _variant("d1024.tflite", 1024)],
            "stride_px": 8,
            "score_threshold": 0.3,
        },
        "reader": {"variants": [_variant("r.tflite")], "alphabet": "01-", "slots": 9},
    } | changes
    (folder / "manifest.json").write_text(json.dumps(text))
    (folder / "d640.tflite").write_bytes(CONTENT)
    return folder


def _store(folder: Path) -> ModelStore:
    return open_store(_written(folder))


def test_a_model_is_loaded_when_its_digest_fits(tmp_path: Path) -> None:
    """The bytes that come back are those whose digest was checked."""
    store = _store(tmp_path)
    assert store.load(store.manifest.detector.variants[0]) == CONTENT


@pytest.mark.parametrize("damage", [CONTENT[:-1], CONTENT + b"x", b""])
def test_a_damaged_model_is_refused_by_name(tmp_path: Path, damage: bytes) -> None:
    """A cut, grown or empty file names itself and says what to do."""
    store = _store(tmp_path)
    (tmp_path / "d640.tflite").write_bytes(damage)
    with pytest.raises(ModelError, match=r"d640\.tflite: SHA-256 .* install the models again"):
        store.load(store.manifest.detector.variants[0])


def test_a_missing_model_is_refused_by_name(tmp_path: Path) -> None:
    """A file that the manifest lists and that is not there names itself."""
    store = _store(tmp_path)
    with pytest.raises(ModelError, match=r"r\.tflite: cannot be read"):
        store.load(store.manifest.reader.variants[0])


def test_no_models_says_where_was_looked(tmp_path: Path) -> None:
    """A wrong folder is named, with the ways to say another."""
    with pytest.raises(ModelError, match=r"looked for .*manifest\.json.*OUTRIDER_MODELS"):
        open_store(tmp_path)


def test_the_variable_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """$OUTRIDER_MODELS is used where no folder is given."""
    monkeypatch.setenv("OUTRIDER_MODELS", str(_written(tmp_path)))
    assert open_store().folder == tmp_path


def test_a_manifest_that_makes_no_sense_names_the_key(tmp_path: Path) -> None:
    """A missing part, a bad digest and a path out of the folder are each told."""
    _written(tmp_path, reader={"variants": [], "alphabet": "01-", "slots": 9})
    with pytest.raises(ModelError, match=r"manifest\.json: reader\.variants"):
        open_store(tmp_path)
    outside = _variant("../d640.tflite")
    _written(tmp_path, reader={"variants": [outside], "alphabet": "01-", "slots": 9})
    with pytest.raises(ModelError, match=r"reader\.variants\.0\.file"):
        open_store(tmp_path)
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(ModelError, match="Invalid JSON"):
        open_store(tmp_path)


def test_the_detector_nearest_in_width_is_chosen(tmp_path: Path) -> None:
    """A width asked for gives the nearest size; none gives every size; no precision is named."""
    models = _store(tmp_path).manifest.detector
    assert [v.width_px for v in manifest.choose_detectors(models, "int8", 700)] == [640]
    assert [v.width_px for v in manifest.choose_detectors(models, "int8", None)] == [640, 1024]
    with pytest.raises(ModelError, match="no detector of precision f32"):
        manifest.choose_detectors(models, "f32", 640)
