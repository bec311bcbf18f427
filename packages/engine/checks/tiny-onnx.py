"""Writes tiny.onnx beside this file: what the tests of ONNX teachers load.

pip install onnx; python packages/engine/checks/tiny-onnx.py
Channels first, [N, 2, 4, 5] -> features [N, 3, 4, 5] (3x3 convolution, relu) -> mean over the image -> logits [N, 3].
The i-th weight of a tensor is ((7 i) mod 11 - 5) / 10, biases likewise.
"""
from pathlib import Path

import onnx
from onnx import TensorProto, helper


def weights(name, shape):
    size = 1
    for axis in shape:
        size *= axis
    values = [((7 * i) % 11 - 5) / 10 for i in range(size)]
    return helper.make_tensor(name, TensorProto.FLOAT, shape, values)


graph = helper.make_graph(
    [
        helper.make_node("Conv", ["image", "kernel", "bias"], ["sums"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["sums"], ["features"]),
        helper.make_node("GlobalAveragePool", ["features"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["row"]),
        helper.make_node("Gemm", ["row", "dense", "offset"], ["logits"]),
    ],
    "tiny",
    [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 2, 4, 5])],
    [
        helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 3]),
        helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", 3, 4, 5]),
    ],
    [weights("kernel", [3, 2, 3, 3]), weights("bias", [3]), weights("dense", [3, 3]), weights("offset", [3])],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
onnx.checker.check_model(model)
Path(__file__).with_name("tiny.onnx").write_bytes(model.SerializeToString(deterministic=True))
