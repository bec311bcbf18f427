"""A network of Stillhouse's description in PyTorch, written as PyTorch users write it: NCHW, in-place ReLU and sum."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


class Network(nn.Module):
    """
    :param same: pad strided 3×3 convolutions as TensorFlow's `same` does (at the end only), which costs PyTorch an op more;
        otherwise by one on each side, as PyTorch users do. The amount of work is the same.
    """

    def __init__(self, architecture: dict, same: bool) -> None:
        super().__init__()
        self.output = architecture["output"]
        self.channels = {"input": architecture["inputShape"][-1]}
        self.layers = nn.ModuleDict()
        self.calls: list[tuple[str, str, list[str]]] = []
        side = {"input": architecture["inputShape"][0] if len(architecture["inputShape"]) == 3 else 1}
        for layer in architecture["layers"]:
            self.add(layer, same, side)

    def add(self, layer: dict, same: bool, side: dict[str, int]) -> None:
        name, kind, source = layer["name"], layer["type"], layer["inputs"][0]
        self.calls.append((name, kind, layer["inputs"]))
        channels, self.channels[name], side[name] = self.channels[source], self.channels[source], side[source]
        if kind == "conv2d":
            self.layers[name] = convolution(channels, layer, same)
            self.channels[name] = layer["filters"]
            side[name] = -(-side[source] // layer["stride"])
        elif kind == "batchNorm":
            self.layers[name] = nn.BatchNorm2d(channels, eps=layer["epsilon"], momentum=1 - layer["momentum"])
        elif kind == "maxPool":
            self.layers[name] = nn.MaxPool2d(layer["size"], layer["stride"])
            side[name] = side[source] // layer["stride"]
        elif kind == "dense":
            self.layers[name] = nn.Linear(channels, layer["units"], bias=layer["bias"])
            self.channels[name] = layer["units"]
        elif kind == "flatten":
            self.channels[name] = channels * side[source] ** 2
        elif kind not in ("activation", "add", "globalAvgPool"):
            raise ValueError(f"layer {name}: {kind} is not known here")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        values = {"input": x}
        for name, kind, inputs in self.calls:
            value = values[inputs[0]]
            if kind == "activation":
                values[name] = F.relu(value, inplace=True)
            elif kind == "add":
                values[name] = value.add_(values[inputs[1]])
            elif kind == "globalAvgPool":
                values[name] = value.mean((2, 3))
            elif kind == "flatten":
                values[name] = value.flatten(1)
            else:
                values[name] = self.layers[name](value)
        return values[self.output]

    def load(self, weights: dict[str, np.ndarray]) -> "Network":
        """`layer/weight` in TensorFlow's layout."""
        flattened: dict[str, int] = {}
        for name, kind, inputs in self.calls:
            if kind == "flatten":
                flattened[name] = self.channels[inputs[0]]
            elif kind in ("conv2d", "batchNorm", "dense"):
                load_layer(self.layers[name], name, weights, flattened.get(inputs[0]))
        return self


class SamePadded(nn.Conv2d):
    """Strided, padded at the end only."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(F.pad(x, (0, 1, 0, 1)))


def convolution(channels: int, layer: dict, same: bool) -> nn.Conv2d:
    kernel, stride = layer["kernel"], layer["stride"]
    if layer["padding"] != "same":
        raise ValueError(f"layer {layer['name']}: padding {layer['padding']} is not known here")
    at_end = same and stride == 2 and kernel == 3
    make = SamePadded if at_end else nn.Conv2d
    padding = 0 if at_end else kernel // 2
    return make(channels, layer["filters"], kernel, stride, padding, bias=layer["bias"])


def load_layer(layer: nn.Module, name: str, weights: dict[str, np.ndarray], maps: int | None) -> None:
    """:param maps: channels of the maps that were flattened before a dense layer, since their order differs"""

    def put(target: torch.Tensor, value: np.ndarray) -> None:
        with torch.no_grad():
            target.copy_(torch.from_numpy(np.array(value)))

    if isinstance(layer, nn.BatchNorm2d):
        put(layer.weight, weights[f"{name}/gamma"])
        put(layer.bias, weights[f"{name}/beta"])
        put(layer.running_mean, weights[f"{name}/moving_mean"])
        put(layer.running_var, weights[f"{name}/moving_variance"])
        return
    kernel = weights[f"{name}/kernel"]
    if isinstance(layer, nn.Conv2d):
        put(layer.weight, kernel.transpose(3, 2, 0, 1))
    else:
        if maps:
            places = kernel.shape[0] // maps
            kernel = kernel.reshape(places, maps, -1).transpose(1, 0, 2).reshape(kernel.shape)
        put(layer.weight, kernel.T)
    if layer.bias is not None:
        put(layer.bias, weights[f"{name}/bias"])
