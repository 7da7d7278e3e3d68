"""The reader that ships, on both runtimes, over a fixed set of 500 rendered patches."""

from pathlib import Path

import numpy as np
import pytest
from camera_model import Severity, photograph, scene

from outrider.plates.draw import draw_plate
from outrider.plates.style import random_spec
from outrider.unit.devices.tflite import (
    Runtime,
    RuntimeChoice,
    installed_runtimes,
    open_network,
)
from outrider.unit.recognise.manifest import Precision, choose_reader, open_store
from outrider.unit.recognise.read import ALPHABET, Reader
from outrider.vrm import fold

MODELS = Path(__file__).resolve().parents[2] / "models"
PATCHES = 500
LEGIBLE = Severity((20.0, 80.0), 0.02, 0.1, 0.3, 0.5)
PAIRS: tuple[tuple[Runtime, Precision], ...] = (
    ("ai-edge-litert", "int8"),
    ("ai-edge-litert", "f32"),
    ("tflite-runtime", "f32"),
)


def _patches() -> list[tuple[np.ndarray, str]]:
    rng = np.random.default_rng(2026)
    made = []
    for _ in range(PATCHES):
        spec = random_spec(rng)
        view = scene(draw_plate(spec, 0.6).rgb, rng)
        made.append((photograph(view, rng, LEGIBLE), spec.mark))
    return made


def _texts(runtime: Runtime, precision: Precision, patches: list[np.ndarray]) -> list[str]:
    store = open_store(MODELS)
    variant = choose_reader(store.manifest.reader, precision)
    reader = Reader(open_network(store, variant, RuntimeChoice(runtime, precision, 1)), ALPHABET, 9)
    return [
        fold("".join(ALPHABET[i] for i in reader.read(patch).argmax(axis=1)).rstrip("-"))
        for patch in patches
    ]


@pytest.mark.skipif(
    len(installed_runtimes()) < 2, reason="both ai-edge-litert and tflite-runtime are needed"
)
def test_both_runtimes_and_precisions_read_the_same() -> None:
    """Int8 and float, and float on either runtime, agree on 99 % of 500 rendered plates."""
    made = _patches()
    texts = {pair: _texts(*pair, [patch for patch, _ in made]) for pair in PAIRS}
    reference = texts["tflite-runtime", "f32"]
    right = np.mean([text == fold(mark) for text, (_, mark) in zip(reference, made, strict=True)])
    assert right > 0.85, f"float reads {right:.3f} of legible rendered plates"
    for pair, of_pair in texts.items():
        same = np.mean([a == b for a, b in zip(of_pair, reference, strict=True)])
        assert same >= 0.99, f"{pair}: {same:.3f} the same"
