"""Run the shipped models over given inputs and keep every output.

It needs numpy and the runtime alone, so that the same file runs on x86-64 and in the bare arm64
root, where there is neither OpenCV nor outrider.

Usage: python run_models.py ai-edge-litert|tflite-runtime MODELS_FOLDER INPUTS.npz OUT.npz
"""

import importlib
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

MODELS = {"reader": "patches", "straightener": "patches", "detector_640x480": "frames"}
PRECISIONS = ("int8", "f32")
_MODULES = {
    "ai-edge-litert": "ai_edge_litert.interpreter",
    "tflite-runtime": "tflite_runtime.interpreter",
}


def encode(grey: Any, detail: dict[str, Any]) -> Any:
    """Return grey levels 0..255 (0..1 for the model) as the tensor that an input takes."""
    real = (grey / np.float32(255)).astype(np.float32).reshape(detail["shape"])
    if detail["dtype"] == np.float32:
        return real
    scale, zero = detail["quantization"]
    limits = np.iinfo(detail["dtype"])
    return np.clip(np.rint(real / scale) + zero, limits.min, limits.max).astype(detail["dtype"])


def decode(raw: Any, detail: dict[str, Any]) -> Any:
    """Return an output's real numbers as float32, without the batch dimension."""
    if raw.dtype == np.float32:
        return raw[0]
    scale, zero = detail["quantization"]
    return (raw[0].astype(np.float32) - zero) * np.float32(scale)


def outputs(interpreter: Any, inputs: Any) -> dict[int, Any]:
    """Return the outputs over all inputs, float32 n x ..., by the size of their last axis."""
    interpreter.allocate_tensors()
    (given,) = interpreter.get_input_details()
    details = interpreter.get_output_details()
    rows: list[list[Any]] = [[] for _ in details]
    for grey in inputs:
        interpreter.set_tensor(given["index"], encode(grey, given))
        interpreter.invoke()
        for row, detail in zip(rows, details, strict=True):
            row.append(decode(interpreter.get_tensor(detail["index"]), detail))
    return {row[0].shape[-1]: np.stack(row) for row in rows}


def main(runtime: str, models: Path, inputs_path: str, out: str) -> None:
    """Write MODEL_PRECISION.LAST_AXIS arrays, and which machine and version made them."""
    module = importlib.import_module(_MODULES[runtime])
    inputs = np.load(inputs_path)
    kept = {"made_by": np.array([platform.machine(), version(runtime)])}
    for model, wanted in MODELS.items():
        for precision in PRECISIONS:
            name = f"{model}_{precision}"
            content = (models / f"{name}.tflite").read_bytes()
            interpreter = module.Interpreter(model_content=content, num_threads=1)
            start_s = time.monotonic()
            for axis, values in outputs(interpreter, inputs[wanted]).items():
                kept[f"{name}.{axis}"] = values
            took_s = time.monotonic() - start_s
            told = f"{runtime} {platform.machine()} {name}: {len(inputs[wanted])} in {took_s:.0f} s"
            print(told, file=sys.stderr, flush=True)
    np.savez(out, **kept)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], sys.argv[4])
