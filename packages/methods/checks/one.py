"""Works out by itself, with NumPy in double precision, the numbers that one.test.ts expects.

    python3 packages/methods/checks/one.py
"""

import numpy as np
from answers import cross_entropy, distillation
from central_differences import show

# answers of three branches on two samples, and what the gate gives before its softmax
BRANCHES = np.array([[[2, -1, 0.5], [0, 1, -2]], [[3, 0, -1], [-1, 2.5, 0.5]], [[1, 1, 0], [0.5, -0.5, 2]]])
GATE = np.array([[0.5, 0, 1.5], [0, 2, 0.25]])
LABELS = [0, 2]
TEMPERATURE, WEIGHT = 3.0, 0.4


def ensemble(branches, gate):
    shares = np.exp(gate) / np.exp(gate).sum(1, keepdims=True)
    return sum(shares[:, i : i + 1] * z for i, z in enumerate(branches))


TARGET = ensemble(BRANCHES, GATE)


def loss(branches, gate):
    """The target of the distillation stays what it is when the answers move."""
    labels = sum(cross_entropy(z, LABELS) for z in branches) + cross_entropy(ensemble(branches, gate), LABELS)
    return labels + WEIGHT * sum(distillation(TARGET, z, TEMPERATURE) for z in branches)


print("ensemble", np.array2string(TARGET.ravel(), precision=7, separator=", "))
show("in the first branch", lambda first: loss([first, *BRANCHES[1:]], GATE), BRANCHES[0])
show("in the gate", lambda gate: loss(BRANCHES, gate), GATE)
