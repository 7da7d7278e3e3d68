"""What a .tflite file holds: its multiplications; and a plain convolution to compare it with."""

import math
from typing import Any

import flatbuffers  # type: ignore[import-untyped]
import numpy as np
from ai_edge_litert import schema_py_generated as schema

_CHANNELS = 64
_KERNEL = 3
_MACS_A_PIXEL = _CHANNELS * _CHANNELS * _KERNEL * _KERNEL
_IDENTIFIER = b"TFL3"


def count_macs(content: bytes) -> int:
    """Return the multiply-accumulates of a model's convolutions and matrix products."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content))
    graph = model.subgraphs[0]
    codes = [max(c.builtinCode, c.deprecatedBuiltinCode) for c in model.operatorCodes]
    return sum(_macs_of(codes[op.opcodeIndex], op, graph.tensors) for op in graph.operators)


def _macs_of(code: int, operator: Any, tensors: list[Any]) -> int:
    kinds = schema.BuiltinOperator
    out = math.prod(int(n) for n in tensors[operator.outputs[0]].shape)
    shapes = [[int(n) for n in tensors[i].shape] for i in operator.inputs if i >= 0]
    if code == kinds.CONV_2D:
        return out * math.prod(shapes[1][1:])
    if code == kinds.DEPTHWISE_CONV_2D:
        return out * shapes[1][1] * shapes[1][2]
    if code == kinds.FULLY_CONNECTED:
        return out * shapes[1][-1]
    if code == kinds.BATCH_MATMUL:
        return out * shapes[0][-1]
    if code == kinds.TRANSPOSE_CONV:
        return math.prod(shapes[2]) * math.prod(shapes[1][:3])
    return 0


def plain_convolution(macs: int, int8: bool) -> tuple[bytes, int]:
    """Return a model of one 3 x 3 convolution, 64 to 64 channels, and its true number of MACs.

    It is about the best that the machine does with so many: what a net of them is compared with.
    """
    side = max(8, round(math.sqrt(macs / _MACS_A_PIXEL)))
    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(_model(side, int8).Pack(builder), _IDENTIFIER)
    return bytes(builder.Output()), side * side * _MACS_A_PIXEL


def _model(side: int, int8: bool) -> Any:
    rng = np.random.default_rng(0)
    weight_shape = [_CHANNELS, _KERNEL, _KERNEL, _CHANNELS]
    kind = schema.TensorType.INT8 if int8 else schema.TensorType.FLOAT32
    bias_kind = schema.TensorType.INT32 if int8 else schema.TensorType.FLOAT32
    size = int(np.prod(weight_shape))
    weights = rng.integers(-127, 128, size).astype(np.int8 if int8 else np.float32)
    bias = np.zeros(_CHANNELS, np.int32 if int8 else np.float32)
    picture = [1, side, side, _CHANNELS]
    graph = schema.SubGraphT()
    graph.tensors = [
        _tensor(picture, kind, 0, [0.05] if int8 else []),
        _tensor(weight_shape, kind, 1, [0.01] * _CHANNELS if int8 else []),
        _tensor([_CHANNELS], bias_kind, 2, [0.0005] * _CHANNELS if int8 else []),
        _tensor(picture, kind, 0, [0.05] if int8 else []),
    ]
    graph.inputs, graph.outputs, graph.operators = [0], [3], [_operator()]
    return _wrapped(graph, [weights.tobytes(), bias.tobytes()])


def _tensor(shape: list[int], kind: int, buffer: int, scales: list[float]) -> Any:
    tensor = schema.TensorT()
    tensor.shape, tensor.type, tensor.buffer = shape, kind, buffer
    tensor.name = f"tensor{buffer}"
    if scales:
        tensor.quantization = schema.QuantizationParametersT()
        tensor.quantization.scale = scales
        tensor.quantization.zeroPoint = [0] * len(scales)
    return tensor


def _operator() -> Any:
    operator, options = schema.OperatorT(), schema.Conv2DOptionsT()
    options.padding, options.strideW, options.strideH = schema.Padding.SAME, 1, 1
    options.dilationWFactor = options.dilationHFactor = 1
    operator.opcodeIndex, operator.inputs, operator.outputs = 0, [0, 1, 2], [3]
    operator.builtinOptionsType = schema.BuiltinOptions.Conv2DOptions
    operator.builtinOptions = options
    return operator


def _wrapped(graph: Any, contents: list[bytes]) -> Any:
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CONV_2D
    code.version = 3
    model = schema.ModelT()
    model.version, model.operatorCodes, model.subgraphs = 3, [code], [graph]
    model.description = "one plain convolution"
    model.buffers = [schema.BufferT()]
    for content in contents:
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(content, np.uint8)
        model.buffers.append(buffer)
    return model
