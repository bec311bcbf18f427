"""A task as prepare-task.mjs wrote it: networks, weights and batches."""

import json
from pathlib import Path

import numpy as np


class Task:
    def __init__(self, folder: str) -> None:
        root = Path(folder)
        description = json.loads((root / "task.json").read_text())
        self.settings = description["task"]
        self.networks = description["networks"]
        pool, size = self.settings["pool"], self.settings["batchSize"]
        self.x = np.fromfile(root / "x.bin", np.float32).reshape(pool, size, *self.settings["inputShape"])
        self.y = np.fromfile(root / "y.bin", np.int32).reshape(pool, size)
        self.logits = np.fromfile(root / "teacher-logits.bin", np.float32).reshape(pool, size, -1)
        self.root = root

    def weights(self, role: str) -> dict[str, np.ndarray]:
        """`layer/weight` → array in TensorFlow's layout."""
        return split_weights(np.fromfile(self.root / f"{role}.bin", np.float32), self.networks[role]["weights"])


def split_weights(values: np.ndarray, weights: list[dict]) -> dict[str, np.ndarray]:
    found, at = {}, 0
    for weight in weights:
        size = int(np.prod(weight["shape"]))
        found[weight["name"]] = values[at : at + size].reshape(weight["shape"])
        at += size
    return found
