"""The shipped models under the real runtimes: same answer, right shapes, clear refusals."""

import hashlib
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import threadpoolctl

from outrider.plates.draw import draw_plate
from outrider.plates.style import random_spec
from outrider.records import Image
from outrider.unit.devices import tflite
from outrider.unit.devices.recogniser_models import RecogniserOptions, open_recogniser
from outrider.unit.devices.tflite import RuntimeChoice, choose_runtime, open_network
from outrider.unit.recognise.manifest import ModelStore, Precision, choose_reader, open_store
from outrider.unit.recognise.network import ModelError
from outrider.unit.recognise.recogniser import grey_of
from outrider.unit.recognise.still import read_still
from tests.unit.recognise.making import TODAY

RUNTIMES = tflite.installed_runtimes()


@pytest.fixture(scope="module")
def store() -> ModelStore:
    """Return the models of the checkout."""
    return open_store()


def _road(seed: int) -> tuple[Image, str]:
    """Return a grey-blue picture with one drawn plate on it, and the plate's mark."""
    rng = np.random.default_rng(seed)
    spec = random_spec(rng)
    plate = draw_plate(spec, 0.28).rgb
    picture = np.full((480, 640, 3), (70, 76, 84), np.uint8)
    noise = rng.normal(0, 6, picture.shape)
    h, w = plate.shape[:2]
    picture[220 : 220 + h, 240 : 240 + w] = plate
    return np.clip(picture + noise, 0, 255).astype(np.uint8), spec.mark


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_each_runtime_finds_and_reads_drawn_plates(runtime: tflite.Runtime) -> None:
    """From picture to mark through the real networks, most plain plates are read right."""
    opened = open_recogniser(RecogniserOptions(runtime=runtime))
    right = 0
    for seed in range(8):
        picture, mark = _road(seed)
        plates = read_still(opened.recogniser, picture, opened.calibration, TODAY)
        right += mark in [plate.text.vrm for plate in plates]
    assert right >= 5


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_runtime_says_nothing_that_is_no_fault(runtime: tflite.Runtime) -> None:
    """Which delegate was made is no news for a crew; that a model is broken still is."""
    opening = (
        "import sys\n"
        "from outrider.unit.devices import recogniser_models as m, tflite\n"
        "from outrider.unit.recognise.network import ModelError\n"
        f"m.open_recogniser(m.RecogniserOptions(runtime={runtime!r}))\n"
        "print('opened', file=sys.stderr)\n"
        f"choice = tflite.RuntimeChoice({runtime!r}, 'int8', 1)\n"
        "try:\n"
        "    tflite.time_model(b'no model' * 64, choice, 1)\n"
        "except ModelError as error:\n"
        "    print(error, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", opening], capture_output=True, text=True, check=True
    )
    said, _, fault = done.stderr.partition("opened\n")
    assert said == ""
    assert "cannot run it" in fault


def test_a_network_takes_its_picture_and_gives_probabilities(store: ModelStore) -> None:
    """int8 and float give nine distributions each, and mostly the same characters."""
    patch = grey_of(np.asarray(_road(3)[0][200:264, 240:368]))
    answers = []
    precisions: tuple[Precision, ...] = ("int8", "f32")
    for precision in precisions:
        choice = RuntimeChoice(RUNTIMES[0], precision, 1)
        variant = choose_reader(store.manifest.reader, choice.precision)
        by_size = {one.size: one for one in open_network(store, variant, choice).run(patch)}
        assert set(by_size) == {9 * 37, 2}
        out, judged = by_size[9 * 37], by_size[2]
        assert judged.min() >= 0.0
        assert judged.max() <= 1.0
        np.testing.assert_allclose(out.reshape(9, 37).sum(axis=1), 1.0, atol=0.05)
        answers.append(out.reshape(9, 37))
    assert np.abs(answers[0] - answers[1]).max() < 0.5


def test_the_runtime_follows_what_is_asked_and_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """int8 on ai-edge-litert, float on tflite-runtime, and a clear word where neither is there."""
    assert choose_runtime().precision == ("int8" if "ai-edge-litert" in RUNTIMES else "f32")
    monkeypatch.setattr(tflite, "installed_runtimes", lambda: ["tflite-runtime"])
    assert choose_runtime() == RuntimeChoice("tflite-runtime", "f32", 1)
    with pytest.raises(ModelError, match="pip install ai-edge-litert"):
        choose_runtime("ai-edge-litert")
    monkeypatch.setattr(tflite, "installed_runtimes", list)
    with pytest.raises(ModelError, match="no runtime"):
        choose_runtime()


def test_a_file_that_is_no_model_is_refused_by_name(store: ModelStore, tmp_path: Path) -> None:
    """A file of the right digest that the runtime cannot load is an error with its name."""
    variant = store.manifest.reader.variants[0]
    (tmp_path / variant.file).write_bytes(b"junk" * 100)
    digest = hashlib.sha256(b"junk" * 100).hexdigest()
    other = ModelStore(tmp_path, store.manifest)
    with pytest.raises(ModelError, match=r"reader_.*tflite: .* cannot load it"):
        open_network(other, variant.model_copy(update={"sha256": digest}), choose_runtime())


def test_a_model_of_another_size_than_the_manifest_says_is_refused(store: ModelStore) -> None:
    """The manifest's size is checked against the file's."""
    variant = store.manifest.reader.variants[0].model_copy(update={"width_px": 96})
    with pytest.raises(ModelError, match=r"takes \(1, 64, 128, 1\), the manifest says"):
        open_network(store, variant, choose_runtime())


def test_no_library_spins_threads_of_its_own() -> None:
    """Once the recogniser is open, numpy's BLAS and OpenCV work on the caller's thread alone."""
    cv2.setNumThreads(2)
    threadpoolctl.threadpool_limits(2, user_api="blas")
    open_recogniser(RecogniserOptions())
    pools = [pool for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]
    assert pools
    assert {pool["num_threads"] for pool in pools} == {1}
    assert cv2.getNumThreads() == 1
