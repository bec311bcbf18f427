"""Works out by itself, with NumPy in double precision, the numbers that crd.test.ts expects.

    python3 packages/methods/checks/crd.py
"""

import numpy as np
from central_differences import show

TEMPERATURE = 0.5
SAMPLES = 4
# embeddings of two samples before their length is 1, the memory, and the places of each sample and of its negatives
ANCHORS = np.array([[0.5, -1], [2, 0.25]])
MEMORY = np.array([[1, 0], [0.6, 0.8], [0, -1], [-0.8, 0.6]])
PLACES = np.array([[2, 0, 3], [1, 3, 2]])


def scores(anchors):
    unit = anchors / np.linalg.norm(anchors, axis=1, keepdims=True)
    return np.array([[unit[b] @ MEMORY[n] for n in row] for b, row in enumerate(PLACES)]) / TEMPERATURE


Z = np.exp(scores(ANCHORS)).mean() * SAMPLES


def loss(anchors, z=Z):
    p = np.exp(scores(anchors)) / z
    noise = (PLACES.shape[1] - 1) / SAMPLES
    own = np.log(p[:, 0] / (p[:, 0] + noise))
    others = np.log(noise / (p[:, 1:] + noise))
    return -(own.sum() + others.sum()) / len(p)


print(f"log Z {np.log(Z):.7f}")
show("crd, Z of this batch", loss, ANCHORS)
show("crd, Z = 3", lambda anchors: loss(anchors, 3.0), ANCHORS)
K = 2
print(f"every P at 1 / samples {np.log(1 + K) + K * np.log(1 + 1 / K):.7f}")
row = 0.5 * MEMORY[2] + 0.5 * ANCHORS[0] / np.linalg.norm(ANCHORS[0])
print("row 2 afterwards " + ", ".join(f"{value:.7f}" for value in row / np.linalg.norm(row)))
