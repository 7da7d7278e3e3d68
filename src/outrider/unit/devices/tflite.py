"""TensorFlow Lite: the only module that imports a runtime of it.

Two runtimes serve: ai-edge-litert (int8 runs 5 to 6 times faster there) and tflite-runtime 2.14,
whose wheels hand no int8 graph to XNNPACK, so that float is the faster one on it. 2.14 is that
one's last release and the customer's choice: no wheel for Python 3.12, a crash under numpy 2, no
more corrections of faults in its parser of models, which is why only models whose digest stands in
the manifest are given to it. Nothing else here depends on which of the two runs.
"""

import contextlib
import importlib
import importlib.util
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from outrider.records import Image
from outrider.unit.recognise.manifest import ModelStore, Precision, Variant
from outrider.unit.recognise.network import ModelError, Tensor

Runtime = Literal["ai-edge-litert", "tflite-runtime"]

_MODULES: dict[Runtime, str] = {
    "ai-edge-litert": "ai_edge_litert.interpreter",
    "tflite-runtime": "tflite_runtime.interpreter",
}
_PRECISIONS: dict[Runtime, Precision] = {"ai-edge-litert": "int8", "tflite-runtime": "f32"}
_NO_NEWS = b"INFO: "  # how the runtimes begin a line on standard error that is no fault
_speaking = threading.Lock()
_PACKAGE_OF = {runtime: module.partition(".")[0] for runtime, module in _MODULES.items()}


@dataclass(frozen=True, slots=True)
class RuntimeChoice:
    """Which runtime runs the models, at which precision, on how many threads."""

    runtime: Runtime
    precision: Precision
    threads: int


def installed_runtimes() -> list[Runtime]:
    """Return the runtimes that are installed, the preferred one first."""
    return [name for name in _MODULES if importlib.util.find_spec(_PACKAGE_OF[name]) is not None]


def choose_runtime(
    runtime: Runtime | Literal["auto"] = "auto",
    precision: Precision | Literal["auto"] = "auto",
    threads: int = 1,
) -> RuntimeChoice:
    """Return what to run on: as asked, or the fastest that is installed.

    Raises ModelError where the runtime asked for, or any at all, is not installed.
    """
    installed = installed_runtimes()
    wanted = installed if runtime == "auto" else [name for name in installed if name == runtime]
    if not wanted:
        asked = "ai-edge-litert" if runtime == "auto" else runtime
        raise ModelError(f"no runtime for the models: pip install {asked}, or set another runtime")
    chosen = wanted[0]
    return RuntimeChoice(chosen, _PRECISIONS[chosen] if precision == "auto" else precision, threads)


def open_network(store: ModelStore, variant: Variant, choice: RuntimeChoice) -> "TfliteNetwork":
    """Load a model of the store. Raises ModelError, naming the file, where it cannot be used."""
    content = store.load(variant)
    module = importlib.import_module(_MODULES[choice.runtime])
    try:
        with _without_news():
            interpreter = module.Interpreter(model_content=content, num_threads=choice.threads)
            interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise ModelError(
            f"{store.folder / variant.file}: {choice.runtime} cannot load it: {error}"
        ) from error
    name = f"{variant.file} on {choice.runtime}, {choice.threads} threads"
    return TfliteNetwork(interpreter, variant, name)


@contextlib.contextmanager
def _without_news() -> Iterator[None]:
    """Leave out what a runtime says of its own well-being while the block runs; all else is said.

    They write to standard error by its number, and no option of theirs quiets them
    (TF_CPP_MIN_LOG_LEVEL, tried with both, does not). Their faults come as exceptions too.
    """
    with _speaking, open(os.memfd_create("said"), "r+b") as held:
        before = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(before, 2)
            os.close(before)
            held.seek(0)
            for said in held:
                if not said.startswith(_NO_NEWS):
                    os.write(2, said)


def time_model(content: bytes, choice: RuntimeChoice, rounds: int) -> list[float]:
    """Return the ms of each of so many runs of any model on an even grey input, after two more.

    Raises ModelError where the runtime cannot load or run it.
    """
    module = importlib.import_module(_MODULES[choice.runtime])
    times_ms = []
    try:
        with _without_news():
            interpreter = module.Interpreter(model_content=content, num_threads=choice.threads)
            interpreter.allocate_tensors()
        given = interpreter.get_input_details()[0]
        interpreter.set_tensor(given["index"], np.full(given["shape"], 0.5).astype(given["dtype"]))
        for i in range(rounds + 2):
            start_s = time.perf_counter()
            interpreter.invoke()
            if i >= 2:
                times_ms.append((time.perf_counter() - start_s) * 1e3)
    except (ValueError, RuntimeError) as error:
        raise ModelError(f"{choice.runtime} cannot run it: {error}") from error
    return times_ms


class TfliteNetwork:
    """A loaded model. One thread owns it."""

    def __init__(self, interpreter: Any, variant: Variant, name: str) -> None:
        self._interpreter = interpreter
        self._name = name
        self._digest = variant.sha256
        given = interpreter.get_input_details()[0]
        self._input_index = int(given["index"])
        self._input_shape = tuple(int(n) for n in given["shape"])
        wanted = (1, variant.height_px, variant.width_px, 1)
        if self._input_shape != wanted:
            raise ModelError(f"{name}: takes {self._input_shape}, the manifest says {wanted}")
        self._encode = _encoder(given)
        self._outputs = [_Output.of(detail) for detail in interpreter.get_output_details()]

    @property
    def name(self) -> str:
        """File name and runtime, for people."""
        return self._name

    @property
    def digest(self) -> str:
        """SHA-256 of the file."""
        return self._digest

    @property
    def input_hw_px(self) -> tuple[int, int]:
        """Height and width of the picture that it takes."""
        return self._input_shape[1], self._input_shape[2]

    def run(self, grey: Image) -> list[Tensor]:
        """Return every output as float32 for a uint8 picture H x W of input_hw_px.

        Raises ModelError where the runtime fails.
        """
        tensor = self._encode(grey).reshape(self._input_shape)
        try:
            self._interpreter.set_tensor(self._input_index, tensor)
            self._interpreter.invoke()
            raw = [self._interpreter.get_tensor(one.index) for one in self._outputs]
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"{self._name}: failed: {error}") from error
        return [one.decode(values) for one, values in zip(self._outputs, raw, strict=True)]


@dataclass(frozen=True, slots=True)
class _Output:
    """Where an output is, and how its integers become real numbers: (q - zero) * scale."""

    index: int
    scale: float
    zero: int
    is_float: bool

    @classmethod
    def of(cls, detail: dict[str, Any]) -> "_Output":
        scale, zero = detail["quantization"]
        is_float = np.issubdtype(detail["dtype"], np.floating)
        return cls(int(detail["index"]), float(scale), int(zero), bool(is_float))

    def decode(self, raw: NDArray[Any]) -> Tensor:
        if self.is_float:
            return np.asarray(raw, np.float32)
        return (raw.astype(np.float32) - self.zero) * np.float32(self.scale)


def _encoder(detail: dict[str, Any]) -> Callable[[Image], NDArray[Any]]:
    """Return the map from grey levels 0..255 (0..1 for the model) to what the input takes."""
    levels = np.arange(256, dtype=np.float32) / np.float32(255)
    dtype = np.dtype(detail["dtype"])
    if dtype == np.float32:
        return lambda grey: np.multiply(grey, np.float32(1 / 255), dtype=np.float32)
    scale, zero = detail["quantization"]
    if dtype not in (np.dtype(np.int8), np.dtype(np.uint8)) or scale <= 0:
        raise ModelError(f"input of type {dtype} with scale {scale}: int8 or float32 expected")
    limits = np.iinfo(dtype)
    table = np.clip(np.rint(levels / scale) + zero, limits.min, limits.max).astype(dtype)
    as_bytes = table.view(np.uint8)
    return lambda grey: cast(NDArray[Any], cv2.LUT(grey, as_bytes)).view(dtype)
