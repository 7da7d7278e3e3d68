"""From a trained PyTorch module to ``.tflite``: float32, and static int8 by PT2E.

Static int8 of litert-torch's quantiser lost nothing that could be measured; the min-max recipes of
ai-edge-quantizer lost points, and dynamic-range int8 returns nonsense under tflite-runtime 2.14.
Every file is for batch 1: an open batch dimension costs the XNNPACK delegate.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import litert_torch  # type: ignore[import-untyped]
import torch
from litert_torch.quantize.pt2e_quantizer import (  # type: ignore[import-untyped]
    PT2EQuantizer,
    get_symmetric_quantization_config,
)
from litert_torch.quantize.quant_config import QuantConfig  # type: ignore[import-untyped]
from torch import Tensor, nn
from torchao.quantization.pt2e.observer import MinMaxObserver  # type: ignore[import-untyped]
from torchao.quantization.pt2e.quantize_pt2e import (  # type: ignore[import-untyped]
    convert_pt2e,
    prepare_pt2e,
)

Inputs = tuple[Tensor, ...]


class PartQuantizer(PT2EQuantizer):  # type: ignore[misc]
    """Static int8 with per-channel weights, but for the modules named, which stay in float.

    ``whole_range``: activations keep the widest range seen, where the histogram's best range would
    cut off what is rare; a plate is rare in a picture, and its scores were cut to a half.
    """

    def __init__(self, float_modules: Sequence[str], whole_range: bool = False) -> None:
        super().__init__()
        self.float_modules = tuple(float_modules)
        config = get_symmetric_quantization_config(is_per_channel=True, is_dynamic=False)
        self.set_global(_with_whole_range(config) if whole_range else config)

    def annotate(self, model: torch.fx.GraphModule) -> torch.fx.GraphModule:
        """Annotate all, then take the annotation off the nodes of the float modules."""
        model = super().annotate(model)
        for node in model.graph.nodes:
            if any(self._is_within(node, name) for name in self.float_modules):
                node.meta.pop("quantization_annotation", None)
        return model

    @staticmethod
    def _is_within(node: torch.fx.Node, name: str) -> bool:
        stack: dict[str, tuple[str, Any]] = node.meta.get("nn_module_stack", {})
        return any(path == name or path.endswith("." + name) for path, _ in stack.values())


def _with_whole_range(config: Any) -> Any:
    """Return the quantisation config with min-max observers on its activations."""
    observer = MinMaxObserver.with_args(eps=2**-12)
    return replace(
        config,
        input_activation=replace(config.input_activation, observer_or_fake_quant_ctr=observer),
        output_activation=replace(config.output_activation, observer_or_fake_quant_ctr=observer),
    )


def export_f32(model: nn.Module, example: Inputs, path: Path) -> None:
    """Write the module as float32 ``.tflite`` for inputs of the example's shapes."""
    _write(litert_torch.convert(model.eval(), example), path)


def export_int8(
    model: nn.Module,
    calibration: Iterable[Inputs],
    path: Path,
    float_modules: Sequence[str] = (),
    whole_range: bool = False,
) -> None:
    """Write the module as static int8 ``.tflite``; ranges come from the calibration inputs.

    Raises:
        ValueError: there is no calibration input.
    """
    inputs = list(calibration)
    if not inputs:
        raise ValueError("int8 needs calibration inputs; none were given")
    quantizer = PartQuantizer(float_modules, whole_range)
    graph = torch.export.export(model.eval(), inputs[0]).module()
    prepared = prepare_pt2e(graph, quantizer)
    with torch.no_grad():
        for each in inputs:
            prepared(*each)
    converted = convert_pt2e(prepared, fold_quantize=False)
    config = QuantConfig(pt2e_quantizer=quantizer)
    _write(litert_torch.convert(converted, inputs[0], quant_config=config), path)


def _write(edge_model: Any, path: Path) -> None:
    part = path.with_name("." + path.name)
    edge_model.export(str(part))
    part.replace(path)


def sha256_of(path: Path) -> str:
    """Return the file's SHA-256 in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def variant(path: Path, precision: str, width_px: int, height_px: int) -> dict[str, object]:
    """Describe an exported file as the manifest does."""
    return {
        "file": path.name,
        "precision": precision,
        "width_px": width_px,
        "height_px": height_px,
        "sha256": sha256_of(path),
    }


def merge_manifest(path: Path, part: str, entry: dict[str, object]) -> None:
    """Set ``detector`` or ``reader`` in the manifest and leave the other part as it is."""
    manifest = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    manifest = {"schema": 1, **{k: v for k, v in manifest.items() if k != "schema"}, part: entry}
    draft = path.with_name("." + path.name)
    with draft.open("w", encoding="utf-8") as out:
        json.dump(manifest, out, indent=2)
        out.write("\n")
        out.flush()
        os.fsync(out.fileno())
    draft.replace(path)
